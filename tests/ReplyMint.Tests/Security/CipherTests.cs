using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using ReplyMint.Security;
using ReplyMint.Tests.Inbound;
using ReplyMint.Tests.Product;

namespace ReplyMint.Tests.Security;

/// <summary>What HTTPS and SMTP take is tried by handshakes, one cipher suite each. Each that is refused is first taken by a server that allows it, so that it is not the client who can't.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class CipherTests : IDisposable
{
    private static readonly TlsCipherSuite[] Modern = [TlsCipherSuite.TLS_AES_128_GCM_SHA256, TlsCipherSuite.TLS_AES_256_GCM_SHA384, TlsCipherSuite.TLS_CHACHA20_POLY1305_SHA256];

    private static readonly TlsCipherSuite[] OfRsa =
    [
        TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, TlsCipherSuite.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ];

    private static readonly TlsCipherSuite[] OfEcdsa =
    [
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    ];

    // No forward secrecy, or no authenticated encryption, or both.
    private static readonly TlsCipherSuite[] OldOfRsa =
    [
        TlsCipherSuite.TLS_RSA_WITH_AES_128_GCM_SHA256, TlsCipherSuite.TLS_RSA_WITH_AES_256_CBC_SHA256, TlsCipherSuite.TLS_RSA_WITH_AES_128_CBC_SHA, TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256,
        TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384, TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA, TlsCipherSuite.TLS_RSA_WITH_3DES_EDE_CBC_SHA, TlsCipherSuite.TLS_RSA_WITH_RC4_128_SHA,
    ];

    private static readonly TlsCipherSuite[] OldOfEcdsa =
    [
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256, TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384, TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA,
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("replymint-cipher-").FullName;

    private string Pem => Path.Combine(_folder, "both.pem");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private X509Certificate2 Write(bool rsa)
    {
        using AsymmetricAlgorithm key = rsa ? RSA.Create(2048) : ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = key is RSA of ? new CertificateRequest($"CN={TestHost.PublicName}", of, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1) : new CertificateRequest($"CN={TestHost.PublicName}", (ECDsa)key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(Pem, certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem());
        File.SetUnixFileMode(Pem, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return X509Certificate2.CreateFromPemFile(Pem, Pem);
    }

    /// <summary>The suite that both agreed on, or null when there was none.</summary>
    private static async Task<TlsCipherSuite?> ShakeAsync(Stream stream, TlsCipherSuite suite)
    {
        using var patience = new CancellationTokenSource(ProductHost.Patience);
        await using var tls = new SslStream(stream);
        try
        {
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = TestHost.PublicName, CipherSuitesPolicy = new([suite]), RemoteCertificateValidationCallback = (_, _, _, _) => true,
            }, patience.Token);
            return tls.NegotiatedCipherSuite;
        }
        catch (Exception e) when (e is AuthenticationException or IOException)
        {
            return null;
        }
    }

    private static async Task<TlsCipherSuite?> HttpsAsync(int port, TlsCipherSuite suite)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port);
        return await ShakeAsync(client.GetStream(), suite);
    }

    private static async Task<TlsCipherSuite?> SmtpAsync(int port, TlsCipherSuite suite)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port);
        var stream = client.GetStream();
        using var reader = new StreamReader(stream, leaveOpen: true);
        Assert.StartsWith("220 ", await reader.ReadLineAsync(), StringComparison.Ordinal);
        await stream.WriteAsync("EHLO client.example\r\n"u8.ToArray());
        while ((await reader.ReadLineAsync())!.StartsWith("250-", StringComparison.Ordinal))
        {
        }
        await stream.WriteAsync("STARTTLS\r\n"u8.ToArray());
        Assert.StartsWith("220 ", await reader.ReadLineAsync(), StringComparison.Ordinal);
        return await ShakeAsync(stream, suite);
    }

    /// <summary>A server that allows this one suite: whether this machine can speak it at all.</summary>
    private static async Task<bool> CanAsync(X509Certificate2 certificate, TlsCipherSuite suite)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var client = HttpsAsync(((IPEndPoint)listener.LocalEndpoint).Port, suite);
        using var accepted = await listener.AcceptTcpClientAsync();
        await using var tls = new SslStream(accepted.GetStream());
        try
        {
            await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate, CipherSuitesPolicy = new([suite]) });
        }
        catch (Exception e) when (e is AuthenticationException or IOException)
        {
            accepted.Close();
        }
        return await client == suite;
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Authenticated_and_forward_secret_suites_are_taken_and_no_others(bool rsa)
    {
        using var certificate = Write(rsa);
        await using var https = await TestHost.StartAsync(TestHost.Production(s => (s.Urls, s.Proxies, s.Certificate) = (["https://127.0.0.1:0"], [], new() { CertificateFile = Pem, KeyFile = Pem })));
        await using var smtp = await SmtpHost.StartAsync(certificate: new CertificateFiles("smtp.certificateFile", Pem, Pem, null, TimeProvider.System, NullLogger<CertificateFiles>.Instance));
        foreach (var suite in (TlsCipherSuite[])[.. Modern, .. rsa ? OfRsa : OfEcdsa])
            Assert.Equal((suite, suite, suite), (suite, await HttpsAsync(https.Port, suite), await SmtpAsync(smtp.Listener.Port, suite)));
        var tried = 0;
        foreach (var suite in rsa ? OldOfRsa : OldOfEcdsa)
        {
            tried += await CanAsync(certificate, suite) ? 1 : 0;
            Assert.Equal((suite, null, null), (suite, await HttpsAsync(https.Port, suite), await SmtpAsync(smtp.Listener.Port, suite)));
        }
        // The machine's OpenSSL has given up the oldest ones itself.
        Assert.True(tried >= (rsa ? 4 : 2), $"{tried}");
    }
}
