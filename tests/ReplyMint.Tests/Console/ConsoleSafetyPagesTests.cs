using System.Text.RegularExpressions;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Limits;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Console;

/// <summary>The red switch, alerts, incidents, usage, privacy and the log, as pages.</summary>
public sealed partial class ConsoleSafetyPagesTests
{
    private const string Home = "/console/safety";
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_red_switch_stops_all_of_an_organisation_and_only_administrators_have_it()
    {
        await using var host = await ProductHost.StartAsync(knowledge: "# How long does a parcel take?\n\nA parcel takes three days.\n");
        using var admin = await ConsoleClient.SignedInAsync(host, factor: true);
        Assert.Contains("Stop all answering", (await admin.GetAsync(Home)).Expect(200).Html, StringComparison.Ordinal);
        Assert.Contains("Are you sure?", (await admin.GetAsync(Home + "/stop")).Expect(200).Html, StringComparison.Ordinal);
        Assert.False((await host.Get<Switches>().ReadAsync(host.Tenant.Id, null, Ct)).Stopped);
        (await admin.ActAsync(Home + "/stop", Home + "/stop")).Expect(303);
        Assert.Contains("is stopped", (await admin.GetAsync(Home)).Html, StringComparison.Ordinal);
        Assert.Contains("stopped", (await host.DeliverAndDecideAsync(host.Mail("How long does a parcel take?"))).Record.Reasons);
        Assert.Contains("switch.stop", (await admin.GetAsync("/console/audit?act=switch.")).Expect(200).Html, StringComparison.Ordinal);
        using var auditor = await ConsoleClient.SignedInAsync(host, Role.Auditor, factor: true);
        (await auditor.ActAsync(Home, Home + "/start")).Expect(403);
        (await admin.ActAsync(Home, Home + "/stop-all")).Expect(403);
        using var stale = await ConsoleClient.SignedInAsync(host);
        (await stale.ActAsync(Home, Home + "/start")).Expect(403);
        Assert.True((await host.Get<Switches>().ReadAsync(host.Tenant.Id, null, Ct)).Stopped);
        (await admin.ActAsync(Home, Home + "/start")).Expect(303);
        Assert.False((await host.Get<Switches>().ReadAsync(host.Tenant.Id, null, Ct)).Stopped);
    }

    [Fact]
    public async Task An_operator_stops_all_sending_and_keeps_the_book_of_incidents()
    {
        await using var host = await ProductHost.StartAsync();
        using var operates = await ConsoleClient.SignedInAsync(host, Role.Operator, factor: true);
        Assert.Equal(Home, (await operates.GetAsync("/console")).Expect(303).Location);
        (await operates.ActAsync(Home + "/stop-all", Home + "/stop-all")).Expect(303);
        Assert.True((await host.Get<Switches>().ReadAsync(KeyRing.Installation, null, Ct)).Stopped);
        (await operates.ActAsync(Home + "/stop-all", Home + "/stop-all")).Expect(409);
        // An administrator sees it, and can't undo it.
        using var admin = await ConsoleClient.SignedInAsync(host, factor: true);
        Assert.Contains("stopped by its operator", (await admin.GetAsync(Home)).Html, StringComparison.Ordinal);
        (await admin.ActAsync(Home, Home + "/start-all")).Expect(403);
        (await operates.ActAsync(Home, Home + "/start-all")).Expect(303);
        Assert.False((await host.Get<Switches>().ReadAsync(KeyRing.Installation, null, Ct)).Stopped);

        const string incidents = "/console/incidents";
        Assert.Contains("There is no incident.", (await operates.GetAsync(incidents)).Expect(200).Html, StringComparison.Ordinal);
        (await operates.ActAsync(incidents, incidents, ("text", ""))).Expect(400);
        (await operates.ActAsync(incidents, incidents, ("text", "A key leaked <b>today</b>"))).Expect(303);
        var list = (await operates.GetAsync(incidents)).Html;
        Assert.Contains("A key leaked &lt;b&gt;today&lt;/b&gt;", list, StringComparison.Ordinal);
        var one = One().Match(list).Groups[1].Value;
        (await operates.ActAsync(one, one + "/notes", ("text", "The key is revoked."))).Expect(303);
        Assert.Contains("The key is revoked.", (await operates.GetAsync(one)).Html, StringComparison.Ordinal);
        (await operates.ActAsync(one, one + "/close", ("left", "rotate the others"), ("days", "0"))).Expect(400);
        (await operates.ActAsync(one, one + "/close", ("left", "rotate the others"), ("days", "7"))).Expect(303);
        Assert.DoesNotContain(one + "/close", (await operates.GetAsync(one)).Html, StringComparison.Ordinal);
        (await admin.GetAsync(incidents)).Expect(403);
    }

