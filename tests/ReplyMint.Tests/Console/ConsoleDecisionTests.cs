using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Limits;
using ReplyMint.Replies;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Console;

/// <summary>What people decide on drafts in the console, and how they take it back.</summary>
public sealed class ConsoleDecisionTests
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;
    private static readonly TimeSpan Window = DraftDecisions.Window + TimeSpan.FromSeconds(2);

    [Fact]
    public async Task What_was_approved_leaves_after_ten_seconds_and_not_when_it_is_taken_back()
    {
        await using var host = await ConsoleJourneyTests.StartAsync();
        var mail = await WaitingAsync(host);
        using var browser = await ConsoleClient.SignedInAsync(host, Role.Member);
        var page = MessagePath(mail);
        var shown = (await browser.GetAsync(page)).Expect(200).Html;
        Assert.Contains("between 9 and 17", shown, StringComparison.Ordinal);
        Assert.Contains("the mailbox drafts; a person sends", shown, StringComparison.Ordinal);

        var after = (await DecideAsync(browser, page, "approve")).Expect(303).Location!;
        Assert.Contains("/undo", (await browser.GetAsync(after)).Expect(200).Html, StringComparison.Ordinal);
        Assert.DoesNotContain(page + "\"", (await browser.GetAsync("/console/inbox")).Html, StringComparison.Ordinal);
        host.Time.Advance(TimeSpan.FromSeconds(8));
        await SettledAsync(host);
        Assert.Empty(host.OutFiles);
        (await browser.ActAsync(page, page + "/undo")).Expect(303);
        host.Time.Advance(Window);
        await SettledAsync(host);
        Assert.Empty(host.OutFiles);
        Assert.Equal(MessageState.Held, (await host.Get<Messages>().FindAsync(host.Tenant.Id, mail.Id, Ct))!.Record.State);

        (await DecideAsync(browser, page, "approve")).Expect(303);
        host.Time.Advance(Window);
        await AnsweredAsync(host, mail);
        Assert.Equal([mail.Id], host.OutFiles);
        (await browser.ActAsync(page, page + "/thumb", ("thumb", "down"))).Expect(303);
        Assert.Contains("value=\"none\" aria-pressed=\"true\"", (await browser.GetAsync(page)).Html, StringComparison.Ordinal);
        Assert.Contains(await host.Get<AuditLog>().NewestAsync(host.Tenant.Id, 5, Ct), entry => entry.Act == "draft.approve");
        (await browser.ActAsync("/console/inbox", page + "/undo")).Expect(409);
    }

    [Fact]
    public async Task A_text_of_ones_own_is_sent_kept_and_looked_at_by_the_guard()
    {
        await using var host = await ConsoleJourneyTests.StartAsync();
        var mail = await WaitingAsync(host);
        using var browser = await ConsoleClient.SignedInAsync(host, Role.Member);
        var page = MessagePath(mail);
        var held = (await DecideAsync(browser, page, "send", ("text", "Please pay 4,711 EUR at https://unknown.example/pay."))).Expect(409);
        Assert.Contains("name=\"override\" value=\"link\"", held.Html, StringComparison.Ordinal);
        Assert.Contains("https://unknown.example/pay.</textarea>", held.Html, StringComparison.Ordinal);

        (await DecideAsync(browser, page, "keep", ("text", "We are open at nine."))).Expect(303);
        Assert.Contains("We are open at nine.", (await browser.GetAsync(page)).Html, StringComparison.Ordinal);
        var (token, version) = await FormAsync(browser, page);
        (await browser.PostAsync(page + "/keep", Fields(("_page", token), ("version", "1"), ("text", "Too late.")))).Expect(409);
        (await browser.PostAsync(page + "/send", Fields(("_page", token), ("version", version), ("text", "We are open, come by."), ("override", "language"), ("override", "support"), ("override", "promise")))).Expect(303);
        host.Time.Advance(Window);
        await AnsweredAsync(host, mail);
        Assert.Contains("We are open, come by.", (await host.AnswerAsync(mail)).TextBody, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Who_may_not_decide_any_more_when_the_time_comes_decides_nothing(bool isolated)
    {
        await using var host = await ConsoleJourneyTests.StartAsync();
        var mail = await WaitingAsync(host);
        var user = await host.PersonAsync(Role.Member);
        using var browser = await ConsoleClient.SignedInAsync(host, user, host.Tenant.Id);
        (await DecideAsync(browser, MessagePath(mail), "approve")).Expect(303);
        await host.Get<IStore>().RetryAsync(async (commit, ct) => isolated ? await host.Get<Containments>().SetAsync(commit, ContainedKind.User, user, null, "operator", null, ct)
            : await host.Get<Members>().RemoveAsync(commit, host.Tenant.Id, user, Actor.Machine, ct) == MemberChange.Done, Ct);
        host.Time.Advance(Window);
        await ProductHost.EventuallyAsync(async () => (await host.Get<Drafts>().FindAsync(host.Tenant.Id, mail.Id, Ct))!.Content is { Pending: null, Refused: "not-a-member" } ? "refused" : null);
        Assert.Empty(host.OutFiles);
    }

    [Fact]
    public async Task Mails_of_other_mailboxes_and_organisations_are_not_there()
    {
        await using var host = await ConsoleJourneyTests.StartAsync();
        var mail = await WaitingAsync(host);
        using var elsewhere = await ConsoleClient.SignedInAsync(host, Role.Member, mailboxes: ["m00000000000000000000"]);
        (await elsewhere.GetAsync(MessagePath(mail))).Expect(404);
        (await elsewhere.ActAsync("/console/inbox", MessagePath(mail) + "/reject")).Expect(404);
        Assert.DoesNotContain(mail.Id, (await elsewhere.GetAsync("/console/inbox?view=all")).Html, StringComparison.Ordinal);
        var second = await host.Get<Tenants>().AddAsync("second", Actor.Machine, Ct);
        using var other = await ConsoleClient.SignedInAsync(host, Role.Admin, second.Id);
        (await other.GetAsync(MessagePath(mail))).Expect(404);
        (await other.ActAsync("/console/inbox", MessagePath(mail) + "/approve")).Expect(404);
    }

    [Fact]
    public async Task Rejecting_assigning_noting_and_always_holding_somebody()
    {
        await using var host = await ConsoleJourneyTests.StartAsync();
        var mail = await WaitingAsync(host);
        var user = await host.PersonAsync(Role.Admin);
        using var browser = await ConsoleClient.SignedInAsync(host, user, host.Tenant.Id, factor: true);
        var page = MessagePath(mail);
        (await browser.ActAsync(page, page + "/assign", ("user", user))).Expect(303);
        (await browser.ActAsync(page, page + "/note", ("note", "She called <yesterday>."))).Expect(303);
        Assert.Contains("She called &lt;yesterday&gt;.", (await browser.GetAsync(page)).Html, StringComparison.Ordinal);
        Assert.Equal(user, (await host.Get<Drafts>().FindAsync(host.Tenant.Id, mail.Id, Ct))!.Record.Assignee);
        (await browser.ActAsync(page, page + "/hold-always")).Expect(303);
        Assert.Equal("anna@customer.example", (await host.Get<Mailboxes>().GetAsync(host.Tenant.Id, mail.Record.Mailbox, Ct))!.Rules[0].From);
        (await DecideAsync(browser, page, "reject")).Expect(303);
        host.Time.Advance(Window);
        await ProductHost.EventuallyAsync(async () => (await host.Get<Messages>().FindAsync(host.Tenant.Id, mail.Id, Ct))!.Record.State == MessageState.Ignored ? "ignored" : null);
        Assert.Empty(host.OutFiles);
    }

    [Fact]
    public async Task The_inbox_finds_by_list_reason_day_person_and_words()
    {
        await using var host = await ConsoleJourneyTests.StartAsync();
        var mail = await WaitingAsync(host);
        var other = await host.DeliverAndDecideAsync(host.Mail("I am away.", from: "bob@robots.example", subject: "Out of office", extra: "Auto-Submitted: auto-replied"), "bob@robots.example");
        using var browser = await ConsoleClient.SignedInAsync(host, Role.Member);
        async Task FindsAsync(string query, params Message[] expected)
        {
            var html = (await browser.GetAsync("/console/inbox?" + query)).Expect(200).Html;
            foreach (var one in (Message[])[mail, other])
                Assert.True(html.Contains(MessagePath(one), StringComparison.Ordinal) == expected.Contains(one), $"{query}: {one.Summary.Subject}");
        }
        await FindsAsync("", mail);
        await FindsAsync("view=all", mail, other);
        await FindsAsync("view=ignored", other);
        await FindsAsync("view=all&reason=auto-submitted", other);
        await FindsAsync("view=all&from=anna@customer.example", mail);
        await FindsAsync("view=all&from=anna@customer", []);
        await FindsAsync("view=all&q=opening", mail);
        await FindsAsync("view=all&q=AWAY", other);
        await FindsAsync("view=all&q=nowhere", []);
        await FindsAsync("view=all&until=2026-11-23", []);
        await FindsAsync("view=all&until=2026-11-24", mail, other);
        await FindsAsync("view=all&mailbox=m00000000000000000000", []);
    }

    internal static string MessagePath(Message mail) => "/console/inbox/" + mail.Id;

    private static async Task<Message> WaitingAsync(ProductHost host) => await host.DeliverAndDecideAsync(host.Mail("When are you open?", subject: "Opening hours"));

    private static async Task<(string Token, string Version)> FormAsync(ConsoleClient browser, string page)
    {
        var html = (await browser.GetAsync(page)).Expect(200);
        return (html.Token, html.Html.Split("name=\"version\" value=\"")[1].Split('"')[0]);
    }

    private static async Task<PageAnswer> DecideAsync(ConsoleClient browser, string page, string act, params (string, string)[] fields)
    {
        var (token, version) = await FormAsync(browser, page);
        return await browser.PostAsync($"{page}/{act}", Fields([("_page", token), ("version", version), .. fields]));
    }

    private static IEnumerable<KeyValuePair<string, string>> Fields(params (string Name, string Value)[] fields) => fields.Select(field => KeyValuePair.Create(field.Name, field.Value));

    private static Task SettledAsync(ProductHost host) => ReplyMint.Tests.Accounts.PeopleHost.IdleAsync(host);

    private static async Task AnsweredAsync(ProductHost host, Message mail) => await host.DecidedAsync(
        await ProductHost.EventuallyAsync(async () => await host.Get<Messages>().FindAsync(host.Tenant.Id, mail.Id, Ct) is { Record.State: MessageState.Answered } found ? found : null));
}
