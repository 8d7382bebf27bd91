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
    private static readonly KeyedCache<SealingCipher> Ciphers = new(static key => new SealingCipher(key), 1_024);
    private const int Prefix = 2;
    private const int ContextLimit = 512;

    /// <summary>What new items are sealed with, read at once: a rotation may come in between.</summary>
    protected abstract (int Number, byte[] Key) Newest { get; }

    protected abstract byte[]? Number(int number);

    /// <summary>How it seals what is new.</summary>
    public abstract SealedForm Form { get; }

    /// <summary>The number of the key that sealed a value, or null when nothing is sealed.</summary>
    public static int? NumberOf(ReadOnlySpan<byte> value) => value.Length <= Prefix ? null : BinaryPrimitives.ReadUInt16BigEndian(value);

    /// <summary>The form of a value, or null when nothing is sealed.</summary>
    public static SealedForm? FormOf(ReadOnlySpan<byte> value) => value.Length <= Prefix ? null : (SealedForm)value[Prefix];

    public byte[] Seal(ItemKey key, long version, ReadOnlySpan<byte> plain)
    {
        var value = GC.AllocateUninitializedArray<byte>(Prefix + Sealing.Overhead + plain.Length);
        var (number, secret) = Newest;
        BinaryPrimitives.WriteUInt16BigEndian(value, (ushort)number);
        var cipher = Ciphers.Take(secret);
        Sealing.Seal(cipher.Value, Form, plain, Context(key, version, stackalloc byte[ContextLimit]), value.AsSpan(Prefix));
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

    /// <summary>Whether a value was sealed with a key that is there. False: with one that was destroyed, so that nobody can read it any more.</summary>
    public bool Knows(ReadOnlySpan<byte> value) => value.Length > Prefix && Number(BinaryPrimitives.ReadUInt16BigEndian(value)) is not null;

    private static ReadOnlySpan<byte> Context(ItemKey key, long version, Span<byte> stack) =>
        Utf8.TryWrite(stack, $"{(int)key.Table}\n{key.Partition}\n{key.Sort}\n{version}", out var length)
            ? stack[..length]
            : Encoding.UTF8.GetBytes($"{(int)key.Table}\n{key.Partition}\n{key.Sort}\n{version}");
}

/// <summary>What a tenant's record holds, opened.</summary>
/// <param name="Current">The newest number.</param>
/// <param name="Version">Of the record's item.</param>
/// <param name="Coming">Until when the newest number only opens; null where it seals at once.</param>
internal sealed record TenantKeySet(byte[] Lookup, int Current, IReadOnlyDictionary<int, byte[]> Keys, long Version, ComingKey? Coming = null)
{
    /// <summary>The number that seals now.</summary>
    public int Sealing => Coming is { } coming && coming.Clock.GetUtcNow() < coming.At ? coming.Before : Current;
}

/// <summary>On a store that several processes share a new number waits until each of them has it, and the one before seals on.</summary>
internal sealed record ComingKey(TimeProvider Clock, DateTimeOffset At, int Before);

/// <summary>
/// A tenant's open keys: they seal what belongs to the tenant and wrap its correspondents' keys. A rotation changes what this holds,
/// so that whoever has it seals with the new key from that moment on. Not to be kept for longer than some work takes: the key ring is asked anew.
/// </summary>
internal sealed class TenantKeys(string tenant, TenantKeySet keys, MasterKeys masters) : SealingKey
{
    private volatile TenantKeySet _keys = keys;

    public string Tenant => tenant;

    public override SealedForm Form => masters.Form;

    /// <summary>The number that new items are sealed with.</summary>
    public int Current => _keys.Sealing;

    /// <summary>When the key ring read the record last, in ticks of UTC.</summary>
    internal long ReadAt { get; set; }

    protected override (int Number, byte[] Key) Newest => _keys is var held && held.Sealing is var number ? (number, held.Keys[number]) : default;

    protected override byte[]? Number(int number) => _keys.Keys.GetValueOrDefault(number);

    /// <summary>A keyed hash to look something up by: the same for the same value, of no use without the key.</summary>
    /// <param name="purpose">Keeps hashes of different uses apart, such as "person" or "thread".</param>
    public string Hash(string purpose, string value) => LookupHash.Of(_keys.Lookup, $"{purpose}\n{value}");

    /// <summary>A key of its own for a use such as signing tokens.</summary>
    public byte[] Derive(string purpose) => KeyDerivation.Derive(_keys.Lookup, purpose);

    /// <summary>The hash that names a correspondent; the address must be normalised.</summary>
    public string Person(string normalizedAddress) => Hash("person", normalizedAddress);

    /// <summary>Whether a number that was replaced can still be opened here.</summary>
    internal bool IsOld(int number) => _keys is var held && number < held.Sealing && held.Keys.ContainsKey(number);

    /// <summary>Whether this is what a record says: the same number seals, and the same ones open.</summary>
    internal bool Holds(TenantKeyRecord record) =>
        _keys is var held && held.Current == record.Current && held.Keys.Count == record.Keys.Count && record.Keys.All(key => held.Keys.ContainsKey(key.Number));

