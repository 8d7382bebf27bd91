using System.Runtime.CompilerServices;

namespace ReplyMint.Security;

/// <summary>
/// Keeps what the cryptographic library makes of keys that are used again and again: to make it costs more than to seal or
/// hash a short value. None of it may be used by two threads at once, so whoever uses one takes it out. Bounded; what finds
/// no place is made anew. Keys are told apart by their array, not their content: a key's bytes must never change.
/// </summary>
internal sealed class KeyedCache<T>(Func<byte[], T> make, int places) where T : class, IDisposable
{
    private readonly Entry?[] _places = new Entry?[places];

    public Entry Take(byte[] key)
    {
        var entry = Interlocked.Exchange(ref Place(key), null);
        if (entry is not null && ReferenceEquals(entry.Key, key))
            return entry;
        entry?.Value.Dispose();
        return new Entry(key, make(key));
    }

    /// <summary>Not after an exception: what it left behind is not known.</summary>
    public void Return(Entry entry) => Interlocked.Exchange(ref Place(entry.Key), entry)?.Value.Dispose();

    // A hash may be negative.
    private ref Entry? Place(byte[] key) => ref _places[unchecked((uint)RuntimeHelpers.GetHashCode(key)) % (uint)_places.Length];

    internal sealed record Entry(byte[] Key, T Value);
}
