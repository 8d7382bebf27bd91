using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using ReplyMint.Inbound;

namespace ReplyMint.Tests.Inbound;

/// <summary>MAIL-8: only CRLF.CRLF ends a mail; sizes, recipients, connections and waiting are bounded.</summary>
public sealed class SmtpBoundsTests
{
    [Theory]
    [InlineData("\n.\n")]
    [InlineData("\n.\r\n")]
    [InlineData("\r\n.\n")]
    [InlineData("\r.\r")]
    [InlineData("\r.\r\n")]
    [InlineData("\r\n.\r")]
    [InlineData("\r\n.\r\r\n")]
    [InlineData("\r\n\0.\r\n")]
    [InlineData("\r\n.\0\r\n")]
    public async Task A_false_end_of_data_hides_no_second_mail(string falseEnd)
    {
        await using var host = await SmtpHost.StartAsync();
        await using var talk = await host.ConnectAsync();
        await talk.GreetAsync();
        await talk.BeginDataAsync();
        await talk.SendAsync("first" + falseEnd + "MAIL FROM:<evil@b.example>\r\nRCPT TO:<help@example.com>\r\nDATA\r\nsecond\r\n.\r\n");
        Assert.StartsWith("250 2.0.0", await talk.ReadAsync());
        Assert.StartsWith("250 2.0.0 OK", await talk.AskAsync("NOOP"));
        Assert.EndsWith("second\r\n", Assert.Single(host.Contents));
    }

    [Fact]
    public async Task Data_reads_the_same_however_it_is_cut()
    {
        await using var host = await SmtpHost.StartAsync();
        await using var talk = await host.ConnectAsync();
        await talk.GreetAsync();
        var mail = Encoding.Latin1.GetBytes("..a\r\n\r\n.\r.b\n..\r\n...\r\n\r\r\n.c\r\n.\r\n");
        await talk.BeginDataAsync();
        await talk.SendAsync(mail);
        await talk.ReadAsync();
        await talk.BeginDataAsync();
        foreach (var octet in mail)
            await talk.SendAsync([octet]);
        Assert.StartsWith("250 ", await talk.ReadAsync());
        Assert.Equal([".a\r\n\r\n\r.b\n..\r\n..\r\n\r\r\nc\r\n"], host.Contents.Distinct());
    }

    [Fact]
    public async Task Bare_newlines_in_commands_are_refused()
    {
        await using var host = await SmtpHost.StartAsync();
        await using var talk = await host.ConnectAsync();
        await talk.ReadAsync();
        Assert.StartsWith("500 ", await talk.AskAsync("EHLO x\nMAIL FROM:<a@b.example>"));
        Assert.StartsWith("503 ", await talk.AskAsync("RCPT TO:<help@example.com>"));
    }

    [Fact]
    public async Task A_mail_above_the_limit_is_refused_and_the_session_goes_on()
    {
        await using var host = await SmtpHost.StartAsync(new() { MaxMessageBytes = 65_536 });
        await using var talk = await host.ConnectAsync();
        await talk.GreetAsync();
        await talk.BeginDataAsync();
        await talk.SendAsync(new string('x', 65_537));
        Assert.StartsWith("552 ", await talk.AskAsync("\r\n."));
        await talk.BeginDataAsync();
        await talk.SendAsync(new string('x', 65_534));
        Assert.StartsWith("250 ", await talk.AskAsync("\r\n."));
        Assert.Equal(65_536, Assert.Single(host.Accepted).Raw.Content.Length);
    }

    [Fact]
    public async Task A_mail_without_end_loses_the_connection()
    {
        await using var host = await SmtpHost.StartAsync(new() { MaxMessageBytes = 65_536 });
        await using var talk = await host.ConnectAsync();
        await talk.GreetAsync();
        await talk.BeginDataAsync();
        var flood = Task.Run(async () =>
        {
            try
            {
                while (true)
                    await talk.SendAsync(new string('x', 65_536));
            }
            catch (IOException)
            {
            }
        });
        Assert.True(await talk.IsClosedAsync());
        await flood;
        Assert.Empty(host.Accepted);
    }

    [Fact]
    public async Task A_connection_that_breaks_within_the_data_leaves_nothing()
    {
        await using var host = await SmtpHost.StartAsync();
        await using (var talk = await host.ConnectAsync())
        {
            await talk.GreetAsync();
            await talk.BeginDataAsync();
            await talk.SendAsync("half a mail\r\n.\r");
        }
        await using var next = await host.ConnectAsync();
        await next.GreetAsync();
        Assert.Empty(host.Accepted);
    }

