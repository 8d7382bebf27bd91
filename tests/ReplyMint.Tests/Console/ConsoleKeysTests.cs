using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Billing;
using ReplyMint.Outbound;
using ReplyMint.Security;
using ReplyMint.Tests.Accounts;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Console;

/// <summary>What each page is there for, done by somebody who has no mouse (Tab, Enter, the space bar and letters), with a script and without one.</summary>
public sealed class ConsoleKeysTests
{
    private const string Told = ".told:focus";
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_administrator_does_his_work_by_keys_alone(bool scripts)
    {
        await using var browser = await ConsoleBrowser.StartAsync(scripts);
        await using var host = await ProductHost.StartAsync(m => m with { Mode = MailboxMode.Draft },
            s => s with { Accounts = new() { SignUp = SignUp.Invite, From = "hello@shop.example", SignInUrl = PeopleHost.Page } }, ConsoleJourneyTests.Knowledge);
        var held = await host.DeliverAndDecideAsync(host.Mail("Do you repair old violins from Cremona?"));
        await host.Get<Alerts>().SeeAsync(new("key-from-elsewhere", "k1", "A key is at work from a network where it never was.", host.Tenant.Id, Times: 3), TimeSpan.FromHours(1), Ct);
        await ConsoleOutboxTests.PutAsync(host, "o1", OutboxState.Uncertain);
        await browser.ComeInAsync(host);
        var box = "/console/mailboxes/" + host.Mailbox.Id;

        // Missing knowledge: from the question to its answer.
        await OpenAsync(browser, host, "/console/knowledge/missing");
        await PressAsync(browser, "td.acts a");
        await browser.SeeAsync("textarea#text");
        await WriteAsync(browser, "#text", "Yes, violins of any age.");
        await PressAsync(browser, "form[action$='/write'] button");
        await browser.SeeAsync(Told);
        // The next stop lies behind what was told, not in the navigation.
        await browser.KeyAsync("Tab");
        Assert.True(await browser.HasAsync("main a:focus"));

        // A draft is decided and that taken back; then its thread is closed.
        await OpenAsync(browser, host, ConsoleDecisionTests.MessagePath(held));
        await PressAsync(browser, "form[action$='/reject'] button");
        await browser.SeeAsync(Told);
        await browser.KeyAsync("Tab");
        await browser.SeeAsync("form[action$='/undo'] button:focus");
        await browser.KeyAsync("Enter");
        await browser.SeeAsync("#draft form[action$='/reject']");
        await browser.SeeAsync(Told);
        await OpenAsync(browser, host, "/console/threads/" + held.Record.Thread);
        await PressAsync(browser, "form[action$='/close'] button");
        await browser.SeeAsync(Told);

        // The wizard's first step, an invitation, shadow mode, and how long what is kept.
        await OpenAsync(browser, host, "/console/mailboxes/add");
        await WriteAsync(browser, "#domain", "keys.example");
        await browser.KeyAsync("Enter");
        await browser.ReadAsync("keys.example TXT ");
        await OpenAsync(browser, host, "/console/people/invite");
        await WriteAsync(browser, "#address", "new@people.example");
        await CheckAsync(browser, "input[name=every]");
        await PressAsync(browser, "form.card button");
        await browser.SeeAsync(Told);
        await OpenAsync(browser, host, box + "/shadow");
        await PressAsync(browser, "main form button.main");
        await browser.SeeAsync(Told);
        await OpenAsync(browser, host, "/console/privacy");
        await PressAsync(browser, "a[href$='/retention']");
        await browser.SeeAsync("#raw");
        await WriteAsync(browser, "#raw", "9");
        await browser.KeyAsync("Enter");
        await browser.ReadAsync("9 days");
        await browser.SeeAsync(Told);

        // The switch, an alert, and a mail of which nobody knows.
        await OpenAsync(browser, host, "/console/safety");
        await PressAsync(browser, "form[action*='/alerts/'] button");
        await browser.SeeAsync(Told);
        await PressAsync(browser, "a.stop");
        await browser.SeeAsync("button.bad");
        await PressAsync(browser, "button.bad");
        await browser.SeeAsync(".alarm");
        await browser.SeeAsync(Told);
        await OpenAsync(browser, host, "/console/outbox");
        await PressAsync(browser, "form[action$='/sent'] button");
        await browser.SeeAsync(Told);

        // What is only looked at: other days, another month, another line of the log.
        foreach (var (path, press, then) in ((string, string, string)[])
        [
            ("/console/quality", "nav.acts a[href*='days=90']", "a[href*='days=30']"), ("/console/usage", "nav.acts a[rel=prev]", "a[rel=next]"), ("/console/plan", "nav ul.tabs a[href='/console/usage']", "dl.figures"),
            ("/console/audit", "a[href$='/verify']", ".chip.good"), ("/console/guide", "nav ul.tabs a[href='/console/safety']", "article.card"),
        ])
        {
            await OpenAsync(browser, host, path);
            await PressAsync(browser, press);
            await browser.SeeAsync(then);
        }
        await OpenAsync(browser, host, "/console/audit");
        await WriteAsync(browser, "#act", "thread.");
        await browser.KeyAsync("Enter");
        await browser.SeeAsync("#act[value='thread.']");
        Assert.Contains("thread.close", await browser.HtmlAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain("switch.stop", await browser.HtmlAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_operator_does_his_work_by_keys_alone(bool scripts)
    {
        await using var browser = await ConsoleBrowser.StartAsync(scripts);
        await using var host = await ProductHost.StartAsync();
        await ConsoleGuideTests.LookAsync(host);
        await browser.ComeInAsync(host, Role.Operator);

        await OpenAsync(browser, host, "/console/tenants/" + host.Tenant.Id);
        await ReachAsync(browser, "select[name=plan]");
        await browser.KeyAsync("g");
        await PressAsync(browser, "form[action$='/plan'] button");
        await browser.SeeAsync(Told);
        Assert.Equal("growth", (await host.Get<PlanDesk>().ShowAsync(host.Tenant.Id, Ct))!.Plan);

        await OpenAsync(browser, host, "/console/incidents");
        await WriteAsync(browser, "#text", "A laptop was lost.");
        await PressAsync(browser, "form.card button");
        await browser.SeeAsync(Told);
        await PressAsync(browser, "tbody th a");
        await browser.SeeAsync("form[action$='/notes']");
        await WriteAsync(browser, "form[action$='/notes'] textarea", "Its keys are revoked.");
        await PressAsync(browser, "form[action$='/notes'] button");
        await browser.ReadAsync("Its keys are revoked.");
        await browser.SeeAsync(Told);

        await OpenAsync(browser, host, "/console/guide");
        await PressAsync(browser, "article summary");
        await browser.SeeAsync("article details[open]");
    }

    [Fact]
    public async Task Doors_lie_under_the_first_key_and_what_went_wrong_is_where_the_keys_are()
    {
        await using var browser = await ConsoleBrowser.StartAsync(scripts: false);
        await using var host = await PeopleHost.StartAsync(SignUp.Invite);
        foreach (var (path, first) in ((string, string)[])[("/console/invitation?token=any", "button.main"), ("/console/sign-in", "#address"), ("/console/link?token=any", "button.main")])
        {
            await OpenAsync(browser, host, path);
            await browser.SeeAsync(first + ":focus");
        }
        await browser.ComeInAsync(host);
        await OpenAsync(browser, host, "/console/nowhere");
        await browser.SeeAsync("h1:focus");
        await browser.KeyAsync("Tab");
        await browser.SeeAsync("a.button:focus");

        // At a field that has the keys already, the reason belongs to the field.
        using var other = new ConsoleClient(host);
        var refused = (await other.ActAsync("/console/sign-in", "/console/sign-in", ("address", "nobody"))).Expect(400).Html;
        Assert.Contains("id=\"wrong\"", refused, StringComparison.Ordinal);
        Assert.Contains("autofocus aria-describedby=\"wrong\"", refused, StringComparison.Ordinal);
    }

    /// <summary>The first stop of each page leads past the navigation.</summary>
    [Fact]
    public async Task The_first_key_leads_past_the_navigation()
    {
        await using var browser = await ConsoleBrowser.StartAsync();
        await using var host = await ConsoleJourneyTests.StartAsync();
        await browser.ComeInAsync(host);
        await OpenAsync(browser, host, "/console/knowledge");
        await browser.KeyAsync("Tab");
        await browser.SeeAsync("a.skip:focus");
        Assert.True((double)(await browser.EvaluateAsync("document.activeElement.getBoundingClientRect().top"))! >= 0);
        await browser.KeyAsync("Enter");
        await browser.SeeAsync("main:focus");
        await browser.KeyAsync("Tab");
        Assert.True(await browser.HasAsync("main a:focus"));
    }

    private static async Task OpenAsync(ConsoleBrowser browser, ProductHost host, string path)
    {
        await browser.OpenAsync(new(host.Http, path));
        await browser.SeeAsync("main");
    }

    /// <summary>Goes there from stop to stop.</summary>
    private static async Task ReachAsync(ConsoleBrowser browser, string selector)
    {
        await browser.SeeAsync(selector);
        for (var stops = 0; stops < 90; stops++)
        {
            if (await browser.HasAsync(selector + ":focus"))
                return;
            await browser.KeyAsync("Tab");
        }
        Assert.Fail($"No key leads to {selector}.");
    }

    private static async Task PressAsync(ConsoleBrowser browser, string selector)
    {
        await ReachAsync(browser, selector);
        await browser.KeyAsync("Enter");
    }

    private static async Task CheckAsync(ConsoleBrowser browser, string selector)
    {
        await ReachAsync(browser, selector);
        await browser.KeyAsync(" ");
    }

    private static async Task WriteAsync(ConsoleBrowser browser, string selector, string text)
    {
        await ReachAsync(browser, selector);
        await browser.KeyAsync("a", modifiers: 2);
        await browser.TypeHereAsync(text);
    }
}
