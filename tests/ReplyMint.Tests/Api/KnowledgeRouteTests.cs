using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using System.Text;
using ReplyMint.Accounts;
using ReplyMint.Inbound;
using ReplyMint.Security;
using ReplyMint.Storage;
using Xunit;

namespace ReplyMint.Tests.Api;

/// <summary>Knowledge over HTTP: what is uploaded answers mail, what is removed does not; and trying things out leaves no trace.</summary>
public sealed class KnowledgeRouteTests
{
    private const string Hours = "## When are you open?\nWe are open from Monday to Friday, 9:00 to 17:00.\n";

    private static MultipartFormDataContent Form(string name, string text) => new() { { new ByteArrayContent(Encoding.UTF8.GetBytes(text)), "file", name } };

    [Fact]
    public async Task An_uploaded_file_answers_mail_until_it_is_removed()
    {
        await using var api = await ApiHost.StartAsync();
        var added = await api.PostAsync("admin", "knowledge", new { name = "faq.md", text = Hours });
        var id = (string)added.Expect(201)["id"]!;
        Assert.Equal(("/api/v1/knowledge/" + id, "added", 1), (added.Location, (string?)added.Json["outcome"], (int)added.Json["passages"]!));
        Assert.Equal(("knowledge.add", "uadmin", id), ((await api.LastActAsync()).Act, (await api.LastActAsync()).Actor, (await api.LastActAsync()).Target));
        Assert.Equal("faq.md", (string?)(await api.GetAsync("auditor", "knowledge/" + id)).Expect(200)["name"]);
        Assert.Equal(MessageState.Answered, (await api.Product.DeliverAndDecideAsync(api.Product.Mail("When are you open?"))).Record.State);
        Assert.Equal("unchanged", (string?)(await api.PostAsync("admin", "knowledge", new { name = "faq.md", text = Hours })).Expect(200)["outcome"]);
        Assert.Equal("replaced", (string?)(await api.PostAsync("admin", "knowledge", new { name = "faq.md", text = Hours + "\n## Where are you?\nIn Bremen.\n" })).Expect(200)["outcome"]);
        (await api.DeleteAsync("admin", "knowledge/" + id)).Expect(204);
        Assert.Equal("knowledge.remove", (await api.LastActAsync()).Act);
        Assert.Equal(MessageState.Held, (await api.Product.DeliverAndDecideAsync(api.Product.Mail("When are you open?", from: "ben@customer.example"))).Record.State);
        (await api.DeleteAsync("admin", "knowledge/" + id)).Expect(404);
        (await api.DeleteAsync("admin", "knowledge/faq.md")).Expect(404);
    }

    [Fact]
    public async Task A_form_brings_the_same_file()
    {
        await using var api = await ApiHost.StartAsync();
        var added = (await api.AskAsync("admin", HttpMethod.Post, "knowledge", Form("../../etc/hours.csv", "question;answer\nWhen are you open?;9:00 to 17:00\nbroken"))).Expect(201);
        Assert.Equal(("hours.csv", "added"), ((string?)added["name"], (string?)added["outcome"]));
        Assert.NotEmpty(added["problems"]!.AsArray());
        (await api.AskAsync("admin", HttpMethod.Post, "knowledge", Form("faq.exe", "x"))).Expect(422);
        (await api.AskAsync("admin", HttpMethod.Post, "knowledge", new MultipartFormDataContent { { new StringContent("x"), "text" } })).Expect(400);
        (await api.AskAsync("admin", HttpMethod.Post, "knowledge", new StringContent("x", null, "text/plain"))).Expect(415);
        var half = new ByteArrayContent("--b\r\nContent-Disposition: form-data; name=f; filename=a.md\r\n\r\nabc"u8.ToArray());
        half.Headers.TryAddWithoutValidation("Content-Type", "multipart/form-data; boundary=b");
        (await api.AskAsync("admin", HttpMethod.Post, "knowledge", half)).Expect(400);
        (await api.PostAsync("admin", "knowledge", new { name = "faq.md", text = "" })).Expect(400);
        (await api.PostAsync("admin", "knowledge", new { name = "a\nb.md", text = Hours })).Expect(400);
    }

