using System.Text.Json;
using ReplyMint.Audit;
using ReplyMint.Storage;

namespace ReplyMint.Accounts;

/// <summary>Adds what a new tenant begins with to the commit that makes him; given by the room that has it.</summary>
internal delegate void TenantMade(Commit commit, string tenant);

/// <summary>Tenants: made and read. Each one's settings are sealed with its own key.</summary>
internal sealed class Tenants(IStore store, KeyRing keys, AuditLog audit, TimeProvider time, TenantMade? made = null)
{
    // The list of tenants is an item each in the installation's partition; it names ids only.
    private const string ListPrefix = "tenant/";

    /// <summary>Of marks of tenants that are being imported, in the installation's partition. Their keys are there, and they are on no list yet.</summary>
    public const string ComingPrefix = "import/";

    /// <summary>The counter of tenants.</summary>
    public static readonly ItemKey CountKey = ItemKey.Main(KeyRing.Installation, "tenant-count");

    private readonly OpenedItems<Tenant> _opened = new();

    /// <summary>Whether a tenant may be called so: what looks like an id would name two.</summary>
    public static bool IsName(string name) => !Ids.IsRandom(name.Trim().ToLowerInvariant(), 't');

    public Task<Tenant> AddAsync(string name, Actor actor, CancellationToken ct) =>
        store.RetryAsync(async (commit, token) => (await AddAsync(commit, name, actor, token)).Tenant, ct);

    /// <summary>Adds a tenant and its keys to a commit: the one is not there without the other.</summary>
    /// <param name="selfMade">Somebody signed up by himself.</param>
    public async Task<(Tenant Tenant, TenantKeys Own)> AddAsync(Commit commit, string name, Actor actor, CancellationToken ct, bool selfMade = false)
    {
        var tenant = new Tenant { Id = Ids.Random('t'), Name = name, CreatedAt = time.GetUtcNow(), SelfMade = selfMade };
        var own = await keys.CreateAsync(commit, tenant.Id, ct);
        Write(commit, own, tenant, null);
        commit.Put(ItemKey.Main(KeyRing.Installation, ListPrefix + tenant.Id), Clear(tenant.Id), Condition.Absent);
        commit.Add(CountKey, 1);
        made?.Invoke(commit, tenant.Id);
        await audit.AppendAsync(commit, KeyRing.Installation, new AuditEntry(actor, "tenant.add", tenant.Id), ct);
        return (tenant, own);
    }

    /// <summary>Adds a tenant that was elsewhere, and whose keys are here, to a commit: from then on it is there.</summary>
    public async Task ImportAsync(Commit commit, Tenant tenant, Actor actor, CancellationToken ct)
    {
        Write(commit, await keys.RequireAsync(tenant.Id, ct), tenant, null);
        commit.Put(ItemKey.Main(KeyRing.Installation, ListPrefix + tenant.Id), Clear(tenant.Id), Condition.Absent);
        commit.Add(CountKey, 1);
        await audit.AppendAsync(commit, KeyRing.Installation, new AuditEntry(actor, "tenant.import", tenant.Id), ct);
    }

    /// <summary>False of one that is being imported, or that was erased.</summary>
    public async ValueTask<bool> IsThereAsync(string id, CancellationToken ct) => await store.GetAsync(KeyOf(id), ct) is not null;

    public async ValueTask<Tenant?> FindAsync(string id, CancellationToken ct) =>
        await store.GetAsync(KeyOf(id), ct) is { } item ? await OpenAsync(item, ct) : null;

    /// <summary>The same with the version that a change may name.</summary>
    public async ValueTask<Versioned<Tenant>?> FindVersionAsync(string id, CancellationToken ct) =>
        await store.GetAsync(KeyOf(id), ct) is { } item ? new(await OpenAsync(item, ct), item.Version) : null;

    /// <param name="after">The last page's next.</param>
    public async Task<(IReadOnlyList<Tenant> Tenants, string? Next)> PageAsync(int limit, string? after, CancellationToken ct)
    {
        var page = await store.PickAsync(KeyRing.Installation, ListPrefix, descending: false, limit, after, null, ct);
        var tenants = new List<Tenant>(page.Items.Count);
        foreach (var entry in page.Items)
            if (await FindAsync(entry.Key.Sort[ListPrefix.Length..], ct) is { } tenant)
                tenants.Add(tenant);
        return (tenants, page.Next);
    }

    /// <summary>The one whose id it is, and only if there is none all who are called so: over HTTP nobody is told which names are taken.</summary>
    public async Task<IReadOnlyList<Tenant>> NamedAsync(string idOrName, CancellationToken ct)
    {
        var all = await ListAsync(ct);
        return all.FirstOrDefault(tenant => tenant.Id == idOrName) is { } one ? [one] : [.. all.Where(tenant => string.Equals(tenant.Name, idOrName, StringComparison.OrdinalIgnoreCase))];
    }

