using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using ReplyMint.Inbound;
using ReplyMint.Security;
using ReplyMint.Tests.Product;

namespace ReplyMint.Tests.Inbound;

public sealed class SmtpTlsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("smtp-tls").FullName;

    private string Pem => Path.Combine(_folder, "mx.pem");

    private CertificateFiles Certificate(TimeProvider? time = null, string name = "mx.example.com")
    {
        TestCertificates.Write(Pem, name);
        return new("smtp.certificateFile", Pem, Pem, null, time ?? TimeProvider.System, NullLogger<CertificateFiles>.Instance);
    }

    public void Dispose() => Directory.Delete(_folder, true);

    [Fact]
    public async Task Mail_comes_in_over_TLS()
    {
        await using var host = await SmtpHost.StartAsync(certificate: Certificate());
        await using var talk = await host.ConnectAsync();
        Assert.Contains("250-STARTTLS", await talk.GreetAsync());
        Assert.StartsWith("220 ", await talk.AskAsync("STARTTLS"));
        await talk.SecureAsync();
        var offer = await talk.AskAsync("EHLO client.example");
        Assert.DoesNotContain("STARTTLS", offer);
        await talk.BeginDataAsync();
        Assert.StartsWith("250 ", await talk.AskAsync("secret\r\n."));
        Assert.StartsWith("502 ", await talk.AskAsync("STARTTLS"));
        Assert.Equal("secret\r\n", Assert.Single(host.Contents));
    }

    [Fact]
    public async Task Where_TLS_is_required_no_mail_is_taken_before_it()
    {
        await using var host = await SmtpHost.StartAsync(new() { Tls = SmtpListenerSettings.Required }, certificate: Certificate());
        await using var talk = await host.ConnectAsync();
        await talk.GreetAsync();
        Assert.StartsWith("530 5.7.0", await talk.AskAsync("MAIL FROM:<a@sender.example>"));
        Assert.StartsWith("503 ", await talk.AskAsync("RCPT TO:<help@example.com>"));
        await SecuredAsync(talk);
        Assert.Equal("secret\r\n", Assert.Single(host.Contents));
    }

    /// <summary>
    /// What other machines hand over as a relay's word must not be read or changed on the way; the world's mail may come as it can.
    /// Asked of the rule itself: no test speaks to anything but the loopback.
    /// </summary>
    [Theory]
    [InlineData(SmtpListenerSettings.Relay, "", "192.0.2.7", false)]
    [InlineData(SmtpListenerSettings.Relay, "", "2001:db8::7", false)]
    [InlineData(SmtpListenerSettings.Relay, "", "127.0.0.1", true)]
    [InlineData(SmtpListenerSettings.Relay, "", "::1", true)]
    [InlineData(SmtpListenerSettings.Relay, SmtpListenerSettings.Offered, "192.0.2.7", true)]
    [InlineData(SmtpListenerSettings.Relay, SmtpListenerSettings.Required, "127.0.0.1", false)]
    [InlineData(SmtpListenerSettings.Mx, "", "192.0.2.7", true)]
    [InlineData(SmtpListenerSettings.Mx, SmtpListenerSettings.Required, "192.0.2.7", false)]
    public void A_relay_on_another_machine_hands_over_by_TLS_only_unless_the_operator_says_otherwise(string mode, string tls, string client, bool inTheClear) =>
        Assert.Equal(inTheClear, new SmtpListenerSettings { Mode = mode, Tls = tls }.TakesInTheClear(IPAddress.Parse(client)));

    private static async Task SecuredAsync(SmtpTalk talk)
    {
        Assert.StartsWith("220 ", await talk.AskAsync("STARTTLS"));
        await talk.SecureAsync();
        await talk.AskAsync("EHLO client.example");
        await talk.BeginDataAsync();
        Assert.StartsWith("250 ", await talk.AskAsync("secret\r\n."));
    }

    [Fact]
    public async Task Nothing_said_before_TLS_counts_after_it()
    {
        await using var host = await SmtpHost.StartAsync(certificate: Certificate());
        await using var talk = await host.ConnectAsync();
        await talk.GreetAsync();
        await talk.AskAsync("MAIL FROM:<a@b.example>");
        await talk.AskAsync("RCPT TO:<help@example.com>");
        Assert.StartsWith("220 ", await talk.AskAsync("STARTTLS"));
        await talk.SecureAsync();
        Assert.StartsWith("503 ", await talk.AskAsync("DATA"));
        Assert.StartsWith("503 ", await talk.AskAsync("MAIL FROM:<a@b.example>"));
        Assert.StartsWith("250-", await talk.AskAsync("EHLO x"));
        Assert.StartsWith("250 ", await talk.AskAsync("MAIL FROM:<a@b.example>"));
    }

    [Fact]
    public async Task Commands_slipped_in_behind_STARTTLS_are_not_carried_out()
    {
        await using var host = await SmtpHost.StartAsync(certificate: Certificate());
        await using var talk = await host.ConnectAsync();
        await talk.GreetAsync();
        await talk.SendAsync("STARTTLS\r\nEHLO x\r\nMAIL FROM:<evil@b.example>\r\n");
        Assert.StartsWith("501 5.5.4", await talk.ReadAsync());
        Assert.True(await talk.IsClosedAsync());
    }

    [Fact]
    public async Task A_renewed_certificate_is_used_and_a_broken_one_is_not()
    {
        var time = new FakeTimeProvider();
        await using var host = await SmtpHost.StartAsync(certificate: Certificate(time, "one"), time: time);
        Assert.Equal("CN=one", await SeenAsync(host));
        TestCertificates.Write(Pem, "two");
        File.SetLastWriteTimeUtc(Pem, DateTime.UtcNow.AddSeconds(5));
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("CN=two", await SeenAsync(host));
        await File.WriteAllTextAsync(Pem, "half a file", TestContext.Current.CancellationToken);
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("CN=two", await SeenAsync(host));
    }

    [Fact]
    public async Task A_certificate_that_can_not_be_used_ends_the_start_with_the_settings_name()
    {
        TestCertificates.Write(Pem, "one");
        File.SetUnixFileMode(Pem, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        foreach (var file in new[] { Pem, Pem + "-absent" })
        {
            var refused = await Assert.ThrowsAsync<SettingsException>(() => ProductHost.StartAsync(settings: s => s with { Smtp = s.Smtp with { CertificateFile = file } }));
            Assert.StartsWith("smtp.certificateFile: ", refused.Message, StringComparison.Ordinal);
        }
    }

    private static async Task<string> SeenAsync(SmtpHost host)
    {
        await using var talk = await host.ConnectAsync();
        await talk.GreetAsync();
        await talk.AskAsync("STARTTLS");
        var subject = "";
        await talk.SecureAsync(certificate => subject = certificate.Subject);
        return subject;
    }
}
