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
    // Few keys are in use at once, one for each tenant, and each by many mails.
    private static readonly KeyedCache<IncrementalHash> Kept = new(static key => IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key), 256);

    /// <param name="key">Derived for this tenant and purpose (<see cref="KeyDerivation"/>); its bytes never change.</param>
    /// <param name="value">In its normalised form: the hash knows nothing of case or Unicode forms.</param>
    /// <returns>22 characters of base64url.</returns>
    public static string Of(byte[] key, string value)
    {
        if (key.Length < Sealing.KeyBytes)
            throw new ArgumentException($"A look-up key has at least {Sealing.KeyBytes} bytes.", nameof(key));
        var size = Encoding.UTF8.GetMaxByteCount(value.Length);
        Span<byte> bytes = size <= StackLimit ? stackalloc byte[StackLimit] : new byte[size];
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        var hmac = Kept.Take(key);
        hmac.Value.AppendData(bytes[..Encoding.UTF8.GetBytes(value, bytes)]);
        hmac.Value.GetHashAndReset(hash);
        Kept.Return(hmac);
        return Base64Url.EncodeToString(hash[..Bytes]);
    }
}
