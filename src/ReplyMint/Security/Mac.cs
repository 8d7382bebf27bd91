using System.Security.Cryptography;

namespace ReplyMint.Security;

/// <summary>HMAC-SHA256 (RFC 2104), whole: a tag that was cut short is no tag.</summary>
internal static class Mac
{
    public static byte[] Of(ReadOnlySpan<byte> key, ReadOnlySpan<byte> message) => HMACSHA256.HashData(key, message);

    /// <summary>In constant time.</summary>
    public static bool IsRight(ReadOnlySpan<byte> key, ReadOnlySpan<byte> message, ReadOnlySpan<byte> tag) =>
        CryptographicOperations.FixedTimeEquals(Of(key, message), tag);
}
