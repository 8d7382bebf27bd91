using System.Security.Cryptography;
using System.Text;

namespace ReplyMint.Security;

/// <summary>One key for one purpose: HKDF-SHA256 (RFC 5869) with the purpose as info, so that keys never do double duty.</summary>
internal static class KeyDerivation
{
    private static readonly byte[] Salt = Encoding.ASCII.GetBytes("replymint/1");

    /// <param name="key">At least 32 bytes of good randomness.</param>
    /// <param name="purpose">A label such as "tenant/lookup". The same key and label always give the same key.</param>
    /// <returns>32 bytes.</returns>
    public static byte[] Derive(ReadOnlySpan<byte> key, string purpose)
    {
        if (key.Length < Sealing.KeyBytes)
            throw new ArgumentException($"A key to derive from has at least {Sealing.KeyBytes} bytes.", nameof(key));
        ArgumentException.ThrowIfNullOrEmpty(purpose);
        var derived = new byte[Sealing.KeyBytes];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, key, derived, Salt, Encoding.UTF8.GetBytes(purpose));
        return derived;
    }
}
