using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Cli;
using ReplyMint.Security;
using ReplyMint.Storage;
using Xunit;

namespace ReplyMint.Tests.Cli;

/// <summary>Keys and sessions from the command line: what the routes do, with the same entries in the audit log.</summary>
public sealed class AccessCommandTests : IDisposable
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;
    private readonly CliRun _cli = CliRun.OnStore();

    public void Dispose() => _cli.Dispose();

    private Task<bool> ProvesAsync(string text) => _cli.InStoreAsync(async services => await services.GetRequiredService<ApiKeys>().ProveAsync(text, Ct) is not null);

    private Task<string[]> ActsAsync(string tenant) => _cli.InStoreAsync(async services => (await services.GetRequiredService<AuditLog>().NewestAsync(tenant, 20, Ct)).Select(entry => entry.Act).Reverse().ToArray());

    [Fact]
    public async Task A_key_is_made_shown_rotated_and_revoked()
    {
        var tenant = (await _cli.OkAsync("tenant", "add", "Acme")).Split(' ')[0];
        await _cli.OkAsync("mailbox", "add", "shop@example.com");
        var text = (await _cli.OkAsync("key", "create", "shop system", "--scopes", "messages:read,drafts:read", "--networks", "192.0.2.0/24,2001:db8::1", "--mailboxes", "shop@example.com", "--days", "90")).Trim();
        Assert.Matches("^rm_test_k[0-9a-z]{20}_[0-9a-z]{39}$", text);
        Assert.DoesNotContain(text, _cli.Error, StringComparison.Ordinal);
        Assert.True(await ProvesAsync(text));
        var id = text.Split('_')[2];
        var shown = JsonNode.Parse(await _cli.OkAsync("key", "show", id))!;
        Assert.Equal(("shop system", "operator@machine", "rm_test_" + id), ((string?)shown["name"], (string?)shown["owner"], (string?)shown["prefix"]));
        Assert.Equal((2, 1), (shown["networks"]!.AsArray().Count, shown["mailboxes"]!.AsArray().Count));
        Assert.Contains("shop system", await _cli.OkAsync("key", "list"), StringComparison.Ordinal);

        var second = (await _cli.OkAsync("key", "rotate", id, "--overlap", "0")).Trim();
        Assert.Equal((false, true), (await ProvesAsync(text), await ProvesAsync(second)));
        var third = (await _cli.OkAsync("key", "rotate", id)).Trim();
        Assert.Equal((true, true), (await ProvesAsync(second), await ProvesAsync(third)));
        await _cli.OkAsync("key", "revoke", id, "--yes");
        Assert.Equal((false, false), (await ProvesAsync(second), await ProvesAsync(third)));
        Assert.DoesNotContain(id, await _cli.OkAsync("key", "list"), StringComparison.Ordinal);
        Assert.Equal(["key.create", "key.rotate", "key.rotate", "key.revoke"], (await ActsAsync(tenant)).Where(act => act.StartsWith("key.", StringComparison.Ordinal)));
        foreach (var secret in new[] { text, second, third })
            Assert.DoesNotContain(secret[30..], await _cli.OkAsync("key", "list", "--json"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_wish_is_refused_in_one_line()
    {
        await _cli.OkAsync("tenant", "add", "Acme");
        foreach (var (line, why) in new[]
        {
            ("key create x --scopes keys:write", "--scopes"), ("key create x --scopes nonsense", "--scopes"), ("key create x --scopes messages:read --networks 10.0.0.1/8", "--networks"),
            ("key create x --scopes messages:read --days 0", "--days"), ("key create x --scopes messages:read --owner nobody@example.com", "no administrator"),
            ("key create x --scopes messages:read --mailboxes a@example.com", "no mailbox"), ("key show k1", "there is no key"), ("key rotate k1", "there is no key"), ("key revoke k1 --yes", "there is no key"),
            ("session end nobody@example.com --yes", "there is no user"), ("session list nobody@example.com", "there is no user"),
        })
            Assert.Contains(why, await _cli.FailsAsync(line.Split(' ')), StringComparison.Ordinal);
        var id = (await _cli.OkAsync("key", "create", "x", "--scopes", "messages:read")).Split('_')[2];
        foreach (var overlap in new[] { "721", "2147483647" })
            Assert.Contains("--overlap takes 0 to 720", await _cli.FailsAsync("key", "rotate", id, "--overlap", overlap), StringComparison.Ordinal);
        // Without a yes nothing ends.
        await _cli.FailsAsync("key", "revoke", id);
        Assert.Contains(id, await _cli.OkAsync("key", "list"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sessions_are_listed_and_ended()
    {
        var tenant = (await _cli.OkAsync("tenant", "add", "Acme")).Split(' ')[0];
        var ids = await _cli.InStoreAsync(async services =>
        {
            var (store, sessions) = (services.GetRequiredService<IStore>(), services.GetRequiredService<Sessions>());
            var user = await store.RetryAsync(async (commit, ct) =>
            {
                var made = await services.GetRequiredService<Users>().EnsureAsync(commit, "mia@example.com", "Mia", ct);
                await services.GetRequiredService<Members>().SetAsync(commit, tenant, made.Id, Role.Admin, null, Actor.Machine, ct);
                return made;
            }, Ct);
            var started = new List<string>();
            for (var i = 0; i < 3; i++)
                started.Add((await store.RetryAsync((commit, ct) => sessions.StartAsync(commit, user.Id, tenant, null, new SessionClient("Firefox", "192.0.2.7"), ct), Ct)).Session.Id);
            return started;
        });
        var listed = await _cli.OkAsync("session", "list");
        Assert.All(ids, id => Assert.Contains(id, listed, StringComparison.Ordinal));
        Assert.Contains("192.0.2.7", await _cli.OkAsync("session", "list", "mia@example.com"), StringComparison.Ordinal);
        await _cli.OkAsync("session", "end", "mia@example.com", ids[0], "--yes");
        Assert.DoesNotContain(ids[0], await _cli.OkAsync("session", "list"), StringComparison.Ordinal);
        Assert.Contains("there is no session", await _cli.FailsAsync("session", "end", "mia@example.com", ids[0], "--yes"), StringComparison.Ordinal);
        Assert.Contains("2 sessions ended", await _cli.OkAsync("session", "end", "mia@example.com", "--yes"), StringComparison.Ordinal);
        Assert.Equal("", await _cli.OkAsync("session", "list"));
        Assert.Equal(["session.end", "session.end-all"], (await ActsAsync(tenant)).Where(act => act.StartsWith("session.end", StringComparison.Ordinal)));
        await _cli.OkAsync("key", "create", "x", "--scopes", "messages:read", "--owner", "mia@example.com");
        Assert.Contains("signs from now on", await _cli.OkAsync("session", "rotate-signing-key", "--drop-old"), StringComparison.Ordinal);
        Assert.Contains("signing-key.add", await ActsAsync(KeyRing.Installation));
    }
}
