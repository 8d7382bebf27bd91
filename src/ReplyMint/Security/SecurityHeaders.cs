using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace ReplyMint.Security;

/// <summary>The headers of every answer (groups HDR and CORS), in one place. Values are made once.</summary>
/// <param name="cors">Which origins may read the answer.</param>
internal sealed class SecurityHeaders(Cors cors)
{
    public const string TraceId = "X-Trace-Id";

    private static readonly StringValues NoSniff = "nosniff";
    private static readonly StringValues Deny = "DENY";
    private static readonly StringValues XssBlock = "1; mode=block";
    private static readonly StringValues Referrer = "strict-origin-when-cross-origin";
    private static readonly StringValues Permissions =
        "accelerometer=(), autoplay=(), camera=(), display-capture=(), encrypted-media=(), fullscreen=(), geolocation=(), gyroscope=(), "
        + "magnetometer=(), microphone=(), midi=(), payment=(), usb=(), xr-spatial-tracking=()";
    private static readonly StringValues Csp = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    private static readonly StringValues SameOrigin = "same-origin";
    private static readonly StringValues NoStore = "no-store";
    private static readonly StringValues Hsts = "max-age=31536000; includeSubDomains";

    /// <summary>
    /// Called when an answer is about to start, whoever made it. A page may have set its own Content-Security-Policy or
    /// Cache-Control by then; nothing else can be changed by a handler.
    /// </summary>
    public void Apply(IHeaderDictionary answer, IHeaderDictionary request, string traceId, bool https)
    {
        answer.XContentTypeOptions = NoSniff;
        answer.XFrameOptions = Deny;
        answer.XXSSProtection = XssBlock;
        answer["Referrer-Policy"] = Referrer;
        answer["Permissions-Policy"] = Permissions;
        if (answer.ContentSecurityPolicy.Count == 0)
            answer.ContentSecurityPolicy = Csp;
        answer["Cross-Origin-Opener-Policy"] = SameOrigin;
        answer["Cross-Origin-Resource-Policy"] = SameOrigin;
        if (answer.CacheControl.Count == 0)
            answer.CacheControl = NoStore;
        if (https)
            answer.StrictTransportSecurity = Hsts;
        answer[TraceId] = traceId;
        cors.Apply(answer, request);
    }
}
