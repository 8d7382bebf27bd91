using System.Collections.Concurrent;

namespace ReplyMint.Storage;

/// <summary>
/// Keeps what was opened and read of items that each mail asks for. The store is asked every time; only an item of the
/// very version that was opened before is not opened again.
/// </summary>
internal sealed class OpenedItems<T> where T : class
{
    private const int MaxKept = 1_000;

    private readonly ConcurrentDictionary<ItemKey, (long Version, T Value)> _kept = new();

    public T Get<TKeys>(Item item, Func<Item, TKeys, T> open, TKeys keys)
    {
        if (_kept.TryGetValue(item.Key, out var known) && known.Version == item.Version)
            return known.Value;
        var value = open(item, keys);
        if (_kept.Count >= MaxKept)
            _kept.Clear();
        _kept[item.Key] = (item.Version, value);
        return value;
    }

    /// <summary>Drops all of a partition.</summary>
    public void Forget(string partition)
    {
        foreach (var key in _kept.Keys)
            if (key.Partition == partition)
                _kept.TryRemove(key, out _);
    }
}
