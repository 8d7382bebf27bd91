using System.Text.Json;
using System.Text.Json.Serialization;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Accounts;

[JsonConverter(typeof(WireEnum<RevokedThing>))]
internal enum RevokedThing
{
    /// <summary>Sign-ins of people.</summary>
    Sessions,
    /// <summary>API keys.</summary>
    Keys,
    /// <summary>Links that sign somebody in, and invitations.</summary>
    Links,
}

/// <summary>What is ended for good. All conditions that are given must hold.</summary>
/// <param name="User">Only a person's: his sessions, keys whose secret he got, links to him.</param>
/// <param name="Tenant">Only a tenant's; of sessions: of everybody who belongs to it, wherever he is turned to.</param>
/// <param name="From">Only what was made from then on.</param>
/// <param name="Until">Only what was made up to then; never later than the revocation itself, of which it is <see cref="Open"/> for a moment.</param>
/// <param name="Count">How many were ended so far.</param>
/// <param name="Place">Where the work goes on; null at the start.</param>
internal sealed record Revocation(
    int V, string Id, RevokedThing Thing, string? User, string? Tenant, DateTimeOffset? From, DateTimeOffset Until, DateTimeOffset At, string By, string? Incident, long Count = 0, string? Place = null, DateTimeOffset? DoneAt = null)
{
    /// <summary>
    /// Whatever is made: so it begins, and then it is said until when. What was made while the first commit was on its way is
    /// older than that, and what is made later is made on condition that nothing was said since (<see cref="Revocations.HoldAsync"/>).
    /// </summary>
    public static readonly DateTimeOffset Open = DateTimeOffset.MaxValue;

    public bool Covers(DateTimeOffset made) => (From is not { } from || made >= from) && made <= Until;
}

internal sealed record RevocationList(int V, IReadOnlyList<Revocation> Active);

/// <summary>
/// Revocations (IR-2) in force: from their commit on the doors take nothing that one of them covers, however many there are; what is
/// covered is removed behind that, page by page, and then the revocation leaves this list.
/// </summary>
internal sealed class Revocations(IStore store, Members members)
{
    public const int MostActive = 20;

    private static readonly ItemKey ListKey = ItemKey.Main(KeyRing.Installation, "revocations");

    private Known? _known;

    public async ValueTask<IReadOnlyList<Revocation>> ActiveAsync(CancellationToken ct)
    {
        if (await store.GetAsync(ListKey, ct) is not { } item)
            return [];
        if (Volatile.Read(ref _known) is { } known && known.Version == item.Version)
            return known.List.Active;
        var read = new Known(item.Version, JsonSerializer.Deserialize(item.Value.Span, RevocationJson.Default.RevocationList)!);
        Volatile.Write(ref _known, read);
        return read.List.Active;
    }

    public async ValueTask<bool> CoverAsync(Session session, CancellationToken ct)
    {
        foreach (var one in await ActiveAsync(ct))
            if (one.Thing == RevokedThing.Sessions && await IsOfAsync(one, session, ct))
                return true;
        return false;
    }

    public async ValueTask<bool> CoverAsync(ApiKey key, CancellationToken ct)
    {
        foreach (var one in await ActiveAsync(ct))
            if (one.Thing == RevokedThing.Keys && IsOf(one, key))
                return true;
        return false;
    }

    /// <param name="made">When the link was made.</param>
    public async ValueTask<bool> CoverLinkAsync(string? user, string? tenant, DateTimeOffset made, CancellationToken ct)
    {
        foreach (var one in await ActiveAsync(ct))
            if (one.Thing == RevokedThing.Links && await IsOfAsync(one, user, tenant, made, ct))
                return true;
        return false;
    }

    /// <summary>Whether a revocation ends this session. A person can turn a session to each of his tenants.</summary>
    public async ValueTask<bool> IsOfAsync(Revocation one, Session session, CancellationToken ct) =>
        one.Covers(session.SignedInAt) && (one.User is null || one.User == session.User)
        && (one.Tenant is null || one.Tenant == session.Tenant || await members.FindAsync(one.Tenant, session.User, ct) is not null);

