using System.Security.Cryptography;
using System.Text;
using MimeKit;
using MimeKit.Cryptography;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Generators;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Security;

namespace ReplyMint.Tests.Inbound.Senders;

/// <summary>A domain's key and what it signs.</summary>
internal sealed class SignedMail
{
    private readonly AsymmetricKeyParameter _private;

    private readonly RSAParameters? _rsa;

    private SignedMail(AsymmetricKeyParameter key, string record, RSAParameters? rsa = null) => (_private, Record, _rsa) = (key, record, rsa);

    /// <summary>What the domain publishes.</summary>
    public string Record { get; }

    public static SignedMail Rsa(int bits = 2048)
    {
        using var rsa = RSA.Create(bits);
        return new(DotNetUtilities.GetRsaKeyPair(rsa).Private, "v=DKIM1; k=rsa; p=" + Convert.ToBase64String(rsa.ExportSubjectPublicKeyInfo()), rsa.ExportParameters(true));
    }

    public static SignedMail Ed25519()
    {
        var generator = new Ed25519KeyPairGenerator();
        generator.Init(new Ed25519KeyGenerationParameters(new SecureRandom()));
        var pair = generator.GenerateKeyPair();
        return new(pair.Private, "v=DKIM1; k=ed25519; p=" + Convert.ToBase64String(((Ed25519PublicKeyParameters)pair.Public).GetEncoded()));
    }

    public string Sign(string mail, string domain = "shop.example", string selector = "s1", Action<DkimSigner>? how = null, DkimCanonicalizationAlgorithm canonical = DkimCanonicalizationAlgorithm.Relaxed, string[]? headers = null)
    {
        var signer = new DkimSigner(_private, domain, selector)
        {
            SignatureAlgorithm = _private is Ed25519PrivateKeyParameters ? DkimSignatureAlgorithm.Ed25519Sha256 : DkimSignatureAlgorithm.RsaSha256,
            HeaderCanonicalizationAlgorithm = canonical, BodyCanonicalizationAlgorithm = canonical,
        };
        how?.Invoke(signer);
        using var message = MimeMessage.Load(new MemoryStream(Encoding.UTF8.GetBytes(mail)));
        signer.Sign(message, headers ?? ["From", "To", "Subject", "Date", "Message-ID"]);
        var field = message.Headers.First(header => header.Id == HeaderId.DkimSignature);
        return $"DKIM-Signature:{field.RawValue.Aggregate(new StringBuilder(), (text, octet) => text.Append((char)octet)).ToString().ReplaceLineEndings("\r\n")}{mail}";
    }

    /// <summary>By hand, "simple/simple", with tags that no signer of good will writes. The signature is right.</summary>
    /// <param name="length">How many octets of the text it covers.</param>
    public string SignByHand(string mail, string tags = "", string headers = "From:To:Subject", int? length = null)
    {
        var end = mail.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        var body = Encoding.UTF8.GetBytes(mail[(end + 4)..].TrimEnd('\r', '\n') + "\r\n");
        var lines = mail[..(end + 2)].Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        var signed = string.Concat(headers.Split(':').Select(name => lines.First(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase)) + "\r\n"));
        var field = $"DKIM-Signature: v=1; a=rsa-sha256; c=simple/simple; d=shop.example; s=s1; {tags}{(length is null ? "" : $"l={length}; ")}h={headers}; bh={Convert.ToBase64String(SHA256.HashData(body.AsSpan(0, length ?? body.Length)))}; b=";
        using var rsa = RSA.Create(_rsa!.Value);
        return $"{field}{Convert.ToBase64String(rsa.SignData(Encoding.UTF8.GetBytes(signed + field), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))}\r\n{mail}";
    }
}
