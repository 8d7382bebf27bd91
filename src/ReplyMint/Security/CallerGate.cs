using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace ReplyMint.Security;

/// <summary>
/// Finds out who asks where a route needs a caller; what he may is asked behind it (<see cref="CallerGate"/>). Nobody is a caller
/// when no room says how callers are found.
/// </summary>
internal sealed class Identification(RequestDelegate next, CallerSource? source, PageCallerSource? pages)
{
    public Task InvokeAsync(HttpContext context) => context.GetEndpoint()?.Metadata.GetMetadata<Protection>() is not { Permission: not null } protection ? next(context)
        // A cookie opens no route of the API, which browsers of other sites may call; nor does a header open a page.
        : protection.IsPage ? pages is null ? next(context) : FindAsync(context, pages(context))
        : source is null ? next(context) : FindAsync(context, source(context));

    private async Task FindAsync(HttpContext context, ValueTask<CallerAnswer> found)
    {
        var answer = await found;
        if (answer.Caller is { } caller)
            context.Features.Set(caller);
        else if (answer.Refusal is { } refusal)
            context.Features.Set(refusal);
        await next(context);
    }
}

/// <summary>Stands behind the route guard: a route with a permission is reached only by a caller who was proved and who has it.</summary>
internal sealed class CallerGate(RequestDelegate next, TimeProvider time, SecurityEvents? events)
{
    /// <summary>How old a second factor may be where one is needed.</summary>
    public static readonly TimeSpan SecondFactorAge = TimeSpan.FromMinutes(15);

    public Task InvokeAsync(HttpContext context)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<Protection>()?.Permission is not { } permission || Refusal(context, permission) is not { } refusal)
            return next(context);
        context.Features.Set(new RefusedRight(permission.Name()));
        return refusal.ExecuteAsync(context);
    }

    private IResult? Refusal(HttpContext context, Permission permission)
    {
        if (context.Features.Get<Caller>() is not { } caller)
            return context.Features.Get<IResult>() ?? new Unauthorized();
        if (!caller.May.Has(permission))
        {
            events?.Note(SecurityEventKind.PrivilegeRefused, caller with { Network = context.Connection.RemoteIpAddress }, HashCode.Combine(context.GetEndpoint()));
            return new Problem(403, caller.Kind == CallerKind.Key ? $"The key has no scope {permission.Name()}." : $"The role has no right {permission.Name()}.");
        }
        // Who he is and his own second factors stay open, or nobody could ever get one.
        if (caller.LacksFactor && permission is not (Permission.Self or Permission.Me))
        {
            context.Response.Headers.WWWAuthenticate = "Bearer error=\"insufficient_user_authentication\"";
            return new Problem(403, "Nobody works here without a second factor. Set one up or prove it at /api/v1/me/second-factor, then call again.");
        }
        // His own sessions and second factors are the person's, not the tenant's.
        if (caller.Contained && permission != Permission.Self && !HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
            return Problem.Contained;
        if (caller.Kind == CallerKind.User && permission.NeedsSecondFactor()
            && !(caller.SecondFactorAt is { } at && time.GetUtcNow() - at <= SecondFactorAge))
        {
            // RFC 9470: what the client has to do to be let in.
            context.Response.Headers.WWWAuthenticate = $"Bearer error=\"insufficient_user_authentication\", max_age={(int)SecondFactorAge.TotalSeconds}";
            return new Problem(403, "This call needs a second factor that is not older than 15 minutes. Prove it at /api/v1/me/second-factor, then call again.");
        }
        return null;
    }
}

internal static class CallerGateSteps
{
    public static void UseIdentification(this WebApplication app)
    {
        var source = app.Services.GetService<CallerSource>();
        var pages = app.Services.GetService<PageCallerSource>();
        app.Use(next => new Identification(next, source, pages).InvokeAsync);
    }

    public static void UseCallerGate(this WebApplication app)
    {
        var time = app.Services.GetRequiredService<TimeProvider>();
        var events = app.Services.GetService<SecurityEvents>();
        app.Use(next => new CallerGate(next, time, events).InvokeAsync);
    }
}
