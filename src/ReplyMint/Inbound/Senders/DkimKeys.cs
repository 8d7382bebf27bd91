using System.Security.Cryptography;
using DnsClient;
using MimeKit.Cryptography;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Math;
using ReplyMint.Mail;

namespace ReplyMint.Inbound;

/// <summary>Finds the keys that signatures name (RFC 6376 3.6.1, RFC 8301, RFC 8463).</summary>
internal sealed class DkimKeys(NameQuestion ask)
{
    private const int LeastBits = 1024;
    // Beyond that a key only costs us time.
    private const int MostBits = 4096;

    /// <param name="domain">The signature's d=.</param>
    /// <param name="selector">Its s=.</param>
    /// <param name="identity">The domain of its i=, or that of d= where there is none.</param>
    /// <param name="kind">"rsa" or "ed25519", as its a= says.</param>
    /// <param name="ct">Ends the asking.</param>
    /// <returns>The key, or what is to be said without one.</returns>
    public async Task<(AsymmetricKeyParameter? Key, AuthResult Otherwise)> FindAsync(string domain, string selector, string identity, string kind, CancellationToken ct)
    {
        var found = await ask($"{selector}._domainkey.{domain}", QueryType.TXT, ct);
        if (!found.Reached)
            return (null, AuthResult.TempError);
        // Several of them mean nothing for sure (3.6.2.2), so none is tried.
        return (found.Values is [var record] ? KeyOf(record, domain, identity, kind) : null, AuthResult.PermError);
    }

    private static AsymmetricKeyParameter? KeyOf(string record, string domain, string identity, string kind)
    {
        var tags = DkimTags.Parse(record);
        if (tags is null || tags.GetValueOrDefault("v", "DKIM1") != "DKIM1" || !tags.TryGetValue("p", out var text) || text.Length == 0
            || tags.GetValueOrDefault("k", "rsa") != kind || !Lists(tags, "h", "sha256") || !(Lists(tags, "s", "*") || Lists(tags, "s", "email"))
            // The owner of the key lets it sign for the domain itself only.
            || (tags.ContainsKey("t") && Lists(tags, "t", "s") && !identity.Equals(domain, StringComparison.OrdinalIgnoreCase)))
            return null;
        try
        {
            var bytes = Convert.FromBase64String(text);
            return kind == "rsa" ? Rsa(bytes) : bytes.Length == Ed25519PublicKeyParameters.KeySize ? new Ed25519PublicKeyParameters(bytes) : null;
        }
        catch (Exception e) when (e is FormatException or CryptographicException)
        {
            return null;
        }
    }

    private static RsaKeyParameters? Rsa(byte[] bytes)
    {
        using var rsa = RSA.Create();
        rsa.ImportSubjectPublicKeyInfo(bytes, out _);
        if (rsa.KeySize is < LeastBits or > MostBits)
            return null;
        var key = rsa.ExportParameters(false);
        return key.Exponent!.Length > 4 ? null : new RsaKeyParameters(false, new BigInteger(1, key.Modulus), new BigInteger(1, key.Exponent));
    }

    /// <summary>Whether a list names something; a list that is not there names everything.</summary>
    private static bool Lists(Dictionary<string, string> tags, string name, string value) =>
        !tags.TryGetValue(name, out var list) || list.Split(':').Contains(value, StringComparer.OrdinalIgnoreCase);
}

/// <summary>The key that was found, for MimeKit, which asks for it in the middle of its work.</summary>
internal sealed class DkimKey(AsymmetricKeyParameter key) : IDkimPublicKeyLocator
{
    public AsymmetricKeyParameter LocatePublicKey(string methods, string domain, string selector, CancellationToken cancellationToken = default) => key;

    public Task<AsymmetricKeyParameter> LocatePublicKeyAsync(string methods, string domain, string selector, CancellationToken cancellationToken = default) => Task.FromResult(key);
}

/// <summary>"name=value;" lists (RFC 6376 3.2).</summary>
internal static class DkimTags
{
    /// <summary>Without any white space within values; null when one is no tag, or stands there twice.</summary>
    public static Dictionary<string, string>? Parse(string text)
    {
        var tags = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var part in text.Split(';'))
        {
            if (string.IsNullOrWhiteSpace(part))
                continue;
            if (part.IndexOf('=', StringComparison.Ordinal) is not (> 0 and var equals)
                || !tags.TryAdd(part[..equals].Trim(), string.Concat(part[(equals + 1)..].Where(static c => !char.IsWhiteSpace(c)))))
                return null;
        }
        return tags;
    }
}