    [Fact]
    public async Task All_mails_together_are_bounded_in_memory()
    {
        await using var host = await SmtpHost.StartAsync(new() { MaxMessageBytes = 1_048_576 }, budget: 500_000);
        await using var talk = await host.ConnectAsync();
        await talk.GreetAsync();
        await talk.BeginDataAsync();
        await talk.SendAsync(new string('x', 900_000));
        Assert.StartsWith("452 4.3.1", await talk.AskAsync("\r\n."));
        for (var i = 0; i < 3; i++)
        {
            await talk.BeginDataAsync();
            await talk.SendAsync(new string('x', 200_000));
            Assert.StartsWith("250 ", await talk.AskAsync("\r\n."));
        }
    }

    [Fact]
    public async Task A_line_without_end_closes()
    {
        await using var host = await SmtpHost.StartAsync();
        await using var talk = await host.ConnectAsync();
        await talk.ReadAsync();
        await talk.SendAsync("EHLO " + new string('x', 4000));
        Assert.StartsWith("500 5.5.2", await talk.ReadAsync());
        Assert.True(await talk.IsClosedAsync());
    }

    [Fact]
    public async Task Recipients_of_a_mail_are_bounded()
    {
        await using var host = await SmtpHost.StartAsync(new() { MaxRecipients = 2 });
        await using var talk = await host.ConnectAsync();
        await talk.GreetAsync();
        await talk.AskAsync("MAIL FROM:<>");
        Assert.StartsWith("250 ", await talk.AskAsync("RCPT TO:<a@example.com>"));
        Assert.StartsWith("250 ", await talk.AskAsync("RCPT TO:<b@example.com>"));
        Assert.StartsWith("452 4.5.3", await talk.AskAsync("RCPT TO:<c@example.com>"));
        await talk.AskAsync("DATA");
        Assert.StartsWith("250 ", await talk.AskAsync("x\r\n."));
        Assert.Equal(2, host.Accepted.Count);
    }

    [Fact]
    public async Task Guessing_addresses_ends_the_session()
    {
        await using var host = await SmtpHost.StartAsync();
        await using var talk = await host.ConnectAsync();
        await talk.GreetAsync();
        await talk.AskAsync("MAIL FROM:<>");
        for (var i = 0; i < 100; i++)
            Assert.StartsWith("550 ", await talk.AskAsync($"RCPT TO:<{i}@elsewhere.example>"));
        Assert.StartsWith("421 ", await talk.ReadAsync());
        Assert.True(await talk.IsClosedAsync());
    }

    [Fact]
    public async Task Ten_mistakes_end_the_session()
    {
        await using var host = await SmtpHost.StartAsync();
        await using var talk = await host.ConnectAsync();
        await talk.GreetAsync();
        for (var i = 0; i < 10; i++)
            Assert.StartsWith("500 ", await talk.AskAsync("WHAT"));
        Assert.StartsWith("421 ", await talk.ReadAsync());
        Assert.True(await talk.IsClosedAsync());
    }

    [Theory]
    [InlineData(3, 2)]
    [InlineData(2, 2)]
    public async Task Connections_are_bounded_and_freed(int all, int perAddress)
    {
        await using var host = await SmtpHost.StartAsync(new() { MaxConnections = all, MaxConnectionsPerAddress = perAddress });
        await using var one = await host.ConnectAsync();
        await one.GreetAsync();
        await using (var two = await host.ConnectAsync())
        {
            await two.GreetAsync();
            await using var three = await host.ConnectAsync();
            Assert.StartsWith("421 4.7.0", await three.ReadAsync());
            Assert.True(await three.IsClosedAsync());
            await two.AskAsync("QUIT");
            Assert.True(await two.IsClosedAsync());
        }
        for (var attempt = 0; attempt < 100; attempt++)
        {
            await using var four = await host.ConnectAsync();
            if ((await four.ReadAsync()).StartsWith("220 ", StringComparison.Ordinal))
                return;
        }
        Assert.Fail("A freed place was not given again.");
    }

    [Fact]
    public async Task Only_named_networks_may_connect()
    {
        await using var host = await SmtpHost.StartAsync(new() { Networks = ["192.0.2.0/24"] });
        await using var talk = await host.ConnectAsync();
        Assert.StartsWith("554 5.7.1", await talk.ReadAsync());
        Assert.True(await talk.IsClosedAsync());
    }

