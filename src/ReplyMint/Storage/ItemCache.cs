namespace ReplyMint.Storage;

/// <summary>
/// Items that are read again and again (a tenant, a mailbox, a switch that is not there), so that a mail costs few reads
/// of the database. One process owns the store and all its writes pass by here, so what is kept is what a read would find:
/// while a commit is written its items are neither kept nor known, or who read the new one could read the old one after it.
/// </summary>
internal sealed class ItemCache
{
    private const int MaxKept = 2_048;
    private const int MaxItemBytes = 16 * 1024;
    private const int Places = 4_096;

    private readonly Dictionary<ItemKey, Item?> _kept = [];
    // How often keys of a place were written: a read that a write overtook must not be kept.
    private readonly long[] _writes = new long[Places];
    // How many commits that are being written touch keys of a place.
    private readonly int[] _writing = new int[Places];
    // What was read once, by hash: most keys are never asked for again and are not worth a place.
    private readonly int[] _once = new int[Places];
    private readonly Lock _lock = new();

    /// <summary>True when the item is known, be it absent.</summary>
    public bool TryGet(ItemKey key, DateTimeOffset now, out Item? item)
    {
        lock (_lock)
            if (!_kept.TryGetValue(key, out item))
                return false;
        if (item is { Expires: { } expires } && expires <= now)
            item = null;
        return true;
    }

    /// <summary>Taken before a read, given back with what it found.</summary>
    public long Stamp(ItemKey key) => Volatile.Read(ref _writes[Place(key.GetHashCode())]);

    public void Keep(ItemKey key, Item? item, long stamp)
    {
        var hash = key.GetHashCode();
        var place = Place(hash);
        if (_once[place] != hash)
        {
            _once[place] = hash;
            return;
        }
        if (item is not null && item.Value.Length + item.Sealed.Length > MaxItemBytes)
            return;
        lock (_lock)
        {
            if (_writes[place] != stamp || _writing[place] > 0)
                return;
            if (_kept.Count >= MaxKept)
                _kept.Clear();
            _kept[key] = item;
        }
    }

    /// <summary>Before a commit is written.</summary>
    public void Writing(Commit commit)
    {
        lock (_lock)
            foreach (var operation in commit.Operations)
                if (operation.Kind != OperationKind.Check)
                {
                    _writing[Place(operation.Key.GetHashCode())]++;
                    _kept.Remove(operation.Key);
                }
    }

    /// <summary>After it was written or refused, before anybody is told.</summary>
    public void Written(Commit commit)
    {
        lock (_lock)
            foreach (var operation in commit.Operations)
                if (operation.Kind != OperationKind.Check)
                {
                    var place = Place(operation.Key.GetHashCode());
                    _writing[place]--;
                    _writes[place]++;
                }
    }

    // Half of all hashes are negative.
    private static int Place(int hash) => (int)(unchecked((uint)hash) % Places);
}