    /// <summary>All ids, those of tenants too that have no settings (any more).</summary>
    public async IAsyncEnumerable<string> IdsAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct, string prefix = "")
    {
        await foreach (var entry in store.AllAsync(Table.Main, KeyRing.Installation, ListPrefix + prefix, ct))
            yield return entry.Key.Sort[ListPrefix.Length..];
    }

    /// <summary>
    /// All that have keys, each once. Those that are being imported come first: one that arrives meanwhile is on the list by the time that is read.
    /// </summary>
    public async IAsyncEnumerable<string> IdsWithKeysAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        var coming = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var mark in store.AllAsync(Table.Main, KeyRing.Installation, ComingPrefix, ct))
        {
            var id = mark.Key.Sort[ComingPrefix.Length..];
            coming.Add(id);
            yield return id;
        }
        await foreach (var there in IdsAsync(ct))
            if (!coming.Contains(there))
                yield return there;
    }

    /// <summary>The id behind another in their order, or null behind the last; null asks for the first.</summary>
    public async Task<string?> NextIdAsync(string? after, CancellationToken ct) =>
        (await store.QueryAsync(Table.Main, KeyRing.Installation, new Storage.Range(ListPrefix, Limit: 1), after is null ? null : ListPrefix + after, ct)).Items is [var next] ? next.Key.Sort[ListPrefix.Length..] : null;

    public async Task<IReadOnlyList<Tenant>> ListAsync(CancellationToken ct)
    {
        var tenants = new List<Tenant>();
        await foreach (var entry in store.AllAsync(Table.Main, KeyRing.Installation, ListPrefix, ct))
            if (await FindAsync(entry.Key.Sort[ListPrefix.Length..], ct) is { } tenant)
                tenants.Add(tenant);
        return tenants;
    }

    /// <summary>Changes a tenant's settings, with an audit entry that names what changed. False when there is no such tenant.</summary>
    public async Task<bool> ChangeAsync(string id, Func<Tenant, Tenant> change, Actor actor, IReadOnlyDictionary<string, string> details, CancellationToken ct) =>
        (await ChangeAsync(id, null, change, actor, details, ct)).Result == ChangeResult.Done;

    /// <param name="version">What the caller read; null changes whatever is there.</param>
    public Task<(ChangeResult Result, Versioned<Tenant> Now)> ChangeAsync(string id, long? version, Func<Tenant, Tenant> change, Actor actor, IReadOnlyDictionary<string, string> details, CancellationToken ct) =>
        store.RetryAsync<(ChangeResult, Versioned<Tenant>)>(async (commit, token) =>
        {
            if (await store.GetAsync(KeyOf(id), token) is not { } item)
                return (ChangeResult.NotFound, default);
            if (version is { } read && read != item.Version)
                return (ChangeResult.Changed, default);
            var after = change(await OpenAsync(item, token));
            Write(commit, await keys.RequireAsync(id, token), after, item);
            await audit.AppendAsync(commit, id, new AuditEntry(actor, "tenant.change", id, details), token);
            return (ChangeResult.Done, new(after, item.Version + 1));
        }, ct);

    /// <summary>Adds to the commit that destroys a tenant's keys that it is on no list any more. <see cref="Forget"/> once that is committed.</summary>
    public async Task RemoveAsync(Commit commit, string id, CancellationToken ct)
    {
        commit.Delete(KeyOf(id));
        // Counted out once, though it is removed once more, such as after a restore.
        if (await store.GetAsync(ItemKey.Main(KeyRing.Installation, ListPrefix + id), ct) is { } listed)
            commit.Delete(listed.Key, Condition.Same(listed)).Add(CountKey, -1);
    }

    /// <summary>How many there are, by the counter that each making and removal moves.</summary>
    public async ValueTask<long> CountAsync(CancellationToken ct) => (await store.GetAsync(CountKey, ct))?.Count ?? 0;

    /// <summary>Drops from memory what is kept of a tenant.</summary>
    public void Forget(string id) => _opened.Forget(id);

    public static ItemKey KeyOf(string id) => ItemKey.Main(id, "tenant");

    private static byte[] Clear(string id) => JsonSerializer.SerializeToUtf8Bytes(new ClearRecord(1, id), AccountsJson.Default.ClearRecord);

    private static void Write(Commit commit, TenantKeys own, Tenant tenant, Item? before)
    {
        var plain = JsonSerializer.SerializeToUtf8Bytes(tenant, AccountsJson.Default.Tenant);
        commit.Put(KeyOf(tenant.Id), Clear(tenant.Id), Condition.Same(before), own.Seal(KeyOf(tenant.Id), (before?.Version ?? 0) + 1, plain));
    }

    private async ValueTask<Tenant> OpenAsync(Item item, CancellationToken ct)
    {
        var own = await keys.RequireAsync(item.Key.Partition, ct);
        return _opened.Get(item, static (item, own) => JsonSerializer.Deserialize(own.Open(item), AccountsJson.Default.Tenant)!, own);
    }
}
