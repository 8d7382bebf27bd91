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
internal sealed class KeyRing(IStore store, MasterKey master)
{
    /// <summary>The partition of what belongs to no tenant.</summary>
    public const string Installation = "installation";

    private const string TenantSort = "tenant-key";
    // Keys in memory: about 200 bytes each. Above the bound the cache starts anew, which costs one read a key.
    private const int MaxCached = 50_000;

    private readonly ConcurrentDictionary<string, TenantKeys> _tenants = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string Tenant, string Person), PersonKey> _people = new();

    /// <summary>Adds a new tenant's keys to the commit that makes the tenant. They are given to seal what else stands in that commit, and known to nobody before it happened.</summary>
    public TenantKeys Create(Commit commit, string tenant)
    {
        var record = new TenantKeyRecord(1, NewWrapped(tenant, 0), 1, [new WrappedKey(1, NewWrapped(tenant, 1))]);
        commit.Put(KeyOf(tenant), JsonSerializer.SerializeToUtf8Bytes(record, StorageJson.Default.TenantKeyRecord), Condition.Absent);
        return Open(tenant, record);
    }

    /// <summary>The keys of a tenant, or null when there is no such tenant (any more).</summary>
    public async ValueTask<TenantKeys?> TenantAsync(string tenant, CancellationToken ct)
    {
        if (_tenants.TryGetValue(tenant, out var known))
            return known;
        if (await store.GetAsync(KeyOf(tenant), ct) is not { } item)
            return null;
        var record = JsonSerializer.Deserialize(item.Value.Span, StorageJson.Default.TenantKeyRecord)!;
        return _tenants.GetOrAdd(tenant, Open(tenant, record));
    }

    /// <summary>The keys of a tenant that must be there.</summary>
    public async ValueTask<TenantKeys> RequireAsync(string tenant, CancellationToken ct) =>
        await TenantAsync(tenant, ct) ?? throw new InvalidOperationException($"Tenant {tenant} has no keys.");

    /// <summary>
    /// A correspondent's key; a new one when there is none yet. The caller adds a new key to the commit whose items it
    /// seals (<see cref="PersonKey.AddTo"/>), and calls <see cref="Remember"/> once that is committed.
    /// </summary>
    public async ValueTask<PersonKey> PersonAsync(TenantKeys tenant, string person, CancellationToken ct) =>
        await FindPersonAsync(tenant, person, ct) ?? tenant.NewPerson(person);

    /// <summary>A correspondent's key, or null when it was never made or has been destroyed.</summary>
    public async ValueTask<PersonKey?> FindPersonAsync(TenantKeys tenant, string person, CancellationToken ct)
    {
        if (_people.TryGetValue((tenant.Tenant, person), out var known))
            return known;
        if (await store.GetAsync(PersonKey.KeyOf(tenant.Tenant, person), ct) is not { } item)
            return null;
        var key = tenant.OpenPerson(person, JsonSerializer.Deserialize(item.Value.Span, StorageJson.Default.PersonKeyRecord)!);
        Remember(key);
        return key;
    }

    public void Remember(PersonKey key)
    {
        if (_people.Count >= MaxCached)
            _people.Clear();
        _people[(key.Tenant, key.Person)] = key.Stored();
    }

    private static ItemKey KeyOf(string tenant) => new(Table.Keys, tenant, TenantSort);

    private TenantKeys Open(string tenant, TenantKeyRecord record) =>
        new(tenant, Unwrap(tenant, 0, record.Lookup), record.Current, record.Keys.ToDictionary(key => key.Number, key => Unwrap(tenant, key.Number, key.Wrapped)));

    private byte[] NewWrapped(string tenant, int number)
    {
        var key = RandomNumberGenerator.GetBytes(MasterKey.Bytes);
        return master.Wrap(key, Context(tenant, number));
    }

    private byte[] Unwrap(string tenant, int number, byte[] wrapped) =>
        master.Unwrap(wrapped, Context(tenant, number))
            ?? throw new CryptographicException($"A key of tenant {tenant} does not open under this master key.");

    private static byte[] Context(string tenant, int number) => Encoding.UTF8.GetBytes($"tenant-key\n{tenant}\n{number}");
}
