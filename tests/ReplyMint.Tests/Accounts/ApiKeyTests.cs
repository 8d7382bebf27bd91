using System.Net;
using System.Text.Json.Nodes;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Accounts;

/// <summary>API keys at the door (AUTH-1): what works, what stops, and when.</summary>
public sealed class ApiKeyTests
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private static ApiKeyWish Wish(params string[] scopes) => new() { Name = "Shop system", Scopes = scopes.Length == 0 ? ["messages:read"] : scopes };

    private static async Task<(ApiKey Key, string Text)> MakeAsync(ProductHost host, ApiKeyWish? wish = null, string? owner = null)
    {
        var made = await host.Get<ApiKeys>().CreateAsync(host.Tenant.Id, wish ?? Wish(), owner ?? Actor.Machine.Id, Actor.Machine, Ct);
        return (Assert.IsType<ApiKey>(made.Key), Assert.IsType<string>(made.Text));
    }

    private static async Task<HttpStatusCode> AskAsync(ProductHost host, string? key, string path = "/api/v1/me")
    {
        using var client = new HttpClient { BaseAddress = host.Http };
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (key is not null)
            request.Headers.TryAddWithoutValidation("X-API-Key", key);
        using var answer = await client.SendAsync(request, Ct);
        return answer.StatusCode;
    }

    [Fact]
    public async Task A_key_shows_whose_it_is_and_what_it_may()
    {
        await using var host = await ProductHost.StartAsync();
        var (key, text) = await MakeAsync(host, Wish("drafts:read", "messages:read"));
        Assert.Matches("^rm_test_k[0-9a-hjkmnp-tv-z]{20}_[0-9a-hjkmnp-tv-z]{39}$", text);
        using var client = new HttpClient { BaseAddress = host.Http };
        client.DefaultRequestHeaders.Add("X-API-Key", text);
        var me = JsonNode.Parse(await client.GetStringAsync(new Uri("/api/v1/me", UriKind.Relative), Ct))!;
        Assert.Equal(("key", key.Id, host.Tenant.Id, "Shop system"), ((string?)me["kind"], (string?)me["id"], (string?)me["tenant"], (string?)me["name"]));
        Assert.Equal(["me:read", "messages:read", "drafts:read"], me["permissions"]!.AsArray().Select(p => (string?)p));
        Assert.Equal(HttpStatusCode.Forbidden, await AskAsync(host, text, "/api/v1/keys"));
    }

    [Fact]
    public async Task Nothing_in_the_store_is_the_secret()
    {
        await using var host = await ProductHost.StartAsync();
        var (key, text) = await MakeAsync(host);
        var secret = text[30..62];
        await AskAsync(host, text);
        foreach (var table in Enum.GetValues<Table>())
            foreach (var partition in new[] { KeyRing.Installation, host.Tenant.Id })
                await foreach (var item in host.Get<IStore>().AllAsync(table, partition, "", Ct))
                    Assert.DoesNotContain(secret, item.Key.Sort + System.Text.Encoding.Latin1.GetString(item.Value.Span) + System.Text.Encoding.Latin1.GetString(item.Sealed.Span), StringComparison.Ordinal);
        // Sealed or not, only the hash is kept.
        Assert.DoesNotContain(secret, System.Text.Json.JsonSerializer.Serialize(await host.Get<ApiKeys>().FindAsync(host.Tenant.Id, key.Id, Ct)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_text_that_is_not_exactly_the_key_is_nobodys()
    {
        WatchedStore store = null!;
        await using var host = await ProductHost.StartAsync(services: services => store = WatchedStore.Put(services));
        var (_, text) = await MakeAsync(host);
        Assert.Equal(HttpStatusCode.OK, await AskAsync(host, text));
        store.Read.Clear();
        for (var i = 0; i < text.Length; i++)
            Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(host, text[..i] + (text[i] == 'a' ? 'b' : 'a') + text[(i + 1)..]));
        // A typing error is seen in the text itself: nobody was looked up.
        Assert.DoesNotContain(store.Read, key => key.Sort.StartsWith("key", StringComparison.Ordinal));
        foreach (var wrong in new[] { "", "rm_test_", text[..^1], text + "a", text.ToUpperInvariant(), "Bearer " + text, text.Replace("_test_", "_live_", StringComparison.Ordinal) })
            Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(host, wrong));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(host, null));
    }

    [Fact]
    public async Task A_well_formed_key_with_another_secret_or_a_foreign_id_is_nobodys()
    {
        await using var host = await ProductHost.StartAsync();
        var (key, _) = await MakeAsync(host);
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(host, ApiKeyText.New(live: false, key.Id).Text));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(host, ApiKeyText.New(live: true, key.Id).Text));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(host, ApiKeyText.New(live: false, Ids.Random('k')).Text));
    }

    [Fact]
    public async Task A_hash_of_a_pepper_that_is_not_known_is_compared_with_nothing()
    {
        await using var host = await ProductHost.StartAsync();
        var (key, text) = await MakeAsync(host);
        var own = await host.Get<KeyRing>().RequireAsync(host.Tenant.Id, Ct);
        var item = (await host.Get<IStore>().GetAsync(ItemKey.Main(host.Tenant.Id, "key/" + key.Id), Ct))!;
        var other = key with { Secrets = [key.Secrets[0] with { Pepper = key.Secrets[0].Pepper + 1 }] };
        var changed = new Commit().Put(item.Key, item.Value, Condition.Same(item), own.Seal(item.Key, item.Version + 1, System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(other, AccountsJson.Default.ApiKey)));
        Assert.Equal(CommitResult.Committed, await host.Get<IStore>().CommitAsync(changed, Ct));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(host, text));
    }

    [Fact]
    public async Task A_revoked_key_stops_at_once_and_elsewhere_within_three_seconds()
    {
        await using var host = await ProductHost.StartAsync();
        var (key, text) = await MakeAsync(host);
        Assert.Equal(HttpStatusCode.OK, await AskAsync(host, text));
        Assert.True(await host.Get<ApiKeys>().RevokeAsync(host.Tenant.Id, key.Id, Actor.Machine, Ct));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(host, text));
        Assert.Equal("key.revoke", (await host.Get<AuditLog>().NewestAsync(host.Tenant.Id, 1, Ct))[0].Act);

        // Another process that shares the store tells this one nothing: the next look finds it gone.
        var (other, second) = await MakeAsync(host);
        Assert.Equal(HttpStatusCode.OK, await AskAsync(host, second));
        await host.Get<IStore>().CommitAsync(new Commit().Delete(ItemKey.Main(host.Tenant.Id, "key/" + other.Id)), Ct);
        Assert.Equal(HttpStatusCode.OK, await AskAsync(host, second));
        host.Time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(host, second));
    }

    [Fact]
    public async Task A_rotated_key_works_in_its_overlap_and_not_a_moment_longer()
    {
        await using var host = await ProductHost.StartAsync();
        var (key, first) = await MakeAsync(host);
        var second = (await host.Get<ApiKeys>().RotateAsync(host.Tenant.Id, key.Id, TimeSpan.FromMinutes(2), null, Actor.Machine, Ct)).Text!;
        Assert.NotEqual(first, second);
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (await AskAsync(host, first), await AskAsync(host, second)));
        host.Time.Advance(TimeSpan.FromMinutes(2) - TimeSpan.FromMilliseconds(1));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(host, first));
        host.Time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.OK), (await AskAsync(host, first), await AskAsync(host, second)));
        var third = (await host.Get<ApiKeys>().RotateAsync(host.Tenant.Id, key.Id, TimeSpan.Zero, null, Actor.Machine, Ct)).Text!;
        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.OK), (await AskAsync(host, second), await AskAsync(host, third)));
    }

    [Fact]
    public async Task A_key_ends_by_its_end_and_by_its_age()
    {
        await using var host = await ProductHost.StartAsync();
        var now = host.Time.GetUtcNow();
        var (_, text) = await MakeAsync(host, Wish() with { ExpiresAt = now.AddMinutes(1) });
        Assert.Equal(HttpStatusCode.OK, await AskAsync(host, text));
        host.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(host, text));
    }

    [Fact]
    public async Task A_key_that_was_never_rotated_ends_by_its_age()
    {
        using var folder = new TemporaryFolder();
        var start = new DateTimeOffset(2026, 1, 5, 12, 0, 0, TimeSpan.Zero);
        (ApiKey Key, string Text) made;
        ReplyMint.Accounts.Tenant tenant;
        var host = await ProductHost.StartAsync(folder: folder, time: new(start));
        made = await MakeAsync(host, Wish() with { ExpiresAt = start.AddYears(5) });
        tenant = host.Tenant;
        await host.StopAsync();
        host = await ProductHost.StartAsync(folder: folder, time: new(start.AddDays(365).AddSeconds(-10)), of: tenant);
        Assert.Equal(HttpStatusCode.OK, await AskAsync(host, made.Text));
        host.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(host, made.Text));
        // Rotated it is young again; an overlap makes no old secret younger.
        var renewed = (await host.Get<ApiKeys>().RotateAsync(tenant.Id, made.Key.Id, TimeSpan.FromDays(30), null, Actor.Machine, Ct)).Text!;
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Unauthorized), (await AskAsync(host, renewed), await AskAsync(host, made.Text)));
        await host.StopAsync();
    }

    [Fact]
    public async Task A_key_bound_to_networks_works_from_nowhere_else()
    {
        await using var host = await ProductHost.StartAsync(settings: s => s with { Http = s.Http with { Proxies = ["127.0.0.1"] } });
        var (_, text) = await MakeAsync(host, Wish() with { Networks = ["192.0.2.0/24", "2001:db8::7"] });
        foreach (var (address, expected) in new[] { ("192.0.2.9", 200), ("192.0.3.9", 401), ("2001:db8::7", 200), ("2001:db8::8", 401), ("::ffff:192.0.2.1", 200) })
        {
            using var client = new HttpClient { BaseAddress = host.Http };
            client.DefaultRequestHeaders.Add("X-API-Key", text);
            client.DefaultRequestHeaders.Add("X-Forwarded-For", address);
            using var answer = await client.GetAsync(new Uri("/api/v1/me", UriKind.Relative), Ct);
            Assert.Equal((address, expected), (address, (int)answer.StatusCode));
        }
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(host, text));
    }

    [Fact]
    public async Task A_good_key_from_a_wrong_network_is_told_of_once_an_hour_and_a_bad_one_is_not()
    {
        await using var host = await ProductHost.StartAsync();
        var (key, text) = await MakeAsync(host, Wish() with { Networks = ["192.0.2.0/24"] });
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(host, text[..^1] + (text[^1] == '0' ? '1' : '0')));
        Assert.Empty(await host.Get<Alerts>().NewestAsync(10, Ct));
        var alert = await StrayAsync(1);
        Assert.Equal(("key-network", key.Id), (alert.Kind, alert.Subject));
        Assert.Contains(host.Tenant.Id, alert.Text, StringComparison.Ordinal);
        Assert.True(await host.Get<Alerts>().AcknowledgeAsync(alert.Id, Actor.Machine, null, Ct));
        host.Time.Advance(TimeSpan.FromMinutes(59));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(host, text));
        host.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(host.Time.GetUtcNow(), (await StrayAsync(2)).At);

        async Task<Alert> StrayAsync(int count)
        {
            for (var i = 0; i < 3; i++)
                Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(host, text));
            var alerts = await ProductHost.EventuallyAsync(async () => await host.Get<Alerts>().NewestAsync(10, Ct) is { Count: > 0 } all && all.Count >= count ? all : null);
            Assert.Equal(count, alerts.Count);
            return alerts[0];
        }
    }

    [Fact]
    public async Task A_key_dies_with_its_owners_right_to_have_keys()
    {
        await using var host = await ProductHost.StartAsync();
        var (first, second) = (await host.PersonAsync(Role.Admin, "first@shop.example"), await host.PersonAsync(Role.Admin, "second@shop.example"));
        var (_, demoted) = await MakeAsync(host, owner: first);
        var (_, removed) = await MakeAsync(host, owner: second);
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (await AskAsync(host, demoted), await AskAsync(host, removed)));
        await host.PersonAsync(Role.Admin);
        await host.PersonAsync(Role.Member, "first@shop.example");
        await host.Get<IStore>().RetryAsync((commit, ct) => host.Get<Members>().RemoveAsync(commit, host.Tenant.Id, second, Actor.Machine, ct), Ct);
        host.Time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized), (await AskAsync(host, demoted), await AskAsync(host, removed)));
    }

    [Fact]
    public async Task A_keys_last_use_is_noted_once_a_minute()
    {
        await using var host = await ProductHost.StartAsync();
        var (key, text) = await MakeAsync(host);
        var uses = host.Get<ApiKeyUses>();
        Assert.Null(await uses.LastAsync(host.Tenant.Id, key.Id, Ct));
        var first = host.Time.GetUtcNow();
        await AskAsync(host, text);
        await ProductHost.EventuallyAsync(async () => await uses.LastAsync(host.Tenant.Id, key.Id, Ct) is { } at ? (object)at : null);
        host.Time.Advance(TimeSpan.FromSeconds(59));
        await AskAsync(host, text);
        Assert.Equal(first, await uses.LastAsync(host.Tenant.Id, key.Id, Ct));
        host.Time.Advance(TimeSpan.FromSeconds(1));
        await AskAsync(host, text);
        await ProductHost.EventuallyAsync(async () => await uses.LastAsync(host.Tenant.Id, key.Id, Ct) is { } at && at > first ? (object)at : null);
    }

    [Theory]
    [InlineData("scopes", "keys:write")]
    [InlineData("scopes", "settings:write")]
    [InlineData("scopes", "tenants:read")]
    [InlineData("scopes", "self")]
    [InlineData("scopes", "Messages:Read")]
    [InlineData("scopes", "nonsense")]
    public async Task A_key_gets_no_right_over_people_keys_or_settings(string member, string scope)
    {
        await using var host = await ProductHost.StartAsync();
        var made = await host.Get<ApiKeys>().CreateAsync(host.Tenant.Id, Wish("messages:read", scope), Actor.Machine.Id, Actor.Machine, Ct);
        Assert.Null(made.Key);
        Assert.Equal(member, made.Wrong?.Member);
    }
}
