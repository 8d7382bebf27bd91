using System.Text;
using ReplyMint.Inbound;

namespace ReplyMint.Tests.Inbound;

public sealed class SmtpDialogueTests
{
    [Fact]
    public async Task A_mail_is_handed_over_as_it_was_sent()
    {
        await using var host = await SmtpHost.StartAsync(new() { AuthservId = "border.example.com" });
        await using var talk = await host.ConnectAsync();
        await talk.GreetAsync();
        await talk.BeginDataAsync();
        Assert.StartsWith("250 2.0.0", await talk.AskAsync("Subject: x\r\n\r\n..one\r\n..\r\ntwo \u00e9\r\n."));
        var delivery = Assert.Single(host.Accepted);
        Assert.Equal("Subject: x\r\n\r\n.one\r\n.\r\ntwo \u00e9\r\n", Encoding.Latin1.GetString(delivery.Raw.Content.Span));
        Assert.Equal("a@sender.example", delivery.Raw.Envelope.ReversePath);
        Assert.Equal("help@example.com", delivery.Raw.Envelope.Recipient);
        Assert.Equal("border.example.com", delivery.TrustedServer);
        Assert.StartsWith("221 ", await talk.AskAsync("QUIT"));
        Assert.True(await talk.IsClosedAsync());
    }

    [Fact]
    public async Task The_250_waits_until_the_mail_is_stored()
    {
        var stored = new TaskCompletionSource<AcceptOutcome>();
        await using var host = await SmtpHost.StartAsync(accept: _ => stored.Task);
        await using var talk = await host.ConnectAsync();
        await talk.GreetAsync();
        await talk.BeginDataAsync();
        await talk.SendAsync("x\r\n.\r\n");
        var reply = talk.ReadAsync();
        await Task.WhenAny(reply, Task.Run(() => SpinWait.SpinUntil(() => reply.IsCompleted, 100)));
        Assert.False(reply.IsCompleted);
        stored.SetResult(AcceptOutcome.Accepted);
        Assert.StartsWith("250 ", await reply);
    }

    [Theory]
    [InlineData(nameof(AcceptOutcome.Duplicate), "250 ")]
    [InlineData(nameof(AcceptOutcome.TooBusy), "451 4.3.0")]
    [InlineData(nameof(AcceptOutcome.UnknownRecipient), "550 5.1.1")]
    public async Task The_reply_says_what_became_of_the_mail(string outcome, string reply)
    {
        await using var host = await SmtpHost.StartAsync(accept: _ => Task.FromResult(Enum.Parse<AcceptOutcome>(outcome)));
        await using var talk = await host.ConnectAsync();
        await talk.GreetAsync();
        await talk.BeginDataAsync();
        Assert.StartsWith(reply, await talk.AskAsync("x\r\n."));
    }

    [Fact]
    public async Task A_store_that_fails_makes_the_client_come_again()
    {
        await using var host = await SmtpHost.StartAsync(accept: _ => throw new IOException("disk full"));
        await using var talk = await host.ConnectAsync();
        await talk.GreetAsync();
        await talk.BeginDataAsync();
        Assert.StartsWith("451 ", await talk.AskAsync("x\r\n."));
        Assert.StartsWith("250 ", await talk.AskAsync("NOOP"));
    }

    [Fact]
    public async Task Two_recipients_are_two_deliveries_and_one_failure_fails_the_reply()
    {
        var broken = true;
        await using var host = await SmtpHost.StartAsync(accept: d =>
            Task.FromResult(broken && d.Raw.Envelope.Recipient == "b@example.com" ? AcceptOutcome.TooBusy : AcceptOutcome.Accepted));
        await using var talk = await host.ConnectAsync();
        await talk.GreetAsync();
        await talk.BeginDataAsync("s@sender.example", "a@example.com", "b@example.com");
        Assert.StartsWith("451 ", await talk.AskAsync("x\r\n."));
        broken = false;
        await talk.BeginDataAsync("s@sender.example", "a@example.com", "b@example.com");
        Assert.StartsWith("250 ", await talk.AskAsync("x\r\n."));
        Assert.Equal(["a@example.com", "a@example.com", "b@example.com"], host.Accepted.Select(d => d.Raw.Envelope.Recipient).Order());
    }

    [Fact]
    public async Task Commands_in_one_packet_are_answered_in_order()
    {
        await using var host = await SmtpHost.StartAsync();
        await using var talk = await host.ConnectAsync();
        await talk.GreetAsync();
        await talk.SendAsync("MAIL FROM:<a@b.example>\r\nRCPT TO:<nobody@elsewhere.example>\r\nRCPT TO:<help@example.com>\r\nDATA\r\n");
        Assert.StartsWith("250 2.1.0", await talk.ReadAsync());
        Assert.StartsWith("550 5.1.1", await talk.ReadAsync());
        Assert.StartsWith("250 2.1.5", await talk.ReadAsync());
        Assert.StartsWith("354 ", await talk.ReadAsync());
        await talk.SendAsync("one\r\n.\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<help@example.com>\r\nDATA\r\ntwo\r\n.\r\nQUIT\r\n");
        foreach (var code in new[] { "250 ", "250 ", "250 ", "354 ", "250 ", "221 " })
            Assert.StartsWith(code, await talk.ReadAsync());
        Assert.Equal(["one\r\n", "two\r\n"], host.Contents);
    }

