using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Outbound;
using ReplyMint.Replies;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Api;
using Xunit;

namespace ReplyMint.Tests.Product;

/// <summary>Shadow mode: answers are drafted and compared, and none of a machine's leaves, by no way and at no moment.</summary>
public sealed class ShadowTests
{
    private const string Faq = """
        # How long does delivery take?
        Delivery within Germany takes two to three working days.

        # When are you open?
        We are open from Monday to Friday, 9:00 to 17:00.
        """;

    private static async Task<ApiHost> StartAsync(Func<Mailbox, Mailbox>? mailbox = null, Action<IServiceCollection>? services = null) =>
        await ApiHost.StartAsync(mailbox ?? (box => box with { Mode = MailboxMode.Automatic }), knowledge: Faq, services: services);

    private static async Task BeginAsync(ApiHost api, int days = 14) =>
        (await api.PutAsync("admin", $"mailboxes/{api.Product.Mailbox.Id}/shadow", new { days }, (await api.GetAsync("admin", "mailboxes/" + api.Product.Mailbox.Id)).ETag)).Expect(200);

    private static async Task<Message> AskAsync(ApiHost api, string from, string text = "When are you open?", string? messageId = null) =>
        await api.Product.DeliverAndDecideAsync(api.Product.Mail(text, from: from + "@customer.example", messageId: messageId), from + "@customer.example");

    private static async Task<JsonNode> ReportAsync(ApiHost api) => (await api.GetAsync("admin", $"mailboxes/{api.Product.Mailbox.Id}/shadow/report")).Expect(200);

    private static async Task<ApiAnswer> SetModeAsync(ApiHost api, string mode)
    {
        var path = $"mailboxes/{api.Product.Mailbox.Id}/settings";
        var read = await api.GetAsync("admin", path);
        var settings = read.Expect(200);
        settings["mode"] = mode;
        return await api.PutAsync("admin", path, settings, read.ETag);
    }

    [Fact]
    public async Task Drafts_of_a_shadow_wait_for_nobody_and_are_sent_by_nobody_not_even_when_it_is_over()
    {
        await using var api = await StartAsync();
        var host = api.Product;
        await BeginAsync(api, days: 1);
        Assert.Equal("1", (await api.LastActAsync()).Details!["shadowDays"]);
        var message = await AskAsync(api, "anna");
        Assert.Equal((MessageState.Held, "shadow"), (message.Record.State, Assert.Single(message.Record.Reasons)));
        var draft = (await api.GetAsync("admin", "drafts/" + message.Id)).Expect(200);
        Assert.Equal("shadow", (string?)draft["draft"]!["state"]);
        Assert.Contains("9:00 to 17:00", (string?)draft["text"], StringComparison.Ordinal);
        Assert.Empty((await api.GetAsync("admin", "drafts")).Expect(200)["items"]!.AsArray());
        Assert.Single((await api.GetAsync("admin", "drafts?state=shadow")).Expect(200)["items"]!.AsArray());

        async Task NobodySendsAsync()
        {
            var tag = (await api.GetAsync("admin", "drafts/" + message.Id)).ETag;
            (await api.PostAsync("admin", $"drafts/{message.Id}/approve", new { })).Expect(409);
            (await api.PostAsync("admin", $"drafts/{message.Id}/approve", new { text = "We are open." })).Expect(409);
            (await api.PutAsync("admin", "drafts/" + message.Id, new { text = "We are open." }, tag)).Expect(409);
            (await api.PostAsync("admin", $"messages/{message.Id}/retry")).Expect(409);
            Assert.Null(await host.Get<DraftForHand>()(api.Tenant, message.Id, default));
            Assert.Null(await host.Get<Outbox>().StateAsync(api.Tenant, message.Id, default));
        }

        await NobodySendsAsync();
        (await SetModeAsync(api, "automatic")).Expect(409);
        (await SetModeAsync(api, "schedule")).Expect(409);
        // At its end the mailbox holds everything, whatever it did before.
        host.Leap(TimeSpan.FromDays(1));
        api.Add("admin", Role.Admin);
        Assert.False((bool)(await api.GetAsync("auditor", $"mailboxes/{host.Mailbox.Id}/shadow")).Expect(200)["running"]!);
        var later = await AskAsync(api, "ben");
        Assert.Equal("mode", Assert.Single(later.Record.Reasons));
        Assert.True(await host.Get<Drafts>().IsWaitingAsync(api.Tenant, later.Id, default));
        await NobodySendsAsync();
        Assert.Empty(host.OutFiles);
        // Only a person lets it answer again.
        (await SetModeAsync(api, "automatic")).Expect(200);
        Assert.Equal(MessageState.Answered, (await AskAsync(api, "carl")).Record.State);
    }

