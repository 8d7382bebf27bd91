using System.Globalization;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Replies;
using ReplyMint.Security;
using ReplyMint.Storage;
using Xunit;

namespace ReplyMint.Tests.Api;

/// <summary>Drafts over HTTP: what is decided there leaves as mail, once, and stands in the audit log.</summary>
public sealed class DraftRouteTests
{
    private const string Knowledge = "## When are you open?\nWe are open from Monday to Friday, 9:00 to 17:00.\n";

    private static Task<ApiHost> StartAsync() => ApiHost.StartAsync(box => box with { Mode = MailboxMode.Draft }, knowledge: Knowledge);

    private static async Task<Message> HeldAsync(ApiHost api, string text = "When are you open?")
    {
        var message = await api.Product.DeliverAndDecideAsync(api.Product.Mail(text));
        Assert.Equal(MessageState.Held, message.Record.State);
        return message;
    }

    [Fact]
    public async Task What_waits_is_listed_shown_and_approved_and_the_mail_leaves()
    {
        await using var api = await StartAsync();
        var message = await HeldAsync(api);
        var listed = (await api.GetAsync("admin", "drafts")).Expect(200);
        var entry = Assert.Single(listed["items"]!.AsArray())!;
        Assert.Equal((message.Id, "waiting", "anna@customer.example", true), ((string?)entry["id"], (string?)entry["state"], (string?)entry["from"]!["address"], (bool)entry["written"]!));
        Assert.True(listed.AsObject().ContainsKey("next"));

        var shown = await api.GetAsync("admin", "drafts/" + message.Id);
        Assert.Contains("9:00 to 17:00", (string?)shown.Expect(200)["text"], StringComparison.Ordinal);
        Assert.Equal("When are you open?", (string?)shown.Json["question"]);
        Assert.Equal("faq.md", (string?)shown.Json["passages"]![0]!["source"]);

        var approved = (await api.PostAsync("admin", $"drafts/{message.Id}/approve", new { })).Expect(200);
        Assert.Equal(("approved", "uadmin"), ((string?)approved["state"], (string?)approved["decidedBy"]));
        await api.Product.DecidedAsync(message);
        Assert.Contains("9:00 to 17:00", (await api.Product.AnswerAsync(message)).TextBody, StringComparison.Ordinal);
        var act = await api.LastActAsync();
        Assert.Equal(("draft.approve", "uadmin", message.Id), (act.Act, act.Actor, act.Target));
        Assert.Empty((await api.GetAsync("admin", "drafts")).Expect(200)["items"]!.AsArray());
        Assert.Equal(message.Id, (string?)(await api.GetAsync("admin", "drafts?state=approved")).Expect(200)["items"]![0]!["id"]);
        Assert.Equal("sent", (string?)(await api.GetAsync("admin", "messages/" + message.Id)).Expect(200)["answer"]!["state"]);
    }

    [Fact]
    public async Task Who_may_only_write_reads_nothing_from_what_he_does()
    {
        await using var api = await StartAsync();
        api.AddKey("writer", Permission.DraftsWrite);
        var message = await HeldAsync(api);
        foreach (var (path, body) in new (string, object?)[] { ("assign", new { user = (string?)null }), ("note", new { text = "look" }), ("reject", null) })
        {
            var done = await api.PostAsync("writer", $"drafts/{message.Id}/{path}", body);
            done.Expect(204);
            Assert.NotNull(done.ETag);
        }
        var retried = await api.Product.DeliverAndDecideAsync(api.Product.Mail("When are you open?", from: "ben@customer.example"));
        var again = await api.PostAsync("writer", $"messages/{retried.Id}/retry");
        Assert.Equal((202, ""), (again.Code, again.Text));
    }

