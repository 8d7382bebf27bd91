using System.Text.Json.Nodes;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Billing;
using ReplyMint.Inbound;
using ReplyMint.Replies;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Cli;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Console;

/// <summary>The pages around the inbox in a real browser: judged by axe on a phone and on a desk, with pictures, and without anything that the policy stops.</summary>
public sealed class ConsolePagesLookTests
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_page_can_be_used_by_everybody_on_a_phone_and_on_a_desk()
    {
        if (!File.Exists(ConsoleLookTests.Axe) && Environment.GetEnvironmentVariable("CI") is null)
            Assert.Skip("axe-core is not installed; run npm ci in tools/console.");
        await using var browser = await ConsoleBrowser.StartAsync();
        await using var dns = new FakeDns();
        await using var host = await ProductHost.StartAsync(m => m with { Mode = MailboxMode.Draft }, s => s with { Dns = new() { Server = dns.Address } }, ConsoleJourneyTests.Knowledge);
        await host.Get<PlanDesk>().SetAsync(host.Tenant.Id, "trial", Actor.Machine, Ct);
        var held = await host.DeliverAndDecideAsync(host.Mail("Do you repair old violins from Cremona?"));
        await ConsoleGuideTests.LookAsync(host);
        await host.Get<Alerts>().SeeAsync(new("key-from-elsewhere", "k1", "A key is at work from a network where it never was.", host.Tenant.Id, Times: 3), TimeSpan.FromHours(1), Ct);
        var link = await ConsoleJourneyTests.LinkAsync(host);
        await browser.OpenAsync(link);
        await browser.ClickAsync("button.main");
        await browser.SeeAsync("ol.mails");
        var user = (await host.Get<Members>().ListAsync(host.Tenant.Id, Ct)).Single().User;
        await SetUpAppAsync(browser, host, user, "ol.mails");
        var box = "/console/mailboxes/" + host.Mailbox.Id;
        (string Path, string Name)[] pages =
        [
            ("/console/knowledge", "knowledge"), ("/console/knowledge/add", "knowledge-add"), ("/console/knowledge/missing", "knowledge-missing"),
            ("/console/mailboxes", "mailboxes"), (box, "mailbox"), (box + "/settings", "mailbox-settings"), (box + "/rules", "mailbox-rules"), (box + "/schedule", "mailbox-schedule"), (box + "/way-in", "mailbox-way-in"), (box + "/stop", "mailbox-stop"),
            ("/console/mailboxes/add", "mailbox-add"), ("/console/people", "people"), ("/console/people/invite", "people-invite"), ("/console/people/" + user, "person"), ("/console/keys", "keys"), ("/console/keys/add", "keys-add"), ("/console/sessions", "sessions"), ("/console/factors", "factors"), ("/console/factor/app", "factor-app"),
            (box + "/way-out", "mailbox-way-out"), (box + "/dns", "mailbox-dns"), ("/console/usage", "usage"), ("/console/plan", "plan"), ("/console/plan/buy", "plan-buy"), ("/console/privacy", "privacy"), ("/console/privacy/retention", "privacy-retention"), ("/console/privacy/erase", "privacy-erase"), ("/console/privacy/consents", "privacy-consents"),
            ("/console/safety", "safety"), ("/console/outbox", "outbox"), ("/console/audit", "audit"), ("/console/audit/verify", "audit-verify"),
            ("/console/quality", "quality"), ("/console/guide", "guide"), ("/console/threads/" + held.Record.Thread, "thread"), (box + "/shadow", "shadow"), ("/console/privacy/basis", "privacy-basis"),
        ];
        foreach (var (path, name) in pages)
            await ConsoleLookTests.JudgeAsync(browser, new(host.Http, path), name, brief: true);
        // German words are longer.
        await browser.AskAsync("Network.enable");
        await browser.AskAsync("Network.setExtraHTTPHeaders", new() { ["headers"] = new JsonObject { ["Accept-Language"] = "de" } });
        foreach (var (path, name) in pages)
        {
            await browser.OpenAsync(new(host.Http, path));
            await ConsoleLookTests.FitsAsync(browser, name + "-de", 390, dark: false);
        }
        await browser.AskAsync("Network.setExtraHTTPHeaders", new() { ["headers"] = new JsonObject { ["Accept-Language"] = "en" } });

        await LookAtAnswersAsync(browser, host);

        // The whole way by a real form: a question is tried, and a passage answers it.
        await browser.LookAsync(1280, dark: false);
        await browser.OpenAsync(new(host.Http, "/console/knowledge"));
        await browser.TypeAsync("#question", "When are you open?");
        await browser.ClickAsync("form.card button.main");
        await browser.ReadAsync("What would be drafted");
        Assert.Contains("between 9 and 17", await browser.HtmlAsync(), StringComparison.Ordinal);
        await ConsoleLookTests.JudgeAsync(browser, null, "knowledge-tried", brief: true);
    }

    /// <summary>With something to show: an answer that somebody didn't like, its figures, and a shadow with a difference.</summary>
    private static async Task LookAtAnswersAsync(ConsoleBrowser browser, ProductHost host)
    {
        var user = (await host.Get<Members>().ListAsync(host.Tenant.Id, Ct)).Single().User;
        var mail = await host.DeliverAndDecideAsync(host.Mail("When are you open?"));
        Assert.IsType<DeskOutcome.Done>(await host.Get<DraftDesk>().ApproveAsync(host.Tenant.Id, mail.Id, "Dear Anna, we are open between 9 and 17 o'clock.", new HashSet<GuardRule>(), null, Actor.Machine, Ct));
        Assert.Equal(ThumbOutcome.Done, await host.Get<Thumbs>().GiveAsync(host.Tenant.Id, mail.Id, Thumb.Down, [ThumbReason.Tone], new(user), Ct));
        await host.Get<Mailboxes>().ChangeAsync(host.Tenant.Id, host.Mailbox.Id, null, box => box.InShadowFor(7, host.Time.GetUtcNow()), Actor.Machine, new Dictionary<string, string>(), Ct);
        var shadowed = await host.DeliverAndDecideAsync(host.Mail("When are you open?", from: "ben@customer.example"), "ben@customer.example");
        await host.Get<ThreadDesk>().AnsweredAsync(shadowed, "We are open between 8 and 18 o'clock, see https://shop.example/hours.", Actor.Machine, Ct);
        foreach (var (path, name) in ((string, string)[])
        [
            ("/console/inbox/" + mail.Id, "message-thumb"), ("/console/quality", "quality-figures"), ("/console/threads/" + mail.Record.Thread, "thread-answer"), ($"/console/mailboxes/{host.Mailbox.Id}/shadow", "shadow-report"),
        ])
            await ConsoleLookTests.JudgeAsync(browser, new(host.Http, path), name, brief: true);
    }

    [Fact]
    public async Task The_operators_pages_can_be_used_by_everybody_too()
    {
        if (!File.Exists(ConsoleLookTests.Axe) && Environment.GetEnvironmentVariable("CI") is null)
            Assert.Skip("axe-core is not installed; run npm ci in tools/console.");
        await using var browser = await ConsoleBrowser.StartAsync();
        await using var host = await ConsoleJourneyTests.StartAsync();
        await host.Get<PlanDesk>().SetAsync(host.Tenant.Id, "growth", Actor.Machine, Ct);
        await host.Get<Alerts>().RaiseAsync("breaker", host.Tenant.Id, "test", Ct);
        var user = await host.PersonAsync(Role.Operator);
        var (token, verifier) = Assert.NotNull(await host.Get<SignInDesk>().MakeAsync((await host.Get<Users>().FindAsync(user, Ct))!, KeyRing.Installation, Actor.Machine, Ct));
        await browser.OpenAsync(new(host.Http, $"/console/link?token={token}&verifier={verifier}"));
        await browser.ClickAsync("button.main");
        await browser.SeeAsync("nav ul.tabs");
        await SetUpAppAsync(browser, host, user, "nav ul.tabs");
        foreach (var (path, name) in ((string, string)[])[("/console/tenants", "tenants"), ("/console/tenants/" + host.Tenant.Id, "tenant"), ("/console/tenants/add", "tenant-add")])
            await ConsoleLookTests.JudgeAsync(browser, new(host.Http, path), name, brief: true);
    }

    /// <summary>A second factor by the pages themselves, so that the browser's session has a fresh one.</summary>
    private static async Task SetUpAppAsync(ConsoleBrowser browser, ProductHost host, string user, string behind)
    {
        await browser.OpenAsync(new(host.Http, "/console/factor/app"));
        await browser.ClickAsync("main button.main");
        await browser.SeeAsync("#code");
        var secret = (await host.Get<SecondFactors>().FindAsync(user, Ct)).Proposed!.Secret;
        await browser.TypeAsync("#code", Totp.CodeAt(secret, host.Time.GetUtcNow().ToUnixTimeSeconds() / Totp.StepSeconds));
        await browser.ClickAsync("main button.main");
        await browser.SeeAsync(behind);
    }
}
