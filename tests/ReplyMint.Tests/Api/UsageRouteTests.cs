using System.Text.Json.Nodes;
using ReplyMint.Limits;
using ReplyMint.Security;
using ReplyMint.Storage;
using Xunit;

namespace ReplyMint.Tests.Api;

/// <summary>Usage: each let-in call and each answer counts once, for its tenant and its day.</summary>
public sealed class UsageRouteTests
{
    private const string Knowledge = "## When are you open?\nWe are open from Monday to Friday, 9:00 to 17:00.\n";

    private static long Calls(JsonNode usage, string group, string by) =>
        usage["days"]!.AsArray().SelectMany(day => day!["groups"]!.AsArray()).Where(one => (string?)one!["group"] == group && (string?)one["by"] == by).Sum(one => (long)one!["calls"]!);

    [Fact]
    public async Task Calls_count_by_key_and_group_and_answers_by_day()
    {
        await using var api = await ApiHost.StartAsync(knowledge: Knowledge);
        await api.AddTenantAsync("other");
        api.AddKey("shop", Permission.DraftsRead);
        for (var i = 0; i < 7; i++)
            (await api.GetAsync("shop", "drafts")).Expect(200);
        (await api.GetAsync("shop", "drafts/unknown")).Expect(404);
        // What is refused at the gate counts for nobody.
        (await api.GetAsync("shop", "knowledge")).Expect(403);
        (await api.GetAsync("", "drafts")).Expect(401);
        (await api.GetAsync("admin", "mailboxes")).Expect(200);
        await api.Product.DeliverAndDecideAsync(api.Product.Mail("When are you open?"));
        await api.Product.DeliverAndDecideAsync(api.Product.Mail("What of the moon?", from: "ben@customer.example"));

        var usage = (await api.GetAsync("auditor", "usage")).Expect(200);
        Assert.Equal((8, 1, 1), (Calls(usage, "drafts", "kshop"), Calls(usage, "mailboxes", "people"), (int)usage["replies"]!));
        Assert.Equal(("2026-11-01", "2026-11-24"), ((string?)usage["from"], (string?)usage["to"]));
        Assert.Equal((long)usage["calls"]!, usage["days"]!.AsArray().Sum(day => (long)day!["calls"]!));
        var theirs = (await api.GetAsync("other", "usage")).Expect(200);
        Assert.Equal((0, 0), ((int)theirs["replies"]!, Calls(theirs, "drafts", "kshop")));

        api.Product.Time.Advance(TimeSpan.FromHours(12));
        (await api.GetAsync("shop", "drafts")).Expect(200);
        var days = (await api.GetAsync("auditor", "usage?from=2026-11-24&to=2026-11-25")).Expect(200)["days"]!.AsArray();
        Assert.Equal(["2026-11-24", "2026-11-25"], days.Select(day => (string?)day!["date"]));
        Assert.Equal(8, Calls((await api.GetAsync("auditor", "usage?from=2026-11-24&to=2026-11-24")).Expect(200), "drafts", "kshop"));
        Assert.Empty((await api.GetAsync("auditor", "usage?from=2026-10-01&to=2026-10-31")).Expect(200)["days"]!.AsArray());
        foreach (var wrong in (string[])["usage?from=2026-11-25&to=2026-11-24", "usage?from=2024-11-25&to=2026-11-24", "usage?from=soon", "usage?from=2026-11-24&day=1", "usage?to=9999-12-31", "usage?from=9999-12-31&to=9999-12-31", "usage?to=0001-01-01", "usage?from=2019-12-31&to=2020-01-02"])
            (await api.GetAsync("auditor", wrong)).Expect(400);
    }

    [Fact]
    public async Task Counts_are_stored_every_few_seconds_and_when_the_service_ends_and_none_is_lost_between()
    {
        await using var api = await ApiHost.StartAsync();
        var counters = api.Product.Get<UsageCounters>();
        var key = UsageKeys.Calls(api.Tenant, "2026-11-24", "drafts", "k1");
        var store = api.Product.Get<IStore>();
        async Task<long> StoredAsync() => (await store.GetAsync(key, default))?.Count ?? 0;
        counters.Count(api.Tenant, "drafts", "k1");
        Assert.Equal(0, await StoredAsync());
        await Product.ProductHost.EventuallyAsync(async () =>
        {
            api.Product.Time.Advance(TimeSpan.FromSeconds(5));
            return await StoredAsync() == 1 ? api : null;
        });
        await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(async () =>
        {
            for (var n = 0; n < 1_000; n++)
            {
                counters.Count(api.Tenant, "drafts", "k1");
                if (n % 100 == i)
                    await counters.FlushAsync(default);
            }
        })));
        await counters.StopAsync(default);
        Assert.Equal(8_001, await StoredAsync());
    }
}
