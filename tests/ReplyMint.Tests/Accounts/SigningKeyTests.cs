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

/// <summary>The keys that sign access tokens (SEC-3): published, changed with overlap or at once.</summary>
public sealed class SigningKeyTests
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Signing_keys_rotate_with_overlap_or_at_once()
    {
        await using var host = await ProductHost.StartAsync();
        Assert.Empty(await KidsAsync(host));
        var tokens = await host.SignInAsync(await host.PersonAsync(Role.Member));
        var first = Assert.Single(await KidsAsync(host));
        await host.Get<SigningKeys>().RotateAsync(dropOld: false, Actor.Machine, Ct);
        Assert.Equal(2, (await KidsAsync(host)).Count);
        Assert.Equal(HttpStatusCode.OK, await host.AskAsync(tokens.AccessToken));
        var second = (string)(await host.RefreshAsync(tokens.RefreshToken!)).Body!["accessToken"]!;
        Assert.Equal(HttpStatusCode.OK, await host.AskAsync(second));
        host.Time.Advance(SigningRing.Overlap);
        Assert.DoesNotContain(first, await KidsAsync(host));

        var fresh = await host.SignInAsync(await host.PersonAsync(Role.Member));
        Assert.Equal(HttpStatusCode.OK, await host.AskAsync(fresh.AccessToken));
        await host.Get<SigningKeys>().RotateAsync(dropOld: true, Actor.Machine, Ct);
        host.Time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(HttpStatusCode.Unauthorized, await host.AskAsync(fresh.AccessToken));
        Assert.Equal(HttpStatusCode.OK, await host.AskAsync((string)(await host.RefreshAsync(fresh.RefreshToken!)).Body!["accessToken"]!));
        Assert.Single(await KidsAsync(host));
    }

    [Fact]
    public async Task A_signing_key_that_another_process_dropped_is_dropped_here()
    {
        await using var host = await ProductHost.StartAsync();
        var tokens = await host.SignInAsync(await host.PersonAsync(Role.Member));
        Assert.Equal(HttpStatusCode.OK, await host.AskAsync(tokens.AccessToken));
        var before = Assert.Single(await KidsAsync(host));
        var ring = await new SigningKeys(host.Get<IStore>(), host.Get<KeyRing>(), host.Get<AuditLog>(), host.Time).RotateAsync(dropOld: true, Actor.Machine, Ct);
        Assert.Equal(ring.Keys[^1].Id, Assert.Single(await KidsAsync(host)));
        Assert.NotEqual(ring.Keys[^1].Id, before);
        host.Time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(HttpStatusCode.Unauthorized, await host.AskAsync(tokens.AccessToken));
    }

    [Fact]
    public async Task A_new_signing_key_is_published_a_day_before_it_signs()
    {
        using var folder = new TemporaryFolder();
        var start = new DateTimeOffset(2026, 5, 4, 12, 0, 0, TimeSpan.Zero);
        var host = await ProductHost.StartAsync(folder: folder, time: new(start));
        var (tenant, user) = (host.Tenant, await host.PersonAsync(Role.Member));
        var first = KidOf((await host.SignInAsync(user)).AccessToken);
        foreach (var (hours, shown, signsWithFirst) in new[] { (28 * 24, 1, true), (29 * 24, 2, true), (30 * 24 - 1, 2, true), (30 * 24, 2, false), (30 * 24 + 1, 1, false) })
        {
            await host.StopAsync();
            host = await ProductHost.StartAsync(folder: folder, time: new(start.AddHours(hours)), of: tenant);
            var tokens = await host.SignInAsync(user);
            Assert.Equal((hours, signsWithFirst), (hours, KidOf(tokens.AccessToken) == first));
            Assert.Equal((hours, shown), (hours, (await KidsAsync(host)).Count));
            Assert.Equal(HttpStatusCode.OK, await host.AskAsync(tokens.AccessToken));
        }
        await host.StopAsync();
    }

    private static string KidOf(string token) => (string)JsonNode.Parse(StrictBase64Url.Decode(token.AsSpan(0, token.IndexOf('.', StringComparison.Ordinal))))!["kid"]!;

    private static async Task<IReadOnlyList<string>> KidsAsync(ProductHost host)
    {
        using var client = host.Client();
        using var answer = await client.GetAsync(new Uri("/.well-known/jwks.json", UriKind.Relative), Ct);
        Assert.Equal("public, max-age=300", answer.Headers.CacheControl?.ToString());
        var keys = JsonNode.Parse(await answer.Content.ReadAsStringAsync(Ct))!["keys"]!.AsArray();
        foreach (var key in keys)
            Assert.Equal(["kty", "crv", "x", "y", "kid", "use", "alg"], key!.AsObject().Select(member => member.Key));
        return [.. keys.Select(key => (string)key!["kid"]!)];
    }
}
