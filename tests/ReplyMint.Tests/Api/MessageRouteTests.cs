using ReplyMint.Accounts;
using ReplyMint.Inbound;
using ReplyMint.Security;
using ReplyMint.Storage;
using Xunit;

namespace ReplyMint.Tests.Api;

/// <summary>Messages, threads and receipts over HTTP, and who gets which part of them.</summary>
public sealed class MessageRouteTests
{
    private const string Knowledge = "## When are you open?\nWe are open from Monday to Friday, 9:00 to 17:00.\n";

    [Fact]
    public async Task A_message_is_listed_shown_and_downloaded()
    {
        await using var api = await ApiHost.StartAsync(knowledge: Knowledge);
        var answered = await api.Product.DeliverAndDecideAsync(api.Product.Mail("When are you open?\r\n\r\n-- \r\nAnna"));
        api.Product.Time.Advance(TimeSpan.FromSeconds(1));
        var held = await api.Product.DeliverAndDecideAsync(api.Product.Mail("What is the moon made of?", subject: "=?utf-8?q?M=C3=B6nd?="));
        var items = (await api.GetAsync("admin", "messages")).Expect(200)["items"]!.AsArray();
        Assert.Equal([held.Id, answered.Id], items.Select(item => (string)item!["id"]!));
        Assert.Equal("Mönd", (string?)items[0]!["subject"]);
        Assert.Equal(held.Id, (string?)(await api.GetAsync("admin", "messages?state=held")).Expect(200)["items"]!.AsArray().Single()!["id"]);
        Assert.Empty((await api.GetAsync("admin", "messages?mailbox=mother")).Expect(200)["items"]!.AsArray());

        var shown = (await api.GetAsync("admin", "messages/" + answered.Id)).Expect(200);
        Assert.Equal(("When are you open?", "answered", "sent", "pass"),
            ((string?)shown["text"]!["reply"], (string?)shown["message"]!["state"], (string?)shown["answer"]!["state"], (string?)shown["sender"]!["dmarc"]));
        var raw = await api.GetAsync("admin", $"messages/{answered.Id}/raw");
        Assert.Equal((200, "message/rfc822"), (raw.Code, raw.MediaType));
        Assert.Equal($"attachment; filename={answered.Id}.eml", raw.Disposition);
        Assert.Contains("Message-ID: <", raw.Text, StringComparison.Ordinal);
        // As retention leaves it after some days.
        await api.Product.Get<IStore>().CommitAsync(new Commit().Delete(Messages.RawKey(api.Tenant, answered.Id)).Delete(MessageTexts.KeyOf(api.Tenant, answered.Id)), default);
        var later = (await api.GetAsync("admin", "messages/" + answered.Id)).Expect(200);
        Assert.Equal(("A question", null), ((string?)later["message"]!["subject"], later["text"]));
        (await api.GetAsync("admin", $"messages/{answered.Id}/raw")).Expect(410);
    }

    [Fact]
    public async Task A_thread_shows_its_mails_with_their_answers_and_ends_at_its_correspondent()
    {
        await using var api = await ApiHost.StartAsync(knowledge: Knowledge);
        var first = await api.Product.DeliverAndDecideAsync(api.Product.Mail("When are you open?", messageId: "<root@customer.example>"));
        api.Product.Time.Advance(TimeSpan.FromMinutes(11));
        var second = await api.Product.DeliverAndDecideAsync(api.Product.Mail("And what of the moon?", extra: "In-Reply-To: <root@customer.example>\r\nReferences: <root@customer.example>"));
        var stranger = await api.Product.DeliverAndDecideAsync(api.Product.Mail("And I?", from: "eve@stranger.example", extra: "In-Reply-To: <root@customer.example>"));
        var thread = (await api.GetAsync("admin", "threads/" + first.Record.Thread)).Expect(200);
        Assert.Equal([first.Id, second.Id], thread["messages"]!.AsArray().Select(message => (string)message!["message"]!["id"]!));
        Assert.Contains("9:00", (string?)thread["messages"]![0]!["answer"]!["text"], StringComparison.Ordinal);
        Assert.NotEqual(first.Record.Thread, stranger.Record.Thread);
        // Decided on anew, it stands in its thread once.
        (await api.PostAsync("admin", $"messages/{second.Id}/retry")).Expect(202);
        await api.Product.DecidedAsync(second);
        Assert.Equal(2, (await api.GetAsync("admin", "threads/" + first.Record.Thread)).Expect(200)["messages"]!.AsArray().Count);
    }

