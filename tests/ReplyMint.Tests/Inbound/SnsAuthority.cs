using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ReplyMint.Tests.Inbound;

/// <summary>A certificate authority as Amazon's is built: a root, one below it, and certificates for SNS that are served alone.</summary>
internal sealed class SnsAuthority : IDisposable
{
    public const string IssuerUrl = "http://crt.test.amazontrust.com/test.cer";

    private static readonly DateTimeOffset Begin = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly X509Certificate2 _issuer;

    public SnsAuthority(string name = "Test Root")
    {
        using var rootKey = RSA.Create(2048);
        var root = Request(name, rootKey, true);
        Root = root.CreateSelfSigned(Begin.AddYears(-5), Begin.AddYears(10));
        using var issuerKey = RSA.Create(2048);
        using var issued = Request(name + " 01", issuerKey, true).Create(Root, Begin.AddYears(-4), Begin.AddYears(8), RandomNumberGenerator.GetBytes(8));
        _issuer = issued.CopyWithPrivateKey(issuerKey);
    }

    public X509Certificate2 Root { get; }

    public byte[] Issuer => _issuer.Export(X509ContentType.Cert);

    /// <summary>A certificate's PEM as SNS serves it.</summary>
    /// <param name="names">DNS names; none leaves only the subject's.</param>
    public string Issue(AsymmetricAlgorithm key, string subject = "sns.amazonaws.com", string[]? names = null, DateTimeOffset? from = null, DateTimeOffset? until = null, string issuerUrl = IssuerUrl)
    {
        var request = Request(subject, key, false);
        if ((names ?? ["sns.amazonaws.com"]) is { Length: > 0 } all)
        {
            var alternative = new SubjectAlternativeNameBuilder();
            foreach (var name in all)
                alternative.AddDnsName(name);
            request.CertificateExtensions.Add(alternative.Build());
        }
        request.CertificateExtensions.Add(new X509AuthorityInformationAccessExtension(null, [issuerUrl]));
        // The issuer's key is RSA whatever the subject's is.
        var generator = X509SignatureGenerator.CreateForRSA(_issuer.GetRSAPrivateKey()!, RSASignaturePadding.Pkcs1);
        using var certificate = request.Create(_issuer.SubjectName, generator, from ?? Begin, until ?? Begin.AddYears(1), RandomNumberGenerator.GetBytes(8));
        return certificate.ExportCertificatePem();
    }

    public void Dispose()
    {
        Root.Dispose();
        _issuer.Dispose();
    }

    private static CertificateRequest Request(string name, AsymmetricAlgorithm key, bool authority)
    {
        var request = key is ECDsa ec
            ? new CertificateRequest($"CN={name}", ec, HashAlgorithmName.SHA256)
            : new CertificateRequest($"CN={name}", (RSA)key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(authority, false, 0, true));
        return request;
    }
}
