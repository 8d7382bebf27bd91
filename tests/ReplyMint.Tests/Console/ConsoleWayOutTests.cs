using System.Net;
using System.Net.Sockets;
using MimeKit;
using ReplyMint.Accounts;
using ReplyMint.Outbound;
using ReplyMint.Security;
using ReplyMint.Tests.Accounts;
using ReplyMint.Tests.Cli;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Console;

/// <summary>The last steps of a new mailbox: its own server, the mail that tries it, and what DNS says.</summary>
public sealed class ConsoleWayOutTests
{
    private const string Own = "mia@people.example";
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private static string At(ProductHost host) => $"/console/mailboxes/{host.Mailbox.Id}/way-out";

    [Fact]
    public async Task A_test_mail_goes_to_who_asks_and_to_nobody_else_and_says_what_became_of_it()
    {
        await using var host = await ProductHost.StartAsync();
        using var browser = await ConsoleClient.SignedInAsync(host, await host.PersonAsync(Role.Admin, Own), host.Tenant.Id, factor: true);
        var at = At(host);
        var next = (await browser.ActAsync(at, at + "/test", ("address", "victim@elsewhere.example"), ("to", "victim@elsewhere.example"))).Expect(303).Location!;
        await host.IdleAsync();
        var mail = await MimeMessage.LoadAsync(Path.Combine(host.OutFolder, Assert.Single(host.OutFiles) + ".eml"), Ct);
        Assert.Equal((Own, ProductHost.Address), (mail.To.Mailboxes.Single().Address, mail.From.Mailboxes.Single().Address));
        Assert.Contains("Test mail: sent", (await browser.GetAsync(next)).Expect(200).Html, StringComparison.Ordinal);
        // Another mailbox's, or what is no test, tells nothing here.
        Assert.DoesNotContain("Test mail: ", (await browser.GetAsync(at + "?test=01m8dym1v9sw1fmgzpb78qwmw2")).Expect(200).Html, StringComparison.Ordinal);

        for (var again = 1; again < 20; again++)
            (await browser.ActAsync(at, at + "/test")).Expect(303);
        (await browser.ActAsync(at, at + "/test")).Expect(429);
        await host.IdleAsync();
        Assert.Equal(20, host.OutFiles.Count);
        using var member = await ConsoleClient.SignedInAsync(host, Role.Member, factor: true);
        (await member.GetAsync(at)).Expect(403);
        (await member.ActAsync("/console/view", at + "/test")).Expect(403);
        using var stale = await ConsoleClient.SignedInAsync(host);
        (await stale.ActAsync("/console/view", at + "/test")).Expect(403);
        using var elsewhere = await ConsoleClient.SignedInAsync(host, Role.Admin, (await host.Get<Tenants>().AddAsync("other", ReplyMint.Audit.Actor.Machine, Ct)).Id, factor: true);
        (await elsewhere.ActAsync("/console/view", at + "/test")).Expect(404);
        Assert.Equal(20, host.OutFiles.Count);
    }

    [Fact]
    public async Task A_mailboxs_own_server_is_named_and_its_test_mail_leaves_by_no_other()
    {
        // A port at which nobody listens.
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var port = ((IPEndPoint)taken.LocalEndPoint!).Port.ToString(System.Globalization.CultureInfo.InvariantCulture);
        await using var host = await ProductHost.StartAsync(settings: s => s with { Outside = Places.Here });
        using var browser = await ConsoleClient.SignedInAsync(host, factor: true);
        var at = At(host);
        (string, string)[] server = [("host", "127.0.0.1"), ("user", "support"), ("password", "a-secret-of-the-account"), ("port", port), ("security", "starttls")];
        foreach (var (name, bad) in ((string, string)[])[("host", ""), ("user", ""), ("password", ""), ("port", "0"), ("port", "many"), ("security", "plain")])
            (await browser.ActAsync(at, at, [.. server.Where(field => field.Item1 != name), (name, bad)])).Expect(400);
        Assert.Equal(at + "?done=out-added", (await browser.ActAsync(at, at, server)).Expect(303).Location);
        (await browser.ActAsync(at, at + "/test", server)).Expect(303);
        var page = (await browser.GetAsync(at)).Expect(200).Html;
        Assert.Contains("They leave by this server", page, StringComparison.Ordinal);
        Assert.DoesNotContain("a-secret-of-the-account", page, StringComparison.Ordinal);
        // It is no way in.
        Assert.Contains("None yet.", (await browser.GetAsync($"/console/mailboxes/{host.Mailbox.Id}/way-in")).Expect(200).Html, StringComparison.Ordinal);
        await ProductHost.EventuallyAsync(async () => (await host.Get<Outbox>().ListAsync(host.Tenant.Id, 10, null, Ct)).Entries is [{ Record: { Purpose: OutboxPurpose.Test, State: OutboxState.Queued, Attempts: > 0 } } one] ? one : null);
        Assert.Empty(host.OutFiles);
        var channel = Assert.Single(await host.Get<Channels>().ListAsync(host.Tenant.Id, Ct));
        (await browser.ActAsync(at, at + "/remove", ("channel", channel.Id))).Expect(303);
        Assert.Contains("They leave by the installation", (await browser.GetAsync(at)).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_DNS_says_is_shown_with_what_to_enter_there()
    {
        await using var dns = new FakeDns();
        await using var host = await ProductHost.StartAsync(settings: s => s with { Dns = new() { Server = dns.Address } });
        using var browser = await ConsoleClient.SignedInAsync(host, factor: true);
        var at = $"/console/mailboxes/{host.Mailbox.Id}/dns";
        var page = (await browser.GetAsync(at)).Expect(200).Html;
        foreach (var said in (string[])["shop.example. TXT &quot;v=spf1 mx -all&quot;", "SELECTOR._domainkey.shop.example. TXT", "_dmarc.shop.example. TXT &quot;v=DMARC1; p=quarantine"])
            Assert.Contains(said, page.Replace("\"", "&quot;", StringComparison.Ordinal), StringComparison.Ordinal);
        dns.Texts["shop.example"] = ["v=spf1 mx -all"];
        dns.Texts["_domainkey.shop.example"] = [];
        dns.Texts["_dmarc.shop.example"] = ["v=DMARC1; p=reject"];
        page = (await browser.GetAsync(at)).Expect(200).Html;
        Assert.DoesNotContain("Missing", page, StringComparison.Ordinal);
        Assert.Equal(3, page.Split("Published").Length - 1);
        // A record may say anything: it stays text.
        dns.Texts["shop.example"] = ["v=spf1 +all <script>alert(1)</script>"];
        dns.Texts["_dmarc.shop.example"] = ["v=DMARC1; p=reject", "v=DMARC1; p=none"];
        page = (await browser.GetAsync(at)).Expect(200).Html;
        foreach (var said in (string[])["Lets everybody send", "&lt;script&gt;", "There are 2 of them."])
            Assert.Contains(said, page, StringComparison.Ordinal);
        using var bound = await ConsoleClient.SignedInAsync(host, Role.Admin, factor: true);
        (await bound.GetAsync("/console/mailboxes/m-nobody/dns")).Expect(404);
    }
}
