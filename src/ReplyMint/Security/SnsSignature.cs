using System.Security.Cryptography;

namespace ReplyMint.Security;

/// <summary>The signature of SNS: RSA (PKCS #1) over the message's signed text, by SHA-1 (version 1) or SHA-256 (version 2).</summary>
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
#pragma warning disable CA5350 // Version 1 of Amazon's signature is SHA-1; a topic is better set to version 2.
        var hash = message.IsSha256 ? HashAlgorithmName.SHA256 : HashAlgorithmName.SHA1;
#pragma warning restore CA5350
        return rsa.VerifyData(message.Signed(), message.Signature, hash, RSASignaturePadding.Pkcs1);
    }
}
