using System.Text.Json.Nodes;
using ReplyMint.Accounts;
using ReplyMint.Inbound;
using ReplyMint.Replies;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Api;

/// <summary>What became of drafts, in numbers: each decision counts once, for its mailbox and day, and of texts only a distance is kept.</summary>
public sealed class QualityRouteTests
{
    private const string Knowledge = "## When are you open?\nWe are open from Monday to Friday, 9:00 to 17:00.\n";

    private static async Task<Message> AskAsync(ApiHost api, string from, string text = "When are you open?") =>
        await api.Product.DeliverAndDecideAsync(api.Product.Mail(text, from: from + "@customer.example"));

    private static async Task<JsonNode> TotalAsync(ApiHost api, string caller = "auditor") =>
        Assert.Single((await api.GetAsync(caller, "quality")).Expect(200)["totals"]!.AsArray())!;

    [Fact]
    public async Task Each_draft_and_each_decision_counts_once_for_its_mailbox_and_day()
    {
        await using var api = await ApiHost.StartAsync(box => box with { Mode = MailboxMode.Draft }, knowledge: Knowledge);
        var messages = new List<Message>();
        foreach (var from in (string[])["anna", "ben", "carl", "dora", "eve"])
            messages.Add(await AskAsync(api, from));
        var missing = await AskAsync(api, "fred", "What of the moon?");
        // Unchanged, changed at once, changed in two steps (the first of them all of it), back to what it was, rejected, written where nothing was.
        (await api.PostAsync("admin", $"drafts/{messages[0].Id}/approve", new { })).Expect(200);
        (await api.PostAsync("admin", $"drafts/{messages[1].Id}/approve", new { text = "xxxxx" })).Expect(200);
        foreach (var (id, last) in new[] { (messages[2].Id, "xxxxx"), (messages[3].Id, (string)(await api.GetAsync("admin", "drafts/" + messages[3].Id)).Json["text"]!) })
        {
            foreach (var text in (string[])["yyyy", last])
                (await api.PutAsync("admin", "drafts/" + id, new { text }, (await api.GetAsync("admin", "drafts/" + id)).ETag)).Expect(200);
            (await api.PostAsync("admin", $"drafts/{id}/approve", new { })).Expect(200);
        }
        (await api.PostAsync("admin", $"drafts/{messages[4].Id}/reject")).Expect(200);
        (await api.PostAsync("admin", $"drafts/{missing.Id}/approve", new { text = "We don't know either." })).Expect(200);

        var total = await TotalAsync(api);
        Assert.Equal((5, 0, 2, 2, 1, 1), ((int)total["drafted"]!, (int)total["sentAlone"]!, (int)total["unchanged"]!, (int)total["edited"]!, (int)total["written"]!, (int)total["rejected"]!));
        Assert.InRange((double)total["editDistance"]!, 0.4, 0.5);
        foreach (var (id, least, most) in new (string, double?, double?)[] { (messages[0].Id, 0, 0), (messages[1].Id, 0.9, 1), (messages[2].Id, 0.9, 1), (messages[3].Id, 0, 0), (missing.Id, null, null) })
        {
            var draft = (await api.Product.Get<Drafts>().FindAsync(api.Tenant, id, default))!;
            if (least is null)
                Assert.Null(draft.Record.Distance);
            else
                Assert.InRange(draft.Record.Distance!.Value, least.Value, most!.Value);
            // Only the number stays once it is decided.
            Assert.Null(draft.Content.Original);
        }

        api.Product.Time.Advance(TimeSpan.FromHours(13));
        await AskAsync(api, "gil");
        var days = (await api.GetAsync("auditor", "quality")).Expect(200)["days"]!.AsArray();
        Assert.Equal([("2026-11-24", 5), ("2026-11-25", 1)], days.Select(day => ((string)day!["date"]!, (int)day["drafted"]!)));
        Assert.Equal(api.Product.Mailbox.Id, (string?)days[0]!["mailbox"]);
        foreach (var wrong in (string[])["quality?from=2026-11-25&to=2026-11-24", "quality?from=2019-01-01&to=2020-01-01", "quality?from=soon", "quality?to=9999-12-31"])
            (await api.GetAsync("auditor", wrong)).Expect(400);
    }

    [Fact]
    public async Task Who_does_not_see_a_mailbox_sees_no_figure_of_it()
    {
        await using var api = await ApiHost.StartAsync(knowledge: Knowledge);
        await AskAsync(api, "anna");
        var total = await TotalAsync(api);
        Assert.Equal((1, 1), ((int)total["drafted"]!, (int)total["sentAlone"]!));
        Assert.Null(total["editDistance"]);
        api.Add("elsewhere", Role.Member, null, "mother");
        await api.AddTenantAsync("other");
        foreach (var stranger in (string[])["elsewhere", "other"])
            Assert.Empty((await api.GetAsync(stranger, "quality")).Expect(200)["totals"]!.AsArray());
    }

