using System.Text.RegularExpressions;
using ReplyMint.Accounts;
using ReplyMint.Security;
using ReplyMint.Tests.Accounts;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Console;

/// <summary>The pages of members, invitations, keys and sessions.</summary>
public sealed partial class ConsolePeopleTests
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_member_is_changed_and_removed_but_never_the_last_administrator()
    {
        await using var host = await ProductHost.StartAsync();
        var mia = await host.PersonAsync(Role.Member, "mia@people.example");
        var admin = await host.PersonAsync(Role.Admin, "eva@people.example");
        using var browser = await ConsoleClient.SignedInAsync(host, admin, host.Tenant.Id, factor: true);
        Assert.Contains("mia@people.example", (await browser.GetAsync("/console/people")).Expect(200).Html, StringComparison.Ordinal);
        var edit = "/console/people/" + mia;
        var version = VersionOf(await browser.GetAsync(edit));
        (await browser.ActAsync(edit, edit, ("role", "member"), ("mailboxes", host.Mailbox.Id), ("every", "on"), ("version", version))).Expect(303);
        // Who ticks all and some gets the some, and who unticks everything sees nothing.
        Assert.Equal([host.Mailbox.Id], (await host.Get<Members>().FindAsync(host.Tenant.Id, mia, Ct))!.Mailboxes!);
        (await browser.ActAsync(edit, edit, ("role", "member"), ("version", version))).Expect(412);
        (await browser.ActAsync(edit, edit, ("role", "member"), ("version", VersionOf(await browser.GetAsync(edit))))).Expect(303);
        Assert.Empty((await host.Get<Members>().FindAsync(host.Tenant.Id, mia, Ct))!.Mailboxes!);
        (await browser.ActAsync(edit, edit, ("role", "operator"), ("every", "on"), ("version", VersionOf(await browser.GetAsync(edit))))).Expect(400);
        (await browser.ActAsync(edit + "/remove", edit + "/remove")).Expect(303);
        Assert.Null(await host.Get<Members>().FindAsync(host.Tenant.Id, mia, Ct));
        Assert.Contains("last administrator", (await browser.ActAsync($"/console/people/{admin}/remove", $"/console/people/{admin}/remove")).Expect(409).Html, StringComparison.Ordinal);
        (await browser.GetAsync("/console/people/u-nobody")).Expect(404);
    }

    [Fact]
    public async Task Somebody_is_invited_and_the_invitation_taken_back()
    {
        await using var host = await PeopleHost.StartAsync(SignUp.Invite);
        using var browser = await ConsoleClient.SignedInAsync(host, factor: true);
        (await browser.ActAsync("/console/people/invite", "/console/people/invite", ("address", "neu@people.example"), ("role", "auditor"), ("every", "on"), ("language", "de"))).Expect(303);
        await host.IdleAsync();
        Assert.Single(await host.MailsToAsync("neu@people.example"));
        var page = (await browser.GetAsync("/console/people")).Expect(200).Html;
        Assert.Contains("neu@people.example", page, StringComparison.Ordinal);
        (await browser.ActAsync("/console/people/invite", "/console/people/invite", ("address", "nobody"), ("role", "member"), ("every", "on"))).Expect(400);
        (await browser.ActAsync("/console/people/invite", "/console/people/invite", ("address", "a@people.example"), ("role", "boss"), ("every", "on"))).Expect(400);
        var back = Back().Match(page).Groups[1].Value;
        (await browser.ActAsync("/console/people", back)).Expect(303);
        Assert.DoesNotContain("neu@people.example", (await browser.GetAsync("/console/people")).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_keys_secret_is_shown_once_works_and_ends_when_it_is_revoked()
    {
        await using var host = await ProductHost.StartAsync();
        using var browser = await ConsoleClient.SignedInAsync(host, factor: true);
        Assert.Contains("There is no key.", (await browser.GetAsync("/console/keys")).Expect(200).Html, StringComparison.Ordinal);
        var made = (await browser.ActAsync("/console/keys/add", "/console/keys/add", ("name", "shop <1>"), ("scopes", "messages:read"), ("scopes", "drafts:read"), ("every", "on"))).Expect(200);
        var secret = Secret().Match(made.Html).Groups[1].Value;
        Assert.Contains("no-store", made.Header("Cache-Control"), StringComparison.Ordinal);
        var list = (await browser.GetAsync("/console/keys")).Expect(200).Html;
        Assert.Contains("shop &lt;1&gt;", list, StringComparison.Ordinal);
        Assert.DoesNotContain(secret, list, StringComparison.Ordinal);
        Assert.Equal(200, await CallAsync(host, secret));
        (await browser.ActAsync("/console/keys/add", "/console/keys/add", ("name", "none"), ("every", "on"))).Expect(400);
        (await browser.ActAsync("/console/keys/add", "/console/keys/add", ("name", "odd"), ("scopes", "keys:write"), ("every", "on"))).Expect(400);
        (await browser.ActAsync("/console/keys/add", "/console/keys/add", ("name", "odd"), ("scopes", "messages:read"), ("every", "on"), ("expires", "soon"))).Expect(400);
        (await browser.ActAsync("/console/keys/add", "/console/keys/add", ("name", "blind"), ("scopes", "messages:read"))).Expect(400);

        var id = Assert.Single(await host.Get<ApiKeys>().ListAsync(host.Tenant.Id, Ct)).Id;
        var second = Secret().Match((await browser.ActAsync($"/console/keys/{id}/rotate", $"/console/keys/{id}/rotate")).Expect(200).Html).Groups[1].Value;
        Assert.NotEqual(secret, second);
        Assert.Equal(200, await CallAsync(host, second));
        (await browser.ActAsync($"/console/keys/{id}/revoke", $"/console/keys/{id}/revoke")).Expect(303);
        Assert.Equal(401, await CallAsync(host, second));
        (await browser.GetAsync($"/console/keys/{id}/revoke")).Expect(404);
    }

    [Fact]
    public async Task Ones_own_sessions_are_shown_and_ended_and_nobody_elses()
    {
        await using var host = await ProductHost.StartAsync();
        var user = await host.PersonAsync(Role.Member);
        using var here = await ConsoleClient.SignedInAsync(host, user, host.Tenant.Id);
        using var there = await ConsoleClient.SignedInAsync(host, user, host.Tenant.Id);
        using var other = await ConsoleClient.SignedInAsync(host, Role.Member);
        var page = (await here.GetAsync("/console/sessions")).Expect(200).Html;
        var end = Assert.Single(End().Matches(page)).Groups[1].Value;
        (await other.ActAsync("/console/sessions", end)).Expect(404);
        (await there.GetAsync("/console/inbox")).Expect(200);
        (await here.ActAsync("/console/sessions", end)).Expect(303);
        (await there.GetAsync("/console/inbox")).Expect(303);
        (await here.ActAsync("/console/sessions", "/console/sessions/end")).Expect(303);
        (await here.GetAsync("/console/inbox")).Expect(303);
    }

    [Fact]
    public async Task Who_may_only_look_changes_nobody_and_makes_no_key()
    {
        await using var host = await ProductHost.StartAsync();
        var mia = await host.PersonAsync(Role.Member, "mia@people.example");
        using var auditor = await ConsoleClient.SignedInAsync(host, Role.Auditor, factor: true);
        Assert.DoesNotContain("/console/people/" + mia, (await auditor.GetAsync("/console/people")).Expect(200).Html, StringComparison.Ordinal);
        foreach (var act in (string[])["/console/people/" + mia, $"/console/people/{mia}/remove", "/console/people/invite", "/console/keys/add"])
            (await auditor.ActAsync("/console/people", act, ("role", "admin"), ("every", "on"), ("name", "x"), ("scopes", "messages:read"))).Expect(403);
        using var member = await ConsoleClient.SignedInAsync(host, Role.Member, factor: true);
        (await member.GetAsync("/console/keys")).Expect(403);
    }

    private static async Task<int> CallAsync(ProductHost host, string secret)
    {
        using var http = new HttpClient { BaseAddress = host.Http };
        http.DefaultRequestHeaders.Add("X-API-Key", secret);
        return (int)(await http.GetAsync("/api/v1/messages", Ct)).StatusCode;
    }

    private static string VersionOf(PageAnswer page) => Version().Match(page.Expect(200).Html).Groups[1].Value;

    [GeneratedRegex("name=\"version\" value=\"([0-9]+)\"")]
    private static partial Regex Version();

    [GeneratedRegex("<p class=\"secret\"><code>([^<]+)</code>")]
    private static partial Regex Secret();

    [GeneratedRegex("action=\"(/console/people/invitations/[^\"]+/remove)\"")]
    private static partial Regex Back();

    [GeneratedRegex("action=\"(/console/sessions/[^\"/]+/end)\"")]
    private static partial Regex End();
}
