using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using ReplyMint.Security;
using ReplyMint.Tests.Product;

namespace ReplyMint.Tests.Security;

[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class CertificateTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("replymint-cert-").FullName;
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string CertificateFile => Path.Combine(_folder, "fullchain.pem");

    private string KeyFile => Path.Combine(_folder, "privkey.pem");

    private HttpSettings Settings => TestHost.Production(s =>
        (s.Urls, s.Proxies, s.Certificate) = (["https://127.0.0.1:0"], [], new() { CertificateFile = CertificateFile, KeyFile = KeyFile }));

    private Task<TestHost> StartAsync() => TestHost.StartAsync(Settings, services: s => s.AddSingleton<TimeProvider>(_time));

    private const string Health = $"GET /health HTTP/1.1\r\nHost: {TestHost.PublicName}\r\nConnection: close\r\n\r\n";

    private static (string Certificate, string Key, string Serial) Make()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={TestHost.PublicName}", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return (certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem(), certificate.SerialNumber);
    }

    private void Write(string file, string text, DateTimeOffset changed)
    {
        File.WriteAllText(file, text);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.SetLastWriteTimeUtc(file, changed.UtcDateTime);
    }

    private string Renew(DateTimeOffset changed)
    {
        var (certificate, key, serial) = Make();
        Write(CertificateFile, certificate, changed);
        Write(KeyFile, key, changed);
        return serial;
    }

    private static async Task<string> SerialAsync(TestHost host)
    {
        var serial = "";
        var answer = await host.SendTlsAsync(Health, tls => serial = ((X509Certificate2)tls.RemoteCertificate!).SerialNumber);
        Assert.Equal(200, answer.HasTheHeaders(https: true).Status);
        return serial;
    }

    [Fact]
    public async Task HTTPS_is_served_and_a_renewed_certificate_taken_up_without_a_restart()
    {
        var first = Renew(DateTimeOffset.UtcNow.AddDays(-60));
        await using var host = await StartAsync();
        Assert.Equal(first, await SerialAsync(host));
        var second = Renew(DateTimeOffset.UtcNow);
        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(second, await SerialAsync(host));
    }

    [Fact]
    public async Task A_renewal_by_exchanged_links_is_seen_too()
    {
        var old = Renew(DateTimeOffset.UtcNow.AddDays(-60));
        foreach (var file in new[] { CertificateFile, KeyFile })
        {
            File.Move(file, file + ".1");
            File.CreateSymbolicLink(file, file + ".1");
        }
        await using var host = await StartAsync();
        Assert.Equal(old, await SerialAsync(host));
        var (certificate, key, serial) = Make();
        Write(CertificateFile + ".2", certificate, DateTimeOffset.UtcNow);
        Write(KeyFile + ".2", key, DateTimeOffset.UtcNow);
        foreach (var file in new[] { CertificateFile, KeyFile })
        {
            File.CreateSymbolicLink(file + ".new", file + ".2");
            File.Move(file + ".new", file, overwrite: true);
        }
        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(serial, await SerialAsync(host));
    }

    [Fact]
    public async Task Half_a_renewal_leaves_the_old_certificate_in_place_until_it_is_whole()
    {
        var old = Renew(DateTimeOffset.UtcNow.AddDays(-60));
        await using var host = await StartAsync();
        var (certificate, key, serial) = Make();
        Write(CertificateFile, certificate, DateTimeOffset.UtcNow);
        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(old, await SerialAsync(host));
        Assert.Contains(host.Log.All, l => l.Contains("the old one stays", StringComparison.Ordinal));
        Write(KeyFile, key, DateTimeOffset.UtcNow);
        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(serial, await SerialAsync(host));
    }

    [Fact]
    public async Task Plain_HTTP_on_the_HTTPS_port_is_refused()
    {
        Renew(DateTimeOffset.UtcNow);
        await using var host = await StartAsync();
        Assert.NotEqual(200, (await host.SendAsync(Health)).Status);
    }

    /// <summary>Written by hand, since a client of this machine would not say it: that it can't is no proof that we would not take it.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task An_older_TLS_is_refused_for_its_version_and_not_for_want_of_a_suite(byte minor)
    {
        const byte alert = 21, protocolVersion = 70;
        Renew(DateTimeOffset.UtcNow);
        await using var host = await StartAsync();
        using var patience = new CancellationTokenSource(ProductHost.Patience);
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, host.Port, patience.Token);
        // Our own suites stand among those that it offers.
        byte[] suites = [0xC0, 0x2B, 0xC0, 0x2F, 0xC0, 0x14, 0xC0, 0x0A, 0x00, 0x2F];
        byte[] hello = [3, minor, .. new byte[32], 0, 0, (byte)suites.Length, .. suites, 1, 0];
        await client.GetStream().WriteAsync((byte[])[22, 3, 0, 0, (byte)(hello.Length + 4), 1, 0, 0, (byte)hello.Length, .. hello], patience.Token);
        var answer = new byte[7];
        await client.GetStream().ReadExactlyAsync(answer, patience.Token);
        Assert.Equal((alert, protocolVersion), (answer[0], answer[6]));
    }

    [Fact]
    public async Task The_newest_TLS_is_taken_where_the_client_has_it()
    {
        Renew(DateTimeOffset.UtcNow);
        await using var host = await StartAsync();
        var taken = SslProtocols.None;
        await host.SendTlsAsync(Health, tls => taken = tls.SslProtocol);
        Assert.Equal("Tls13", taken.ToString());
    }

    [Fact]
    public async Task A_key_that_others_can_read_or_that_does_not_fit_ends_the_start()
    {
        Renew(DateTimeOffset.UtcNow);
        File.SetUnixFileMode(KeyFile, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        Assert.Contains("chmod 600", (await Assert.ThrowsAsync<SettingsException>(StartAsync)).Message, StringComparison.Ordinal);
        Write(KeyFile, Make().Key, DateTimeOffset.UtcNow);
        Assert.Contains("no certificate and its key", (await Assert.ThrowsAsync<SettingsException>(StartAsync)).Message, StringComparison.Ordinal);
        File.Delete(KeyFile);
        Assert.Contains("there is no file", (await Assert.ThrowsAsync<SettingsException>(StartAsync)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void HTTPS_without_a_certificate_is_a_wrong_setting() =>
        Assert.Contains("http.certificate", Assert.Single(TestHost.Production(s => s.Urls = ["https://127.0.0.1:0"]).Problems()), StringComparison.Ordinal);
}