    [Fact]
    public async Task Two_decisions_at_once_make_one_answer()
    {
        await using var api = await StartAsync();
        api.Add("ben", Role.Member);
        var message = await HeldAsync(api);
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => api.PostAsync(i % 2 == 0 ? "admin" : "ben", $"drafts/{message.Id}/{(i < 4 ? "approve" : "reject")}", i < 4 ? new { } : null)));
        Assert.Equal(1, answers.Count(answer => answer.Code == 200));
        Assert.Equal(7, answers.Count(answer => answer.Code == 409));
        var acts = (await api.Product.Get<AuditLog>().NewestAsync(api.Tenant, 50, default)).Where(act => act.Act is "draft.approve" or "draft.reject").ToList();
        Assert.Single(acts);
        await api.Product.DecidedAsync(message);
        Assert.Equal(acts[0].Act == "draft.approve" ? 1 : 0, api.Product.OutFiles.Count);
    }

    [Fact]
    public async Task An_edit_needs_the_version_that_was_read_and_a_stale_one_changes_nothing()
    {
        await using var api = await StartAsync();
        var message = await HeldAsync(api);
        var path = "drafts/" + message.Id;
        var tag = (await api.GetAsync("admin", path)).ETag;
        (await api.PutAsync("admin", path, new { text = "Mine" }, null)).Expect(428);
        var edited = await api.PutAsync("admin", path, new { text = "Hello Anna,\n\nwe are open." }, tag);
        edited.Expect(200);
        Assert.NotEqual(tag, edited.ETag);
        (await api.PutAsync("admin", path, new { text = "Too late" }, tag)).Expect(412);
        Assert.Equal(412, (await api.AskAsync("admin", HttpMethod.Post, path + "/approve", new StringContent("{}", null, "application/json"), ("If-Match", tag!))).Code);
        Assert.Equal("Hello Anna,\n\nwe are open.", (string?)(await api.GetAsync("admin", path)).Expect(200)["text"]);
        Assert.Equal("draft.edit", (await api.LastActAsync()).Act);
        (await api.PostAsync("admin", path + "/approve", new { })).Expect(200);
        await api.Product.DecidedAsync(message);
        Assert.StartsWith("Hello Anna,", (await api.Product.AnswerAsync(message)).TextBody, StringComparison.Ordinal);
        (await api.PutAsync("admin", path, new { text = "Afterwards" }, edited.ETag)).Expect(409);
    }

    [Fact]
    public async Task The_guard_names_its_rules_and_only_named_ones_are_overridden()
    {
        await using var api = await StartAsync();
        var message = await HeldAsync(api);
        var path = $"drafts/{message.Id}/approve";
        var held = (await api.PostAsync("admin", path, new { text = "See https://elsewhere.example/x and pay 5 EUR." })).Expect(422);
        Assert.Equal("https://elsewhere.example/x", (string?)held["errors"]!["link"]![0]);
        Assert.NotNull(held["errors"]!["price"]);
        (await api.PostAsync("admin", path, new { text = "See https://elsewhere.example/x and pay 5 EUR.", overrides = (string[])["link"] })).Expect(422);
        Assert.Contains("overrides", (await api.PostAsync("admin", path, new { overrides = (string[])["everything"] })).Expect(400)["errors"]!.AsObject().Select(e => e.Key));
        // A key is no person.
        api.AddKey("machine", Permission.DraftsRead, Permission.DraftsWrite);
        (await api.PostAsync("machine", path, new { text = "See https://elsewhere.example/x and pay 5 EUR.", overrides = (string[])["link", "price"] })).Expect(403);
        (await api.PostAsync("machine", path, new { text = "See https://elsewhere.example/x and pay 5 EUR.", overrides = Array.Empty<string>() })).Expect(422);
        (await api.PostAsync("admin", path, new { text = "See https://elsewhere.example/x and pay 5 EUR.", overrides = (string[])["link", "price"] })).Expect(200);
        Assert.Equal("Link,Price", (await api.LastActAsync()).Details!["overridden"]);
        Assert.Equal(["Link", "Price"], (await api.GetAsync("auditor", $"messages/{message.Id}/receipt")).Expect(200)["overridden"]!.AsArray().Select(o => (string?)o).Order());
    }

    [Fact]
    public async Task What_people_said_of_a_draft_outlives_a_retry()
    {
        await using var api = await StartAsync();
        var message = await HeldAsync(api);
        await api.Product.Get<IStore>().RetryAsync((commit, ct) => api.Product.Get<Members>().SetAsync(commit, api.Tenant, "uben", Role.Member, null, Actor.Machine, ct), default);
        (await api.PostAsync("admin", $"drafts/{message.Id}/assign", new { user = "uben" })).Expect(200);
        (await api.PostAsync("admin", $"drafts/{message.Id}/note", new { text = "Ask Carl first." })).Expect(200);
        for (var times = 0; times < 2; times++)
        {
            (await api.PostAsync("admin", $"messages/{message.Id}/retry")).Expect(202);
            Assert.Equal(MessageState.Held, (await api.Product.DecidedAsync(message)).Record.State);
            var draft = (await api.GetAsync("admin", "drafts/" + message.Id)).Expect(200);
            Assert.Equal(("waiting", "uben", "Ask Carl first."), ((string?)draft["draft"]!["state"], (string?)draft["draft"]!["assignee"], (string?)draft["notes"]![0]!["text"]));
            Assert.Single((await api.GetAsync("admin", "drafts?assignee=uben")).Expect(200)["items"]!.AsArray());
        }
    }

    [Fact]
    public async Task A_draft_is_assigned_to_members_who_may_decide_it_and_carries_notes()
    {
        await using var api = await StartAsync();
        var message = await HeldAsync(api);
        await api.Product.Get<IStore>().RetryAsync((commit, ct) => api.Product.Get<Members>().SetAsync(commit, api.Tenant, "uben", Role.Member, [api.Product.Mailbox.Id], Actor.Machine, ct), default);
        await api.Product.Get<IStore>().RetryAsync((commit, ct) => api.Product.Get<Members>().SetAsync(commit, api.Tenant, "ueve", Role.Member, ["mother"], Actor.Machine, ct), default);
        foreach (var nobody in (string[])["unobody", "ueve"])
            Assert.NotNull((await api.PostAsync("admin", $"drafts/{message.Id}/assign", new { user = nobody })).Expect(400)["errors"]!["user"]);
        Assert.Equal("uben", (string?)(await api.PostAsync("admin", $"drafts/{message.Id}/assign", new { user = "uben" })).Expect(200)["assignee"]);
        Assert.Equal("uben", (await api.LastActAsync()).Details!["user"]);
        Assert.Single((await api.GetAsync("admin", "drafts?assignee=uben")).Expect(200)["items"]!.AsArray());
        Assert.Empty((await api.GetAsync("admin", "drafts?assignee=uother")).Expect(200)["items"]!.AsArray());
        (await api.PostAsync("admin", $"drafts/{message.Id}/note", new { text = "Ask Carl first." })).Expect(200);
        var note = (await api.GetAsync("admin", "drafts/" + message.Id)).Expect(200)["notes"]![0]!;
        Assert.Equal(("uadmin", "Ask Carl first."), ((string?)note["by"], (string?)note["text"]));
        Assert.Equal("draft.note", (await api.LastActAsync()).Act);
        // What people told each other lies sealed, and never leaves.
        Assert.DoesNotContain("Ask Carl", System.Text.Encoding.UTF8.GetString((await api.Product.Get<IStore>().GetAsync(Drafts.KeyOf(api.Tenant, message.Id), default))!.Value.Span), StringComparison.Ordinal);
        for (var i = 1; i < DraftTalk.MaxNotes; i++)
            (await api.PostAsync("admin", $"drafts/{message.Id}/note", new { text = i.ToString(CultureInfo.InvariantCulture) })).Expect(200);
        (await api.PostAsync("admin", $"drafts/{message.Id}/note", new { text = "one too many" })).Expect(409);
        (await api.PostAsync("admin", $"drafts/{message.Id}/approve", new { })).Expect(200);
        await api.Product.DecidedAsync(message);
        Assert.DoesNotContain("Carl", (await api.Product.AnswerAsync(message)).TextBody, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_not_the_callers_is_not_there()
    {
        await using var api = await StartAsync();
        var message = await HeldAsync(api);
        await api.AddTenantAsync("other");
        api.Add("elsewhere", Role.Member, null, "mother");
        api.AddKey("reader", Permission.DraftsRead);
        foreach (var caller in (string[])["other", "elsewhere"])
        {
            foreach (var id in (string[])[message.Id, Ids.Timed(TimeProvider.System)])
            {
                (await api.GetAsync(caller, "drafts/" + id)).Expect(404);
                (await api.PutAsync(caller, "drafts/" + id, new { text = "x" }, "\"1\"")).Expect(404);
                foreach (var (act, body) in new (string, object?)[] { ("approve", new { }), ("reject", null), ("assign", new { user = "uben" }), ("note", new { text = "x" }) })
                    (await api.PostAsync(caller, $"drafts/{id}/{act}", body)).Expect(404);
            }
            Assert.Empty((await api.GetAsync(caller, "drafts")).Expect(200)["items"]!.AsArray());
        }
        (await api.PostAsync("reader", $"drafts/{message.Id}/reject")).Expect(403);
        (await api.GetAsync("auditor", "drafts")).Expect(403);
        (await api.GetAsync("", "drafts")).Expect(401);
        Assert.Equal(DraftState.Waiting, (await api.Product.Get<Drafts>().FindAsync(api.Tenant, message.Id, default))!.Record.State);
    }

    [Fact]
    public async Task A_rejected_draft_leaves_no_answer_and_a_page_leads_to_the_next()
    {
        await using var api = await StartAsync();
        var messages = new List<Message>();
        for (var i = 0; i < 5; i++)
            messages.Add(await api.Product.DeliverAndDecideAsync(api.Product.Mail($"When are you open on day {i}?", from: $"p{i}@customer.example")));
        var ids = new List<string>();
        for (var path = "drafts?limit=2"; path is not null;)
        {
            var page = await api.GetAsync("admin", path);
            ids.AddRange(page.Expect(200)["items"]!.AsArray().Select(item => (string)item!["id"]!));
            Assert.Equal(page.Json["next"] is null, page.Link is null);
            path = page.Link?.Split('>')[0].TrimStart('<');
        }
        Assert.Equal(messages.Select(message => message.Id).Order(), ids);
        Assert.Equal("rejected", (string?)(await api.PostAsync("admin", $"drafts/{ids[0]}/reject")).Expect(200)["state"]);
        Assert.Equal(MessageState.Ignored, (await api.Product.Get<Messages>().FindAsync(api.Tenant, ids[0], default))!.Record.State);
        (await api.GetAsync("admin", "drafts?limit=0")).Expect(400);
        (await api.GetAsync("admin", "drafts?state=open")).Expect(400);
        (await api.GetAsync("admin", "drafts?cursor=../tenant")).Expect(400);
    }
}
