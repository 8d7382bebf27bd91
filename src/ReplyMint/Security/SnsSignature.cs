using System.Security.Cryptography;

namespace ReplyMint.Security;

/// <summary>The signature of SNS: RSA (PKCS #1) over the SHA-256 of the message's signed text (version 2). Version 1, by SHA-1, counts for nothing.</summary>
internal static class SnsSignature
{
    /// <summary>
    /// SNS tries for at most an hour, under the time of the first try. A message must be remembered for longer than
    /// <see cref="Late"/> and <see cref="Early"/> together.
    /// </summary>
    public static readonly TimeSpan Late = TimeSpan.FromMinutes(75);

    public static readonly TimeSpan Early = TimeSpan.FromMinutes(5);

    public static bool IsTimely(SnsMessage message, DateTimeOffset now) => message.At >= now - Late && message.At <= now + Early;

    public static bool Verify(SnsMessage message, RSAParameters key)
    {
        using var rsa = RSA.Create(key);
        return rsa.VerifyData(message.Signed(), message.Signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
    }
}
