using System.Text.Json;
using ReplyMint.Audit;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Accounts;

internal enum MemberChange { Done, NotFound, LastAdmin, Moved, TooMany }

/// <summary>
/// Who belongs to a tenant, and as what. Operators are the members of the installation. The last one who may manage the
/// others can be neither removed nor demoted, not by two at once either: every change moves one guard item.
/// </summary>
internal sealed class Members(IStore store, AuditLog audit, AccountsSettings settings, TimeProvider time)
{
    internal const string Prefix = "member/";

    /// <summary>Null for one that is held, too: at every door such a person is none.</summary>
    public async ValueTask<Membership?> FindAsync(string tenant, string user, CancellationToken ct) =>
        await store.GetAsync(KeyOf(tenant, user), ct) is { } item && Read(item) is { HeldSince: null } member ? member : null;

    /// <summary>The same for whoever decides by what somebody is: the commit happens only if he is still that.</summary>
    public async ValueTask<Membership?> HoldAsync(Commit commit, string tenant, string user, CancellationToken ct)
    {
        if (await store.GetAsync(KeyOf(tenant, user), ct) is not { } item || Read(item) is not { HeldSince: null } member)
            return null;
        if (!commit.Names(item.Key))
            commit.Check(item.Key, Condition.Same(item));
        return member;
    }

    /// <summary>With the version that a change has to name; also one that is held.</summary>
    public async ValueTask<Versioned<Membership>?> GetAsync(string tenant, string user, CancellationToken ct) =>
        await store.GetAsync(KeyOf(tenant, user), ct) is { } item ? new Versioned<Membership>(Read(item), item.Version) : null;

    /// <param name="after">The last page's next.</param>
    public async Task<(IReadOnlyList<Membership> Members, string? Next)> PageAsync(string tenant, int limit, string? after, CancellationToken ct)
    {
        var page = await store.PickAsync(tenant, Prefix, descending: false, limit, after, null, ct);
        return ([.. page.Items.Select(Read)], page.Next);
    }

    public async Task<IReadOnlyList<Membership>> ListAsync(string tenant, CancellationToken ct)
    {
        var members = new List<Membership>();
        await foreach (var item in store.AllAsync(Table.Main, tenant, Prefix, ct))
            members.Add(Read(item));
        return members;
    }

    /// <summary>The tenants that a user belongs to, the installation among them for an operator.</summary>
    public async Task<IReadOnlyList<string>> TenantsOfAsync(string user, CancellationToken ct)
    {
        var tenants = new List<string>();
        var prefix = $"member-of/{user}/";
        await foreach (var item in store.AllAsync(Table.Main, KeyRing.Installation, prefix, ct))
            tenants.Add(item.Key.Sort[prefix.Length..]);
        return tenants;
    }

    /// <summary>The same with what he is there, the oldest membership first.</summary>
    /// <param name="held">Also those that are held.</param>
    public async Task<IReadOnlyList<(string Tenant, Membership Membership)>> AllOfAsync(string user, CancellationToken ct, bool held = false)
    {
        var all = new List<(string Tenant, Membership Membership)>();
        foreach (var tenant in await TenantsOfAsync(user, ct))
            if (await GetAsync(tenant, user, ct) is { Value: var membership } && (held || membership.HeldSince is null))
                all.Add((tenant, membership));
        return [.. all.OrderBy(one => one.Membership.AddedAt)];
    }

    /// <summary>Adds a membership or changes one, in a commit that the caller builds. One that was held counts from now on: sessions and keys of before stay ended.</summary>
    /// <param name="version">The version that is to be changed; null adds, or changes whatever there is.</param>
    public async Task<MemberChange> SetAsync(Commit commit, string tenant, string user, Role role, IReadOnlyList<string>? mailboxes, Actor actor, CancellationToken ct, long? version = null)
    {
        var guard = await store.GetAsync(GuardKey(tenant), ct);
        var item = await store.GetAsync(KeyOf(tenant, user), ct);
        if (version is not null && item?.Version != version)
            return item is null ? MemberChange.NotFound : MemberChange.Moved;
        var before = item is null ? null : Read(item);
        if (before is not null && Manages(before.Role) && !Manages(role) && await IsLastAsync(tenant, before, ct))
            return MemberChange.LastAdmin;
        // The guard was read before: of two who are added at once where there is room for one, one is counted by the other.
        if (before is null && await IsFullAsync(tenant, ct))
            return MemberChange.TooMany;
        var now = time.GetUtcNow();
        var goesOn = before is { HeldSince: null } ? before : null;
        var member = new Membership
        {
            User = user, Role = role, Mailboxes = mailboxes, AddedAt = goesOn?.AddedAt ?? now, AddedBy = actor.Id, ManagesSince = Manages(role) ? goesOn?.ManagesSince ?? now : null,
        };
        MoveGuard(commit, tenant, guard);
        commit.Put(KeyOf(tenant, user), JsonSerializer.SerializeToUtf8Bytes(member, AccountsJson.Default.Membership), Condition.Same(item));
        if (before is null)
            commit.Put(OfKey(user, tenant), "{\"v\":1}"u8.ToArray(), Condition.Any);
        await audit.AppendAsync(commit, tenant, new AuditEntry(actor, before is null ? "member.add" : goesOn is null ? "member.confirm" : "member.change", user, Details(before, member)), ct);
        return MemberChange.Done;
    }

