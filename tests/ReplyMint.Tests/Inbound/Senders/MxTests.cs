using System.Net;
using DnsClient;
using Microsoft.Extensions.Time.Testing;
using ReplyMint.Inbound;
using ReplyMint.Mail;
using ReplyMint.Security;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Inbound.Senders;

/// <summary>The listener as a domain's mail exchanger: real SMTP, a real name server, the whole line to the answer.</summary>
public sealed class MxTests(DnsServer dns) : IClassFixture<DnsServer>
{
    private const string Question = "How long does delivery take?";

    private Task<ProductHost> StartAsync(int? port = null)
    {
        DnsServer.Need();
        return ProductHost.StartAsync(knowledge: ImapHost.Knowledge, settings: settings => settings with
        {
            Smtp = new SmtpListenerSettings { Port = 0, Mode = SmtpListenerSettings.Mx, Networks = ["192.0.2.0/24"] },
            Dns = new DnsSettings { Server = $"127.0.0.1:{port ?? dns.Port}" },
        });
    }

    [Fact]
    public async Task Whose_domain_lets_this_client_send_or_signed_the_mail_is_answered()
    {
        await using var host = await StartAsync();
        var bySpf = await host.DeliverAndDecideAsync(host.Mail(Question, "anna@shop.example", authentication: null), "anna@shop.example");
        Assert.Equal((MessageState.Answered, AuthResult.Pass, AuthResult.None, AuthResult.Pass), Seen(bySpf));
        Assert.Equal(SenderCheck.Source, bySpf.Summary.Authentication.Source);
        // Passed on by somebody else, as a forwarding does: the signature still holds.
        var byDkim = await host.DeliverAndDecideAsync(DnsServer.Key.SignByHand(host.Mail(Question, "bert@shop.example", authentication: null)), "list@elsewhere.example");
        Assert.Equal((MessageState.Answered, AuthResult.None, AuthResult.Pass, AuthResult.Pass), Seen(byDkim));
        // Without a record of DMARC a proof of the author's own domain is one, as behind a server in front.
        var plain = await host.DeliverAndDecideAsync(host.Mail(Question, "carl@plain.example", authentication: null), "carl@plain.example");
        Assert.Equal((MessageState.Answered, AuthResult.Pass, AuthResult.None, AuthResult.None), Seen(plain));
    }

    [Fact]
    public async Task A_forged_author_waits_for_a_person_whatever_the_mail_says_of_itself()
    {
        await using var host = await StartAsync();
        foreach (var (mail, path) in new (string, string)[]
        {
            (host.Mail(Question, "anna@shop.example", authentication: null), "x@stranger.example"),
            (host.Mail(Question, "bert@shop.example", authentication: "spf=pass; dkim=pass; dmarc=pass"), "x@stranger.example"),
            (host.Mail(Question, "carl@shop.example", authentication: null, extra: $"Authentication-Results: {SenderCheck.Source}; dmarc=pass"), "x@stranger.example"),
            (host.Mail(Question, "dora@shop.example", authentication: null, extra: "From: x@stranger.example"), "x@stranger.example"),
            // One of two authors is proved, and the other one is whom a mail program may show.
            (host.Mail(Question, "x@stranger.example", authentication: null, extra: "From: fred@shop.example"), "x@stranger.example"),
            (DnsServer.Key.SignByHand(host.Mail(Question, "emil@shop.example", authentication: null)).Replace("delivery take", "a refund take", StringComparison.Ordinal), "x@stranger.example"),
        })
        {
            var message = await host.DeliverAndDecideAsync(mail, path);
            Assert.Equal((MessageState.Held, AuthResult.Fail), (message.Record.State, message.Summary.Authentication.Dmarc));
            Assert.Contains("dmarc", message.Record.Reasons);
        }
        Assert.Empty(host.OutFiles);
    }

    [Fact]
    public async Task Where_no_resolver_answers_nobody_is_proved_and_no_mail_is_lost()
    {
        await using var host = await StartAsync(DovecotServer.FreePort());
        var message = await host.DeliverAndDecideAsync(host.Mail(Question, "anna@shop.example", authentication: null), "anna@shop.example");
        Assert.Equal((MessageState.Held, AuthResult.TempError, AuthResult.None, AuthResult.TempError), Seen(message));
        Assert.Contains("dmarc", message.Record.Reasons);
        Assert.Empty(host.OutFiles);
    }

    [Fact]
    public async Task What_takes_too_long_is_no_pass()
    {
        var time = new FakeTimeProvider();
        var asked = new TaskCompletionSource();
        var check = new SenderCheck(async (_, _, ct) =>
        {
            asked.TrySetResult();
            await Task.Delay(Timeout.Infinite, ct);
            return NamesFound.Nothing;
        }, time);
        var finding = check.CheckAsync("From: anna@shop.example\r\n\r\nHello\r\n"u8.ToArray(), IPAddress.Loopback, "mail.shop.example", "anna@shop.example", default);
        await asked.Task;
        time.Advance(TimeSpan.FromSeconds(21));
        Assert.Equal((AuthResult.TempError, AuthResult.TempError), ((await finding).Spf, (await finding).Dmarc));
    }

    [Fact]
    public async Task The_name_server_is_asked_as_names_are_written()
    {
        DnsServer.Need();
        var names = new SenderDns(dns.Settings);
        Assert.Equal(["127.0.0.1"], (await names.AskAsync("out.shop.example", QueryType.A, default)).Values);
        Assert.Equal(["2001:db8::1"], (await names.AskAsync("six.shop.example.", QueryType.AAAA, default)).Values);
        Assert.Equal(["mx.shop.example."], (await names.AskAsync("shop.example", QueryType.MX, default)).Values);
        Assert.Equal(["out.shop.example."], (await names.AskAsync(SenderDns.Reverse(IPAddress.Loopback), QueryType.PTR, default)).Values);
        // Longer than one string of a record.
        Assert.Equal([DnsServer.Key.Record], (await names.AskAsync("s1._domainkey.shop.example", QueryType.TXT, default)).Values);
        Assert.Equal((true, 0), await names.AskAsync("nobody.example", QueryType.TXT, default) is var none ? (none.Reached, none.Values.Count) : default);
        Assert.False((await names.AskAsync("elsewhere.test", QueryType.TXT, default)).Reached);
        foreach (var name in (string[])["", ".", "a..example", new string('x', 64), string.Join('.', Enumerable.Repeat("abcdefgh", 30)), "a b.example", "a\\.example"])
            Assert.Equal(NamesFound.Nothing, await names.AskAsync(name, QueryType.TXT, default));
    }

    [Fact]
    public async Task A_check_that_breaks_keeps_no_mail_out_and_is_no_pass()
    {
        var check = new SenderCheck((_, _, _) => throw new InvalidOperationException("a mistake of ours"), TimeProvider.System);
        await using var host = await SmtpHost.StartAsync(new SmtpListenerSettings { Mode = SmtpListenerSettings.Mx }, senders: check);
        await using var talk = await host.ConnectAsync();
        await talk.GreetAsync();
        await talk.BeginDataAsync();
        Assert.StartsWith("250 ", await talk.AskAsync("From: anna@example.com\r\n\r\nHello\r\n."), StringComparison.Ordinal);
        Assert.Equal(AuthResult.TempError, Assert.Single(host.Accepted).Raw.ChannelVerdict!.Dmarc);
    }

    private static (MessageState, AuthResult Spf, AuthResult Dkim, AuthResult Dmarc) Seen(Message message) =>
        (message.Record.State, message.Summary.Authentication.Spf, message.Summary.Authentication.Dkim, message.Summary.Authentication.Dmarc);
}
