using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Outbound;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Inbound;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Outbound;

/// <summary>Answers that leave by the mailbox's own server: a real one of Debian's, and one that does what real ones seldom do.</summary>
public sealed class OwnServerTests(DovecotServer server) : IClassFixture<DovecotServer>
{
    private Task<ProductHost> StartAsync(Func<ReplyMintSettings, ReplyMintSettings>? settings = null) =>
        ProductHost.StartAsync(settings: chosen => ImapHost.Of(server, settings?.Invoke(chosen) ?? chosen), knowledge: ImapHost.Knowledge);

    private static async Task<Channel> AddAsync(ProductHost host, int port, string security, string secret, Func<MailAccount, MailAccount>? change = null, string? mailbox = null)
    {
        var account = new MailAccount(mailbox ?? host.Mailbox.Id, "127.0.0.1", port, security, "support");
        return (await host.Get<Channels>().AddAsync(new Channel("", host.Tenant.Id, Channel.BySmtp, secret) { Smtp = change?.Invoke(account) ?? account }, Actor.Machine, default)).Channel!;
    }

    private static Task<OutboxRecord> StateAsync(ProductHost host, Message message, Func<OutboxRecord, bool> so) =>
        ProductHost.EventuallyAsync(async () => await host.Get<Outbox>().StateAsync(host.Tenant.Id, message.Id, default) is { } record && so(record) ? record : null);

    [Theory]
    [InlineData(MailAccount.StartTls)]
    [InlineData(MailAccount.Tls)]
    public async Task An_answer_leaves_by_the_mailboxs_own_server(string security)
    {
        server.NeedSubmission();
        await using var host = await StartAsync();
        await AddAsync(host, security == MailAccount.Tls ? server.SubmissionTlsPort : server.SubmissionPort, security, DovecotServer.Word);
        var known = server.Relay.Mails.Count;
        var message = await host.DeliverAndDecideAsync(host.Mail(ImapHost.Question));
        Assert.Equal((MessageState.Answered, OutboxState.Sent), (message.Record.State, (await StateAsync(host, message, _ => true)).State));
        Assert.Empty(host.OutFiles);
        var mail = server.Relay.Mails.Skip(known).Single();
        Assert.Contains("two to three working days", mail, StringComparison.Ordinal);
        // The one address that such a server lets the account write from.
        Assert.Equal("MAIL FROM:<support@shop.example>", server.Relay.Commands.Last(command => command.StartsWith("MAIL", StringComparison.Ordinal)).Split(' ', 3) is [var verb, var path, ..] ? $"{verb} {path}" : "");
    }

    [Fact]
    public async Task A_token_of_OAuth2_lets_us_in_and_a_changed_refresh_token_is_kept()
    {
        server.NeedSubmission();
        using var tokens = new TokenServer(server.TokenPort, "support");
        await using var host = await StartAsync();
        var channel = await AddAsync(host, server.SubmissionPort, MailAccount.StartTls, tokens.Refresh, account => account with { TokenUrl = tokens.Url, ClientId = "client", ClientSecret = "secret of the client" });
        var message = await host.DeliverAndDecideAsync(host.Mail(ImapHost.Question));
        Assert.Equal(OutboxState.Sent, (await StateAsync(host, message, _ => true)).State);
        Assert.Empty(host.OutFiles);
        Assert.Equal(tokens.Refresh, (await host.Get<Channels>().FindAsync(channel.Id, default))!.Secret);
    }

    [Fact]
    public async Task A_refused_password_waits_and_never_goes_by_another_way()
    {
        server.NeedSubmission();
        await using var host = await StartAsync();
        var channel = await AddAsync(host, server.SubmissionPort, MailAccount.StartTls, "wrong");
        var message = await host.DeliverAsync(host.Mail(ImapHost.Question));
        var record = await StateAsync(host, message, found => found is { State: OutboxState.Queued, Attempts: 1 });
        Assert.Equal("127.0.0.1 refuses the user or the password", record.Detail);
        Assert.Equal(record.Detail, (await host.Get<OwnServers>().LookAsync(channel, default)).Problem);
        Assert.Empty(host.OutFiles);

        await host.Get<Channels>().ChangeAsync(channel.Id, before => before with { Secret = DovecotServer.Word }, Actor.Machine, default);
        var changed = (await host.Get<Channels>().FindAsync(channel.Id, default))!;
        Assert.Null(changed.PreviousSecret);
        Assert.Null((await host.Get<OwnServers>().LookAsync(changed, default)).Problem);
        host.Time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(2, (await StateAsync(host, message, found => found.State == OutboxState.Sent)).Attempts);
        Assert.Empty(host.OutFiles);
    }

