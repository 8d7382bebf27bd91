using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using ReplyMint.Security;

namespace ReplyMint.Storage;

/// <summary>
/// Seals an item's personal fields. A sealed value starts with the key's number (two bytes, for rotation) and is bound
/// to the item's table, key and version: it opens nowhere else, and an older value does not open in a newer's place.
/// </summary>
internal abstract class SealingKey
{
    // A mail seals some values with one key within moments; above this many keys at once the oldest are made anew.
    private static readonly KeyedCache<AesGcm> Ciphers = new(static key => Sealing.Cipher(key), 1_024);
    private const int Prefix = 2;
    private const int ContextLimit = 512;

    protected abstract int Current { get; }

    protected abstract byte[]? Number(int number);

    public byte[] Seal(ItemKey key, long version, ReadOnlySpan<byte> plain)
    {
        var value = GC.AllocateUninitializedArray<byte>(Prefix + Sealing.Overhead + plain.Length);
        BinaryPrimitives.WriteUInt16BigEndian(value, (ushort)Current);
        var cipher = Ciphers.Take(Number(Current)!);
        Sealing.Seal(cipher.Value, plain, Context(key, version, stackalloc byte[ContextLimit]), value.AsSpan(Prefix));
        Ciphers.Return(cipher);
        return value;
    }

    /// <exception cref="CryptographicException">The value was changed, moved, or is of another key.</exception>
    public byte[] Open(Item item) => Open(item, item.Version);

    /// <summary>Opens what has stayed since an earlier version of the item.</summary>
    /// <exception cref="CryptographicException">As above.</exception>
    public byte[] Open(Item item, long version) =>
        Open(item.Key, version, item.Sealed.Span) ?? throw new CryptographicException($"An item of {item.Key.Partition} does not open: it was changed or moved.");

    public byte[]? Open(ItemKey key, long version, ReadOnlySpan<byte> value)
    {
        if (value.Length <= Prefix || Number(BinaryPrimitives.ReadUInt16BigEndian(value)) is not { } secret)
            return null;
        var cipher = Ciphers.Take(secret);
        var plain = Sealing.Open(cipher.Value, value[Prefix..], Context(key, version, stackalloc byte[ContextLimit]));
        Ciphers.Return(cipher);
        return plain;
    }

    private static ReadOnlySpan<byte> Context(ItemKey key, long version, Span<byte> stack) =>
        Utf8.TryWrite(stack, $"{(int)key.Table}\n{key.Partition}\n{key.Sort}\n{version}", out var length)
            ? stack[..length]
            : Encoding.UTF8.GetBytes($"{(int)key.Table}\n{key.Partition}\n{key.Sort}\n{version}");
}

/// <summary>A tenant's open keys: they seal what belongs to the tenant and wrap its correspondents' keys.</summary>
internal sealed class TenantKeys(string tenant, byte[] lookup, int current, IReadOnlyDictionary<int, byte[]> keys) : SealingKey
{
    public string Tenant => tenant;

    protected override int Current => current;

    protected override byte[]? Number(int number) => keys.GetValueOrDefault(number);

    /// <summary>A keyed hash to look something up by: the same for the same value, of no use without the key.</summary>
    /// <param name="purpose">Keeps hashes of different uses apart, such as "person" or "thread".</param>
    public string Hash(string purpose, string value) => LookupHash.Of(lookup, $"{purpose}\n{value}");

    /// <summary>A key of its own for a use such as signing tokens.</summary>
    public byte[] Derive(string purpose) => KeyDerivation.Derive(lookup, purpose);

    /// <summary>The hash that names a correspondent; the address must be normalised.</summary>
    public string Person(string normalizedAddress) => Hash("person", normalizedAddress);

    internal PersonKey NewPerson(string person)
    {
        var key = RandomNumberGenerator.GetBytes(MasterKey.Bytes);
        var wrapped = Sealing.Seal(keys[current], key, PersonContext(person));
        return new PersonKey(tenant, person, key, new PersonKeyRecord(1, current, wrapped));
    }

    internal PersonKey OpenPerson(string person, PersonKeyRecord record) =>
        Number(record.TenantKey) is { } wrapping && Sealing.Open(wrapping, record.Wrapped, PersonContext(person)) is { } key
            ? new PersonKey(tenant, person, key, null)
            : throw new CryptographicException($"A correspondent's key of tenant {tenant} does not open.");

    private byte[] PersonContext(string person) => Encoding.UTF8.GetBytes($"person-key\n{tenant}\n{person}");
}

/// <summary>A correspondent's open key.</summary>
internal sealed class PersonKey : SealingKey
{
    private readonly byte[] _key;
    private readonly PersonKeyRecord? _fresh;

    internal PersonKey(string tenant, string person, byte[] key, PersonKeyRecord? fresh)
    {
        Tenant = tenant;
        Person = person;
        _key = key;
        _fresh = fresh;
    }

    public string Tenant { get; }

    /// <summary>The keyed hash of the correspondent's address.</summary>
    public string Person { get; }

    protected override int Current => 1;

    internal static ItemKey KeyOf(string tenant, string person) => new(Table.Keys, tenant, "person/" + person);

    protected override byte[]? Number(int number) => number == 1 ? _key : null;

    /// <summary>A key that was just made goes into the same commit as the first item that it seals.</summary>
    public PersonKey AddTo(Commit commit)
    {
        if (_fresh is not null)
            commit.Put(KeyOf(Tenant, Person), StoredJson.Write(_fresh, StorageJson.Default.PersonKeyRecord), Condition.Absent);
        return this;
    }

    internal PersonKey Stored() => _fresh is null ? this : new PersonKey(Tenant, Person, _key, null);
}