    [Fact]
    public async Task An_alert_is_seen_by_those_whom_it_concerns_and_acknowledged_once()
    {
        await using var host = await ProductHost.StartAsync();
        var alerts = host.Get<Alerts>();
        await alerts.SeeAsync(new("key-from-elsewhere", "k1", "A key is at work <from> elsewhere.", host.Tenant.Id, Times: 3), TimeSpan.FromHours(1), Ct);
        await alerts.RaiseAsync("disk", "disk", "The disk is nearly full.", Ct);
        using var admin = await ConsoleClient.SignedInAsync(host, factor: true);
        var page = (await admin.GetAsync(Home)).Expect(200).Html;
        Assert.Contains("A key is at work &lt;from&gt; elsewhere.", page, StringComparison.Ordinal);
        Assert.DoesNotContain("The disk is nearly full.", page, StringComparison.Ordinal);
        var act = Alert().Match(page).Groups[1].Value;
        using var auditor = await ConsoleClient.SignedInAsync(host, Role.Auditor, factor: true);
        (await auditor.ActAsync(Home, act)).Expect(403);
        (await admin.ActAsync(Home, act)).Expect(303);
        Assert.DoesNotContain(act, (await admin.GetAsync(Home)).Html, StringComparison.Ordinal);
        (await admin.ActAsync(Home, Home + "/alerts/a-nothing")).Expect(404);
    }

    [Fact]
    public async Task Usage_is_shown_by_day_with_a_plot_and_a_table()
    {
        await using var host = await ProductHost.StartAsync(knowledge: "# How long does a parcel take?\n\nA parcel takes three days.\n");
        using var browser = await ConsoleClient.SignedInAsync(host, Role.Member);
        Assert.Contains("Nothing was used in this month.", (await browser.GetAsync("/console/usage?month=2026-10")).Expect(200).Html, StringComparison.Ordinal);
        await host.DeliverAndDecideAsync(host.Mail("How long does a parcel take?"));
        var page = (await browser.GetAsync("/console/usage")).Expect(200).Html;
        Assert.Contains("<svg", page, StringComparison.Ordinal);
        Assert.Contains("""<th scope="row">2026-11-24</th><td class="number">1</td>""", page, StringComparison.Ordinal);
        (await browser.GetAsync("/console/usage?month=1999-01")).Expect(400);
        // The last month that there is has none behind it, and the first one no day before it.
        (await browser.GetAsync("/console/usage?month=9999-12")).Expect(400);
        (await browser.GetAsync("/console/usage?month=0001-01")).Expect(400);
        (await browser.GetAsync("/console/usage?month=never")).Expect(200);
    }

