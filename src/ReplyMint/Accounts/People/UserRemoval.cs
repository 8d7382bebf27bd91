using System.Text.Json;
using ReplyMint.Audit;
using ReplyMint.Storage;

namespace ReplyMint.Accounts;

/// <summary>Takes a person out of the installation for good (GDPR-2): what this room holds of him.</summary>
internal sealed class UserRemoval(
    IStore store, KeyRing keys, Users users, Members members, MemberDesk desk, SecondFactors factors, Invitations invitations, Tenants tenants, ApiKeys apiKeys, Standings standings)
{
    // Each takes seven operations of the commit, which also holds the rest of the person.
    private const int MostTenantsAtOnce = 8;
    private const int PerCommit = 90;

    /// <summary>Makes room: he must not be the last who manages a tenant, and belongs to few. Null, or why he can't be removed.</summary>
    public async Task<string?> PrepareAsync(string user, Actor actor, CancellationToken ct)
    {
        var of = await members.TenantsOfAsync(user, ct);
        foreach (var tenant in of)
            if (await members.IsLastAdminAsync(tenant, user, ct))
                return LastAdmin(tenant);
        foreach (var tenant in of.OrderBy(tenant => tenant != KeyRing.Installation).Take(of.Contains(KeyRing.Installation) ? 1 : 0).Concat(of.Where(tenant => tenant != KeyRing.Installation).Skip(MostTenantsAtOnce)))
            if (await desk.RemoveAsync(tenant, user, actor, ct) == MemberChange.LastAdmin)
                return LastAdmin(tenant);
        return null;
    }

    /// <summary>Adds to a commit that the person is gone: his key, account, factors and memberships. Not yet what only names him by his id (<see cref="SweepAsync"/>).</summary>
    /// <param name="commit">Holds no entry for the audit chain of a tenant of his.</param>
    /// <param name="user">His id.</param>
    /// <param name="actor">Who does it.</param>
    /// <param name="now">This moment.</param>
    /// <param name="force">The last administrator is removed all the same: his membership stays, which names nobody then.</param>
    /// <param name="ct">Ends the reading.</param>
    public async Task<(string? Refusal, IReadOnlyList<string> Tenants, PersonKey? Key)> RemoveAsync(Commit commit, string user, Actor actor, DateTimeOffset now, bool force, CancellationToken ct)
    {
        var installation = await keys.RequireAsync(KeyRing.Installation, ct);
        var of = (await members.TenantsOfAsync(user, ct)).Where(tenant => tenant != KeyRing.Installation).ToList();
        var person = await users.FindAsync(user, ct);
        foreach (var tenant in of)
        {
            var removed = await members.RemoveAsync(commit, tenant, user, actor, ct);
            if (removed == MemberChange.LastAdmin && !force)
                return (LastAdmin(tenant), of, null);
            if (person is not null && await keys.TenantAsync(tenant, ct) is not null)
                await invitations.WithdrawAsync(commit, tenant, person.Address, ct);
        }
        await factors.RemoveAsync(commit, user, ct);
        if (person is null)
        {
            commit.Delete(Users.KeyOf(user));
            return (null, of, null);
        }
        Users.Remove(commit, installation, person);
        PersonMailRate.Forget(commit, installation, person.Address);
        return (null, of, await keys.DestroyPersonAsync(commit, installation, installation.Person(person.Address), now, ct));
    }

    /// <summary>Removes what names him by his id: sessions, tokens, links, requests, invitations, keys. Can be done again.</summary>
    /// <param name="user">His id.</param>
    /// <param name="address">As it was.</param>
    /// <param name="of">The tenants that he belonged to.</param>
    /// <param name="count">Adds to a commit how many of a kind it removes.</param>
    /// <param name="ct">Ends it.</param>
    public async Task SweepAsync(string user, string address, IReadOnlyList<string> of, Action<Commit, string, int> count, CancellationToken ct)
    {
        standings.Changed(user);
        var installation = await keys.RequireAsync(KeyRing.Installation, ct);
        await RemoveAsync($"session/{user}/", "session", _ => true, count, ct);
        await RemoveAsync("refresh/", "refresh", item => RefreshTokens.Read(item).User == user, count, ct);
        await RemoveAsync("sign-in-link/", "sign-in-link", item => JsonSerializer.Deserialize(item.Value.Span, AccountsJson.Default.SignInLink)!.User == user, count, ct);
        await RemoveAsync("sign-in-request/", "sign-in-request", item => JsonSerializer.Deserialize(installation.Open(item), AccountsJson.Default.SignInRequest)!.Address == address, count, ct);
        foreach (var tenant in await tenants.ListAsync(ct))
            await store.RetryAsync(async (commit, token) =>
            {
                await invitations.WithdrawAsync(commit, tenant.Id, address, token);
                return true;
            }, ct);
        foreach (var tenant in of)
            foreach (var key in await keys.TenantAsync(tenant, ct) is null ? [] : await apiKeys.ListAsync(tenant, ct))
                if (key.Owner == user && await apiKeys.RevokeAsync(tenant, key.Id, Actor.System, ct))
                {
                    var counted = new Commit();
                    count(counted, "key", 1);
                    await store.CommitAsync(counted, ct);
                }
        standings.Changed(user);
    }

    private async Task RemoveAsync(string prefix, string kind, Func<Item, bool> wanted, Action<Commit, string, int> count, CancellationToken ct)
    {
        var found = new List<Item>();
        await foreach (var item in store.AllAsync(Table.Main, KeyRing.Installation, prefix, ct))
            if (wanted(item))
                found.Add(item);
        foreach (var some in found.Chunk(PerCommit))
        {
            var commit = new Commit();
            foreach (var item in some)
                commit.Delete(item.Key, Condition.Same(item));
            count(commit, kind, some.Length);
            await store.CommitAsync(commit, ct);
        }
    }

    private static string LastAdmin(string tenant) => tenant == KeyRing.Installation
        ? "this is the last operator; make another one first"
        : $"this is the last administrator of tenant {tenant}; make another one first, or erase the tenant";
}
