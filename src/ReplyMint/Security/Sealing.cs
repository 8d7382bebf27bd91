using System.Security.Cryptography;

namespace ReplyMint.Security;

/// <summary>
/// Encryption at rest: AES-256-GCM (NIST SP 800-38D). A sealed value is: 1 byte format version, 12 bytes random nonce,
/// ciphertext, 16 bytes tag. The version byte is authenticated along with the associated data, so a later format can't be
/// passed off as this one.
/// </summary>
/// <remarks>
/// Random 96-bit nonces are safe up to about 2^32 values under one key; keys are per tenant or correspondent, far below that.
/// </remarks>
internal static class Sealing
{
    public const int KeyBytes = 32;
    public const int Overhead = 1 + NonceBytes + TagBytes;

    private const byte Version = 1;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private const int StackLimit = 512;

    /// <param name="key">Exactly 32 bytes.</param>
    /// <param name="plain">What nobody may read without the key.</param>
    /// <param name="aad">What the value belongs to (table, key, version); it opens only with the same.</param>
    public static byte[] Seal(ReadOnlySpan<byte> key, ReadOnlySpan<byte> plain, ReadOnlySpan<byte> aad)
    {
        using var aes = Cipher(key);
        var result = GC.AllocateUninitializedArray<byte>(Overhead + plain.Length);
        Seal(aes, plain, aad, result);
        return result;
    }

    /// <param name="cipher">Of <see cref="Cipher"/>; used by nobody else meanwhile.</param>
    /// <param name="plain">As above.</param>
    /// <param name="aad">As above.</param>
    /// <param name="into">As long as the plain bytes and <see cref="Overhead"/>.</param>
    public static void Seal(AesGcm cipher, ReadOnlySpan<byte> plain, ReadOnlySpan<byte> aad, Span<byte> into)
    {
        into[0] = Version;
        var nonce = into.Slice(1, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        Span<byte> stack = stackalloc byte[StackLimit];
        cipher.Encrypt(nonce, plain, into.Slice(1 + NonceBytes, plain.Length), into[^TagBytes..], WithVersion(aad, stack));
    }

    /// <returns>The plain bytes, or null when the value was not sealed with this key and data, or was changed.</returns>
    public static byte[]? Open(ReadOnlySpan<byte> key, ReadOnlySpan<byte> sealedBytes, ReadOnlySpan<byte> aad)
    {
        using var aes = Cipher(key);
        return Open(aes, sealedBytes, aad);
    }

    /// <param name="cipher">Of <see cref="Cipher"/>; used by nobody else meanwhile.</param>
    /// <param name="sealedBytes">As above.</param>
    /// <param name="aad">As above.</param>
    /// <returns>As above.</returns>
    public static byte[]? Open(AesGcm cipher, ReadOnlySpan<byte> sealedBytes, ReadOnlySpan<byte> aad)
    {
        if (sealedBytes.Length < Overhead || sealedBytes[0] != Version)
            return null;
        var plain = GC.AllocateUninitializedArray<byte>(sealedBytes.Length - Overhead);
        Span<byte> stack = stackalloc byte[StackLimit];
        try
        {
            cipher.Decrypt(
                sealedBytes.Slice(1, NonceBytes), sealedBytes[(1 + NonceBytes)..^TagBytes], sealedBytes[^TagBytes..], plain,
                WithVersion(aad, stack));
            return plain;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }

    private static ReadOnlySpan<byte> WithVersion(ReadOnlySpan<byte> aad, Span<byte> stack)
    {
        var buffer = aad.Length < stack.Length ? stack[..(aad.Length + 1)] : new byte[aad.Length + 1];
        buffer[0] = Version;
        aad.CopyTo(buffer[1..]);
        return buffer;
    }

    /// <summary>What seals and opens with a key of 32 bytes.</summary>
    public static AesGcm Cipher(ReadOnlySpan<byte> key) =>
        key.Length == KeyBytes ? new AesGcm(key, TagBytes) : throw new ArgumentException($"A sealing key has {KeyBytes} bytes.", nameof(key));
}
