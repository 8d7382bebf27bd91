using Microsoft.AspNetCore.Http;

namespace ReplyMint.Security;

/// <summary>
/// Plain HTTP is never served where HTTPS is needed (NET-3). Whoever opens a page in a browser is sent to the public address; all else is refused
/// aloud, since a program that is sent on goes on speaking in the clear and nobody notices (ASVS V4.1.2).
/// </summary>
/// <param name="publicUrl">The configured address; the redirect never goes to a name that the request brought along.</param>
internal sealed class HttpsOnly(RequestDelegate next, bool needsHttps, string? publicUrl)
{
    private readonly string? _publicUrl = publicUrl?.TrimEnd('/');

    public Task InvokeAsync(HttpContext context) =>
        !needsHttps || context.Request.IsHttps ? next(context) : Refuse(context);

    private Task Refuse(HttpContext context)
    {
        var request = context.Request;
        var opensPage = (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method)) && IsPage(request.Path);
        // A key that came over plain HTTP is to be noticed and replaced, not quietly sent on.
        var bringsCredentials = request.Headers.Authorization.Count > 0 || request.Headers.ContainsKey("X-API-Key");
        if (!opensPage || bringsCredentials || _publicUrl is null)
            return new Problem(403, bringsCredentials
                ? "HTTPS is needed here. The credentials of this request crossed the network in the clear: replace them."
                : "HTTPS is needed here.").ExecuteAsync(context);
        context.Response.StatusCode = StatusCodes.Status308PermanentRedirect;
        context.Response.Headers.Location = _publicUrl + request.Path.ToUriComponent() + request.QueryString.ToUriComponent();
        return Task.CompletedTask;
    }

    /// <summary>What people type or click: our name alone, the console, and the link under an answer.</summary>
    private static bool IsPage(PathString path) =>
        path == "/" || path.StartsWithSegments(RouteGroups.PagesRoot, StringComparison.Ordinal) || path.StartsWithSegments(RouteGroups.WithdrawRoot, StringComparison.Ordinal);
}