    [Fact]
    public async Task A_held_message_is_decided_on_anew_and_an_answered_one_is_not()
    {
        await using var api = await ApiHost.StartAsync();
        var held = await api.Product.DeliverAndDecideAsync(api.Product.Mail("When are you open?"));
        Assert.Equal(MessageState.Held, held.Record.State);
        await api.Product.Get<ReplyMint.Knowledge.KnowledgeStore>().AddAsync(api.Tenant, ReplyMint.Knowledge.PassageReader.Read("faq.md", System.Text.Encoding.UTF8.GetBytes(Knowledge)), ReplyMint.Audit.Actor.Machine, default);
        var accepted = await api.PostAsync("admin", $"messages/{held.Id}/retry");
        Assert.Equal("/api/v1/messages/" + held.Id, accepted.Location);
        Assert.Equal("received", (string?)accepted.Expect(202)["state"]);
        Assert.Equal(MessageState.Answered, (await api.Product.DecidedAsync(held)).Record.State);
        Assert.Contains("9:00", (await api.Product.AnswerAsync(held)).TextBody, StringComparison.Ordinal);
        Assert.Equal(("message.retry", "uadmin"), ((await api.LastActAsync()).Act, (await api.LastActAsync()).Actor));
        (await api.PostAsync("admin", $"messages/{held.Id}/retry")).Expect(404);
    }

    [Fact]
    public async Task An_auditor_gets_receipts_without_a_word_of_the_mail()
    {
        await using var api = await ApiHost.StartAsync(box => box with { Mode = MailboxMode.Draft, FixedAnswer = "See https://elsewhere.example/secret-place" }, knowledge: Knowledge);
        var message = await api.Product.DeliverAndDecideAsync(api.Product.Mail("My password is hunter2", extra: "Reply-To: anna@private.example"));
        foreach (var path in (string[])["receipts", $"messages/{message.Id}/receipt"])
        {
            var audited = await api.GetAsync("auditor", path);
            audited.Expect(200);
            foreach (var word in (string[])["anna", "hunter2", "A question", "private.example", "secret-place"])
                Assert.DoesNotContain(word, audited.Text, StringComparison.OrdinalIgnoreCase);
        }
        Assert.Equal(message.Id, (string?)(await api.GetAsync("auditor", "receipts?state=held")).Expect(200)["items"]![0]!["message"]);
        var receipt = await api.GetAsync("auditor", $"messages/{message.Id}/receipt");
        Assert.Contains(receipt.Expect(200)["rules"]!.AsArray(), rule => (string?)rule!["outcome"] == "hold");
        Assert.Contains("anna@private.example", (await api.GetAsync("admin", $"messages/{message.Id}/receipt")).Text, StringComparison.Ordinal);
        foreach (var path in (string[])["messages", "messages/" + message.Id, $"messages/{message.Id}/raw", "threads/" + message.Record.Thread])
            (await api.GetAsync("auditor", path)).Expect(403);
    }

    [Fact]
    public async Task Foreign_messages_and_those_of_other_mailboxes_are_not_there()
    {
        await using var api = await ApiHost.StartAsync(knowledge: Knowledge);
        var message = await api.Product.DeliverAndDecideAsync(api.Product.Mail("When are you open?"));
        await api.AddTenantAsync("other");
        api.Add("elsewhere", Role.Member, null, "mother");
        api.AddKey("reader", Permission.MessagesRead);
        foreach (var caller in (string[])["other", "elsewhere"])
        {
            foreach (var id in (string[])[message.Id, Ids.Timed(TimeProvider.System)])
            {
                foreach (var path in (string[])["messages/" + id, $"messages/{id}/raw", $"messages/{id}/receipt", "threads/" + (id == message.Id ? message.Record.Thread : id)])
                    (await api.GetAsync(caller, path)).Expect(404);
                (await api.PostAsync(caller, $"messages/{id}/retry")).Expect(404);
            }
            Assert.Empty((await api.GetAsync(caller, "messages")).Expect(200)["items"]!.AsArray());
            Assert.Empty((await api.GetAsync(caller, "receipts")).Expect(200)["items"]!.AsArray());
        }
        (await api.GetAsync("reader", "messages/" + message.Id)).Expect(200);
        (await api.GetAsync("reader", $"messages/{message.Id}/receipt")).Expect(403);
        (await api.PostAsync("reader", $"messages/{message.Id}/retry")).Expect(403);
    }

    [Fact]
    public async Task A_filter_that_few_messages_pass_still_leads_to_all_of_them()
    {
        await using var api = await ApiHost.StartAsync(knowledge: Knowledge);
        var held = new HashSet<string>();
        for (var i = 0; i < 12; i++)
        {
            var message = await api.Product.DeliverAndDecideAsync(api.Product.Mail(i % 4 == 0 ? $"Moon {i}?" : "When are you open?", from: $"p{i}@customer.example"));
            if (message.Record.State == MessageState.Held)
                held.Add(message.Id);
        }
        Assert.Equal(3, held.Count);
        var found = new List<string>();
        for (var path = "messages?state=held&limit=1"; path is not null;)
        {
            var page = await api.GetAsync("admin", path);
            found.AddRange(page.Expect(200)["items"]!.AsArray().Select(item => (string)item!["id"]!));
            path = page.Link?.Split('>')[0].TrimStart('<');
        }
        Assert.Equal(held.OrderDescending(), found);
    }
}