    /// <summary>The same of a record that was read, unless this is what it holds.</summary>
    internal void Take(long version, Func<TenantKeySet> read)
    {
        if (_keys.Version < version)
            Take(read());
    }

    /// <summary>The record has changed, and what it now says is stored. What it said before that is not taken.</summary>
    internal void Take(TenantKeySet now)
    {
        TenantKeySet held;
        do
            if ((held = _keys).Version >= now.Version)
                return;
        while (Interlocked.CompareExchange(ref _keys, now with { Lookup = held.Lookup }, held) != held);
    }

    /// <param name="person">The keyed hash of the address.</param>
    /// <param name="place">What must hold of the key's item for the new key to be stored.</param>
    /// <param name="stamp">Of the reading that found none.</param>
    /// <param name="stale">See <see cref="PersonKey.Stale"/>.</param>
    internal PersonKey NewPerson(string person, Condition place, long stamp, Action? stale)
    {
        var key = RandomNumberGenerator.GetBytes(MasterKey.Bytes);
        // Another number than the key had that was destroyed: what that one sealed is told from what was tampered with.
        var number = RandomNumberGenerator.GetInt32(2, ushort.MaxValue + 1);
        return new PersonKey(masters, tenant, person, key, number, place, stamp, Wrap(person, key, number)) { Stale = stale };
    }

    internal PersonKey OpenPerson(string person, PersonKeyRecord record, long version, long stamp, Action? stale = null) =>
        new(masters, tenant, person, Unwrap(person, record), record.Number == 0 ? 1 : record.Number, Condition.At(version), stamp, null) { Stale = stale };

    /// <summary>The same key of a person, wrapped with the newest key in the form of now. Not of one that was destroyed.</summary>
    internal PersonKeyRecord Rewrap(string person, PersonKeyRecord record) => Wrap(person, Unwrap(person, record), record.Number);

    private PersonKeyRecord Wrap(string person, byte[] key, int number)
    {
        var (wrapping, secret) = Newest;
        return new(1, wrapping, Sealing.Seal(secret, Form, key, PersonContext(person)), number);
    }

    private byte[] Unwrap(string person, PersonKeyRecord record) =>
        Number(record.TenantKey) is { } wrapping && Sealing.Open(wrapping, record.Wrapped, PersonContext(person)) is { } key
            ? key : throw new CryptographicException($"A correspondent's key of tenant {tenant} does not open.");

    private byte[] PersonContext(string person) => Encoding.UTF8.GetBytes($"person-key\n{tenant}\n{person}");
}

/// <summary>A correspondent's open key. Whatever it seals is committed only while it is there (<see cref="AddTo"/>).</summary>
internal sealed class PersonKey : SealingKey
{
    private readonly MasterKeys _masters;
    private readonly byte[] _key;
    private readonly int _number;
    private readonly Condition _place;
    private readonly PersonKeyRecord? _fresh;

    internal PersonKey(MasterKeys masters, string tenant, string person, byte[] key, int number, Condition place, long stamp, PersonKeyRecord? fresh)
    {
        _masters = masters;
        Tenant = tenant;
        Person = person;
        Stamp = stamp;
        _key = key;
        _number = number;
        _place = place;
        _fresh = fresh;
    }

    public string Tenant { get; }

    public override SealedForm Form => _masters.Form;

    /// <summary>The keyed hash of the correspondent's address.</summary>
    public string Person { get; }

    /// <summary>When it was read or made, as the key ring counts.</summary>
    internal long Stamp { get; }

    /// <summary>Told when a commit that holds the key did not happen: another process may have changed its item. Null where no other does.</summary>
    internal Action? Stale { get; init; }

    protected override (int Number, byte[] Key) Newest => (_number, _key);

    internal static ItemKey KeyOf(string tenant, string person) => new(Table.Keys, tenant, "person/" + person);

    protected override byte[]? Number(int number) => number == _number ? _key : null;

    /// <summary>
    /// Goes into each commit that holds something that this key sealed, once or several times. A key that was just made is
    /// stored by it; one that was destroyed meanwhile fails it (GDPR-2).
    /// </summary>
    public PersonKey AddTo(Commit commit)
    {
        var key = KeyOf(Tenant, Person);
        if (commit.Names(key))
            return this;
        if (_fresh is null)
            commit.Check(key, _place);
        else
            commit.Put(key, StoredJson.Write(_fresh, StorageJson.Default.PersonKeyRecord), _place);
        if (Stale is not null)
            commit.WhenRefused(Stale);
        return this;
    }

    /// <summary>The same key for as long as nobody can tell it from another: 128 bits, keyed with the tenant's look-up key.</summary>
    public string Fingerprint(TenantKeys own) => own.Hash("person-key", Convert.ToHexStringLower(_key));

    /// <summary>As it is once the commit that it was added to is written.</summary>
    internal PersonKey Stored() => _fresh is null ? this : new PersonKey(_masters, Tenant, Person, _key, _number, Condition.At(_place.Version + 1), Stamp, null) { Stale = Stale };
}
