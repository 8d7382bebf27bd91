using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using ReplyMint.Security;

namespace ReplyMint.Accounts;

/// <summary>A credential that was proved, and whose owner's rights were read from the store at a moment.</summary>
/// <param name="EndsAt">From then on it is refused without asking anybody.</param>
/// <param name="ReadAt">The clock's timestamp when the store was asked.</param>
/// <param name="Changes">How many changes there had been by then.</param>
internal sealed record Standing(Caller Caller, DateTimeOffset EndsAt, long ReadAt, long Changes)
{
    /// <summary>Of a key: on whose role it hangs.</summary>
    public string? Owner { get; init; }

    public ApiKeyNetworks? Networks { get; init; }

    /// <summary>What a token said; its signature need not be checked again.</summary>
    public AccessToken? Token { get; init; }
}

/// <summary>
/// Credentials that were proved lately, by their hash, so that a request costs neither a signature nor a read of the store.
/// Only what was proved gets in: nobody can fill it with guesses. What it says is at most two seconds old, and what this
/// process changes itself counts at once.
/// </summary>
internal sealed class Standings(TimeProvider time)
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(2);
    // About 1 KB each. Above the bound the cache starts anew, which costs one proof a credential.
    private const int MaxKept = 20_000;
    private const int StackLimit = 2_048;

    private readonly ConcurrentDictionary<UInt128, Standing> _kept = new();
    // For each of so many groups of ids, which change was its last: who changes often empties his own group only.
    private readonly long[] _changed = new long[1_024];
    private long _changes;
    private long _changedAll;

    /// <summary>Half of a SHA-256: nobody finds a second text for a hash that he does not choose.</summary>
    /// <param name="kind">A key's text is no token's, wherever it is sent.</param>
    /// <param name="credential">As it was sent.</param>
    public static UInt128 HashOf(CallerKind kind, string credential) => HashOf((byte)kind, credential);

    /// <summary>The same of a page's cookie.</summary>
    public static UInt128 HashOfCookie(string cookie) => HashOf(byte.MaxValue, cookie);

    private static UInt128 HashOf(byte kind, string credential)
    {
        var size = Encoding.UTF8.GetMaxByteCount(credential.Length) + 1;
        Span<byte> bytes = size <= StackLimit ? stackalloc byte[StackLimit] : new byte[size];
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        bytes[0] = kind;
        SHA256.HashData(bytes[..(Encoding.UTF8.GetBytes(credential, bytes[1..]) + 1)], hash);
        return BinaryPrimitives.ReadUInt128LittleEndian(hash);
    }

    /// <summary>What is known of a credential, however old.</summary>
    public bool TryGet(UInt128 credential, [NotNullWhen(true)] out Standing? known) => _kept.TryGetValue(credential, out known);

    public bool IsFresh(Standing known) =>
        Volatile.Read(ref _changedAll) <= known.Changes && !HasChanged(known.Caller.Id, known.Changes) && !HasChanged(known.Caller.Tenant, known.Changes) && (known.Owner is not { } owner || !HasChanged(owner, known.Changes)) && time.GetElapsedTime(known.ReadAt) < Fresh && time.GetUtcNow() < known.EndsAt;

    /// <summary>The moment that a reading of the store counts from; asked before the store is.</summary>
    public (long At, long Changes) Now() => (time.GetTimestamp(), Volatile.Read(ref _changes));

    public void Keep(UInt128 credential, Standing standing)
    {
        if (_kept.Count >= MaxKept)
            _kept.Clear();
        _kept[credential] = standing;
    }

    public void Drop(UInt128 credential) => _kept.TryRemove(credential, out _);

    /// <summary>A person's, a key's or a tenant's rights changed in this process: his are read anew, a person's keys and a tenant's callers too. Called behind the commit.</summary>
    public void Changed(string id)
    {
        var change = Interlocked.Increment(ref _changes);
        ref var last = ref _changed[GroupOf(id)];
        for (var before = Volatile.Read(ref last); before < change;)
        {
            var seen = Interlocked.CompareExchange(ref last, change, before);
            if (seen == before)
                return;
            before = seen;
        }
    }

    /// <summary>Nobody knows whose rights changed: everybody's are read anew.</summary>
    public void ChangedAll() => Volatile.Write(ref _changedAll, Interlocked.Increment(ref _changes));

    private bool HasChanged(string id, long since) => Volatile.Read(ref _changed[GroupOf(id)]) > since;

    // Half of all hashes are negative.
    private int GroupOf(string id) => (int)(unchecked((uint)id.GetHashCode(StringComparison.Ordinal)) % (uint)_changed.Length);
}
