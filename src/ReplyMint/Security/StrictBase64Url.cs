using System.Buffers;
using System.Buffers.Text;

namespace ReplyMint.Security;

/// <summary>
/// Base64url as JOSE writes it (RFC 7515 2): its own alphabet only, no padding, no line ends, and nothing in the bits behind
/// the last byte. So each value has one form, and no two readers take one text for different values.
/// </summary>
internal static class StrictBase64Url
{
    private static readonly SearchValues<char> Alphabet = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    /// <returns>Null for what is not written so.</returns>
    public static byte[]? Decode(ReadOnlySpan<char> text)
    {
        if (text.Length % 4 == 1 || text.ContainsAnyExcept(Alphabet))
            return null;
        var bytes = new byte[text.Length / 4 * 3 + (text.Length % 4) switch { 2 => 1, 3 => 2, _ => 0 }];
        if (Base64Url.DecodeFromChars(text, bytes, out _, out var length) != OperationStatus.Done || length != bytes.Length)
            return null;
        // Whoever wrote other bits behind the last byte wrote another text for the same bytes.
        return text.Length % 4 == 0 || Base64Url.EncodeToString(bytes.AsSpan(length / 3 * 3)).AsSpan().SequenceEqual(text[(text.Length / 4 * 4)..]) ? bytes : null;
    }
}