    [Fact]
    public async Task A_client_that_waits_too_long_is_told_so()
    {
        var time = new FakeTimeProvider();
        await using var host = await SmtpHost.StartAsync(new() { CommandTimeoutSeconds = 30 }, time: time);
        await using var talk = await host.ConnectAsync();
        await talk.GreetAsync();
        time.Advance(TimeSpan.FromSeconds(29));
        Assert.StartsWith("250 ", await talk.AskAsync("NOOP"));
        await talk.SendAsync("NOO");
        var reply = talk.ReadAsync();
        while (!reply.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(31));
            // Its goodbye has two seconds of the same clock: it is given a moment to leave.
            await Task.WhenAny(reply, Task.Run(() => SpinWait.SpinUntil(() => reply.IsCompleted, 100)));
        }
        Assert.StartsWith("421 4.4.2", await reply);
        Assert.True(await talk.IsClosedAsync());
    }

    [Fact]
    public async Task Stopping_finishes_the_mail_at_hand_and_says_goodbye()
    {
        var storing = new TaskCompletionSource();
        var stored = new TaskCompletionSource<AcceptOutcome>();
        await using var host = await SmtpHost.StartAsync(accept: _ =>
        {
            storing.SetResult();
            return stored.Task;
        });
        await using var busy = await host.ConnectAsync();
        await using var idle = await host.ConnectAsync();
        await busy.GreetAsync();
        await idle.GreetAsync();
        await busy.BeginDataAsync();
        await busy.SendAsync("x\r\n.\r\n");
        await storing.Task;
        var stop = host.Listener.StopAsync(TestContext.Current.CancellationToken);
        Assert.StartsWith("421 4.3.2", await idle.ReadAsync());
        Assert.False(stop.IsCompleted);
        stored.SetResult(AcceptOutcome.Accepted);
        Assert.StartsWith("250 2.0.0", await busy.ReadAsync());
        Assert.StartsWith("421 4.3.2", await busy.ReadAsync());
        await stop;
        await Assert.ThrowsAnyAsync<SocketException>(host.ConnectAsync);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public async Task Stays_on_loopback_in_development_and_without_a_mailbox(bool development, bool hasDomain)
    {
        await using var host = await SmtpHost.StartAsync(new() { Address = "0.0.0.0" }, exposure: new(development, () => hasDomain));
        Assert.Equal(IPAddress.Loopback, host.Listener.Address);
    }

    [Fact]
    public async Task Opens_to_the_configured_address_when_the_first_mailbox_exists()
    {
        var time = new FakeTimeProvider();
        var hasDomain = false;
        await using var host = await SmtpHost.StartAsync(new() { Address = "0.0.0.0" }, exposure: new(false, () => hasDomain), time: time);
        var port = host.Listener.Port;
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(IPAddress.Loopback, host.Listener.Address);
        hasDomain = true;
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(IPAddress.Any, host.Listener.Address);
        Assert.Equal(port, host.Listener.Port);
        await using var talk = await host.ConnectAsync();
        await talk.GreetAsync();
    }

    [Fact]
    public void The_settings_name_what_is_wrong_and_what_is_allowed()
    {
        Assert.Empty(new SmtpListenerSettings().Problems());
        Assert.Empty(new SmtpListenerSettings { Mode = SmtpListenerSettings.Mx }.Problems());
        Assert.StartsWith("mode:", Assert.Single(new SmtpListenerSettings { Mode = "open" }.Problems()));
        // Believing both, a sender would choose.
        Assert.StartsWith("authservId:", Assert.Single(new SmtpListenerSettings { Mode = SmtpListenerSettings.Mx, AuthservId = "mx.example.com" }.Problems()));
        Assert.StartsWith("networks: \"10.0.0.0/99\"", Assert.Single(new SmtpListenerSettings { Networks = ["10.0.0.0/99"] }.Problems()));
        Assert.StartsWith("tls:", Assert.Single(new SmtpListenerSettings { Tls = "maybe" }.Problems()));
        // What asks for TLS has to be able to speak it.
        Assert.StartsWith("certificateFile: smtp.tls", Assert.Single(new SmtpListenerSettings { Tls = SmtpListenerSettings.Required }.Problems()));
        var elsewhere = new SmtpListenerSettings { Networks = ["127.0.0.0/8", "10.0.0.0/24"] };
        Assert.StartsWith("certificateFile: mail from 10.0.0.0/24", Assert.Single(elsewhere.Problems()));
        Assert.Empty((elsewhere with { Tls = SmtpListenerSettings.Offered }).Problems());
        Assert.Empty((elsewhere with { CertificateFile = "/etc/replymint/mx.pem" }).Problems());
        Assert.StartsWith("port:", Assert.Single(new SmtpListenerSettings { Port = 70000 }.Problems()));
        Assert.StartsWith("maxConnectionsPerAddress:", Assert.Single(new SmtpListenerSettings { MaxConnectionsPerAddress = 201 }.Problems()));
    }
}
