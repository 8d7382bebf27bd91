using ReplyMint.Accounts;
using ReplyMint.Security;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Console;

/// <summary>The pages of the mailboxes: settings, rules, schedule, switch, and the way to a new one.</summary>
public sealed class ConsoleMailboxTests
{
    private const string Home = "/console/mailboxes";

    private static readonly (string, string)[] Settings =
    [
        ("mode", "draft"), ("tone", "friendly"), ("language", "de"), ("displayName", "Laden"), ("maxLength", "500"), ("quietSeconds", "30"), ("signature", "Ihr Laden"), ("fixedAnswer", ""), ("allowedFacts", "https://shop.example"),
    ];

    [Fact]
    public async Task Settings_are_explained_changed_and_never_written_over_somebody_elses()
    {
        await using var host = await ProductHost.StartAsync();
        using var browser = await ConsoleClient.SignedInAsync(host, factor: true);
        var at = $"{Home}/{host.Mailbox.Id}";
        Assert.Contains(ProductHost.Address, (await browser.GetAsync(Home)).Expect(200).Html, StringComparison.Ordinal);
        var shown = (await browser.GetAsync(at)).Expect(200).Html;
        Assert.Contains("Answers that rest on your knowledge leave by themselves.", shown, StringComparison.Ordinal);
        Assert.Contains("22 %", shown, StringComparison.Ordinal);
        var version = VersionOf(await browser.GetAsync(at + "/settings"));
        Assert.Equal(at + "?done=saved", (await browser.ActAsync(at, at + "/settings", [.. Settings, ("version", version)])).Expect(303).Location);
        var after = await host.Get<Mailboxes>().GetAsync(host.Tenant.Id, host.Mailbox.Id, TestContext.Current.CancellationToken);
        Assert.Equal((MailboxMode.Draft, Tone.Friendly, "de", 500, 30, "Ihr Laden"), (after!.Mode, after.Tone, after.Language, after.MaxLength, after.QuietSeconds, after.Signature));

        Assert.Contains("Somebody else changed this meanwhile.", (await browser.ActAsync(at, at + "/settings", [.. Settings, ("version", version)])).Expect(412).Html, StringComparison.Ordinal);
        var now = VersionOf(await browser.GetAsync(at + "/settings"));
        foreach (var (name, bad) in ((string, string)[])[("maxLength", "5000"), ("maxLength", "many"), ("quietSeconds", "-1"), ("language", "tlh"), ("mode", "sometimes"), ("tone", ""), ("displayName", new string('x', 101))])
            (await browser.ActAsync(at, at + "/settings", [.. Settings.Where(field => field.Item1 != name), (name, bad), ("version", now)])).Expect(400);
        (await browser.ActAsync(at, at + "/settings", Settings)).Expect(428);
        (await browser.GetAsync($"{Home}/m-nobody")).Expect(404);
    }