    public static bool IsOf(Revocation one, ApiKey key) =>
        (one.Tenant is null || one.Tenant == key.TenantId) && key.Secrets.Any(secret => one.Covers(secret.CreatedAt) && (one.User is null || one.User == secret.Owner));

    /// <param name="user">Whom the link is for; null for somebody who has no account.</param>
    /// <param name="tenant">Where it leads; null for a tenant that is still to be made, or the person's first.</param>
    public async ValueTask<bool> IsOfAsync(Revocation one, string? user, string? tenant, DateTimeOffset made, CancellationToken ct) =>
        one.Covers(made) && (one.User is null || one.User == user)
        && (one.Tenant is null || one.Tenant == tenant || (user is not null && await members.FindAsync(one.Tenant, user, ct) is not null));

    /// <summary>
    /// For whoever makes something that can be revoked, before he looks at the clock, and for whoever makes something of it, before he
    /// looks whether it is: the commit happens only if no revocation came, or ended, since. Else it would be stored behind the back of one that looked everywhere.
    /// </summary>
    public async ValueTask HoldAsync(Commit commit, CancellationToken ct)
    {
        if (!commit.Names(ListKey))
            commit.Check(ListKey, Condition.Same(await store.GetAsync(ListKey, ct)));
    }

    /// <summary>Adds a new one to a commit. False when too many are at work.</summary>
    internal async Task<bool> AddAsync(Commit commit, Revocation revocation, CancellationToken ct)
    {
        var item = await store.GetAsync(ListKey, ct);
        var active = item is null ? [] : JsonSerializer.Deserialize(item.Value.Span, RevocationJson.Default.RevocationList)!.Active;
        if (active.Count >= MostActive)
            return false;
        Write(commit, item, [.. active, revocation]);
        Put(commit, revocation, null);
        return true;
    }

    /// <summary>Adds to a commit until when it reaches.</summary>
    internal async Task BoundAsync(Commit commit, Revocation revocation, Item before, CancellationToken ct)
    {
        if (await store.GetAsync(ListKey, ct) is { } item)
            Write(commit, item, [.. JsonSerializer.Deserialize(item.Value.Span, RevocationJson.Default.RevocationList)!.Active.Select(one => one.Id == revocation.Id ? revocation : one)]);
        Put(commit, revocation, before);
    }

    /// <summary>Adds to a commit that all of it was removed.</summary>
    internal async Task EndAsync(Commit commit, Revocation revocation, Item before, CancellationToken ct)
    {
        var item = await store.GetAsync(ListKey, ct);
        if (item is not null)
            Write(commit, item, [.. JsonSerializer.Deserialize(item.Value.Span, RevocationJson.Default.RevocationList)!.Active.Where(one => one.Id != revocation.Id)]);
        Put(commit, revocation, before);
    }

    internal static void Put(Commit commit, Revocation revocation, Item? before) =>
        commit.Put(KeyOf(revocation.Id), JsonSerializer.SerializeToUtf8Bytes(revocation, RevocationJson.Default.Revocation), Condition.Same(before), expires: revocation.At.AddDays(365));

    /// <summary>As stored, with how far it got.</summary>
    public async ValueTask<(Revocation Revocation, Item Item)?> FindAsync(string id, CancellationToken ct) =>
        await store.GetAsync(KeyOf(id), ct) is { } item ? (JsonSerializer.Deserialize(item.Value.Span, RevocationJson.Default.Revocation)!, item) : null;

    private static void Write(Commit commit, Item? before, IReadOnlyList<Revocation> active) =>
        commit.Put(ListKey, JsonSerializer.SerializeToUtf8Bytes(new RevocationList(1, active), RevocationJson.Default.RevocationList), Condition.Same(before));

    private static ItemKey KeyOf(string id) => ItemKey.Main(KeyRing.Installation, "revocation/" + id);

    private sealed record Known(long Version, RevocationList List);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Revocation))]
[JsonSerializable(typeof(RevocationList))]
internal sealed partial class RevocationJson : JsonSerializerContext;