    [Fact]
    public async Task A_person_has_one_thumb_for_an_answer_and_may_turn_it()
    {
        await using var api = await ApiHost.StartAsync(knowledge: Knowledge);
        api.Add("ben", Role.Member);
        api.Add("elsewhere", Role.Member, null, "mother");
        var message = await AskAsync(api, "anna");
        var path = $"messages/{message.Id}/thumb";
        async Task<(int Up, int Down)> CountsAsync() => await TotalAsync(api) is var total ? ((int)total["thumbsUp"]!, (int)total["thumbsDown"]!) : default;

        (await api.PostAsync("admin", path, new { thumb = "up" })).Expect(204);
        (await api.PostAsync("admin", path, new { thumb = "up" })).Expect(204);
        (await api.PostAsync("ben", path, new { thumb = "down", reasons = (string[])["tone", "offTopic", "tone"] })).Expect(204);
        Assert.Equal((1, 1), await CountsAsync());
        var shown = (await api.GetAsync("auditor", $"messages/{message.Id}/receipt")).Expect(200)["thumbs"]!.AsArray();
        Assert.Equal(["uadmin up ", "uben down offTopic,tone"], shown.Select(one => $"{one!["by"]} {one["thumb"]} {string.Join(",", one["reasons"]!.AsArray())}").Order());
        var act = await api.LastActAsync();
        Assert.Equal(("answer.thumb", "uben", message.Id, "down"), (act.Act, act.Actor, act.Target, act.Details!["thumb"]));
        // Turned on another day, it counts for the day on which it was given.
        api.Product.Leap(TimeSpan.FromDays(1));
        (await api.PostAsync("admin", path, new { thumb = "down", reasons = (string[])["wrong"] })).Expect(204);
        Assert.Equal((0, 2), await CountsAsync());
        Assert.Single((await api.GetAsync("auditor", "quality")).Expect(200)["days"]!.AsArray());
        (await api.PostAsync("admin", path, new { thumb = "none" })).Expect(204);
        (await api.PostAsync("admin", path, new { thumb = "none" })).Expect(204);
        Assert.Equal((0, 1), await CountsAsync());

        foreach (var (thumb, reasons, member) in new (string, string[], string)[] { ("sideways", [], "thumb"), ("down", ["ugly"], "reasons"), ("up", ["tone"], "reasons") })
            Assert.NotNull((await api.PostAsync("admin", path, new { thumb, reasons })).Expect(400)["errors"]![member]);
        (await api.PostAsync("elsewhere", path, new { thumb = "up" })).Expect(404);
        (await api.PostAsync("auditor", path, new { thumb = "up" })).Expect(403);
        (await api.PostAsync("admin", $"messages/{Ids.Timed(TimeProvider.System)}/thumb", new { thumb = "up" })).Expect(404);
        (await api.PostAsync("admin", $"messages/{(await AskAsync(api, "carl", "What of the moon?")).Id}/thumb", new { thumb = "up" })).Expect(409);
    }

    [Fact]
    public async Task Many_thumbs_at_once_count_once_for_each_person()
    {
        await using var api = await ApiHost.StartAsync(knowledge: Knowledge);
        var message = await AskAsync(api, "anna");
        for (var i = 0; i < 4; i++)
            api.Add("p" + i, Role.Member);
        var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => api.PostAsync("p" + i % 4, $"messages/{message.Id}/thumb", new { thumb = i < 8 ? "down" : "up" })));
        Assert.All(answers, answer => answer.Expect(204));
        var given = (await api.Product.Get<Receipts>().FindAsync(api.Tenant, message.Id, message.Record.Person, default))!.Value.Receipt.Thumbs;
        Assert.Equal(4, given.Count);
        var total = await TotalAsync(api);
        Assert.Equal((given.Count(one => one.Thumb == Thumb.Up), given.Count(one => one.Thumb == Thumb.Down)), ((int)total["thumbsUp"]!, (int)total["thumbsDown"]!));
    }

    [Fact]
    public async Task An_erasure_takes_thumbs_and_texts_and_leaves_the_numbers()
    {
        await using var api = await ApiHost.StartAsync(box => box with { Mode = MailboxMode.Draft }, knowledge: Knowledge);
        var message = await AskAsync(api, "anna");
        (await api.PostAsync("admin", $"drafts/{message.Id}/approve", new { text = "We are open, Anna." })).Expect(200);
        (await api.PostAsync("admin", $"messages/{message.Id}/thumb", new { thumb = "up" })).Expect(204);
        var erasure = (string)(await api.PostAsync("admin", "erasures", new { correspondent = "anna@customer.example" })).Expect(202)["id"]!;
        await ProductHost.EventuallyAsync(async () => (string?)(await api.GetAsync("admin", "erasures/" + erasure)).Json["state"] == "done" ? erasure : null);
        (await api.GetAsync("admin", $"messages/{message.Id}/receipt")).Expect(404);
        var total = await TotalAsync(api);
        Assert.Equal((1, 1), ((int)total["edited"]!, (int)total["thumbsUp"]!));
    }

    [Theory]
    [InlineData("We are open.", "We are open.", 0)]
    [InlineData("We are open.\r\n", " We are open.", 0)]
    [InlineData("kitten", "sitting", 3 / 7.0)]
    [InlineData("", "all new", 1)]
    [InlineData("abcd", "", 1)]
    [InlineData("aaaa", "aa", 0.5)]
    public void A_distance_is_the_share_that_was_changed(string before, string after, double expected)
    {
        Assert.Equal(expected, EditDistance.Of(before, after), 9);
        Assert.Equal(expected, EditDistance.Of(after, before), 9);
    }
}
