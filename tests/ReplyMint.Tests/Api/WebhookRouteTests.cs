using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Jobs;
using ReplyMint.Outbound;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Aws;
using ReplyMint.Tests.Outbound;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Api;

/// <summary>Outgoing webhooks: who is told what, how it is signed, what follows when nobody listens, and where they can't lead.</summary>
public sealed class WebhookRouteTests
{
    private const string Knowledge = "## When are you open?\nWe are open from Monday to Friday, 9:00 to 17:00.\n";
    private static readonly string[] AllEvents = ["message.received", "draft.waiting", "draft.decided", "answer.sent", "answer.failed"];

    private static Task<ApiHost> StartAsync(MailboxMode mode = MailboxMode.Draft) => ApiHost.StartAsync(box => box with { Mode = mode }, settings => settings with
    {
        Outside = Places.Here,
        // Hours pass in these tests, and each tick of the sweeper is a look at the store.
        Jobs = new JobsSettings { SweepSeconds = 300 },
    }, Knowledge);

    private static async Task<(string Id, byte[] Secret)> AddAsync(ApiHost api, string url, params string[] events)
    {
        var added = await api.PostAsync("admin", "webhooks", new { url, events = events.Length == 0 ? AllEvents : events });
        var body = added.Expect(201);
        var id = (string)body["webhook"]!["id"]!;
        Assert.Equal("/api/v1/webhooks/" + id, added.Location);
        var secret = (string)body["secret"]!;
        Assert.StartsWith("whsec_", secret, StringComparison.Ordinal);
        return (id, Convert.FromBase64String(secret["whsec_".Length..]));
    }

    private static async Task<JsonNode> HeardAsync(ApiHost api, HttpSink sink, int count)
    {
        await ProductHost.EventuallyAsync(() =>
        {
            if (sink.Requests.Count < count)
                api.Product.Pass(TimeSpan.FromSeconds(300));
            return Task.FromResult(sink.Requests.Count >= count ? sink : null);
        });
        return JsonNode.Parse(sink.Requests.ElementAt(count - 1).Body)!;
    }

