using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace ReplyMint.Security;

/// <summary>Versions of what can be changed: told in ETag, and named in If-Match by whoever changes it (RFC 9110 8.8.3, 13.1.1).</summary>
internal static class EntityTags
{
    /// <summary>What somebody else changed meanwhile.</summary>
    public static Problem Changed { get; } = new(412, "It was changed by somebody else meanwhile. Read it again, then change it.");

    public static void Tell(HttpContext context, long version) =>
        context.Response.Headers.ETag = string.Create(CultureInfo.InvariantCulture, $"\"{version}\"");

    /// <summary>The version that a change needs; the answer for the caller when he names none.</summary>
    /// <param name="version">0, which no item ever has, for a tag that is not one of ours.</param>
    public static Problem? Required(HttpContext context, out long version)
    {
        var named = Named(context);
        version = named ?? 0;
        return named is null ? new(428, "Say which version you change: send If-Match with the ETag that you were given.") : null;
    }

    /// <summary>The version that the caller names of his own accord, or null.</summary>
    public static long? Named(HttpContext context)
    {
        if (context.Request.Headers.IfMatch is not { Count: > 0 } tags)
            return null;
        var tag = tags.ToString().AsSpan().Trim();
        return tag.Length > 2 && tag[0] == '"' && tag[^1] == '"' && long.TryParse(tag[1..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : 0;
    }
}