    [Fact]
    public async Task A_large_file_is_taken_and_one_that_is_too_large_is_refused()
    {
        await using var api = await ApiHost.StartAsync();
        var big = new StringBuilder();
        for (var i = 0; i < 3_000; i++)
            big.Append("## What of number ").Append(i).Append("?\n").Append('x', 1_000).Append('\n');
        (await api.AskAsync("admin", HttpMethod.Post, "knowledge", Form("big.md", big.ToString()))).Expect(201);
        Assert.Contains((await api.AskAsync("admin", HttpMethod.Post, "knowledge", Form("huge.md", new string('y', 11 * 1024 * 1024)))).Code, (int[])[413, 422]);
        Assert.Single((await api.GetAsync("admin", "knowledge")).Expect(200)["items"]!.AsArray());
    }

    [Fact]
    public async Task A_question_is_tried_without_a_trace()
    {
        await using var api = await ApiHost.StartAsync(knowledge: Hours);
        var acts = (await api.LastActAsync()).Sequence;
        var tried = (await api.PostAsync("auditor", "knowledge/try", new { question = "When are you open?" })).Expect(200);
        Assert.Contains("9:00 to 17:00", (string?)tried["answer"], StringComparison.Ordinal);
        Assert.True((double)tried["passages"]![0]!["score"]! >= (double)tried["threshold"]!);
        Assert.Contains("Your shop team", (string?)(await api.PostAsync("admin", "knowledge/try", new { question = "When are you open?", mailbox = api.Product.Mailbox.Id })).Expect(200)["answer"], StringComparison.Ordinal);
        var nothing = (await api.PostAsync("admin", "knowledge/try", new { question = "Who painted the moon?" })).Expect(200);
        Assert.Equal(("", true), ((string?)nothing["answer"], ((string)nothing["note"]!).Length > 0));
        (await api.PostAsync("admin", "knowledge/try", new { question = "x", mailbox = "mother" })).Expect(400);
        Assert.Equal(acts, (await api.LastActAsync()).Sequence);
        Assert.Empty(await api.Product.ListAsync());
    }

    [Fact]
    public async Task Questions_without_an_answer_are_grouped_by_what_they_ask_and_gone_with_their_mails()
    {
        await using var api = await ApiHost.StartAsync(knowledge: Hours);
        api.Add("ben", Role.Member, null, api.Product.Mailbox.Id);
        api.Add("eve", Role.Member, null, "mother");
        api.AddKey("faq", Permission.KnowledgeRead, Permission.KnowledgeWrite);
        async Task<Message> HeldAsync(string text, string from)
        {
            api.Product.Time.Advance(TimeSpan.FromMinutes(11));
            var message = await api.Product.DeliverAndDecideAsync(api.Product.Mail(text, from: from));
            Assert.Equal(MessageState.Held, message.Record.State);
            return message;
        }
        await HeldAsync("Hello,\r\n\r\ndo you sell gift cards?\r\n\r\nAnna", "anna@customer.example");
        await HeldAsync("Can dogs come in?", "carl@customer.example");
        var newest = await HeldAsync("Hi. I have a question. Can I buy a gift card?", "dora@customer.example");
        await api.Product.DeliverAndDecideAsync(api.Product.Mail("When are you open?", from: "fay@customer.example"));

        var report = (await api.GetAsync("ben", "knowledge/missing")).Expect(200);
        Assert.Equal((30, 3), ((int)report["days"]!, (int)report["held"]!));
        Assert.Equal([(2, "Can I buy a gift card?"), (1, "Can dogs come in?")], report["questions"]!.AsArray().Select(one => ((int)one!["count"]!, (string)one["question"]!)));
        Assert.Equal((newest.Id, false), ((string?)report["questions"]![0]!["message"], (bool)report["questions"]![0]!["fitsNow"]!));

        // Mail text: only for who may read it, of his mailboxes.
        Assert.Empty((await api.GetAsync("eve", "knowledge/missing")).Expect(200)["questions"]!.AsArray());
        foreach (var caller in (string[])["auditor", "faq"])
            (await api.GetAsync(caller, "knowledge/missing")).Expect(403);
        foreach (var days in (string[])["0", "401", "x"])
            (await api.GetAsync("ben", "knowledge/missing?days=" + days)).Expect(400);

        // Filling the gap shows; a decision on the draft takes nothing away, since it was asked all the same.
        (await api.PostAsync("faq", "knowledge", new { name = "gifts.md", text = "## Can I buy a gift card?\nYes, of 20 or 50 euros.\n" })).Expect(201);
        (await api.PostAsync("ben", $"drafts/{newest.Id}/reject")).Expect(200);
        var filled = (await api.GetAsync("ben", "knowledge/missing?days=1")).Expect(200)["questions"]![0]!;
        Assert.Equal((2, true), ((int)filled["count"]!, (bool)filled["fitsNow"]!));

        // Retention takes the text, and with it what is told of it here.
        await api.Product.Get<IStore>().CommitAsync(new Commit().Delete(MessageTexts.KeyOf(api.Tenant, newest.Id)), default);
        Assert.Equal("do you sell gift cards?", (string?)(await api.GetAsync("ben", "knowledge/missing")).Expect(200)["questions"]!.AsArray().Single(one => ((string)one!["question"]!).Contains("gift"))!["question"]);
        api.Product.Leap(TimeSpan.FromDays(2));
        Assert.Equal(0, (int)(await api.GetAsync("ben", "knowledge/missing?days=1")).Expect(200)["held"]!);
    }

