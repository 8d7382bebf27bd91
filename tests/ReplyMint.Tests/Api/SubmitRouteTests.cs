using System.Text;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Api;

/// <summary>Mail handed over by the API: vouched for by the caller, kept before he is told, and one message with the same mail by any other way.</summary>
public sealed class SubmitRouteTests
{
    private const string Knowledge = "## When are you open?\nWe are open from Monday to Friday, 9:00 to 17:00.\n";
    private const string Address = "support@shop.example";

    private static async Task<ApiHost> StartAsync()
    {
        var api = await ApiHost.StartAsync(knowledge: Knowledge);
        await AllowAsync(api);
        api.AddKey("shop", Permission.MessagesWrite, Permission.MessagesRead, Permission.ReceiptsRead);
        return api;
    }

    /// <summary>The operator's word for the tenant.</summary>
    private static Task AllowAsync(ApiHost api) =>
        api.Product.Get<Tenants>().ChangeAsync(api.Tenant, tenant => tenant with { AnswersVouched = true }, Actor.Machine, new Dictionary<string, string>(), default);

    private static Task<ApiAnswer> PostRawAsync(ApiHost api, string caller, string raw, string query = "?to=support@shop.example&from=anna@customer.example")
    {
        var body = new ByteArrayContent(Encoding.UTF8.GetBytes(raw));
        body.Headers.ContentType = new("message/rfc822");
        return api.AskAsync(caller, HttpMethod.Post, "messages" + query, body);
    }

    private static async Task<Message> MessageAsync(ApiHost api, ApiAnswer accepted)
    {
        var id = (string)accepted.Expect(202)["id"]!;
        Assert.Equal("/api/v1/messages/" + id, accepted.Location);
        return await api.Product.DecidedAsync((await api.Product.Get<Messages>().FindAsync(api.Tenant, id, default))!);
    }