    private static string Header(string head, string name) =>
        head.Split("\r\n").Single(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))[(name.Length + 1)..].Trim();

    /// <summary>As a receiver's library does it, from the public description alone.</summary>
    private static bool Verifies((string Head, string Body) request, byte[] secret)
    {
        var signed = $"{Header(request.Head, "webhook-id")}.{Header(request.Head, "webhook-timestamp")}.{request.Body}";
        var expected = "v1," + Convert.ToBase64String(HMACSHA256.HashData(secret, Encoding.UTF8.GetBytes(signed)));
        return Header(request.Head, "webhook-signature").Split(' ').Contains(expected);
    }

    [Fact]
    public async Task A_tenants_webhooks_that_hang_take_nothing_from_others()
    {
        await using var hanging = new HttpSink { Answer = "hang" };
        await using var sink = new HttpSink();
        await using var api = await StartAsync();
        for (var i = 0; i < 4; i++)
            await AddAsync(api, $"{hanging.Url}/{i}", "message.received");
        var other = await api.AddTenantAsync("other");
        await api.Product.Get<Mailboxes>().AddAsync(new Mailbox { Id = Ids.Random('m'), TenantId = other.Id, Address = "info@other.example" }, Actor.Machine, default);
        (await api.PostAsync("other", "webhooks", new { url = sink.Url, events = (string[])["message.received"] })).Expect(201);
        for (var i = 0; i < 3; i++)
            (await api.PostAsync("admin", "messages", new { from = $"a{i}@customer.example", to = ProductHost.Address, subject = "x", text = "Hello?" })).Expect(202);
        await HeardAsync(api, hanging, 3);
        // His second factor has aged meanwhile.
        api.Add("other", Role.Admin, other.Id);
        (await api.PostAsync("other", "messages", new { from = "ben@customer.example", to = "info@other.example", subject = "x", text = "Hello?" })).Expect(202);
        // Sooner than those that hang give up.
        await HeardAsync(api, sink, 1).WaitAsync(TimeSpan.FromSeconds(5));
        Assert.Equal(3, hanging.Requests.Count);
    }

    [Fact]
    public async Task A_webhook_hears_of_a_mails_whole_way_in_ids_alone_and_can_check_who_speaks()
    {
        await using var sink = new HttpSink();
        await using var api = await StartAsync();
        var (id, secret) = await AddAsync(api, sink.Url + "/hook");
        Assert.Equal(("webhook.add", "uadmin", id), ((await api.LastActAsync()).Act, (await api.LastActAsync()).Actor, (await api.LastActAsync()).Target));
        var message = await api.Product.DeliverAndDecideAsync(api.Product.Mail("When are you open?"));
        await HeardAsync(api, sink, 2);
        (await api.PostAsync("admin", $"drafts/{message.Id}/approve", new { })).Expect(200);
        await api.Product.DecidedAsync(message);
        await HeardAsync(api, sink, 4);
        var told = sink.Requests.Select(request => JsonNode.Parse(request.Body)!).ToList();
        Assert.Equal(["answer.sent", "draft.decided", "draft.waiting", "message.received"], told.Select(body => (string)body["type"]!).Order());
        Assert.All(told, body => Assert.Equal((message.Id, api.Product.Mailbox.Id), ((string?)body["data"]!["message"], (string?)body["data"]!["mailbox"])));
        Assert.Equal("approved", (string?)told.Single(body => (string?)body["type"] == "draft.decided")["data"]!["state"]);
        foreach (var request in sink.Requests)
        {
            Assert.True(Verifies(request, secret));
            Assert.False(Verifies((request.Head, request.Body + " "), secret));
            Assert.InRange(DateTimeOffset.FromUnixTimeSeconds(long.Parse(Header(request.Head, "webhook-timestamp"), CultureInfo.InvariantCulture)), api.Product.Time.Start, api.Product.Time.GetUtcNow());
            foreach (var word in (string[])["anna", "open?", "A question", "shop.example", "9:00"])
                Assert.DoesNotContain(word, request.Body, StringComparison.OrdinalIgnoreCase);
        }
        Assert.Equal(4, sink.Requests.Select(request => Header(request.Head, "webhook-id")).Distinct().Count());
        var delivered = await ProductHost.EventuallyAsync(async () => (await api.GetAsync("auditor", $"webhooks/{id}/deliveries")).Expect(200)["items"]!.AsArray() is var all
            && all.All(entry => (string?)entry!["state"] == "delivered") ? all : null);
        Assert.Equal(4, delivered.Count);
        Assert.All(delivered, entry => Assert.Equal(("delivered", 200), ((string?)entry!["state"], (int)entry["status"]!)));
    }

    [Fact]
    public async Task It_hears_of_chosen_events_only_and_of_nothing_while_it_is_off()
    {
        await using var sink = new HttpSink();
        await using var api = await StartAsync(MailboxMode.Automatic);
        var (id, _) = await AddAsync(api, sink.Url, "answer.sent");
        await api.Product.DeliverAndDecideAsync(api.Product.Mail("When are you open?"));
        Assert.Equal("answer.sent", (string?)(await HeardAsync(api, sink, 1))["type"]);
        // His second factor has aged meanwhile, by how much is the machine's matter.
        api.Add("admin", ReplyMint.Security.Role.Admin);
        var tag = (await api.GetAsync("admin", "webhooks/" + id)).ETag;
        var wanted = new { url = sink.Url + "/new", events = AllEvents, description = "to the CRM", enabled = false };
        (await api.PutAsync("admin", "webhooks/" + id, wanted, null)).Expect(428);
        Assert.False((bool)(await api.PutAsync("admin", "webhooks/" + id, wanted, tag)).Expect(200)["enabled"]!);
        (await api.PutAsync("admin", "webhooks/" + id, wanted, tag)).Expect(412);
        await api.Product.DeliverAndDecideAsync(api.Product.Mail("When are you open?", from: "ben@customer.example"));
        for (var i = 0; i < 5; i++)
            api.Product.Time.Advance(TimeSpan.FromSeconds(300));
        Assert.Single((await api.GetAsync("admin", $"webhooks/{id}/deliveries")).Expect(200)["items"]!.AsArray());
        Assert.Single(sink.Requests);
        api.Add("admin", ReplyMint.Security.Role.Admin);
        (await api.DeleteAsync("admin", "webhooks/" + id)).Expect(204);
        Assert.Equal("webhook.remove", (await api.LastActAsync()).Act);
        (await api.GetAsync("admin", "webhooks/" + id)).Expect(404);
    }

    [Fact]
    public async Task What_is_not_taken_comes_again_with_the_same_id_until_it_is()
    {
        await using var sink = new HttpSink { Answer = "503 Service Unavailable" };
        await using var api = await StartAsync(MailboxMode.Automatic);
        var (id, secret) = await AddAsync(api, sink.Url, "message.received");
        await api.Product.DeliverAndDecideAsync(api.Product.Mail("When are you open?"));
        await HeardAsync(api, sink, 3);
        Assert.NotNull((await api.GetAsync("admin", "webhooks/" + id)).Expect(200)["failingSince"]);
        sink.Answer = "302 Found\r\nLocation: http://127.0.0.1:9/";
        await HeardAsync(api, sink, 4);
        sink.Answer = "204 No Content";
        await HeardAsync(api, sink, 5);
        Assert.Single(sink.Requests.Select(request => Header(request.Head, "webhook-id")).Distinct());
        Assert.All(sink.Requests, request => Assert.True(Verifies(request, secret)));
        var entry = await ProductHost.EventuallyAsync(async () => (await api.GetAsync("admin", $"webhooks/{id}/deliveries")).Expect(200)["items"]![0]! is var e && (string?)e["state"] == "delivered" ? e : null);
        Assert.Equal((5, 204), ((int)entry["attempts"]!, (int)entry["status"]!));
        Assert.Null((await api.GetAsync("admin", "webhooks/" + id)).Expect(200)["failingSince"]);
        // Each later than the one before, and the whole takes no more than a day.
        Assert.True(WebhookSender.Backoff.Zip(WebhookSender.Backoff.Skip(1)).All(pair => pair.First < pair.Second));
        Assert.InRange(WebhookSender.Backoff.Aggregate(TimeSpan.Zero, (sum, wait) => sum + wait) * 1.1, TimeSpan.FromHours(20), TimeSpan.FromHours(25));
    }

    [Fact]
    public async Task After_a_day_it_is_given_up_and_somebody_hears_and_after_days_the_webhook_is_off()
    {
        await using var sink = new HttpSink { Answer = "500 Oops" };
        await using var api = await StartAsync(MailboxMode.Automatic);
        var (id, _) = await AddAsync(api, sink.Url, "message.received");
        await api.Product.DeliverAndDecideAsync(api.Product.Mail("When are you open?"));
        await SlowlyAsync(api, async () => (await api.Product.Get<Alerts>().NewestAsync(5, default)).Count == 1);
        Assert.Equal(WebhookSender.Backoff.Length + 1, sink.Requests.Count);
        Assert.Equal("webhook-failing", (await api.Product.Get<Alerts>().NewestAsync(5, default)).Single().Kind);
        Assert.Equal("dead", (string?)(await api.GetAsync("auditor", $"webhooks/{id}/deliveries")).Expect(200)["items"]![0]!["state"]);
        Assert.True((bool)(await api.GetAsync("auditor", "webhooks/" + id)).Expect(200)["enabled"]!);
        // A person may give it another life.
        sink.Answer = "200 OK";
        var dead = (await api.Product.Get<JobQueue>().DeadAsync(api.Tenant, default))[0].Job;
        Assert.True(await api.Product.Get<JobQueue>().ReplayAsync(api.Tenant, dead.Kind, dead.Target, (_, _) => Task.CompletedTask, default));
        await HeardAsync(api, sink, WebhookSender.Backoff.Length + 2);
        // What the receiver heard is written down a moment later, and takes the failing away.
        await ProductHost.EventuallyAsync(async () => (await api.GetAsync("auditor", "webhooks/" + id)).Expect(200)["failingSince"] is null ? api : null);

        sink.Answer = "500 Oops";
        await api.Product.Get<IStore>().CommitAsync(new Commit().Put(ItemKey.Main(api.Tenant, "webhook-health/" + id),
            Encoding.UTF8.GetBytes($"{{\"v\":1,\"failingSince\":\"{api.Product.Time.GetUtcNow().AddDays(-3):O}\"}}"), Condition.Any), default);
        await api.Product.DeliverAndDecideAsync(api.Product.Mail("When are you open?", from: "ben@customer.example"));
        await SlowlyAsync(api, async () => !(bool)(await api.GetAsync("auditor", "webhooks/" + id)).Expect(200)["enabled"]!);
        Assert.Equal("failing", (string?)(await api.GetAsync("auditor", "webhooks/" + id)).Json["disabledBecause"]);
        Assert.Equal(("webhook.switch-off", "system"), ((await api.LastActAsync()).Act, (await api.LastActAsync()).Actor));
        await SlowlyAsync(api, async () => (await api.Product.Get<Alerts>().NewestAsync(5, default)).Any(alert => alert.Kind == "webhook-off"));
    }

    /// <summary>Hours pass, each after the work of the one before is done.</summary>
    private static Task SlowlyAsync(ApiHost api, Func<Task<bool>> until) => ProductHost.EventuallyAsync(async () =>
    {
        if (await until())
            return api;
        api.Product.Pass(TimeSpan.FromMinutes(10));
        return null;
    }, AwsInstallation.IsAsked ? TimeSpan.FromMinutes(6) : null);

    [Fact]
    public async Task An_answer_that_is_refused_for_good_is_told_as_failed()
    {
        await using var sink = new HttpSink();
        await using var mail = new SmtpSink { Answer = verb => verb == "RCPT" ? "550 5.1.1 nobody" : null };
        await using var api = await ApiHost.StartAsync(settings: settings => settings with
        {
            Outside = Places.Here,
            Outbound = new() { Channel = OutboundSettings.ToSmtp, Smtp = new SmtpSettings { Host = "127.0.0.1", Port = mail.Port, Security = SmtpSettings.None } },
        }, knowledge: Knowledge);
        await AddAsync(api, sink.Url, "answer.sent", "answer.failed");
        var message = await api.Product.DeliverAndDecideAsync(api.Product.Mail("When are you open?"));
        var told = await HeardAsync(api, sink, 1);
        Assert.Equal(("answer.failed", message.Id), ((string?)told["type"], (string?)told["data"]!["message"]));
        Assert.Equal("failed", (string?)(await api.GetAsync("admin", "messages/" + message.Id)).Expect(200)["answer"]!["state"]);
        // The address itself was refused, so it is not written to again.
        Assert.NotNull(await ProductHost.EventuallyAsync(async () => await api.Product.Get<Suppressions>().FindAsync(api.Tenant, message.Summary.From.Address, default)));
    }

    [Fact]
    public async Task One_that_says_it_is_gone_is_off_at_once()
    {
        await using var sink = new HttpSink { Answer = "410 Gone" };
        await using var api = await StartAsync(MailboxMode.Automatic);
        var (id, _) = await AddAsync(api, sink.Url, "message.received");
        await api.Product.DeliverAndDecideAsync(api.Product.Mail("When are you open?"));
        await HeardAsync(api, sink, 1);
        await ProductHost.EventuallyAsync(async () => (string?)(await api.GetAsync("admin", "webhooks/" + id)).Expect(200)["disabledBecause"] == "gone" ? api : null);
        Assert.Single(sink.Requests);
    }

    [Fact]
    public async Task A_rotated_secret_overlaps_with_the_one_before_for_a_day()
    {
        await using var sink = new HttpSink();
        await using var api = await StartAsync();
        var (id, before) = await AddAsync(api, sink.Url);
        var rotated = (await api.PostAsync("admin", $"webhooks/{id}/rotate-secret")).Expect(200);
        var after = Convert.FromBase64String(((string)rotated["secret"]!)["whsec_".Length..]);
        Assert.NotEqual(before, after);
        Assert.Equal("webhook.rotate-secret", (await api.LastActAsync()).Act);
        Assert.True((bool)(await api.PostAsync("admin", $"webhooks/{id}/test")).Expect(200)["taken"]!);
        Assert.Equal("webhook.test", (string?)JsonNode.Parse(sink.Requests.Last().Body)!["type"]);
        Assert.True(Verifies(sink.Requests.Last(), after) && Verifies(sink.Requests.Last(), before));
        api.Product.Time.Advance(Webhooks.Overlap);
        api.Add("admin", ReplyMint.Security.Role.Admin);
        (await api.PostAsync("admin", $"webhooks/{id}/test")).Expect(200);
        Assert.True(Verifies(sink.Requests.Last(), after) && !Verifies(sink.Requests.Last(), before));
        // Nobody is shown a secret a second time, and it lies sealed.
        Assert.DoesNotContain("whsec", (await api.GetAsync("admin", "webhooks")).Text + (await api.GetAsync("admin", "webhooks/" + id)).Text, StringComparison.Ordinal);
        var item = (await api.Product.Get<IStore>().GetAsync(ItemKey.Main(api.Tenant, "webhook/" + id), default))!;
        Assert.DoesNotContain("127.0.0.1", Encoding.UTF8.GetString(item.Value.Span), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Foreign_webhooks_are_not_there_and_only_administrators_change_any()
    {
        await using var sink = new HttpSink();
        await using var api = await StartAsync();
        var (id, _) = await AddAsync(api, sink.Url);
        await api.AddTenantAsync("other");
        api.Add("ben", ReplyMint.Security.Role.Member);
        var settings = new { url = "https://hooks.example/x", events = AllEvents, description = "", enabled = true };
        foreach (var unknown in (string[])[id, "w0"])
        {
            foreach (var path in (string[])["webhooks/" + unknown, $"webhooks/{unknown}/deliveries"])
                (await api.GetAsync("other", path)).Expect(404);
            (await api.PutAsync("other", "webhooks/" + unknown, settings, "\"1\"")).Expect(404);
            (await api.DeleteAsync("other", "webhooks/" + unknown)).Expect(404);
            (await api.PostAsync("other", $"webhooks/{unknown}/test")).Expect(404);
            (await api.PostAsync("other", $"webhooks/{unknown}/rotate-secret")).Expect(404);
        }
        (await api.GetAsync("ben", "webhooks")).Expect(403);
        (await api.PostAsync("auditor", "webhooks", new { url = "https://hooks.example/x", events = AllEvents })).Expect(403);
        Assert.Empty((await api.GetAsync("other", "webhooks")).Expect(200)["items"]!.AsArray());
        for (var i = 1; i < Webhooks.Most; i++)
            await AddAsync(api, "https://hooks.example/" + i.ToString(CultureInfo.InvariantCulture));
        (await api.PostAsync("admin", "webhooks", new { url = "https://hooks.example/x", events = AllEvents })).Expect(409);
        (await api.PostAsync("other", "webhooks", new { url = "https://hooks.example/x", events = (string[])["webhook.test"] })).Expect(400);
        (await api.PostAsync("other", "webhooks", new { url = "https://hooks.example/x", events = (string[])["everything"] })).Expect(400);
    }
}
