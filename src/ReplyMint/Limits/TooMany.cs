using System.Globalization;
using Microsoft.AspNetCore.Http;
using ReplyMint.Security;

namespace ReplyMint.Limits;

/// <summary>429 (RFC 6585) with the time to wait (RFC 9110 10.2.3).</summary>
internal sealed class TooMany(TimeSpan wait, string detail) : IResult
{
    /// <summary>Whole seconds, never too early.</summary>
    public long Seconds => Math.Max((long)Math.Ceiling(wait.TotalSeconds), 1);

    public Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Response.Headers.RetryAfter = Seconds.ToString(CultureInfo.InvariantCulture);
        return new Problem(429, detail).ExecuteAsync(httpContext);
    }
}
