using System.Collections.Frozen;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace ReplyMint.Security;

/// <summary>
/// Which pages may call the API from a browser (Fetch standard, CORS-1 to CORS-6). Our own, because the framework's loses its
/// headers on an error's answer and leaves out Vary when there is no Origin, so that caches may mix the answers up.
/// </summary>
internal sealed class Cors(IEnumerable<string> origins)
{
    private static readonly StringValues Methods = "GET, POST, PUT, DELETE, OPTIONS";
    private static readonly StringValues Headers = "Content-Type, Authorization, X-API-Key, Idempotency-Key, If-Match";
    private static readonly StringValues Exposed = "ETag, Location, Retry-After, RateLimit, RateLimit-Policy, Link, X-Trace-Id";
    private static readonly StringValues MaxAge = "300";
    private static readonly StringValues Origin = "Origin";

    // Compared byte by byte: an origin that a browser writes differently is another one.
    private readonly FrozenDictionary<string, StringValues> _origins =
        origins.Distinct(StringComparer.Ordinal).ToFrozenDictionary(o => o, o => new StringValues(o), StringComparer.Ordinal);

    /// <summary>On every answer: Vary, and the origin's own name if it may read it. Credentials are never allowed.</summary>
    public void Apply(IHeaderDictionary answer, IHeaderDictionary request)
    {
        answer.Vary = answer.Vary.Count == 0 ? Origin : StringValues.Concat(answer.Vary, Origin);
        if (Allowed(request) is not { } origin)
            return;
        answer.AccessControlAllowOrigin = origin;
        answer.AccessControlExposeHeaders = Exposed;
    }

    public static bool IsPreflight(HttpRequest request) =>
        HttpMethods.IsOptions(request.Method) && request.Headers.Origin.Count > 0 && request.Headers.AccessControlRequestMethod.Count > 0;

    /// <summary>Answers a browser's question without asking any handler, so that it tells nothing about which routes exist.</summary>
    public Task AnswerPreflight(HttpContext context)
    {
        var answer = context.Response;
        answer.StatusCode = StatusCodes.Status204NoContent;
        if (Allowed(context.Request.Headers) is not null)
        {
            answer.Headers.AccessControlAllowMethods = Methods;
            answer.Headers.AccessControlAllowHeaders = Headers;
            answer.Headers.AccessControlMaxAge = MaxAge;
        }
        return Task.CompletedTask;
    }

    private StringValues? Allowed(IHeaderDictionary request) =>
        request.Origin is { Count: 1 } origin && _origins.TryGetValue(origin[0]!, out var allowed) ? allowed : (StringValues?)null;
}
