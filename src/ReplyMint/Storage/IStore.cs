namespace ReplyMint.Storage;

/// <summary>The three tables: wrapped keys live apart so that they can be backed up on their own, short schedule.</summary>
internal enum Table { Main = 0, Keys = 1, Audit = 2 }

/// <summary>Where an item lies. Neither part holds personal data: addresses appear only as keyed hashes.</summary>
/// <param name="Partition">Items of one partition are queried together; every tenant's partition starts with the tenant's id.</param>
/// <param name="Sort">Ordered by UTF-8 bytes within the partition.</param>
internal readonly record struct ItemKey(Table Table, string Partition, string Sort)
{
    public static ItemKey Main(string partition, string sort) => new(Table.Main, partition, sort);
}

/// <summary>One stored item.</summary>
/// <param name="Value">Versioned JSON without personal data.</param>
/// <param name="Sealed">Personal fields, sealed under the tenant or the correspondent, or empty.</param>
/// <param name="Version">1 for a new item, one more with each write; conditions name it.</param>
/// <param name="Count">The counter, moved only by <see cref="Commit.Add"/>.</param>
/// <param name="Expires">From this instant on the item is not there any more, whether or not it was removed yet.</param>
internal sealed record Item(ItemKey Key, ReadOnlyMemory<byte> Value, ReadOnlyMemory<byte> Sealed, long Version, long Count, DateTimeOffset? Expires);

/// <summary>A page of a query. <paramref name="Cursor"/> is null on the last page.</summary>
internal sealed record Page(IReadOnlyList<Item> Items, string? Cursor);

/// <summary>What a query asks for, within one partition.</summary>
/// <param name="Prefix">Only sort keys that start with this.</param>
/// <param name="Before">Only sort keys below this one (exclusive), or null.</param>
/// <param name="Limit">1 to 1,000 items a page.</param>
internal sealed record Range(string Prefix, string? Before = null, bool Descending = false, int Limit = 100);

/// <summary>Did all writes happen, or none?</summary>
internal enum CommitResult { Committed, Conflict }

/// <summary>
/// The one narrow port to storage. Adapters (SQLite, DynamoDB) know no room; limits are DynamoDB's: at most 100 operations and
/// 4 MB a commit, 400 KB an item. Who was told of a commit reads it. An expired item reads as absent everywhere, in conditions too,
/// unless an <see cref="ExpiryPause"/> keeps it. An adapter whose service removes what has expired gives it a later time than the item's.
/// </summary>
internal interface IStore
{
    /// <summary>
    /// Several processes may write here at once: what one of them holds in memory is only so old, and what it finds under way may be another's
    /// work. Else whoever opened it is alone, and what he finds under way was left by somebody who is gone.
    /// </summary>
    bool IsShared { get; }

    ValueTask<Item?> GetAsync(ItemKey key, CancellationToken ct);

    /// <summary>Several at once, in the order of the keys; at most 100. An adapter reads them in one go where it can.</summary>
    async ValueTask<IReadOnlyList<Item?>> GetAsync(IReadOnlyList<ItemKey> keys, CancellationToken ct)
    {
        var items = new Item?[keys.Count];
        for (var i = 0; i < items.Length; i++)
            items[i] = await GetAsync(keys[i], ct);
        return items;
    }

    ValueTask<Page> QueryAsync(Table table, string partition, Range range, string? cursor, CancellationToken ct);

    /// <summary>
    /// All or nothing. Returns only after the write is durable (synchronous=FULL on SQLite). An adapter queues by <see cref="Commit.Place"/>
    /// and ends with <see cref="Commit.Settle"/>; one that can't keep the order of queueing places commits of the same gate one after another.
    /// </summary>
    ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken ct);
}
