using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ReplyMint.Security;

/// <param name="Status">"ok" or "ready".</param>
internal sealed record HealthAnswer(string Status);

/// <param name="Version">Of the product.</param>
/// <param name="Environment">production, staging or development.</param>
internal sealed record InfoAnswer(string Version, string Environment);

/// <summary>Is it there, can it take mail, which version: what load balancers and people ask without a key.</summary>
internal static class HealthEndpoints
{
    private static readonly string[] Reading = ["GET", "HEAD"];

    public static void MapHealth(this IEndpointRouteBuilder routes, HttpSettings settings)
    {
        var info = new InfoAnswer(Version, settings.Environment.Name());

        routes.MapMethods("/health", Reading, IResult () => HealthResult.Ok)
            .Produces<HealthAnswer>().WithName("health").WithSummary("Says that the process answers.");
        routes.MapMethods("/ready", Reading, ReadyAsync)
            .Produces<HealthAnswer>().Produces<ProblemBody>(503, Problem.ContentType).WithName("ready").WithSummary("Says whether mail can be taken now.");
        routes.MapMethods("/info", Reading, () => TypedResults.Ok(info))
            .WithName("info").WithSummary("Version and environment.");
    }

    public static string Version { get; } =
        typeof(HealthEndpoints).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0.0.0";

    private static async Task<IResult> ReadyAsync(Readiness readiness, CancellationToken ct) =>
        await readiness.FailingAsync(ct) is { Count: > 0 } failing
            ? new Problem(503, $"Not ready: {string.Join(", ", failing)}.") : TypedResults.Ok(new HealthAnswer("ready"));
}

/// <summary>Asked for most often of all, so its bytes lie ready.</summary>
internal sealed class HealthResult : IResult
{
    public static readonly HealthResult Ok = new();

    private static readonly byte[] Body = "{\"status\":\"ok\"}"u8.ToArray();

    public Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Response.ContentType = "application/json";
        httpContext.Response.ContentLength = Body.Length;
        // Asking for the request's token would make one; so few bytes are not worth it.
        var written = httpContext.Response.BodyWriter.WriteAsync(Body, CancellationToken.None);
        return written.IsCompletedSuccessfully ? Task.CompletedTask : written.AsTask();
    }
}
