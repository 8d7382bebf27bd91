using ReplyMint.Accounts;
using ReplyMint.Outbound;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Api;

/// <summary>Of two who add something at once where one place is left, one is refused.</summary>
public sealed class LastPlaceTests
{
    [Theory]
    [InlineData("keys", "key/", ApiKeys.MaxPerTenant)]
    [InlineData("domains", "domain-claim/", ProvedDomains.Most)]
    [InlineData("webhooks", "webhook/", Webhooks.Most)]
    public async Task Two_who_meet_at_the_last_place_do_not_both_get_it(string path, string prefix, int most)
    {
        WatchedStore store = null!;
        await using var api = await ApiHost.StartAsync(services: services => store = WatchedStore.Put(services));
        for (var i = 1; i < most; i++)
            (await api.PostAsync("admin", path, Wish(path, i))).Expect(201);

        var added = 0;
        store.AfterQuery = async range =>
        {
            // Whoever counted is overtaken before he writes.
            if (range.Prefix == prefix && Interlocked.Increment(ref added) == 1)
                (await api.PostAsync("admin", path, Wish(path, most))).Expect(201);
        };
        var late = await api.PostAsync("admin", path, Wish(path, most + 1));

        Assert.InRange(late.Code, 400, 499);
        Assert.True(added > 1, "nobody counted");
        Assert.Equal(most, await CountAsync(api, path));
    }

    private static object Wish(string path, int number) => path switch
    {
        "keys" => new { name = $"Key {number}", scopes = (string[])["messages:read"] },
        "domains" => new { domain = $"d{number}.example" },
        _ => new { url = $"https://hooks{number}.shop.example/", events = (string[])["answer.sent"] },
    };

    private static async Task<int> CountAsync(ApiHost api, string path)
    {
        var count = 0;
        var next = (string?)path;
        while (next is not null)
        {
            var page = (await api.GetAsync("admin", next)).Expect(200);
            count += page["items"]!.AsArray().Count;
            next = (string?)page["next"] is { } cursor ? $"{path}?cursor={Uri.EscapeDataString(cursor)}" : null;
        }
        return count;
    }
}