    [Fact]
    public async Task A_mail_is_tried_at_a_mailbox_and_nothing_is_stored_or_sent()
    {
        await using var api = await ApiHost.StartAsync(knowledge: Hours);
        var path = $"mailboxes/{api.Product.Mailbox.Id}/test";
        var answered = (await api.PostAsync("admin", path, new { mail = "From: anna@customer.example\nTo: support@shop.example\nSubject: Hours\n\nWhen are you open?\n" })).Expect(200);
        Assert.Equal(("answer", "automatic"), ((string?)answered["ending"], (string?)answered["mode"]));
        Assert.Contains("9:00 to 17:00", (string?)answered["text"], StringComparison.Ordinal);
        Assert.Contains(answered["rules"]!.AsArray(), rule => (int)rule!["rule"]! == 11 && (string?)rule["outcome"] == "notAsked");
        var machine = (await api.PostAsync("admin", path, new { mail = "From: list@news.example\nTo: support@shop.example\nList-Id: <news.example>\nSubject: News\n\nWhen are you open?\n" })).Expect(200);
        Assert.Equal("ignore", (string?)machine["ending"]);
        Assert.NotEmpty(machine["reasons"]!.AsArray());
        var nothing = (await api.PostAsync("admin", path, new { mail = "From: anna@customer.example\nTo: support@shop.example\nSubject: Moon\n\nWho painted the moon?\n" })).Expect(200);
        Assert.Equal(("hold", "no-knowledge"), ((string?)nothing["ending"], (string?)nothing["reasons"]![0]));
        Assert.Empty(await api.Product.ListAsync());
        Assert.Empty(api.Product.OutFiles);
    }