    [Fact]
    public async Task Nothing_is_relayed_and_a_refused_recipient_leaves_no_mail()
    {
        await using var host = await SmtpHost.StartAsync();
        await using var talk = await host.ConnectAsync();
        await talk.GreetAsync();
        await talk.AskAsync("MAIL FROM:<help@example.com>");
        Assert.StartsWith("550 5.1.1", await talk.AskAsync("RCPT TO:<someone@elsewhere.example>"));
        Assert.StartsWith("550 5.1.1", await talk.AskAsync("RCPT TO:<someone%elsewhere.example@relay.example>"));
        Assert.StartsWith("554 5.5.1", await talk.AskAsync("DATA"));
        Assert.Empty(host.Accepted);
    }

    [Theory]
    [InlineData("MAIL FROM:<>", "250")]
    [InlineData("mail from:<a@b.example> BODY=8BITMIME SIZE=100", "250")]
    [InlineData("MAIL FROM: <a@b.example>", "250")]
    [InlineData("MAIL FROM:<@relay.example:a@b.example>", "250")]
    [InlineData("MAIL FROM:<\"a b>\\\"\"@b.example>", "250")]
    [InlineData("MAIL FROM:<a@[192.0.2.1]>", "250")]
    [InlineData("MAIL FROM:<a@b.example> FOO=bar", "555")]
    [InlineData("MAIL FROM:<a@b.example> AUTH=<>", "555")]
    [InlineData("MAIL FROM:<a@b.example> SIZE=26214401", "552")]
    [InlineData("MAIL FROM:<a@b.example> SIZE=99999999999999999999999", "501")]
    [InlineData("MAIL FROM:<a@b.example> SIZE=-1", "501")]
    [InlineData("MAIL FROM:a@b.example", "501")]
    [InlineData("MAIL FROM:<a@b.example", "501")]
    [InlineData("MAIL FROM:<a b@b.example>", "501")]
    [InlineData("MAIL FROM:<a@b..example>", "501")]
    [InlineData("MAIL FROM:<a@b.example>x", "501")]
    [InlineData("MAIL FROM:<a\t@b.example>", "501")]
    [InlineData("MAIL FROM:<\u00c3\u00bc@b.example>", "553")]
    [InlineData("MAIL FROM:<\u00c3\u00bc@b.example> SMTPUTF8", "250")]
    [InlineData("MAIL FROM:<\u00fc@b.example> SMTPUTF8", "501")]
    [InlineData("DATA", "503")]
    [InlineData("RCPT TO:<help@example.com>", "503")]
    [InlineData("AUTH PLAIN AGEAYg==", "502")]
    [InlineData("BDAT 10", "502")]
    [InlineData("EXPN list", "502")]
    [InlineData("STARTTLS", "502")]
    [InlineData("VRFY help", "252")]
    [InlineData("PROXY TCP4 127.0.0.1 127.0.0.1 1 2", "500")]
    [InlineData("EHLO", "501")]
    [InlineData("RSET", "250")]
    [InlineData("", "500")]
    public async Task Commands_get_the_reply_of_their_RFC(string command, string code)
    {
        await using var host = await SmtpHost.StartAsync();
        await using var talk = await host.ConnectAsync();
        await talk.GreetAsync();
        Assert.StartsWith(code + " ", await talk.AskAsync(command));
        Assert.StartsWith("250 ", await talk.AskAsync("NOOP"));
    }

    [Theory]
    [InlineData("PROXY TCP4 192.0.2.1 127.0.0.1 1 2", "500 ")]
    [InlineData("MAIL FROM:<a@b.example>", "503 ")]
    public async Task Nothing_goes_before_the_greeting(string first, string code)
    {
        await using var host = await SmtpHost.StartAsync();
        await using var talk = await host.ConnectAsync();
        await talk.ReadAsync();
        Assert.StartsWith(code, await talk.AskAsync(first));
    }

    [Fact]
    public async Task EHLO_offers_what_is_kept_and_nothing_else()
    {
        await using var host = await SmtpHost.StartAsync();
        await using var talk = await host.ConnectAsync();
        Assert.Equal(
            "250-mx.example.com|250-SIZE 26214400|250-8BITMIME|250-SMTPUTF8|250-PIPELINING|250 ENHANCEDSTATUSCODES", await talk.GreetAsync());
    }

    [Fact]
    public async Task A_second_MAIL_and_a_recipient_with_parameters_are_refused()
    {
        await using var host = await SmtpHost.StartAsync();
        await using var talk = await host.ConnectAsync();
        await talk.GreetAsync();
        await talk.AskAsync("MAIL FROM:<a@b.example>");
        Assert.StartsWith("503 ", await talk.AskAsync("MAIL FROM:<c@b.example>"));
        Assert.StartsWith("555 ", await talk.AskAsync("RCPT TO:<help@example.com> NOTIFY=NEVER"));
        Assert.StartsWith("250 ", await talk.AskAsync("RCPT TO:<help@example.com>"));
        Assert.StartsWith("250-", await talk.AskAsync("EHLO again"));
        Assert.StartsWith("503 ", await talk.AskAsync("DATA"));
    }

    [Fact]
    public async Task A_web_browser_is_sent_away()
    {
        await using var host = await SmtpHost.StartAsync();
        await using var talk = await host.ConnectAsync();
        await talk.ReadAsync();
        await talk.SendAsync("POST / HTTP/1.1\r\nHost: x\r\n\r\nEHLO x\r\nMAIL FROM:<a@b.example>\r\n");
        Assert.StartsWith("554 ", await talk.ReadAsync());
        Assert.True(await talk.IsClosedAsync());
    }
}
