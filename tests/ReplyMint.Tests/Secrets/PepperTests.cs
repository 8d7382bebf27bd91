using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Secrets;

/// <summary>The key of hashes has versions: what was hashed with an old one works, moves on by being used, and ends with it.</summary>
public sealed class PepperTests
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private static async Task<HttpStatusCode> AskAsync(SecretsRun run, string key)
    {
        using var client = run.Host.Client();
        client.DefaultRequestHeaders.Add("X-API-Key", key);
        return (await client.GetAsync(new Uri("/api/v1/me", UriKind.Relative), Ct)).StatusCode;
    }

    private static async Task<int> VersionAsync(SecretsRun run, ApiKey key) => (await run.Host.Get<ApiKeys>().FindAsync(run.Host.Tenant.Id, key.Id, Ct))!.Secrets[0].Pepper;

    private static async Task<string?> RefreshAsync(SecretsRun run, string token)
    {
        using var client = run.Host.Client();
        using var answer = await client.PostAsJsonAsync(new Uri("/api/v1/session/refresh", UriKind.Relative), new JsonObject { ["refreshToken"] = token }, Ct);
        return answer.StatusCode == HttpStatusCode.OK ? (await answer.Content.ReadFromJsonAsync<JsonObject>(Ct))!["refreshToken"]!.GetValue<string>() : null;
    }

    [Fact]
    public async Task An_old_key_works_and_is_hashed_anew_by_being_used()
    {
        await using var run = await SecretsRun.StartAsync();
        var (used, unused) = (await run.Host.KeyAsync("messages:read"), await run.Host.KeyAsync("messages:read"));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(run, used.Text));
        await run.OkAsync("", "secrets", "rotate", "pepper");
        Assert.Equal(1, await VersionAsync(run, used.Key));
        run.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(run, used.Text));
        Assert.Equal((2, 1), (await VersionAsync(run, used.Key), await VersionAsync(run, unused.Key)));
        await run.RestartAsync();
        foreach (var key in (string[])[used.Text, unused.Text])
            Assert.Equal(HttpStatusCode.OK, await AskAsync(run, key));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(run, used.Text[..^7] + "0000000"));
        Assert.Equal(2, await VersionAsync(run, (await run.Host.KeyAsync("messages:read")).Key));
    }

    [Fact]
    public async Task A_refresh_token_of_before_is_good_once_and_its_second_use_is_noticed()
    {
        await using var run = await SecretsRun.StartAsync();
        var before = (await run.Host.SignInAsync(await run.Host.PersonAsync(Role.Member))).RefreshToken!;
        await run.OkAsync("", "secrets", "rotate", "pepper");
        var after = await RefreshAsync(run, before);
        Assert.NotNull(after);
        Assert.NotNull(await RefreshAsync(run, after) is { } next ? after = next : null);
        Assert.Null(await RefreshAsync(run, before));
        Assert.Null(await RefreshAsync(run, after));
        Assert.Contains(await run.Host.Get<Alerts>().NewestAsync(10, Ct), alert => alert.Kind == "refresh-token-reuse");
    }

    [Fact]
    public async Task An_old_version_goes_when_all_that_it_hashed_is_over()
    {
        static ReplyMintSettings Rarely(ReplyMintSettings settings) => settings with { Secrets = new() { PepperDays = 3_650 } };
        await using var run = await SecretsRun.StartAsync(settings: Rarely);
        var key = await run.Host.KeyAsync("messages:read");
        await run.OkAsync("", "secrets", "rotate", "pepper");
        await run.RestartAsync(Rarely, after: TimeSpan.FromDays(364));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(run, key.Text));
        await run.RestartAsync(Rarely, after: TimeSpan.FromDays(2));
        await run.EventuallyAsync(TimeSpan.FromMinutes(10), async () => (await run.Host.Get<Pepper>().KeysAsync(Ct)).Versions is [{ Number: 2 }] ? "" : null);
        Assert.Equal("pepper.drop", (await run.Host.Get<AuditLog>().NewestAsync(KeyRing.Installation, 20, Ct)).First(entry => entry.Target == "pepper").Act);
    }

    [Fact]
    public async Task A_version_that_is_old_gets_a_successor_by_itself()
    {
        await using var run = await SecretsRun.StartAsync();
        await run.RestartAsync(after: TimeSpan.FromDays(366));
        var ring = await run.EventuallyAsync(TimeSpan.FromMinutes(10), async () => (await run.Host.Get<Pepper>().KeysAsync(Ct)).Versions is { Count: > 1 } versions ? versions : null);
        Assert.Equal([1, 2], ring.Select(version => version.Number));
        Assert.Contains(await run.Host.Get<AuditLog>().NewestAsync(KeyRing.Installation, 20, Ct), entry => entry.Act == "pepper.add" && entry.Actor == Actor.System.Id);
    }
}