    [Fact]
    public async Task Foreign_knowledge_is_not_there_and_only_those_who_may_change_it()
    {
        await using var api = await ApiHost.StartAsync(knowledge: Hours);
        await api.AddTenantAsync("other");
        api.Add("ben", Role.Member, null, api.Product.Mailbox.Id);
        api.Add("eve", Role.Member, null, "mother");
        api.AddKey("writer", Permission.KnowledgeWrite);
        var id = (string)(await api.GetAsync("ben", "knowledge")).Expect(200)["items"]![0]!["id"]!;
        (await api.GetAsync("other", "knowledge/" + id)).Expect(404);
        (await api.DeleteAsync("other", "knowledge/" + id)).Expect(404);
        Assert.Empty((await api.GetAsync("other", "knowledge")).Expect(200)["items"]!.AsArray());
        Assert.Equal("", (string?)(await api.PostAsync("other", "knowledge/try", new { question = "When are you open?" })).Expect(200)["answer"]);
        foreach (var caller in (string[])["other", "eve"])
            (await api.PostAsync(caller, $"mailboxes/{api.Product.Mailbox.Id}/test", new { mail = "From: a@b.example\n\nx" })).Expect(404);
        foreach (var caller in (string[])["ben", "auditor"])
            (await api.PostAsync(caller, "knowledge", new { name = "x.md", text = Hours })).Expect(403);
        (await api.GetAsync("writer", "knowledge")).Expect(403);
        (await api.PostAsync("writer", "knowledge", new { name = "x.md", text = Hours })).Expect(201);
        Assert.Equal("kwriter", (await api.LastActAsync()).Actor);
    }

    [Fact]
    public async Task A_web_page_is_fetched_once_from_where_it_says_and_never_from_inside()
    {
        await using var server = await PageServer.StartAsync();
        await using var api = await ApiHost.StartAsync(settings: s => s with { Outside = Places.Here });
        var added = await api.PostAsync("admin", "knowledge/pages", new { url = server.Url + "/faq?lang=en" });
        Assert.Equal(1, (int)added.Expect(201)["passages"]!);
        Assert.EndsWith("/faq?lang=en.html", (string?)added.Json["name"], StringComparison.Ordinal);
        Assert.Equal("unchanged", (string?)(await api.PostAsync("admin", "knowledge/pages", new { url = server.Url + "/faq?lang=en" })).Expect(200)["outcome"]);
        foreach (var (path, why) in new[] { ("/moved", "leads on to"), ("/missing", "answered 404"), ("/picture", "image/png"), ("/huge", "be fetched") })
            Assert.Contains(why, (await api.PostAsync("admin", "knowledge/pages", new { url = server.Url + path })).Expect(400).ToJsonString(), StringComparison.Ordinal);
        Assert.DoesNotContain("/secret", server.Asked);
        (await api.PostAsync("auditor", "knowledge/pages", new { url = server.Url + "/faq" })).Expect(403);
        (await api.PostAsync("admin", "knowledge/pages", new { url = "no address" })).Expect(400);

        // Without the operator's word a private address is not called.
        await using var closed = await ApiHost.StartAsync();
        var before = server.Asked.Count;
        (await closed.PostAsync("admin", "knowledge/pages", new { url = server.Url + "/faq" })).Expect(400);
        Assert.Equal(before, server.Asked.Count);
    }

    private sealed class PageServer : IAsyncDisposable
    {
        private readonly WebApplication _app;

        private PageServer(WebApplication app) => _app = app;

        public string Url => _app.Urls.Single();
        public System.Collections.Concurrent.ConcurrentBag<string> Asked { get; } = [];

        public static async Task<PageServer> StartAsync()
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            var server = new PageServer(builder.Build());
            server._app.Run(context =>
            {
                server.Asked.Add(context.Request.Path);
                switch (context.Request.Path)
                {
                    case "/faq":
                        context.Response.ContentType = "text/html; charset=iso-8859-1";
                        return context.Response.Body.WriteAsync(System.Text.Encoding.Latin1.GetBytes("<h2>Wann öffnen Sie?</h2><p>Um neun.</p>")).AsTask();
                    case "/moved":
                        context.Response.Redirect("/secret");
                        return Task.CompletedTask;
                    case "/picture":
                        context.Response.ContentType = "image/png";
                        return Task.CompletedTask;
                    case "/huge":
                        context.Response.ContentType = "text/html";
                        return context.Response.WriteAsync(new string('a', 5 * 1024 * 1024));
                    default:
                        context.Response.StatusCode = 404;
                        return Task.CompletedTask;
                }
            });
            await server._app.StartAsync();
            return server;
        }

        public async ValueTask DisposeAsync() => await _app.DisposeAsync();
    }
}
