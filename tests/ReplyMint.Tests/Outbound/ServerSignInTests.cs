using ReplyMint.Accounts;
using ReplyMint.Outbound;
using ReplyMint.Security;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Outbound;

/// <summary>A password goes to a mail server as itself, inside of TLS, or by SCRAM with SHA-256; never by what rests on MD5 or SHA-1.</summary>
public sealed class ServerSignInTests
{
    private const string Old = "CRAM-MD5 DIGEST-MD5 NTLM SCRAM-SHA-1 SCRAM-SHA-1-PLUS";

    private static SmtpSink Offering(string mechanisms) => new() { Answer = at => at == "EHLO" ? "250-sink\r\n250 AUTH " + mechanisms : null };

    /// <summary>What the server was asked for, and what was said of it.</summary>
    private static async Task<(string[] Asked, string? Problem)> OfInstallationAsync(SmtpSink sink)
    {
        using var folder = new TemporaryFolder();
        var password = Path.Combine(folder.Path, "password");
        await File.WriteAllTextAsync(password, "correct horse battery staple 7391", TestContext.Current.CancellationToken);
        File.SetUnixFileMode(password, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        using var channel = new SmtpChannel(new SmtpSettings { Host = "127.0.0.1", Port = sink.Port, Security = SmtpSettings.None, User = "u", Password = "file:" + password }, new SecretSource(null), TimeProvider.System);
        var outcome = await channel.SendAsync("o1", Mails.Answer(), default);
        return (Asked(sink), outcome.Result == SendResult.Sent ? null : outcome.Detail);
    }

    private static async Task<(string[] Asked, string? Problem)> OfTenantAsync(SmtpSink sink)
    {
        await using var host = await ProductHost.StartAsync(settings: settings => settings with { Outside = Places.Here });
        var channel = new Channel("c1", host.Tenant.Id, Channel.BySmtp, "secret") { Smtp = new(host.Mailbox.Id, "127.0.0.1", sink.Port, MailAccount.None, "support") };
        return ((await host.Get<OwnServers>().LookAsync(channel, default)).Problem is var problem ? Asked(sink) : [], problem);
    }

    private static string[] Asked(SmtpSink sink) => [.. sink.Commands.Where(command => command.StartsWith("AUTH", StringComparison.Ordinal)).Select(command => command.Split(' ')[1])];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Of_all_that_is_offered_nothing_old_is_used(bool tenant)
    {
        await using var sink = Offering(Old + " PLAIN LOGIN");
        var (asked, problem) = tenant ? await OfTenantAsync(sink) : await OfInstallationAsync(sink);
        Assert.Equal(["PLAIN"], asked);
        Assert.Null(problem);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_server_that_takes_nothing_else_gets_no_proof_and_it_is_said_why(bool tenant)
    {
        await using var sink = Offering(Old);
        var (asked, problem) = tenant ? await OfTenantAsync(sink) : await OfInstallationAsync(sink);
        Assert.Empty(asked);
        Assert.Contains("only by MD5, SHA-1 or NTLM; let it offer PLAIN inside of TLS", problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SCRAM_with_SHA_256_is_used_where_it_is_offered()
    {
        await using var sink = Offering(Old + " PLAIN SCRAM-SHA-256");
        Assert.Equal("SCRAM-SHA-256", (await OfInstallationAsync(sink)).Asked[0]);
    }
}
