using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ReplyMint.Security;

namespace ReplyMint.Storage;

/// <summary>
/// Opens keys: master key -> tenant's key -> correspondent's key. What is wrapped lies in the keys table, apart from
/// what it seals, so that destroying one small item makes a person's data unreadable in every copy of the rest.
/// </summary>
internal sealed class KeyRing(IStore store, MasterKeys masters, TimeProvider time)
{
    /// <summary>The partition of what belongs to no tenant.</summary>
    public const string Installation = "installation";

    private const string TenantSort = "tenant-key";
    // Keys in memory: about 200 bytes each. Above the bound the cache starts anew, which costs one read a key.
    private const int MaxCached = 50_000;
    // Drops of keys in one commit, beside what else stands there.
    private const int MostInACommit = 50;

    // A destroyed key's item stays for so long: longer than anybody holds an open key in his hands.
    private static readonly TimeSpan GraveKept = TimeSpan.FromDays(1);

    private readonly ConcurrentDictionary<string, TenantKeys> _tenants = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string Tenant, string Person), (PersonKey Key, long At)> _people = new();
    // How often keys of a place were forgotten: a reading that this overtook must not be kept.
    private readonly long[] _forgotten = new long[1_024];

    /// <summary>Adds a new tenant's keys to the commit that makes the tenant. They are given to seal what else stands in that commit, and known to nobody before it happened.</summary>
    public async ValueTask<TenantKeys> CreateAsync(Commit commit, string tenant, CancellationToken ct)
    {
        // What another process changed would fail the commit each time.
        if (store.IsShared)
            await masters.RefreshAsync(store, ct);
        var master = masters.WrapIn(commit);
        var record = new TenantKeyRecord(1, NewWrapped(master, tenant, 0), 1, [new WrappedKey(1, NewWrapped(master, tenant, 1), time.GetUtcNow())], master.Check);
        commit.Put(KeyOf(tenant), Bytes(record), Condition.Absent);
        return new TenantKeys(tenant, Open(tenant, new(record, 1)), masters);
    }

    /// <summary>The keys of a tenant, or null when there is no such tenant (any more).</summary>
    public async ValueTask<TenantKeys?> TenantAsync(string tenant, CancellationToken ct)
    {
        if (_tenants.TryGetValue(tenant, out var known) && IsFresh(known.ReadAt, SharedStore.Fresh))
            return known;
        var (stamp, at) = (Volatile.Read(ref Place(tenant, "")), time.GetUtcNow().UtcTicks);
        if (await RecordAsync(tenant, ct) is not { } read)
        {
            if (known is not null)
                Forget(tenant);
            return null;
        }
        var own = _tenants.GetOrAdd(tenant, static (tenant, open) => new TenantKeys(tenant, open.Ring.Open(tenant, open.Read), open.Masters), (Ring: this, Read: read, Masters: masters));
        own.Take(read.Version, () => Open(tenant, read));
        own.ReadAt = at;
        if (Volatile.Read(ref Place(tenant, "")) != stamp)
            _tenants.TryRemove(tenant, out _);
        return own;
    }

    /// <summary>The keys of a tenant that must be there.</summary>
    public async ValueTask<TenantKeys> RequireAsync(string tenant, CancellationToken ct) =>
        await TenantAsync(tenant, ct) ?? throw new InvalidOperationException($"Tenant {tenant} has no keys.");

    /// <summary>
    /// A correspondent's key; a new one when there is none (any more). It goes into the commit of what it seals
    /// (<see cref="PersonKey.AddTo"/>); <see cref="Remember"/> once that is committed.
    /// </summary>
    public async ValueTask<PersonKey> PersonAsync(TenantKeys tenant, string person, CancellationToken ct)
    {
        if (Known(tenant, person) is { } known)
            return known;
        var stamp = Volatile.Read(ref Place(tenant.Tenant, person));
        var item = await store.GetAsync(PersonKey.KeyOf(tenant.Tenant, person), ct);
        return Open(tenant, person, item, stamp) ?? tenant.NewPerson(person, Condition.Same(item), stamp, Stale(tenant.Tenant, person));
    }

    /// <summary>A correspondent's key, or null when it was never made or has been destroyed.</summary>
    /// <param name="opens">What it is to open: another process may have made a new key since memory has this one.</param>
    public async ValueTask<PersonKey?> FindPersonAsync(TenantKeys tenant, string person, CancellationToken ct, ReadOnlyMemory<byte> opens = default)
    {
        if (Known(tenant, person) is { } known && (!store.IsShared || opens.IsEmpty || known.Knows(opens.Span)))
            return known;
        var stamp = Volatile.Read(ref Place(tenant.Tenant, person));
        return Open(tenant, person, await store.GetAsync(PersonKey.KeyOf(tenant.Tenant, person), ct), stamp);
    }

    /// <summary>Keeps a key in memory, unless it was forgotten since it was read.</summary>
    public void Remember(PersonKey key)
    {
        if (_people.Count >= MaxCached)
            _people.Clear();
        _people[(key.Tenant, key.Person)] = (key.Stored(), time.GetUtcNow().UtcTicks);
        if (Volatile.Read(ref Place(key.Tenant, key.Person)) != key.Stamp)
            _people.TryRemove((key.Tenant, key.Person), out _);
    }

    /// <summary>
    /// Adds to a commit that a person's key is destroyed; what it sealed is noise from then on, also for a commit that is on its way.
    /// Returns the key as it was, or null when there is none. <see cref="Forget(string, string)"/> once that is committed.
    /// </summary>
    public async ValueTask<PersonKey?> DestroyPersonAsync(Commit commit, TenantKeys tenant, string person, DateTimeOffset now, CancellationToken ct)
    {
        var at = PersonKey.KeyOf(tenant.Tenant, person);
        var item = await store.GetAsync(at, ct);
        if (item is null || Read(item).Wrapped.Length == 0)
            return null;
        commit.Put(at, StoredJson.Write(new PersonKeyRecord(1, 0, []), StorageJson.Default.PersonKeyRecord), Condition.Same(item), expires: now + GraveKept);
        return tenant.OpenPerson(person, Read(item), item.Version, 0);
    }

    /// <summary>
    /// Adds to a commit that a tenant's keys are destroyed, those too that were dropped, and with them all that stands below them.
    /// <see cref="Forget(string)"/> once that is committed.
    /// </summary>
    public async Task DestroyTenantAsync(Commit commit, string tenant, CancellationToken ct)
    {
        // The record is read first: what is dropped from here on changes it, and this commit then meets a conflict.
        commit.Delete(KeyOf(tenant), Condition.Same(await store.GetAsync(KeyOf(tenant), ct)));
        // More than these, which is months of a new key each hour, go with the rest of the tenant's keys.
        await foreach (var item in DroppedKeys.OfAsync(store, tenant, ct).Take(MostInACommit).WithCancellation(ct))
            commit.Delete(item.Key);
    }

    /// <summary>Drops a person's key from memory: called by whoever changed its item, behind the commit.</summary>
    public void Forget(string tenant, string person)
    {
        Interlocked.Increment(ref Place(tenant, person));
        _people.TryRemove((tenant, person), out _);
    }

    /// <summary>Drops a tenant's keys from memory, and those of all its people.</summary>
    public void Forget(string tenant)
    {
        ForgetPeople(tenant);
        _tenants.TryRemove(tenant, out _);
    }

    /// <summary>Drops the keys of all people of a tenant or of the installation from memory.</summary>
    public void ForgetPeople(string tenant)
    {
        foreach (ref var place in _forgotten.AsSpan())
            Interlocked.Increment(ref place);
        foreach (var of in _people.Keys)
            if (of.Tenant == tenant)
                _people.TryRemove(of, out _);
    }

    private PersonKey? Open(TenantKeys tenant, string person, Item? item, long stamp)
    {
        if (item is null || Read(item) is not { Wrapped.Length: > 0 } record)
            return null;
        var key = tenant.OpenPerson(person, record, item.Version, stamp, Stale(tenant.Tenant, person));
        Remember(key);
        return key;
    }

    private PersonKey? Known(TenantKeys tenant, string person) =>
        _people.TryGetValue((tenant.Tenant, person), out var known) && IsFresh(known.At, SharedStore.FreshOfPeople) ? known.Key : null;

    /// <summary>
    /// Whether what was read then counts still. Where no other process writes, it does until it is forgotten. By the day's clock: another one
    /// may stand still while a machine sleeps.
    /// </summary>
    private bool IsFresh(long read, TimeSpan atMost) => !store.IsShared || TimeSpan.FromTicks(time.GetUtcNow().UtcTicks - read).Duration() < atMost;

    private Action? Stale(string tenant, string person) => store.IsShared ? () => Forget(tenant, person) : null;

    private static PersonKeyRecord Read(Item item) => JsonSerializer.Deserialize(item.Value.Span, StorageJson.Default.PersonKeyRecord)!;

    // Half of all hashes are negative.
    private ref long Place(string tenant, string person) => ref _forgotten[unchecked((uint)HashCode.Combine(tenant, person)) % (uint)_forgotten.Length];

    /// <summary>A tenant's record as it is stored, or null.</summary>
    internal async ValueTask<Versioned<TenantKeyRecord>?> RecordAsync(string tenant, CancellationToken ct)
    {
        if (await store.GetAsync(KeyOf(tenant), ct) is not { } item)
            return null;
        var record = ReadTenant(item);
        // Another process has changed the master key, or ended the change.
        if (!masters.Open(record.Master) || tenant == Installation)
            await masters.RefreshAsync(store, ct);
        return new(record, item.Version);
    }

    /// <summary>
    /// Adds a change of a tenant's record to a commit: a new number, or old ones that go. Once that is committed, give the record to
    /// <see cref="Take"/>. Null when there is no such tenant.
    /// </summary>
    /// <param name="change">Gets the record, and what makes a wrapped key of a number.</param>
    internal async Task<Versioned<TenantKeyRecord>?> ChangeAsync(Commit commit, string tenant, Func<TenantKeyRecord, Func<int, WrappedKey>, TenantKeyRecord> change, CancellationToken ct)
    {
        if (await RecordAsync(tenant, ct) is not { } read)
            return null;
        var master = masters.Wrapping;
        var record = change(Rewrap(tenant, read.Value, master), number => new(number, NewWrapped(master, tenant, number), time.GetUtcNow()));
        commit.Put(KeyOf(tenant), Bytes(record), Condition.At(read.Version));
        return new(record, read.Version + 1);
    }

    /// <summary>
    /// Adds to a commit that one number alone stays in use. The others stay wrapped for as long as backups of the data are kept, for a
    /// restore alone (<see cref="TakeBackAsync"/>). <see cref="Take"/> once that is committed; null when there is no such tenant.
    /// </summary>
    internal async Task<Versioned<TenantKeyRecord>?> DropAsync(Commit commit, string tenant, int stays, TimeSpan kept, CancellationToken ct)
    {
        IReadOnlyList<WrappedKey> gone = [];
        var after = await ChangeAsync(commit, tenant, (record, _) =>
        {
            gone = [.. record.Keys.Where(key => key.Number != stays)];
            return record with { Keys = [.. record.Keys.Where(key => key.Number == stays)] };
        }, ct);
        if (after is not { } now)
            return null;
        DroppedKeys.Add(commit, tenant, gone, now.Value.Master!, time, kept);
        return after;
    }

    /// <summary>
    /// Adds to a commit that numbers which were dropped after an instant open again: a restored store has items of before. The
    /// <c>rekey</c> job brings those under the number in use, and drops the others anew. Null when there are none, or all open already.
    /// </summary>
    internal async Task<Versioned<TenantKeyRecord>?> TakeBackAsync(Commit commit, string tenant, DateTimeOffset after, CancellationToken ct)
    {
        if (await RecordAsync(tenant, ct) is not { } read)
            return null;
        var known = read.Value.Keys.Select(key => key.Number).ToHashSet();
        var back = new List<WrappedKey>();
        await foreach (var item in DroppedKeys.OfAsync(store, tenant, ct))
            back.AddRange(Rewrap(tenant, DroppedKeys.Read(item), masters.Wrapping).Keys.Where(key => key.DroppedAt > after && known.Add(key.Number)).Select(key => new WrappedKey(key.Number, key.Wrapped, key.MadeAt)));
        // The items of their drops end as they would have: the next drop has one of its own.
        return back.Count == 0 ? null : await ChangeAsync(commit, tenant, (record, _) => record with { Keys = [.. back, .. record.Keys] }, ct);
    }

    /// <summary>Adds to a commit that a tenant's keys are wrapped with the master key and in the form that wrap now, those too that were dropped, as far as there is room. False when they are.</summary>
    internal async Task<bool> RewrapAsync(Commit commit, string tenant, CancellationToken ct)
    {
        var master = masters.Wrapping;
        var old = await RecordAsync(tenant, ct) is { Value: var read } && !IsNew(read.Master, read.Lookup, master);
        if (old)
            await ChangeAsync(commit, tenant, static (record, _) => record, ct);
        await foreach (var item in DroppedKeys.OfAsync(store, tenant, ct))
        {
            var dropped = DroppedKeys.Read(item);
            // The records of other tenants may follow, and the next look finds what is left.
            if (IsNew(dropped.Master, dropped.Keys.Count > 0 ? dropped.Keys[0].Wrapped : null, master) || commit.Operations.Count >= MostInACommit)
                continue;
            DroppedKeys.Change(commit, item, Rewrap(tenant, dropped, master));
            old = true;
        }
        return old;
    }

    /// <summary>
    /// Whoever holds the tenant's keys seals by this record from now on, and a reading of the one before is not kept. Two changes may come
    /// here in the other order than they were committed in; the older one then changes nothing.
    /// </summary>
    internal void Take(string tenant, Versioned<TenantKeyRecord> record)
    {
        Interlocked.Increment(ref Place(tenant, ""));
        if (_tenants.TryGetValue(tenant, out var held))
            held.Take(Open(tenant, record));
    }

    /// <summary>
    /// Whether memory seals and opens by a record as it was read from the store. When not, it does from now on, unless it has a newer one:
    /// a change was stored, and whoever stored it has not come to say so, or never will.
    /// </summary>
    internal async ValueTask<bool> AgreesAsync(string tenant, Versioned<TenantKeyRecord> read, CancellationToken ct)
    {
        if ((await RequireAsync(tenant, ct)).Holds(read.Value))
            return true;
        Take(tenant, read);
        return false;
    }

    internal static ItemKey KeyOf(string tenant) => new(Table.Keys, tenant, TenantSort);

    /// <summary>Whether a record's keys, which are always wrapped together, are as they would be wrapped now; one of them says it.</summary>
    private bool IsNew(string? by, byte[]? wrapped, MasterKey master) => by == master.Check && (wrapped is null || wrapped[0] == (byte)masters.Form);

    /// <summary>The same keys as they are wrapped now.</summary>
    private TenantKeyRecord Rewrap(string tenant, TenantKeyRecord record, MasterKey master) => IsNew(record.Master, record.Lookup, master) ? record : record with
    {
        Lookup = master.Wrap(masters.Form, Unwrap(tenant, 0, record.Lookup), Context(tenant, 0)),
        Keys = [.. record.Keys.Select(key => key with { Wrapped = master.Wrap(masters.Form, Unwrap(tenant, key.Number, key.Wrapped), Context(tenant, key.Number)) })],
        Master = master.Check,
    };

    private DroppedKeysRecord Rewrap(string tenant, DroppedKeysRecord record, MasterKey master) => IsNew(record.Master, record.Keys.Count > 0 ? record.Keys[0].Wrapped : null, master) ? record : record with
    {
        Keys = [.. record.Keys.Select(key => key with { Wrapped = master.Wrap(masters.Form, Unwrap(tenant, key.Number, key.Wrapped), Context(tenant, key.Number)) })],
        Master = master.Check,
    };

    private static TenantKeyRecord ReadTenant(Item item) => JsonSerializer.Deserialize(item.Value.Span, StorageJson.Default.TenantKeyRecord)!;

    private static byte[] Bytes(TenantKeyRecord record) => JsonSerializer.SerializeToUtf8Bytes(record, StorageJson.Default.TenantKeyRecord);

    private TenantKeySet Open(string tenant, Versioned<TenantKeyRecord> read)
    {
        var record = read.Value;
        return new(Unwrap(tenant, 0, record.Lookup), record.Current, record.Keys.ToDictionary(key => key.Number, key => Unwrap(tenant, key.Number, key.Wrapped)), read.Version, Coming(record));
    }

    private ComingKey? Coming(TenantKeyRecord record) =>
        store.IsShared && record.Keys.Count > 1 && record.Keys.MaxBy(key => key.Number) is { MadeAt: { } made } && made + SharedStore.Spread > time.GetUtcNow()
            ? new(time, made + SharedStore.Spread, record.Keys.Where(key => key.Number < record.Current).Max(key => key.Number)) : null;

    private byte[] NewWrapped(MasterKey master, string tenant, int number) => master.Wrap(masters.Form, RandomNumberGenerator.GetBytes(MasterKey.Bytes), Context(tenant, number));

    private byte[] Unwrap(string tenant, int number, byte[] wrapped) =>
        masters.Unwrap(wrapped, Context(tenant, number))
            ?? throw new CryptographicException($"A key of tenant {tenant} does not open under this master key.");

    private static byte[] Context(string tenant, int number) => Encoding.UTF8.GetBytes($"tenant-key\n{tenant}\n{number}");
}