    [Fact]
    public async Task Its_switch_stops_answers_and_starts_them_again()
    {
        await using var host = await ProductHost.StartAsync(knowledge: "# How long does a parcel take?\n\nA parcel takes three days.\n");
        using var browser = await ConsoleClient.SignedInAsync(host, factor: true);
        var at = $"{Home}/{host.Mailbox.Id}";
        Assert.Contains("Nothing is answered or sent until", (await browser.GetAsync(at + "/stop")).Expect(200).Html, StringComparison.Ordinal);
        (await browser.ActAsync(at + "/stop", at + "/stop")).Expect(303);
        Assert.Contains("""chip bad">Stopped""", (await browser.GetAsync(at)).Html, StringComparison.Ordinal);
        var held = await host.DeliverAndDecideAsync(host.Mail("How long does a parcel take?"));
        Assert.Contains("stopped", held.Record.Reasons);
        (await browser.ActAsync(at, at + "/start")).Expect(303);
        Assert.DoesNotContain("""chip bad">Stopped""", (await browser.GetAsync(at)).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rules_and_schedule_are_added_shown_and_removed()
    {
        await using var host = await ProductHost.StartAsync();
        using var browser = await ConsoleClient.SignedInAsync(host, factor: true);
        var rules = $"{Home}/{host.Mailbox.Id}/rules";
        Assert.Contains("There are no rules.", (await browser.GetAsync(rules)).Expect(200).Html, StringComparison.Ordinal);
        async Task<PageAnswer> Send(string at, string to, params (string, string)[] fields) => await SendAsync(browser, at, to, fields);
        (await Send(rules, rules, ("name", "news"), ("from", "news.example"), ("action", "ignore"))).Expect(303);
        var page = await browser.GetAsync(rules);
        Assert.Contains("news.example", page.Html, StringComparison.Ordinal);
        (await Send(rules, rules, ("name", "news"), ("from", "other.example"), ("action", "ignore"))).Expect(400);
        (await Send(rules, rules, ("name", "bare"), ("action", "hold"))).Expect(400);
        (await Send(rules, rules, ("name", "odd"), ("from", "a.example"), ("action", "burn"))).Expect(400);
        (await Send(rules, rules + "/remove", ("name", "news"))).Expect(303);
        Assert.Contains("There are no rules.", (await browser.GetAsync(rules)).Html, StringComparison.Ordinal);

        var schedule = $"{Home}/{host.Mailbox.Id}/schedule";
        (await Send(schedule, schedule + "/span", ("days", "monday"), ("days", "friday"), ("from", "22:00"), ("to", "06:00"), ("span-mode", "automatic"))).Expect(303);
        (await Send(schedule, schedule + "/holiday", ("date", "2026-12-24"), ("holiday-mode", "off"), ("answer", ""))).Expect(303);
        (await Send(schedule, schedule + "/otherwise", ("mode", "off"))).Expect(303);
        page = (await browser.GetAsync(schedule)).Expect(200);
        Assert.Contains("Mon, Fri, 22:00–06:00", page.Html, StringComparison.Ordinal);
        Assert.Contains("2026-12-24", page.Html, StringComparison.Ordinal);
        (await Send(schedule, schedule + "/span", ("days", "monday"), ("from", "late"), ("to", "06:00"), ("span-mode", "off"))).Expect(400);
        (await Send(schedule, schedule + "/span", ("from", "10:00"), ("to", "11:00"), ("span-mode", "off"))).Expect(400);
        (await Send(schedule, schedule + "/holiday", ("date", "24 December"), ("holiday-mode", "off"))).Expect(400);
        (await Send(schedule, schedule + "/remove", ("span", "0"))).Expect(303);
        page = (await browser.GetAsync(schedule)).Expect(200);
        Assert.DoesNotContain("22:00", page.Html, StringComparison.Ordinal);
        Assert.Contains("2026-12-24", page.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_wizard_leads_from_a_domain_to_a_mailbox_that_gets_mail()
    {
        await using var host = await ProductHost.StartAsync();
        using var browser = await ConsoleClient.SignedInAsync(host, factor: true);
        (await browser.ActAsync(Home + "/add", Home + "/domain", ("domain", "new.example"))).Expect(303);
        Assert.Contains("Not proved yet", (await browser.GetAsync(Home + "/add")).Expect(200).Html, StringComparison.Ordinal);
        (await browser.ActAsync(Home + "/add", Home + "/domain", ("domain", "not a domain"))).Expect(400);
        (await browser.ActAsync(Home + "/add", Home + "/domain/verify", ("domain", "other.example"))).Expect(404);
        Assert.Contains("not proved yet", (await browser.ActAsync(Home + "/add", Home + "/claim", ("address", "help@unproved.example"))).Expect(409).Html, StringComparison.Ordinal);
        (await browser.ActAsync(Home + "/add", Home + "/claim", ("address", "help"))).Expect(400);

        var at = $"{Home}/{host.Mailbox.Id}/way-in";
        const string secret = "8f3c1a97e2b64d05b7c9f1e83a6d2450";
        Assert.Equal(at + "?done=way-added", (await browser.ActAsync(at, at, ("kind", "mailgun"), ("signing", secret))).Expect(303).Location);
        var page = (await browser.GetAsync(at)).Expect(200).Html;
        Assert.Contains("/webhooks/mailgun/", page, StringComparison.Ordinal);
        Assert.DoesNotContain(secret, page, StringComparison.Ordinal);
        (await browser.ActAsync(at, at, ("kind", "mailgun"), ("signing", "short"))).Expect(400);
        (await browser.ActAsync(at, at, ("kind", "ses"), ("topic", "no topic"))).Expect(400);
        (await browser.ActAsync(at, at, ("kind", "imap"), ("host", ""), ("user", "x"), ("password", "y"))).Expect(400);
        var channel = Assert.Single(await host.Get<Channels>().ListAsync(host.Tenant.Id, TestContext.Current.CancellationToken));
        (await browser.ActAsync(at, at + "/remove", ("channel", channel.Id))).Expect(303);
        (await browser.ActAsync(at, at + "/remove", ("channel", channel.Id))).Expect(404);
    }

    [Fact]
    public async Task A_member_sees_his_mailboxes_and_changes_none()
    {
        await using var host = await ProductHost.StartAsync();
        var at = $"{Home}/{host.Mailbox.Id}";
        using var member = await ConsoleClient.SignedInAsync(host, Role.Member, factor: true);
        var page = (await member.GetAsync(at)).Expect(200);
        Assert.DoesNotContain(at + "/stop", page.Html, StringComparison.Ordinal);
        foreach (var act in (string[])["settings", "stop", "start", "remove", "rules", "schedule/otherwise", "way-in"])
            (await member.ActAsync(at, $"{at}/{act}", Settings)).Expect(403);
        using var bound = await ConsoleClient.SignedInAsync(host, Role.Member, mailboxes: ["m-other"]);
        (await bound.GetAsync(at)).Expect(404);
        Assert.DoesNotContain(ProductHost.Address, (await bound.GetAsync(Home)).Expect(200).Html, StringComparison.Ordinal);
    }

    private static async Task<PageAnswer> SendAsync(ConsoleClient browser, string page, string action, (string, string)[] fields) =>
        await browser.ActAsync(page, action, [.. fields, ("version", VersionOf(await browser.GetAsync(page)))]);

    private static string VersionOf(PageAnswer page) => System.Text.RegularExpressions.Regex.Match(page.Expect(200).Html, "name=\"version\" value=\"([0-9]+)\"").Groups[1].Value;
}
