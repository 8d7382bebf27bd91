using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Audit;
using ReplyMint.Limits;
using ReplyMint.Outbound;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Outbound;
using Xunit;

namespace ReplyMint.Tests.Cli;

/// <summary>Webhooks and usage from the command line: what the routes do, with the same rules and the same entries in the audit log.</summary>
public sealed class WebhookCommandTests : IDisposable
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;
    private readonly CliRun _cli = CliRun.OnStore();

    public WebhookCommandTests()
    {
        _cli.Environment["REPLYMINT_OUTSIDE__NETWORKS"] = "127.0.0.0/8";
        _cli.Environment["REPLYMINT_OUTSIDE__ALLOW"] = Places.Usual + ",127.0.0.1:*";
    }

    public void Dispose() => _cli.Dispose();

    private Task<string[]> ActsAsync(string tenant) => _cli.InStoreAsync(async services =>
        (await services.GetRequiredService<AuditLog>().NewestAsync(tenant, 20, Ct)).Where(entry => entry.Act.StartsWith("webhook.", StringComparison.Ordinal)).Select(entry => $"{entry.Act} {entry.Actor}").Reverse().ToArray());

    private static bool Verifies((string Head, string Body) request, string secret)
    {
        string Header(string name) => request.Head.Split("\r\n").Single(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))[(name.Length + 1)..].Trim();
        var expected = HMACSHA256.HashData(Convert.FromBase64String(secret["whsec_".Length..]), Encoding.UTF8.GetBytes($"{Header("webhook-id")}.{Header("webhook-timestamp")}.{request.Body}"));
        return Header("webhook-signature").Split(' ').Contains("v1," + Convert.ToBase64String(expected));
    }

    [Fact]
    public async Task A_webhook_is_added_tested_rotated_changed_and_removed()
    {
        await using var sink = new HttpSink();
        var tenant = (await _cli.OkAsync("tenant", "add", "Acme")).Split(' ')[0];
        await _cli.OkAsync("tenant", "add", "Other");
        var secret = (await _cli.OkAsync("webhook", "add", sink.Url + "/hook", "--events", "draft.waiting, answer.sent,draft.waiting", "--description", "to the CRM", "--tenant", "Acme")).Trim();
        Assert.StartsWith("whsec_", secret, StringComparison.Ordinal);
        Assert.DoesNotContain(secret, _cli.Error, StringComparison.Ordinal);
        var listed = await _cli.OkAsync("webhook", "list", "--tenant", "Acme");
        var id = listed.Split('\n')[1].Split(' ')[0];
        Assert.Contains("draft.waiting,answer.sent", listed, StringComparison.Ordinal);
        Assert.Equal("", await _cli.OkAsync("webhook", "list", "--tenant", "Other"));

        Assert.Contains("taken: 200", await _cli.OkAsync("webhook", "test", id), StringComparison.Ordinal);
        Assert.True(Verifies(sink.Requests.Last(), secret));
        var second = (await _cli.OkAsync("webhook", "rotate", id)).Trim();
        await _cli.OkAsync("webhook", "test", id);
        Assert.True(second != secret && Verifies(sink.Requests.Last(), secret) && Verifies(sink.Requests.Last(), second));
        sink.Answer = "503 Oops";
        Assert.Contains("not taken: 503", await _cli.FailsAsync("webhook", "test", id), StringComparison.Ordinal);

        await _cli.OkAsync("webhook", "set", id, "--enabled", "false", "--events", "message.received", "--url", sink.Url + "/new");
        var shown = JsonNode.Parse(await _cli.OkAsync("webhook", "show", id))!;
        Assert.Equal((sink.Url + "/new", "to the CRM", false, "message.received"), ((string?)shown["url"], (string?)shown["description"], (bool)shown["enabled"]!, (string?)shown["events"]!.AsArray().Single()));
        Assert.Contains("off", await _cli.OkAsync("webhook", "list", "--tenant", "Acme"), StringComparison.Ordinal);
        foreach (var text in new[] { await _cli.OkAsync("webhook", "show", id), await _cli.OkAsync("webhook", "list", "--json", "--tenant", "Acme") })
            Assert.DoesNotContain("whsec", text, StringComparison.Ordinal);
        // Without a yes nothing goes.
        await _cli.FailsAsync("webhook", "remove", id);
        await _cli.OkAsync("webhook", "remove", id, "--yes");
        Assert.Contains("there is no webhook", await _cli.FailsAsync("webhook", "show", id), StringComparison.Ordinal);
        Assert.Equal(["webhook.add", "webhook.test", "webhook.rotate-secret", "webhook.test", "webhook.test", "webhook.change", "webhook.remove"],
            (await ActsAsync(tenant)).Select(act => act.Split(' ')[0]));
        Assert.All(await ActsAsync(tenant), act => Assert.EndsWith(" operator@machine", act, StringComparison.Ordinal));
    }

    [Fact]
    public async Task One_that_went_off_by_itself_says_why_until_a_person_switches_it_on()
    {
        var tenant = (await _cli.OkAsync("tenant", "add", "Acme")).Split(' ')[0];
        await _cli.OkAsync("webhook", "add", "https://hooks.example/x", "--events", "draft.waiting");
        var id = (await _cli.OkAsync("webhook", "list")).Split('\n')[1].Split(' ')[0];
        await _cli.InStoreAsync(async services => await services.GetRequiredService<Webhooks>().ChangeAsync(tenant, id, null, webhook => webhook with { Enabled = false, DisabledBecause = "gone" }, "webhook.switch-off", Actor.System, Ct));
        Assert.Contains("off: gone", await _cli.OkAsync("webhook", "list"), StringComparison.Ordinal);
        await _cli.OkAsync("webhook", "set", id, "--description", "x");
        Assert.Contains("off: gone", await _cli.OkAsync("webhook", "list"), StringComparison.Ordinal);
        await _cli.OkAsync("webhook", "set", id, "--enabled", "true");
        var shown = JsonNode.Parse(await _cli.OkAsync("webhook", "show", id))!;
        Assert.Equal((true, null), ((bool)shown["enabled"]!, shown["disabledBecause"]));
    }

    [Fact]
    public async Task Deliveries_are_listed_newest_first()
    {
        var tenant = (await _cli.OkAsync("tenant", "add", "Acme")).Split(' ')[0];
        await _cli.OkAsync("webhook", "add", "https://hooks.example/x", "--events", "draft.waiting,message.received");
        var id = (await _cli.OkAsync("webhook", "list")).Split('\n')[1].Split(' ')[0];
        Assert.Equal("", await _cli.OkAsync("webhook", "deliveries", id));
        await _cli.InStoreAsync(async services =>
        {
            foreach (var kind in (WebhookEventKind[])[WebhookEventKind.MessageReceived, WebhookEventKind.AnswerSent, WebhookEventKind.DraftWaiting])
                await services.GetRequiredService<IStore>().RetryAsync(async (commit, ct) =>
                {
                    await services.GetRequiredService<WebhookEvents>().RaiseAsync(commit, tenant, new WebhookEvent(kind, "message1", "mailbox1"), ct);
                    return true;
                }, Ct);
            return true;
        });
        var rows = (await _cli.OkAsync("webhook", "deliveries", id)).TrimEnd().Split('\n');
        Assert.Equal(3, rows.Length);
        Assert.Matches("draft.waiting +message1 +pending +0", rows[1]);
        Assert.Contains("message.received", rows[2], StringComparison.Ordinal);
        var newest = JsonNode.Parse(await _cli.OkAsync("webhook", "deliveries", id, "--limit", "1", "--json"))!;
        Assert.Equal(("draft.waiting", "pending"), ((string?)newest["type"], (string?)newest["state"]));
    }

    [Fact]
    public async Task What_the_routes_refuse_is_refused_in_one_line()
    {
        await _cli.OkAsync("tenant", "add", "Acme");
        foreach (var (line, why) in new[]
        {
            ("webhook add https://a.example/x --events nonsense", "no event nonsense"), ("webhook add https://a.example/x --events webhook.test", "no event webhook.test"), ("webhook add https://a.example/x --events ,", "--events: takes 1"),
            ("webhook add https://169.254.169.254/x --events draft.waiting", "URL: leads to a private or reserved address"), ("webhook add https://me:pw@a.example/ --events draft.waiting", "URL: is no http"),
            ("webhook add nonsense --events draft.waiting", "URL: is no http"), ("webhook show w1", "there is no webhook w1"), ("webhook deliveries w1", "there is no webhook"), ("webhook rotate w1", "there is no webhook"),
            ("webhook test w1", "there is no webhook"), ("webhook remove w1 --yes", "there is no webhook"), ("webhook set w1 --enabled true", "there is no webhook"),
        })
            Assert.Contains(why, await _cli.FailsAsync(line.Split(' ')), StringComparison.Ordinal);
        for (var i = 0; i < Webhooks.Most; i++)
            await _cli.OkAsync("webhook", "add", "https://hooks.example/x", "--events", "draft.waiting");
        Assert.Contains("10 webhooks already", await _cli.FailsAsync("webhook", "add", "https://hooks.example/x", "--events", "draft.waiting"), StringComparison.Ordinal);
        var id = (await _cli.OkAsync("webhook", "list")).Split('\n')[1].Split(' ')[0];
        foreach (var url in (string[])["http://10.0.0.1/", "/etc/passwd", "https://[fd00::1]/"])
            Assert.Contains("--url: ", await _cli.FailsAsync("webhook", "set", id, "--url", url), StringComparison.Ordinal);
        _cli.Environment["REPLYMINT_ENVIRONMENT"] = "production";
        Assert.Contains("must be an https address", await _cli.FailsAsync("webhook", "set", id, "--url", "http://hooks.example/x"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Usage_is_told_by_day_as_the_route_tells_it()
    {
        var tenant = (await _cli.OkAsync("tenant", "add", "Acme")).Split(' ')[0];
        await _cli.InStoreAsync(async services =>
        {
            var commit = new Commit().Add(ItemKey.Main(tenant, "usage/2026-03-01/replies"), 4).Add(UsageKeys.Calls(tenant, "2026-03-01", "drafts", "kshop"), 7)
                .Add(UsageKeys.Calls(tenant, "2026-03-02", "drafts", UsageKeys.People), 2).Add(UsageKeys.Calls(tenant, "2026-03-04", "drafts", "kshop"), 9).Add(ItemKey.Main(tenant, "usage/2026-03-01/cost"), 250_000);
            await services.GetRequiredService<IStore>().CommitAsync(commit, Ct);
            return true;
        });
        var rows = (await _cli.OkAsync("usage", "--from", "2026-03-01", "--to", "2026-03-03")).TrimEnd().Split('\n');
        Assert.Matches("^2026-03-01 +4 +7 +0.25 +drafts kshop 7$", rows[1]);
        Assert.Matches("^2026-03-02 +0 +2 +0.00 +drafts people 2$", rows[2]);
        Assert.Matches("^all +4 +9 +0.25$", rows[3]);
        var json = JsonNode.Parse(await _cli.OkAsync("usage", "--from", "2026-03-01", "--to", "2026-03-04", "--json"))!;
        Assert.Equal((4, 18, "2026-03-04"), ((int)json["replies"]!, (int)json["calls"]!, (string?)json["to"]));
        Assert.Matches("^all +0 +0 +0.00$", (await _cli.OkAsync("usage", "--from", "2026-01-01", "--to", "2026-01-31")).TrimEnd().Split('\n')[^1]);
        foreach (var (line, why) in new[]
        {
            ("usage --from soon", "--from: soon is no day"), ("usage --to 1.3.2026", "--to: "), ("usage --from 2026-03-02 --to 2026-03-01", "--from: must not be later"),
            ("usage --from 2019-12-31", "--from: must be a day"), ("usage --from 2024-01-01 --to 2026-01-01", "366 days"), ("usage --tenant Nobody", "there is no tenant"),
        })
            Assert.Contains(why, await _cli.FailsAsync(line.Split(' ')), StringComparison.Ordinal);
    }
}