    [Fact]
    public async Task Privacy_shows_what_is_kept_exports_erases_and_writes_refusals_down()
    {
        const string home = "/console/privacy";
        await using var host = await ProductHost.StartAsync();
        using var admin = await ConsoleClient.SignedInAsync(host, factor: true);
        var kept = (await admin.GetAsync(home + "/retention")).Expect(200);
        var version = Regex.Match(kept.Html, "name=\"version\" value=\"([0-9]+)\"").Groups[1].Value;
        (await admin.ActAsync(home, home + "/retention", ("raw", "5"), ("text", "20"), ("record", "3"), ("version", version))).Expect(400);
        (await admin.ActAsync(home, home + "/retention", ("raw", "5"), ("text", "20"), ("record", "30"), ("version", version))).Expect(303);
        Assert.Contains("<dd>20 days</dd>", (await admin.GetAsync(home)).Expect(200).Html, StringComparison.Ordinal);

        (await admin.ActAsync(home, home + "/consents", ("address", "anna@customer.example"), ("way", "phone"))).Expect(303);
        Assert.Contains("anna@customer.example", (await admin.GetAsync(home + "/consents")).Expect(200).Html, StringComparison.Ordinal);
        (await admin.ActAsync(home, home + "/consents", ("address", "anna"), ("way", "phone"))).Expect(400);
        (await admin.ActAsync(home, home + "/consents", ("address", "anna@customer.example"), ("way", "telepathy"))).Expect(400);

        (await admin.ActAsync(home, home + "/exports")).Expect(303);
        var file = await ProductHost.EventuallyAsync(async () => File().Match((await admin.GetAsync(home)).Html) is { Success: true } ready ? ready.Groups[1].Value : null);
        var fetched = (await admin.GetAsync(file)).Expect(200);
        Assert.Equal("application/zip", fetched.Message.Content.Headers.ContentType!.MediaType);
        (await admin.ActAsync(home, home + "/exports", ("correspondent", "nobody"))).Expect(400);
        (await admin.ActAsync(home, home + "/erasures", ("correspondent", ""))).Expect(400);
        (await admin.ActAsync(home, home + "/erasures", ("correspondent", "anna@customer.example"))).Expect(303);
        await ProductHost.EventuallyAsync(async () => (await admin.GetAsync(home)).Html.Contains("<td>Done", StringComparison.Ordinal) ? "done" : null);

        // Who may look at it sees neither addresses nor files.
        using var auditor = await ConsoleClient.SignedInAsync(host, Role.Auditor, factor: true);
        (await auditor.GetAsync(home)).Expect(200);
        (await auditor.GetAsync(home + "/consents")).Expect(403);
        (await auditor.GetAsync(file)).Expect(403);
        (await auditor.ActAsync(home, home + "/erasures", ("correspondent", "anna@customer.example"))).Expect(403);
        using var stale = await ConsoleClient.SignedInAsync(host);
        Assert.StartsWith("/console/factor", (await stale.GetAsync(file)).Expect(303).Location, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_legal_basis_is_chosen_and_says_so_at_once()
    {
        const string page = "/console/privacy/basis";
        await using var host = await ProductHost.StartAsync();
        using var admin = await ConsoleClient.SignedInAsync(host, factor: true);
        var version = Regex.Match((await admin.GetAsync(page)).Expect(200).Html, "name=\"version\" value=\"([0-9]+)\"").Groups[1].Value;
        foreach (var (basis, text) in ((string, string)[])[("whim", "0"), ("", "0"), ("consent", "-1"), ("consent", "many")])
            (await admin.ActAsync(page, page, ("basis", basis), ("leastText", text), ("version", version))).Expect(400);
        // A link needs an address of ours, which this installation has not told.
        (await admin.ActAsync(page, page, ("basis", "consent"), ("leastText", "0"), ("link", "on"), ("version", version))).Expect(400);
        Assert.Equal("/console/privacy?done=saved", (await admin.ActAsync(page, page, ("basis", "consent"), ("leastText", "0"), ("version", version))).Expect(303).Location);
        Assert.Contains("Only who has agreed is answered", (await admin.GetAsync("/console/privacy")).Html, StringComparison.Ordinal);
        (await admin.ActAsync(page, page, ("basis", "contract"), ("leastText", "0"), ("version", version))).Expect(412);
        using var auditor = await ConsoleClient.SignedInAsync(host, Role.Auditor, factor: true);
        (await auditor.GetAsync(page)).Expect(403);
    }

    [Fact]
    public async Task The_log_names_who_did_it_and_says_whether_it_is_whole()
    {
        await using var host = await ProductHost.StartAsync();
        var user = await host.PersonAsync(Role.Admin, "eva@people.example");
        using var admin = await ConsoleClient.SignedInAsync(host, user, host.Tenant.Id, factor: true);
        (await admin.ActAsync(Home + "/stop", Home + "/stop")).Expect(303);
        var page = (await admin.GetAsync($"/console/audit?act=switch.stop&actor={user}")).Expect(200).Html;
        Assert.Contains("eva@people.example", page, StringComparison.Ordinal);
        Assert.Contains("switch.stop", page, StringComparison.Ordinal);
        Assert.Contains("Nothing fits.", (await admin.GetAsync("/console/audit?act=%3Cscript%3E")).Expect(200).Html, StringComparison.Ordinal);
        Assert.Contains("chip good", (await admin.GetAsync("/console/audit/verify")).Expect(200).Html, StringComparison.Ordinal);
        using var member = await ConsoleClient.SignedInAsync(host, Role.Member);
        (await member.GetAsync("/console/audit")).Expect(403);
    }

    [GeneratedRegex("href=\"(/console/incidents/[^\"]+)\"")]
    private static partial Regex One();

    [GeneratedRegex("action=\"(/console/safety/alerts/[^\"]+)\"")]
    private static partial Regex Alert();

    [GeneratedRegex("href=\"(/console/privacy/exports/[^\"]+/file)\"")]
    private static partial Regex File();
}