    [Theory]
    [InlineData("greeting", "554 5.7.1 go away", OutboxState.Queued, false)]
    [InlineData("AUTH", "", OutboxState.Queued, false)]
    [InlineData("MAIL", "550 5.7.60 not your address", OutboxState.Failed, false)]
    [InlineData("RCPT", "450 4.2.1 busy", OutboxState.Queued, false)]
    [InlineData("RCPT", "550 5.1.1 unknown", OutboxState.Failed, true)]
    [InlineData("RCPT", "550 5.7.1 policy", OutboxState.Failed, false)]
    [InlineData("RCPT", "550 5.4.5 enough for today", OutboxState.Queued, false)]
    [InlineData("DATA", "", OutboxState.Queued, false)]
    [InlineData("content", "554 5.2.252 may not send as this", OutboxState.Failed, false)]
    [InlineData("content", "", OutboxState.Uncertain, false)]
    internal async Task What_the_server_does_says_whether_it_left(string stage, string reply, OutboxState state, bool suppressed)
    {
        await using var sink = new SmtpSink { Answer = at => at == stage ? reply : at == "EHLO" ? "250-sink\r\n250-ENHANCEDSTATUSCODES\r\n250-CHUNKING\r\n250 AUTH PLAIN" : null };
        await using var host = await StartAsync();
        await AddAsync(host, sink.Port, MailAccount.None, "secret");
        var message = await host.DeliverAsync(host.Mail(ImapHost.Question));
        var record = await StateAsync(host, message, found => found.Attempts == 1 && found.State != OutboxState.Sending);
        Assert.Equal((state, record.Detail), (record.State, record.Detail));
        if (suppressed)
            await ProductHost.EventuallyAsync(async () => await host.Get<Suppressions>().FindAsync(host.Tenant.Id, "anna@customer.example", default));
        else
            Assert.Null(await host.Get<Suppressions>().FindAsync(host.Tenant.Id, "anna@customer.example", default));
        Assert.DoesNotContain("@", record.Detail, StringComparison.Ordinal);
        Assert.Empty(host.OutFiles);
    }

    [Fact]
    public async Task A_server_that_hangs_is_left_and_takes_no_places_of_others()
    {
        await using var sink = new SmtpSink { Answer = at => at == "RCPT" ? "hang" : at == "EHLO" ? "250-sink\r\n250 AUTH PLAIN" : null };
        // One place for all: whoever took it would keep everybody's mail.
        await using var host = await StartAsync(settings => settings with { Outbound = settings.Outbound with { Concurrency = 1 }, Jobs = settings.Jobs with { Workers = 8 } });
        await AddAsync(host, sink.Port, MailAccount.None, "secret");
        var slow = new List<Message>();
        for (var i = 0; i < 4; i++)
            slow.Add(await host.DeliverAsync(host.Mail(ImapHost.Question, from: $"anna{i}@customer.example")));
        await ProductHost.EventuallyAsync(() => Task.FromResult(sink.Commands.Count(command => command.StartsWith("RCPT", StringComparison.Ordinal)) == 2 ? "both" : null));
        // Of another mailbox, without a server of its own.
        var (_, other) = await host.Get<Mailboxes>().AddAsync(host.Mailbox with { Id = Ids.Random('m'), Address = "info@shop.example" }, Actor.Machine, default);
        Assert.NotNull(other);
        var quick = await host.DecidedAsync(await host.DeliverAsync(host.Mail(ImapHost.Question, from: "bert@customer.example", to: "info@shop.example"), "bert@customer.example", "info@shop.example"));
        Assert.Equal(OutboxState.Sent, (await StateAsync(host, quick, _ => true)).State);
        Assert.Equal(2, sink.Connections);

        host.Time.Advance(OwnPlaces.Longest + TimeSpan.FromSeconds(1));
        var records = new List<OutboxRecord>();
        foreach (var message in slow)
            records.Add(await StateAsync(host, message, found => found.State == OutboxState.Queued));
        Assert.Contains(records, record => record.Detail == "not handed over (timed out)");
    }

