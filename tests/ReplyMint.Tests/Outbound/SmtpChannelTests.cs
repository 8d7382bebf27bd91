using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Time.Testing;
using ReplyMint.Outbound;
using ReplyMint.Security;
using ReplyMint.Tests.Inbound;

namespace ReplyMint.Tests.Outbound;

public sealed class SmtpChannelTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("smtp-channel").FullName;

    public void Dispose() => Directory.Delete(_folder, true);

    private static SmtpChannel Channel(SmtpSink sink, Func<SmtpSettings, SmtpSettings>? change = null, TimeProvider? time = null)
    {
        var settings = new SmtpSettings { Host = "127.0.0.1", Port = sink.Port, Security = SmtpSettings.None };
        return new(change?.Invoke(settings) ?? settings, new SecretSource(null), time ?? TimeProvider.System);
    }

    [Fact]
    public async Task A_mail_arrives_as_it_was_written()
    {
        await using var sink = new SmtpSink();
        using var channel = Channel(sink);
        var outcome = await channel.SendAsync("o1", Mails.Answer("Grüße\n.dot\n"), default);
        Assert.Equal(SendResult.Sent, outcome.Result);
        Assert.Equal(System.Text.Encoding.Latin1.GetString(MimeWriter.Write(Mails.Answer("Grüße\n.dot\n")).Span), Assert.Single(sink.Mails));
        Assert.Contains(sink.Commands, c => c.StartsWith("MAIL FROM:<bounces+t1o1@example.com>", StringComparison.Ordinal));
        Assert.Contains("RCPT TO:<ann@customer.example>", sink.Commands);
    }

    [Fact]
    public async Task The_null_reverse_path_is_said_as_such()
    {
        await using var sink = new SmtpSink();
        using var channel = Channel(sink);
        Assert.Equal(SendResult.Sent, (await channel.SendAsync("o1", Mails.Answer() with { ReversePath = "" }, default)).Result);
        Assert.Contains(sink.Commands, c => c.StartsWith("MAIL FROM:<>", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("greeting", "421 4.3.2 full", nameof(SendResult.Temporary))]
    [InlineData("greeting", "554 5.7.1 go away", nameof(SendResult.Temporary))]
    [InlineData("greeting", "", nameof(SendResult.Temporary))]
    [InlineData("EHLO", "", nameof(SendResult.Temporary))]
    [InlineData("MAIL", "451 4.3.0 later", nameof(SendResult.Temporary))]
    [InlineData("MAIL", "550 5.7.1 not you", nameof(SendResult.Permanent))]
    [InlineData("MAIL", "530 5.7.0 authenticate", nameof(SendResult.Temporary))]
    [InlineData("MAIL", "", nameof(SendResult.Temporary))]
    [InlineData("RCPT", "450 4.2.1 busy", nameof(SendResult.Temporary))]
    [InlineData("RCPT", "550 5.1.1 unknown", nameof(SendResult.Permanent))]
    [InlineData("RCPT", "", nameof(SendResult.Temporary))]
    [InlineData("DATA", "451 4.3.0 later", nameof(SendResult.Temporary))]
    [InlineData("DATA", "554 5.5.1 no", nameof(SendResult.Permanent))]
    [InlineData("DATA", "", nameof(SendResult.Temporary))]
    [InlineData("content", "452 4.3.1 full", nameof(SendResult.Temporary))]
    [InlineData("content", "554 5.6.0 spam", nameof(SendResult.Permanent))]
    [InlineData("content", "", nameof(SendResult.Uncertain))]
    [InlineData("content", "nonsense", nameof(SendResult.Uncertain))]
    public async Task The_outcome_says_whether_it_left(string stage, string reply, string result)
    {
        await using var sink = new SmtpSink { Answer = s => s == stage ? reply : null };
        using var channel = Channel(sink);
        var outcome = await channel.SendAsync("o1", Mails.Answer(), default);
        Assert.Equal((result, outcome.Detail), (outcome.Result.ToString(), outcome.Detail));
        Assert.Equal(stage == "RCPT" && result == nameof(SendResult.Permanent), outcome.AddressRefused);
        Assert.DoesNotContain("@", outcome.Detail);
    }

    [Fact]
    public async Task Nobody_listening_is_temporary()
    {
        var sink = new SmtpSink();
        using var channel = Channel(sink);
        await sink.DisposeAsync();
        Assert.Equal(SendResult.Temporary, (await channel.SendAsync("o1", Mails.Answer(), default)).Result);
    }

    [Theory]
    [InlineData("RCPT", nameof(SendResult.Temporary))]
    [InlineData("content", nameof(SendResult.Uncertain))]
    public async Task A_server_that_hangs_does_not_hold_us(string stage, string result)
    {
        var time = new FakeTimeProvider();
        var reached = new TaskCompletionSource();
        await using var sink = new SmtpSink
        {
            Answer = s =>
            {
                if (s != stage)
                    return null;
                reached.TrySetResult();
                return "hang";
            },
        };
        using var channel = Channel(sink, s => s with { TimeoutSeconds = 900 }, time);
        var sending = channel.SendAsync("o1", Mails.Answer(), default);
        await reached.Task;
        time.Advance(TimeSpan.FromSeconds(901));
        var outcome = await sending;
        Assert.Equal(result, outcome.Result.ToString());
        Assert.Contains("timed out", outcome.Detail);
    }

    [Fact]
    public async Task Stopping_before_the_hand_over_is_temporary()
    {
        await using var sink = new SmtpSink();
        using var channel = Channel(sink);
        Assert.Equal(SendResult.Temporary, (await channel.SendAsync("o1", Mails.Answer(), new CancellationToken(true))).Result);
        Assert.Empty(sink.Mails);
    }

    [Fact]
    public async Task A_connection_carries_many_mails_and_a_stale_one_is_replaced()
    {
        await using var sink = new SmtpSink();
        using var channel = Channel(sink);
        for (var i = 0; i < 3; i++)
            Assert.Equal(SendResult.Sent, (await channel.SendAsync($"o{i}", Mails.Answer(), default)).Result);
        Assert.Equal(1, sink.Connections);
        var dropped = false;
        sink.Answer = stage => stage == "MAIL" && !dropped && (dropped = true) ? "" : null;
        Assert.Equal(SendResult.Sent, (await channel.SendAsync("o4", Mails.Answer(), default)).Result);
        Assert.True(dropped);
        Assert.Equal(2, sink.Connections);
        Assert.Equal(4, sink.Mails.Count);
    }

    [Fact]
    public async Task A_kept_connection_that_breaks_after_the_hand_over_is_uncertain_and_not_sent_again()
    {
        await using var sink = new SmtpSink();
        using var channel = Channel(sink);
        await channel.SendAsync("o1", Mails.Answer(), default);
        sink.Answer = stage => stage == "content" ? "" : null;
        Assert.Equal(SendResult.Uncertain, (await channel.SendAsync("o2", Mails.Answer(), default)).Result);
        Assert.Equal(2, sink.Mails.Count);
    }

    [Fact]
    public async Task Idle_connections_are_closed()
    {
        var time = new FakeTimeProvider();
        await using var sink = new SmtpSink();
        using var channel = Channel(sink, time: time);
        await channel.SendAsync("o1", Mails.Answer(), default);
        time.Advance(TimeSpan.FromSeconds(30));
        await channel.SendAsync("o2", Mails.Answer(), default);
        Assert.Equal(2, sink.Connections);
    }

    [Fact]
    public async Task STARTTLS_is_used_with_user_and_password()
    {
        var (pem, certificate) = Certificate("localhost");
        await using var sink = new SmtpSink(certificate);
        var password = Path.Combine(_folder, "password");
        await File.WriteAllTextAsync(password, "correct horse battery staple 7391", TestContext.Current.CancellationToken);
        File.SetUnixFileMode(password, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        using var channel = Channel(sink, s => s with { Host = "localhost", Security = SmtpSettings.StartTls, AuthorityFile = pem, User = "u", Password = "file:" + password });
        var outcome = await channel.SendAsync("o1", Mails.Answer(), default);
        Assert.Equal((SendResult.Sent, outcome.Detail), (outcome.Result, outcome.Detail));
        Assert.Contains(sink.Commands, c => c.StartsWith("AUTH PLAIN", StringComparison.Ordinal));
        Assert.True(sink.Commands.ToList().FindIndex(c => c == "STARTTLS") < sink.Commands.ToList().FindIndex(c => c.StartsWith("AUTH", StringComparison.Ordinal)));

        sink.Answer = stage => stage == "AUTH" ? "535 5.7.8 wrong" : null;
        using var refused = Channel(sink, s => s with { Host = "localhost", Security = SmtpSettings.StartTls, AuthorityFile = pem, User = "u", Password = "file:" + password });
        outcome = await refused.SendAsync("o2", Mails.Answer(), default);
        Assert.Equal(SendResult.Temporary, outcome.Result);
        Assert.Contains("refused user or password", outcome.Detail);
    }

    [Fact]
    public async Task A_server_without_STARTTLS_or_with_a_foreign_certificate_gets_nothing()
    {
        await using var plain = new SmtpSink();
        using var toPlain = Channel(plain, s => s with { Security = SmtpSettings.StartTls });
        Assert.Equal(SendResult.Temporary, (await toPlain.SendAsync("o1", Mails.Answer(), default)).Result);
        Assert.DoesNotContain(plain.Commands, c => c.StartsWith("MAIL", StringComparison.Ordinal));

        await using var foreign = new SmtpSink(Certificate("localhost").Certificate);
        using var toForeign = Channel(foreign, s => s with { Host = "localhost", Security = SmtpSettings.StartTls });
        Assert.Equal(SendResult.Temporary, (await toForeign.SendAsync("o1", Mails.Answer(), default)).Result);
        Assert.DoesNotContain(foreign.Commands, c => c.StartsWith("MAIL", StringComparison.Ordinal));

        // Trusted, but for another name.
        var (pem, certificate) = Certificate("elsewhere.example");
        await using var other = new SmtpSink(certificate);
        using var toOther = Channel(other, s => s with { Host = "localhost", Security = SmtpSettings.StartTls, AuthorityFile = pem });
        Assert.Equal(SendResult.Temporary, (await toOther.SendAsync("o1", Mails.Answer(), default)).Result);
        Assert.Empty(other.Mails);
    }

    [Fact]
    public async Task A_missing_password_file_is_named()
    {
        await using var sink = new SmtpSink();
        using var channel = Channel(sink, s => s with { User = "u", Password = "file:/nowhere/password" });
        var outcome = await channel.SendAsync("o1", Mails.Answer(), default);
        Assert.Equal(SendResult.Temporary, outcome.Result);
        Assert.Contains("/nowhere/password", outcome.Detail);
    }

    [Fact]
    public void Plain_connections_are_for_this_machine_only()
    {
        var settings = new OutboundSettings { Channel = "smtp", Smtp = new() { Host = "mail.example.com", Security = "none" } };
        Assert.Contains("this machine only", Assert.Single(settings.Problems()));
        Assert.Empty((settings with { Smtp = settings.Smtp with { Host = "::1" } }).Problems());
        Assert.Contains("\"file\", \"smtp\", \"mailgun\"", Assert.Single(new OutboundSettings { Channel = "pigeon" }.Problems()));
    }

    private (string Pem, X509Certificate2 Certificate) Certificate(string name)
    {
        var pem = Path.Combine(_folder, Path.GetRandomFileName() + ".pem");
        TestCertificates.Write(pem, name);
        return (pem, X509CertificateLoader.LoadPkcs12(X509Certificate2.CreateFromPemFile(pem).Export(X509ContentType.Pkcs12), null));
    }
}