    /// <summary>Adds to a commit that somebody who is held still belongs here, as what he was. False when he is not held.</summary>
    public async Task<bool> ConfirmAsync(Commit commit, string tenant, string user, Actor actor, CancellationToken ct) =>
        await GetAsync(tenant, user, ct) is { Value: { HeldSince: not null } held, Version: var version }
        && await SetAsync(commit, tenant, user, held.Role, held.Mailboxes, actor, ct, version) == MemberChange.Done;

    /// <summary>Adds to a commit that a member counts for nothing until somebody confirms him. False when he is held already.</summary>
    internal static bool Hold(Commit commit, Item item, DateTimeOffset now)
    {
        if (Read(item) is not { HeldSince: null } member)
            return false;
        commit.Put(item.Key, JsonSerializer.SerializeToUtf8Bytes(member with { HeldSince = now }, AccountsJson.Default.Membership), Condition.Same(item));
        return true;
    }

    public async Task<MemberChange> RemoveAsync(Commit commit, string tenant, string user, Actor actor, CancellationToken ct)
    {
        var guard = await store.GetAsync(GuardKey(tenant), ct);
        if (await store.GetAsync(KeyOf(tenant, user), ct) is not { } item)
            return MemberChange.NotFound;
        if (Read(item) is var before && Manages(before.Role) && await IsLastAsync(tenant, before, ct))
            return MemberChange.LastAdmin;
        MoveGuard(commit, tenant, guard);
        commit.Delete(item.Key, Condition.Same(item));
        commit.Delete(OfKey(user, tenant));
        await audit.AppendAsync(commit, tenant, new AuditEntry(actor, "member.remove", user), ct);
        return MemberChange.Done;
    }

    /// <summary>Whether the tenant has as many members as one may have. Operators are not counted.</summary>
    public async ValueTask<bool> IsFullAsync(string tenant, CancellationToken ct)
    {
        if (tenant == KeyRing.Installation)
            return false;
        var count = 0;
        string? cursor = null;
        do
        {
            var page = await store.QueryAsync(Table.Main, tenant, new Storage.Range(Prefix, Limit: Math.Min(settings.MembersPerTenant - count, 1_000)), cursor, ct);
            count += page.Items.Count;
            cursor = page.Cursor;
        }
        while (cursor is not null && count < settings.MembersPerTenant);
        return count >= settings.MembersPerTenant;
    }

    /// <summary>Whether nobody could manage the tenant any more without him.</summary>
    public async Task<bool> IsLastAdminAsync(string tenant, string user, CancellationToken ct) =>
        await FindAsync(tenant, user, ct) is { } member && Manages(member.Role) && await IsLastAsync(tenant, member, ct);

    private static bool Manages(Role role) => role is Role.Admin or Role.Operator;

    /// <summary>Whoever is held can't take the place of one who is not; of several who are held each may go but the last.</summary>
    private async Task<bool> IsLastAsync(string tenant, Membership one, CancellationToken ct) =>
        (await ListAsync(tenant, ct)).All(member => member.User == one.User || !Manages(member.Role) || (member.HeldSince is not null && one.HeldSince is null));

    private static void MoveGuard(Commit commit, string tenant, Item? guard) =>
        commit.Put(GuardKey(tenant), "{\"v\":1}"u8.ToArray(), Condition.Same(guard));

    private static Dictionary<string, string> Details(Membership? before, Membership after)
    {
        var details = new Dictionary<string, string> { ["role"] = after.Role.ToString(), ["mailboxes"] = after.Mailboxes is null ? "all" : string.Join(",", after.Mailboxes) };
        if (before is not null)
            details["roleBefore"] = before.Role.ToString();
        return details;
    }

    private static ItemKey KeyOf(string tenant, string user) => ItemKey.Main(tenant, Prefix + user);

    private static ItemKey OfKey(string user, string tenant) => ItemKey.Main(KeyRing.Installation, $"member-of/{user}/{tenant}");

    private static ItemKey GuardKey(string tenant) => ItemKey.Main(tenant, "members");

    private static Membership Read(Item item) => JsonSerializer.Deserialize(item.Value.Span, AccountsJson.Default.Membership)!;
}
