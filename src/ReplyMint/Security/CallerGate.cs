using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace ReplyMint.Security;

/// <summary>
/// Stands behind the route guard: a route with a permission is reached only by a caller who was proved and who has it.
/// Closed when no room says how callers are found.
/// </summary>
internal sealed class CallerGate(RequestDelegate next, CallerSource? source, TimeProvider time)
{
    /// <summary>How old a second factor may be where one is needed.</summary>
    public static readonly TimeSpan SecondFactorAge = TimeSpan.FromMinutes(15);

    public Task InvokeAsync(HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetMetadata<Protection>()?.Permission is { } permission ? PassAsync(context, permission) : next(context);

    private async Task PassAsync(HttpContext context, Permission permission)
    {
        var answer = source is null ? CallerAnswer.Nobody : await source(context);
        if (answer.Caller is not { } caller)
        {
            await (answer.Refusal ?? new Unauthorized()).ExecuteAsync(context);
            return;
        }
        if (!caller.May.Has(permission))
        {
            await new Problem(403, caller.Kind == CallerKind.Key ? $"The key has no scope {permission.Name()}." : $"The role has no right {permission.Name()}.").ExecuteAsync(context);
            return;
        }
        if (caller.Kind == CallerKind.User && permission.NeedsSecondFactor()
            && !(caller.SecondFactorAt is { } at && time.GetUtcNow() - at <= SecondFactorAge))
        {
            // RFC 9470: what the client has to do to be let in.
            context.Response.Headers.WWWAuthenticate = $"Bearer error=\"insufficient_user_authentication\", max_age={(int)SecondFactorAge.TotalSeconds}";
            await new Problem(403, "This call needs a second factor that is not older than 15 minutes. Prove it at /api/v1/me/second-factor, then call again.").ExecuteAsync(context);
            return;
        }
        context.Features.Set(caller);
        await next(context);
    }
}

internal static class CallerGateSteps
{
    public static void UseCallerGate(this WebApplication app)
    {
        var (source, time) = (app.Services.GetService<CallerSource>(), app.Services.GetRequiredService<TimeProvider>());
        app.Use(next => new CallerGate(next, source, time).InvokeAsync);
    }
}
