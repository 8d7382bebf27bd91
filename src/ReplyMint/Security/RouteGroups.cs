using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;

namespace ReplyMint.Security;

/// <summary>What stands between a stranger and a route. Every route carries one, from its group; a test walks them all.</summary>
/// <param name="Group">public or webhooks.</param>
internal sealed record Protection(string Group)
{
    /// <summary>Tells nothing but that the service is there; needs no caller.</summary>
    public static readonly Protection Public = new("public");

    /// <summary>The body carries the provider's signature; nothing of it is parsed before that was verified.</summary>
    public static readonly Protection Webhooks = new("webhooks");

}

/// <summary>The only ways to map a route: protection is attached once, to the group.</summary>
internal static class RouteGroups
{
    public static RouteGroupBuilder MapPublic(this IEndpointRouteBuilder routes) =>
        routes.MapGroup("").WithMetadata(Protection.Public).WithTags(Protection.Public.Group);

    public static RouteGroupBuilder MapWebhooks(this IEndpointRouteBuilder routes, HttpSettings settings) =>
        routes.MapGroup("/webhooks").WithMetadata(Protection.Webhooks, new BodyLimit(settings.Limits.MaxMailBytes)).WithTags(Protection.Webhooks.Group);
}

/// <summary>A route group's own bound for bodies; the router hands it to Kestrel.</summary>
internal sealed record BodyLimit(long? MaxRequestBodySize) : IRequestSizeLimitMetadata;

/// <summary>Stands behind the router: a route without protection is a mistake and stays shut.</summary>
internal sealed class RouteGuard(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext context)
    {
        var endpoint = context.GetEndpoint();
        // The router's own endpoints (405, 415) carry no route and only answer a status.
        if (endpoint is not RouteEndpoint)
            return next(context);
        var protection = endpoint.Metadata.GetMetadata<Protection>();
        return protection is null
            ? new Problem(404, ProblemAnswers.Detail(404)).ExecuteAsync(context) : next(context);
    }
}
