using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;

namespace ReplyMint.Security;

/// <summary>What stands between a stranger and a route. Every route carries one, from its group; a test walks them all.</summary>
/// <param name="Group">public, webhooks, sign-in, api, pages or door (pages for those who have no session yet).</param>
/// <param name="Permission">What the caller needs; null where there is no caller.</param>
internal sealed record Protection(string Group, Permission? Permission = null)
{
    /// <summary>Tells nothing but that the service is there; needs no caller.</summary>
    public static readonly Protection Public = new("public");

    /// <summary>The body carries the provider's signature; nothing of it is parsed before that was verified.</summary>
    public static readonly Protection Webhooks = new("webhooks");

    /// <summary>For those who have no session yet. What they bring (a link's token, a refresh token) is checked by the handler; limited by address.</summary>
    public static readonly Protection SignIn = new("sign-in");

    /// <summary>Only for a caller who was proved and has the permission.</summary>
    public static Protection Api(Permission permission) => new("api", permission);

    /// <summary>The same for people's pages: who asks is found by the session's cookie and by nothing else, and what changes something must come from a page of ours.</summary>
    public static Protection Page(Permission permission) => new(Pages, permission);

    /// <summary>Pages on the way in. What they send must come from a page of ours, too; limited as sign-ins are.</summary>
    public static readonly Protection Door = new("door");

    private const string Pages = "pages";

    /// <summary>A browser comes here by itself, with its cookies.</summary>
    public bool IsPage => Group is Pages || Group == Door.Group;
}

/// <summary>The only ways to map a route: protection is attached once, to the group.</summary>
internal static class RouteGroups
{
    public const string ApiRoot = "/api/v1";

    // Strangers send these bodies; the largest holds a passkey's answer of a few KB.
    private const int SignInBytes = 16 * 1024;

    public const string PagesRoot = "/console";

    /// <summary>The pages behind the links of answers, for people who are nobody's users.</summary>
    public const string WithdrawRoot = "/withdraw";

    public static RouteGroupBuilder MapPublic(this IEndpointRouteBuilder routes) =>
        routes.MapGroup("").WithMetadata(Protection.Public).WithTags(Protection.Public.Group);

    public static RouteGroupBuilder MapWebhooks(this IEndpointRouteBuilder routes, HttpSettings settings) =>
        routes.MapGroup("/webhooks").WithMetadata(Protection.Webhooks, new BodyLimit(settings.Limits.MaxMailBytes)).WithTags(Protection.Webhooks.Group);

    public static RouteGroupBuilder MapSignIn(this IEndpointRouteBuilder routes) =>
        RequestRules.Attach(routes.MapGroup(ApiRoot).WithMetadata(Protection.SignIn, new BodyLimit(SignInBytes)).WithTags(Protection.SignIn.Group));

    /// <param name="routes">The application's.</param>
    /// <param name="permission">What every route of the group asks of its caller.</param>
    /// <param name="tag">Under which name the document shows them, such as "drafts".</param>
    public static RouteGroupBuilder MapApi(this IEndpointRouteBuilder routes, Permission permission, string tag) =>
        RequestRules.Attach(routes.MapGroup(ApiRoot).WithMetadata(Protection.Api(permission)).WithTags(tag));

    // The largest form: a draft's text, in which a letter may take nine bytes.
    private const int FormBytes = 256 * 1024;

    /// <param name="routes">The application's.</param>
    /// <param name="permission">What every page of the group asks of its reader, as the API's group for the same does.</param>
    public static RouteGroupBuilder MapPages(this IEndpointRouteBuilder routes, Permission permission) =>
        routes.MapGroup(PagesRoot).WithMetadata(Protection.Page(permission), new BodyLimit(FormBytes)).WithTags("pages").ExcludeFromDescription();

    public static RouteGroupBuilder MapDoor(this IEndpointRouteBuilder routes) =>
        routes.MapGroup(PagesRoot).WithMetadata(Protection.Door, new BodyLimit(SignInBytes)).WithTags(Protection.Door.Group).ExcludeFromDescription();
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