    [Fact]
    public async Task A_mail_in_its_parts_is_answered_and_who_vouched_is_recorded()
    {
        await using var api = await StartAsync();
        var message = await MessageAsync(api, await api.PostAsync("shop", "messages", new { from = "anna@customer.example", fromName = "Anna Müller", to = Address, subject = "Öffnungszeiten", text = "When are you open?" }));
        Assert.Equal((MessageState.Answered, "api"), (message.Record.State, message.Record.Channel));
        var answer = await api.Product.AnswerAsync(message);
        Assert.Equal("anna@customer.example", answer.To.Mailboxes.Single().Address);
        Assert.Contains("9:00 to 17:00", answer.TextBody, StringComparison.Ordinal);
        Assert.EndsWith("Öffnungszeiten", answer.Subject, StringComparison.Ordinal);
        var shown = (await api.GetAsync("shop", "messages/" + message.Id)).Expect(200);
        Assert.Equal(("api:kshop", true), ((string?)shown["sender"]!["source"], (bool)shown["sender"]!["vouched"]!));
        Assert.Contains((await api.GetAsync("shop", $"messages/{message.Id}/receipt")).Expect(200)["rules"]!.AsArray(),
            rule => (int)rule!["rule"]! == 11 && ((string)rule["saw"]!).Contains("api:kshop", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Whom_a_caller_vouches_for_is_answered_by_a_person_until_the_operator_allows_more()
    {
        await using var api = await ApiHost.StartAsync(box => box with { FixedAnswer = "Buy this." });
        api.Add("ops", Role.Operator, KeyRing.Installation);
        var mail = new { from = "victim@customer.example", to = Address, subject = "x", text = "When are you open?" };
        var held = await MessageAsync(api, await api.PostAsync("admin", "messages", mail));
        Assert.Equal(MessageState.Held, held.Record.State);
        Assert.Contains("dmarc", held.Record.Reasons);
        Assert.Equal("waiting", (string?)(await api.GetAsync("admin", "drafts/" + held.Id)).Expect(200)["draft"]!["state"]);
        Assert.Empty(api.Product.OutFiles);
        // Nobody of the tenant can allow it; the operator can, for this tenant.
        var read = await api.GetAsync("ops", "tenants/" + api.Tenant);
        Assert.False((bool)read.Expect(200)["answersVouched"]!);
        (await api.PutAsync("admin", "tenants/" + api.Tenant, new { name = "x", timeZone = "Etc/UTC", answersVouched = true }, read.ETag)).Expect(403);
        Assert.True((bool)(await api.PutAsync("ops", "tenants/" + api.Tenant, new { name = "x", timeZone = "Etc/UTC", answersVouched = true }, read.ETag)).Expect(200)["answersVouched"]!);
        var answered = await MessageAsync(api, await api.PostAsync("admin", "messages", mail with { from = "other@customer.example" }));
        Assert.Equal(MessageState.Answered, answered.Record.State);
        Assert.True((bool)(await api.PutAsync("ops", "tenants/" + api.Tenant, new { name = "y", timeZone = "Etc/UTC" }, (await api.GetAsync("ops", "tenants/" + api.Tenant)).ETag)).Expect(200)["answersVouched"]!);
    }

    [Fact]
    public async Task A_whole_mail_is_one_message_with_the_same_mail_by_smtp()
    {
        await using var api = await StartAsync();
        var raw = api.Product.Mail("When are you open?", authentication: null);
        var accepted = await PostRawAsync(api, "shop", raw);
        var message = await MessageAsync(api, accepted);
        Assert.Equal(MessageState.Answered, message.Record.State);
        Assert.False((bool)accepted.Json["duplicate"]!);
        Assert.StartsWith("250", await api.Product.SmtpAsync(raw), StringComparison.Ordinal);
        var again = await PostRawAsync(api, "shop", raw);
        Assert.Equal((message.Id, true), ((string?)again.Expect(202)["id"], (bool)again.Json["duplicate"]!));
        Assert.Single(await api.Product.ListAsync());
        Assert.Single(api.Product.OutFiles);
    }

    [Fact]
    public async Task Vouching_opens_no_other_rule()
    {
        await using var api = await StartAsync();
        Assert.Equal(MessageState.Ignored, (await MessageAsync(api, await PostRawAsync(api, "shop", api.Product.Mail("When are you open?", extra: "Auto-Submitted: auto-replied")))).Record.State);
        Assert.Equal(MessageState.Ignored, (await MessageAsync(api, await PostRawAsync(api, "shop", api.Product.Mail("When are you open?", from: "b@customer.example"), "?to=support@shop.example&from="))).Record.State);
        Assert.Equal(MessageState.Held, (await MessageAsync(api, await api.PostAsync("shop", "messages", new { from = "c@customer.example", to = Address, subject = "x", text = "When are you open?", replyTo = "eve@stranger.example" }))).Record.State);
        Assert.Empty(api.Product.OutFiles);
    }

    [Fact]
    public async Task The_same_id_without_a_date_is_the_same_message_at_any_time()
    {
        await using var api = await StartAsync();
        var mail = new { from = "anna@customer.example", to = Address, subject = "x", text = "When are you open?", messageId = "one@customer.example" };
        var first = await MessageAsync(api, await api.PostAsync("shop", "messages", mail));
        api.Product.Time.Advance(TimeSpan.FromSeconds(90));
        var again = (await api.PostAsync("shop", "messages", mail)).Expect(202);
        Assert.Equal((first.Id, true), ((string?)again["id"], (bool)again["duplicate"]!));
        // With dates, or another text, they are two.
        foreach (var other in new object[] { new { mail.from, mail.to, mail.subject, mail.messageId, text = "And on Sunday?" }, new { mail.from, mail.to, mail.subject, mail.text, mail.messageId, date = "2026-11-01T00:00:00Z" } })
            Assert.False((bool)(await api.PostAsync("shop", "messages", other)).Expect(202)["duplicate"]!);
    }

    [Fact]
    public async Task Parts_take_two_megabytes_and_both_forms_cost_much()
    {
        await using var api = await ApiHost.StartAsync(settings: s => s with { Requests = new() { Costly = new() { PerMinute = 1, Burst = 3 } } });
        var large = new string('a', 3_000_000);
        (await api.PostAsync("admin", "messages", new { from = "anna@customer.example", to = Address, subject = "x", text = large })).Expect(413);
        (await PostRawAsync(api, "admin", api.Product.Mail(large))).Expect(202);
        (await api.PostAsync("admin", "messages", new { from = "anna@customer.example", to = Address, subject = "x", text = new string('\u00fc', 200_000) })).Expect(202);
        (await api.PostAsync("admin", "messages", new { from = "anna@customer.example", to = Address, subject = "x", text = "x" })).Expect(429);
    }

    // The server counts a slow body's seconds by the machine's clock, and a loaded machine takes several to have all of them there.
    private const double Patient = 100;

    [Fact]
    public async Task Slow_mails_of_one_tenant_hold_a_share_and_take_nothing_from_other_mail()
    {
        var limit = 1024 * 1024;
        await using var api = await ApiHost.StartAsync(knowledge: Knowledge, settings: s => s with { Http = s.Http with { Limits = new() { MaxMailBytes = limit, RateGraceSeconds = Patient } } });
        await api.AddTenantAsync("other");
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        // Each sends most of itself at once, and the rest when it is told to.
        var slow = Enumerable.Range(0, 2).Select(_ => Slow(api, new string('a', 700_000), gate.Task)).ToList();
        // The one that asks is so small that it finds no room only when both have all of theirs. A larger one and a slow one that is half read would refuse each other.
        await HoldAsync(slow, () => Slow(api, new string('a', 700_000), gate.Task), async () => (await PostRawAsync(api, "admin", api.Product.Mail(new string('b', 200_000)))).Code == 503);
        Assert.Equal(422, (await PostRawAsync(api, "other", api.Product.Mail(new string('b', 700_000)))).Code);
        Assert.StartsWith("250", await api.Product.SmtpAsync(api.Product.Mail(new string('c', 700_000))), StringComparison.Ordinal);
        // Patience ends, and the share is free again.
        api.Product.Time.Advance(TimeSpan.FromMinutes(3));
        gate.SetResult();
        foreach (var (_, answer) in slow)
            // Else the next request would go out by a connection that is about to end.
            Assert.Equal((408, true), ((await answer).Code, (await answer).Closes));
        (await PostRawAsync(api, "admin", api.Product.Mail(new string('d', 700_000)))).Expect(202);
    }

    [Fact]
    public async Task Of_one_tenant_so_many_mails_are_read_at_once_however_small()
    {
        await using var api = await ApiHost.StartAsync(knowledge: Knowledge, settings: s => s with { Http = s.Http with { Limits = new() { RateGraceSeconds = Patient } } });
        await api.AddTenantAsync("other");
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var slow = Enumerable.Range(0, 64).Select(i => Slow(api, "a" + i.ToString(System.Globalization.CultureInfo.InvariantCulture), gate.Task)).ToList();
        await HoldAsync(slow, () => Slow(api, "again", gate.Task), async () => (await PostRawAsync(api, "admin", api.Product.Mail("b"))).Code == 429);
        Assert.Equal(422, (await PostRawAsync(api, "other", api.Product.Mail("b"))).Code);
        gate.SetResult();
        foreach (var (_, answer) in slow)
            (await answer).Expect(202);
        (await PostRawAsync(api, "admin", api.Product.Mail("c"))).Expect(202);
    }

    /// <summary>
    /// Waits until what the slow ones hold leaves no room for another. One that is asked too early may take the place of a slow one that the server had
    /// not read yet; that one is sent again.
    /// </summary>
    private static async Task HoldAsync(List<(Task Sent, Task<ApiAnswer> Answer)> slow, Func<(Task Sent, Task<ApiAnswer> Answer)> again, Func<Task<bool>> isFull)
    {
        await ProductHost.EventuallyAsync(async () =>
        {
            for (var i = 0; i < slow.Count; i++)
            {
                if (slow[i].Answer.IsCompleted)
                    slow[i] = again();
                await Task.WhenAny(slow[i].Sent, slow[i].Answer);
            }
            return await isFull() && !slow.Exists(one => one.Answer.IsCompleted) ? slow : null;
        });
    }

    /// <summary>Sends a mail that stops before its last byte until it is told to go on. It asks first, so that a refusal comes before the gate opens.</summary>
    private static (Task Sent, Task<ApiAnswer> Answer) Slow(ApiHost api, string text, Task rest)
    {
        var sent = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return (sent.Task, AskAsync());

        async Task<ApiAnswer> AskAsync()
        {
            using var body = new HeldBody(Encoding.UTF8.GetBytes(api.Product.Mail(text)), sent, rest);
            body.Headers.ContentType = new("message/rfc822");
            return await api.AskAsync("admin", HttpMethod.Post, "messages?to=support@shop.example", body, ("Expect", "100-continue"));
        }
    }

    private sealed class HeldBody(byte[] content, TaskCompletionSource sent, Task rest) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, System.Net.TransportContext? context)
        {
            await stream.WriteAsync(content.AsMemory(0, content.Length - 1));
            await stream.FlushAsync();
            sent.TrySetResult();
            await rest;
            await stream.WriteAsync(content.AsMemory(content.Length - 1));
        }

        protected override bool TryComputeLength(out long length)
        {
            length = content.Length;
            return true;
        }
    }

    [Fact]
    public async Task A_thread_goes_on_by_the_api()
    {
        await using var api = await StartAsync();
        var first = await MessageAsync(api, await api.PostAsync("shop", "messages", new { from = "anna@customer.example", to = Address, subject = "x", text = "When are you open?", messageId = "one@customer.example" }));
        var second = await MessageAsync(api, await api.PostAsync("shop", "messages", new { from = "anna@customer.example", to = Address, subject = "Re: x", text = "And on Sunday?", inReplyTo = "<one@customer.example>", references = (string[])["one@customer.example"] }));
        Assert.Equal(first.Record.Thread, second.Record.Thread);
    }

    [Fact]
    public async Task Only_a_mailbox_that_the_caller_sees_is_there()
    {
        await using var api = await StartAsync();
        var other = await api.AddTenantAsync("other");
        var theirs = new Mailbox { Id = Ids.Random('m'), TenantId = other.Id, Address = "info@other.example" };
        await api.Product.Get<Mailboxes>().AddAsync(theirs, Actor.Machine, default);
        api.Add("bound", Role.Admin, null, "mother");
        foreach (var (caller, to) in new[] { ("shop", "info@other.example"), ("shop", "nobody@shop.example"), ("other", Address), ("bound", Address), ("shop", "root@localhost.example") })
        {
            Assert.NotNull((await api.PostAsync(caller, "messages", new { from = "anna@customer.example", to, subject = "x", text = "Hello?" })).Expect(422)["errors"]!["to"]);
            (await PostRawAsync(api, caller, api.Product.Mail("Hello?"), $"?to={to}")).Expect(422);
        }
        api.AddKey("reader", Permission.MessagesRead);
        (await PostRawAsync(api, "reader", api.Product.Mail("Hello?"))).Expect(403);
        (await PostRawAsync(api, "auditor", api.Product.Mail("Hello?"))).Expect(403);
        (await PostRawAsync(api, "", api.Product.Mail("Hello?"))).Expect(401);
        Assert.Empty(await api.Product.ListAsync());
    }

    [Fact]
    public async Task What_is_no_mail_is_refused_and_nothing_in_a_part_becomes_a_field_of_its_own()
    {
        await using var api = await StartAsync();
        (await PostRawAsync(api, "shop", "")).Expect(400);
        (await api.AskAsync("shop", HttpMethod.Post, "messages", new ByteArrayContent([]))).Expect(400);
        (await PostRawAsync(api, "shop", api.Product.Mail("x"), "")).Expect(400);
        (await PostRawAsync(api, "shop", api.Product.Mail("x"), "?to=support@shop.example&bcc=eve@stranger.example")).Expect(400);
        (await api.AskAsync("shop", HttpMethod.Post, "messages", new StringContent("x", null, "text/plain"))).Expect(415);
        foreach (var body in new object[]
        {
            new { from = "anna@customer.example", to = Address, subject = "x\r\nBcc: eve@stranger.example", text = "x" }, new { from = "anna", to = Address, subject = "x", text = "x" },
            new { from = "anna@customer.example", to = Address, subject = "x", text = "x", messageId = "a b" }, new { from = "anna@customer.example", to = Address, subject = "x", text = "" },
            new { from = "anna@customer.example>\r\nX: y", to = Address, subject = "x", text = "x" }, new { from = "anna@customer.example", to = Address, subject = "x" },
        })
            (await api.PostAsync("shop", "messages", body)).Expect(400);
        var message = await MessageAsync(api, await api.PostAsync("shop", "messages", new { from = "anna@customer.example", to = Address, subject = "x", text = "When are you open?\r\nBcc: eve@stranger.example\r\n.\r\nQUIT" }));
        Assert.Equal("When are you open?\nBcc: eve@stranger.example\n.\nQUIT", (await api.GetAsync("shop", "messages/" + message.Id)).Expect(200)["text"]!["text"]!.ToString().TrimEnd());
    }
}