    [Fact]
    public async Task No_password_goes_to_a_private_address_or_over_an_open_line()
    {
        await using var sink = new SmtpSink();
        await using var closed = await ProductHost.StartAsync(settings: settings => settings with { Outside = Places.Closed });
        Channel Of(string host, string security) => new("c1", closed.Tenant.Id, Channel.BySmtp, "secret") { Smtp = new(closed.Mailbox.Id, host, sink.Port, security, "support") };
        Assert.Contains("private or reserved", (await closed.Get<OwnServers>().LookAsync(Of("localhost", MailAccount.None), default)).Problem, StringComparison.Ordinal);
        Assert.Contains("private or reserved", (await closed.Get<OwnServers>().LookAsync(Of("169.254.169.254", MailAccount.StartTls), default)).Problem, StringComparison.Ordinal);
        Assert.Equal(0, sink.Connections);

        await using var open = await StartAsync();
        Assert.Contains("offers no STARTTLS", (await open.Get<OwnServers>().LookAsync(Of("localhost", MailAccount.StartTls), default)).Problem, StringComparison.Ordinal);
        Assert.DoesNotContain(sink.Commands, command => command.StartsWith("AUTH", StringComparison.Ordinal));
        server.NeedSubmission();
        await using var strange = await ProductHost.StartAsync(settings: settings => settings with { Outside = Places.Here });
        Assert.Contains("signed by no authority", (await strange.Get<OwnServers>().LookAsync(
            Of("localhost", MailAccount.Tls) is var channel ? channel with { Smtp = channel.Smtp! with { Port = server.SubmissionTlsPort } } : null!, default)).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_mailbox_has_one_server_and_without_it_the_installations_way_again()
    {
        await using var sink = new SmtpSink();
        await using var host = await StartAsync();
        var channel = await AddAsync(host, sink.Port, MailAccount.None, "secret");
        Assert.Equal((ClaimResult.Taken, null), await host.Get<Channels>().AddAsync(channel with { Id = "" }, Actor.Machine, default));
        await host.DeliverAndDecideAsync(host.Mail(ImapHost.Question));
        Assert.Single(sink.Mails);
        Assert.True(await host.Get<Channels>().RemoveAsync(channel.Id, Actor.Machine, default));
        var message = await host.DeliverAndDecideAsync(host.Mail(ImapHost.Question, from: "bert@customer.example"), "bert@customer.example");
        Assert.Equal([message.Id], host.OutFiles);
        Assert.Single(sink.Mails);
        Assert.Equal(ClaimResult.Claimed, (await host.Get<Channels>().AddAsync(channel with { Id = "" }, Actor.Machine, default)).Result);
    }

    [Theory]
    [InlineData("ours")]
    [InlineData("of no answer")]
    [InlineData("signed by nobody")]
    public async Task A_bounce_comes_to_the_mailbox_and_counts_when_it_names_our_answer(string named)
    {
        await using var sink = new SmtpSink();
        await using var host = await StartAsync();
        await AddAsync(host, sink.Port, MailAccount.None, "secret");
        var message = await host.DeliverAndDecideAsync(host.Mail(ImapHost.Question));
        var id = MimeKit.MimeMessage.Load(new MemoryStream(System.Text.Encoding.Latin1.GetBytes(Assert.Single(sink.Mails)))).MessageId!;
        var ours = named == "ours";
        // v1.TENANT.ANSWER.MAC@domain
        var mac = id.IndexOf(message.Id, StringComparison.Ordinal) + message.Id.Length + 1;
        id = named switch
        {
            "of no answer" => id.Replace(message.Id, Ids.Random('m'), StringComparison.Ordinal),
            "signed by nobody" => id[..mac] + (id[mac] == 'a' ? 'b' : 'a') + id[(mac + 1)..],
            _ => id,
        };
        var bounce = host.Mail("It could not be delivered.", "mailer-daemon@mail.example", "Undelivered mail", $"In-Reply-To: <{id}>")
            .Replace("Content-Type: text/plain; charset=utf-8\r\n\r\n", "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n", StringComparison.Ordinal)
            + "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mail.example\r\n\r\nFinal-Recipient: rfc822; anna@customer.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n";
        Assert.Equal(MessageState.Ignored, (await host.DeliverAndDecideAsync(bounce, "")).Record.State);
        Assert.Equal(ours, await host.Get<Suppressions>().FindAsync(host.Tenant.Id, "anna@customer.example", default) is not null);
        Assert.Equal(ours ? ["bounced"] : [], (await host.Get<Outbox>().StateAsync(host.Tenant.Id, message.Id, default))!.Events.Select(happened => happened.Kind));
    }
}
