using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace ReplyMint.Security;

/// <summary>
/// A keyed hash that finds a record by a personal value without storing the value: HMAC-SHA256 (RFC 2104), cut to 128 bits.
/// Without the key nobody can try out addresses against it.
/// </summary>
internal static class LookupHash
{
    private const int Bytes = 16;
    private const int StackLimit = 512;

    /// <param name="key">Derived for this tenant and purpose (<see cref="KeyDerivation"/>).</param>
    /// <param name="value">In its normalised form: the hash knows nothing of case or Unicode forms.</param>
    /// <returns>22 characters of base64url.</returns>
    public static string Of(ReadOnlySpan<byte> key, string value)
    {
        if (key.Length < Sealing.KeyBytes)
            throw new ArgumentException($"A look-up key has at least {Sealing.KeyBytes} bytes.", nameof(key));
        var size = Encoding.UTF8.GetMaxByteCount(value.Length);
        Span<byte> bytes = size <= StackLimit ? stackalloc byte[StackLimit] : new byte[size];
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, bytes[..Encoding.UTF8.GetBytes(value, bytes)], hash);
        return Base64Url.EncodeToString(hash[..Bytes]);
    }
}