    [Fact]
    public async Task A_shadow_that_begins_while_an_answer_is_decided_keeps_it_in()
    {
        var begun = false;
        await using var api = await StartAsync(services: s => s.AddSingleton<SenderRight>(provider => async (commit, tenant, mailbox, from, byPerson, ct) =>
        {
            var mailboxes = provider.GetRequiredService<Mailboxes>();
            var why = await mailboxes.MayNotSendAsync(commit, tenant, mailbox, from, byPerson, ct);
            if (!begun)
            {
                // Between the look and the commit.
                begun = true;
                var now = provider.GetRequiredService<TimeProvider>().GetUtcNow();
                await mailboxes.ChangeAsync(tenant, mailbox, null, box => box.InShadowFor(1, now), Actor.Machine, new Dictionary<string, string>(), ct);
            }
            return why;
        }));
        var message = await AskAsync(api, "anna");
        Assert.True(begun);
        Assert.Equal(MessageState.Held, message.Record.State);
        Assert.Equal(DraftState.Shadow, (await api.Product.Get<Drafts>().FindAsync(api.Tenant, message.Id, default))!.Record.State);
        Assert.Empty(api.Product.OutFiles);
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData("We are open, Anna.", true)]
    public async Task What_waits_to_leave_when_a_shadow_begins_leaves_only_when_a_person_wrote_it(string? text, bool leaves)
    {
        await using var api = await StartAsync(box => box with { Mode = MailboxMode.Draft });
        var host = api.Product;
        var message = await AskAsync(api, "anna");
        await host.SwitchAsync(true);
        (await api.PostAsync("admin", $"drafts/{message.Id}/approve", new { text })).Expect(200);
        await BeginAsync(api);
        await host.SwitchAsync(false);
        var state = await ProductHost.EventuallyAsync(async () =>
        {
            host.Time.Advance(TimeSpan.FromSeconds(2));
            return await host.Get<Outbox>().StateAsync(api.Tenant, message.Id, default) is { State: not (OutboxState.Queued or OutboxState.Sending) } ended ? ended : null;
        });
        Assert.Equal(leaves ? OutboxState.Sent : OutboxState.Failed, state.State);
        Assert.Equal(leaves ? 1 : 0, host.OutFiles.Count);
        if (!leaves)
            Assert.Contains("shadow", state.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_draft_of_before_is_not_approved_as_the_machine_wrote_it_while_a_shadow_runs()
    {
        await using var api = await StartAsync(box => box with { Mode = MailboxMode.Draft });
        var message = await AskAsync(api, "anna");
        await BeginAsync(api);
        (await api.PostAsync("admin", $"drafts/{message.Id}/approve", new { })).Expect(409);
        await BeginAsync(api, days: 0);
        (await api.PostAsync("admin", $"drafts/{message.Id}/approve", new { })).Expect(200);
        Assert.Equal(MessageState.Answered, (await api.Product.DecidedAsync((await api.Product.Get<Messages>().FindAsync(api.Tenant, message.Id, default))!)).Record.State);
    }

    [Fact]
    public async Task The_report_compares_drafts_with_what_people_answered_by_a_copy_and_by_the_API()
    {
        await using var api = await StartAsync();
        var host = api.Product;
        await host.PersonAsync(Role.Member, "max@shop.example", api.Tenant);
        await BeginAsync(api);
        // The same, by a copy of his mail; another time; another language; a link left out; a mail of a machine; no draft.
        var same = await AskAsync(api, "anna", messageId: "<a@customer.example>");
        await host.DecidedAsync(await host.DeliverAsync(host.Mail("Hello Anna, from Monday to Friday, from 9 am to 5 pm.\n\n> When are you open?", "max@shop.example", "Re: A question", "In-Reply-To: <a@customer.example>", to: "anna@customer.example"), "max@shop.example"));
        var other = await AskAsync(api, "ben");
        (await api.PostAsync("admin", $"messages/{other.Id}/own-answer", new { text = "We are open from Monday to Friday, 9:00 to 18:00." })).Expect(204);
        var left = await AskAsync(api, "carl");
        (await api.PostAsync("admin", $"messages/{left.Id}/own-answer", new { text = "From Monday to Friday, 9:00 to 17:00, see https://shop.example/hours for more." })).Expect(204);
        var ignored = await host.DeliverAndDecideAsync(host.Mail("I am a list.", from: "list@customer.example", extra: "List-Id: <l.customer.example>"));
        Assert.Equal(MessageState.Ignored, ignored.Record.State);
        (await api.PostAsync("admin", $"messages/{ignored.Id}/own-answer", new { text = "Thank you." })).Expect(204);
        var none = await AskAsync(api, "dora", "What of the moon?");
        (await api.PostAsync("admin", $"messages/{none.Id}/own-answer", new { text = "It is far away." })).Expect(204);
        await AskAsync(api, "eve");

        var report = await ReportAsync(api);
        Assert.Equal((6, 4, 4, 5, 3, 3), (Figure("mails"), Figure("drafted"), Figure("wouldLeave"), Figure("answered"), Figure("compared"), Figure("comparedAlone")));
        Assert.Equal((1, 0, 1, 1, 1, 1, 3), (Figure("contradicting"), Figure("unsaid"), Figure("leftOut") - 1, Figure("wrongAlone"), Figure("ignoredButAnswered"), Figure("undraftedButAnswered"), Figure("sameLanguage")));
        Assert.Equal("waitForMore", (string?)report["advice"]);
        var difference = report["differences"]!.AsArray().Single(one => (string?)one!["message"] == other.Id)!;
        Assert.Contains("17:00", (string?)difference["contradicts"]![0], StringComparison.Ordinal);
        Assert.DoesNotContain(report["differences"]!.AsArray(), one => (string?)one!["message"] == same.Id);
        Assert.Contains("shop.example/hours", report["differences"]!.AsArray().Single(one => (string?)one!["message"] == left.Id)!["leftOut"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.InRange(Figure("answerLength"), 20, 200);
        // It quotes mails.
        (await api.GetAsync("auditor", $"mailboxes/{host.Mailbox.Id}/shadow/report")).Expect(403);
        api.Add("elsewhere", Role.Member, null, "mother");
        (await api.GetAsync("elsewhere", $"mailboxes/{host.Mailbox.Id}/shadow/report")).Expect(404);

        int Figure(string name) => (int)report[name]!;
    }

    [Fact]
    public async Task What_people_answered_is_kept_sealed_and_in_shadow_mode_only_and_goes_with_an_erasure()
    {
        await using var api = await StartAsync(box => box with { Mode = MailboxMode.Draft });
        var before = await AskAsync(api, "anna");
        (await api.PostAsync("admin", $"messages/{before.Id}/own-answer", new { text = "Nobody keeps this." })).Expect(204);
        await BeginAsync(api);
        var message = await AskAsync(api, "anna", "When are you open on Mondays?");
        (await api.PostAsync("admin", $"messages/{message.Id}/own-answer", new { text = "Somebody keeps this: until 18:00." })).Expect(204);
        async Task<MessageText?> TextAsync(Message of) => await api.Product.Get<Messages>().FindAsync(api.Tenant, of.Id, default) is { } found ? await api.Product.Get<MessageTexts>().FindAsync(found, default) : null;
        Assert.Null((await TextAsync(before))!.Answer);
        Assert.Equal("Somebody keeps this: until 18:00.", (await TextAsync(message))!.Answer);
        var item = (await api.Product.Get<IStore>().GetAsync(MessageTexts.KeyOf(api.Tenant, message.Id), default))!;
        Assert.DoesNotContain("Somebody", Encoding.UTF8.GetString(item.Value.Span) + Encoding.Latin1.GetString(item.Sealed.Span), StringComparison.Ordinal);
        Assert.Equal(1, (int)(await ReportAsync(api))["compared"]!);

        var erasure = (string)(await api.PostAsync("admin", "erasures", new { correspondent = "anna@customer.example" })).Expect(202)["id"]!;
        await ProductHost.EventuallyAsync(async () => (string?)(await api.GetAsync("admin", "erasures/" + erasure)).Json["state"] == "done" ? erasure : null);
        Assert.Null(await api.Product.Get<IStore>().GetAsync(MessageTexts.KeyOf(api.Tenant, message.Id), default));
        Assert.Equal((0, 0), ((int)(await ReportAsync(api))["mails"]!, (await ReportAsync(api))["differences"]!.AsArray().Count));
    }

    [Theory]
    [InlineData(19, 0, "WaitForMore")]
    [InlineData(20, 0, "MayAnswer")]
    [InlineData(40, 2, "MayAnswer")]
    [InlineData(40, 3, "HoldEverything")]
    public void The_advice_rests_on_how_many_were_compared_and_how_many_were_wrong(int compared, int wrong, string expected)
    {
        var sum = new ShadowSum(new Mailbox { Id = "m", TenantId = "t", Address = ProductHost.Address });
        var record = new DraftRecord { Id = "d", Mailbox = "m", Person = "p", Reasons = ["shadow"], State = DraftState.Shadow, CreatedAt = default };
        var draft = new Draft(record, new DraftContent { Text = "It costs 5 EUR.", Drafter = "extractive", Language = "en" }, new Item(ItemKey.Main("t", "d"), default, default, 1, 0, null));
        for (var i = 0; i < compared; i++)
            sum.Add("d", Decision.Answer, draft, i < wrong ? "It costs 6 EUR." : "It costs 5 EUR.");
        var report = sum.ToReport(new(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddDays(1)), DateTimeOffset.UnixEpoch);
        Assert.Equal(expected, report.Advice.ToString());
        Assert.Contains($"{compared} of these", report.Why, StringComparison.Ordinal);
    }
}
