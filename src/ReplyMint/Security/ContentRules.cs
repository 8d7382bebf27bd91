using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace ReplyMint.Security;

/// <summary>What a body may be before anybody reads it: one media type in a known charset, not compressed, its length said once.</summary>
internal sealed class ContentRules(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext context)
    {
        var headers = context.Request.Headers;
        if (headers.ContentType.Count == 0 && headers.ContentEncoding.Count == 0 && headers.TransferEncoding.Count == 0)
            return next(context);
        return Refusal(context, headers) is { } problem ? problem.ExecuteAsync(context) : next(context);
    }

    private static Problem? Refusal(HttpContext context, IHeaderDictionary headers)
    {
        // Kestrel believes Transfer-Encoding and moves the other length here; a proxy in front may have believed that one (RFC 9112 6.3).
        if (headers.TransferEncoding.Count > 0 && headers.ContainsKey("X-Content-Length"))
            return new(400, "The request says its length twice, by Transfer-Encoding and by Content-Length.");
        if (headers.ContentEncoding.Count > 0 && !headers.ContentEncoding.ToString().Trim().Equals("identity", StringComparison.OrdinalIgnoreCase))
        {
            context.Response.Headers.AcceptEncoding = "identity";
            return new(415, "Compressed bodies are not taken.");
        }
        if (headers.ContentType.Count == 0)
            return null;
        if (headers.ContentType.Count > 1 || !MediaTypeHeaderValue.TryParse(headers.ContentType.ToString(), out var type))
            return new(415, "The Content-Type can't be read.");
        if (!type.Charset.HasValue)
            return null;
        var charset = HeaderUtilities.RemoveQuotes(type.Charset);
        if (!IsKnown(charset.AsSpan()))
            return new(415, "The charset is not known here. Send UTF-8.");
        if (charset.Length != type.Charset.Length)
        {
            // Quoted it means the same, but the framework's JSON reader takes the quotes for a part of the name and fails.
            type.Charset = charset;
            headers.ContentType = type.ToString();
        }
        return null;
    }

    private static bool IsKnown(ReadOnlySpan<char> charset) =>
        charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase) || charset.Equals("us-ascii", StringComparison.OrdinalIgnoreCase);
}
