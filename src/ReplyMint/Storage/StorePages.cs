namespace ReplyMint.Storage;

/// <summary>A value as it was read, with the version that a change of it has to name.</summary>
internal readonly record struct Versioned<T>(T Value, long Version);

/// <summary>How a change of something ended that the caller has read before.</summary>
internal enum ChangeResult
{
    Done,
    NotFound,
    /// <summary>It is not any more as it was read.</summary>
    Changed,
    /// <summary>More than one item holds.</summary>
    TooLarge,
    /// <summary>Something that is in force forbids it for now.</summary>
    NotNow,
}

/// <summary>Some items of a list, with the name to go on behind; null when there is nothing more.</summary>
/// <param name="Next">The rest of a sort key behind the list's prefix. Not always of an item in the page: items that a test refused were looked at, too.</param>
internal sealed record Picked(IReadOnlyList<Item> Items, string? Next);

internal static class StorePages
{
    // So many items are looked at for one page, however few of them fit: a filter must not read a whole table for one caller.
    private const int MaxLooked = 2_000;

    /// <summary>Items of a list that pass a test, behind a named one.</summary>
    /// <param name="after">As given in <see cref="Picked.Next"/>; letters, digits and signs of an id only, so that no list leads into another.</param>
    /// <param name="limit">1 to 1,000.</param>
    /// <param name="wanted">Asked with the clear part at hand, before anything is opened.</param>
    public static async Task<Picked> PickAsync(this IStore store, string partition, string prefix, bool descending, int limit, string? after, Func<Item, bool>? wanted, CancellationToken ct, Table table = Table.Main)
    {
        var picked = new List<Item>();
        var cursor = after is null ? null : prefix + after;
        for (var looked = 0; ;)
        {
            var page = await store.QueryAsync(table, partition, new Range(prefix, Descending: descending, Limit: wanted is null ? limit : Math.Min(1_000, limit * 4)), cursor, ct);
            foreach (var item in page.Items)
            {
                looked++;
                if (wanted?.Invoke(item) != false)
                    picked.Add(item);
                if (picked.Count == limit || looked == MaxLooked)
                {
                    var last = page.Cursor is null && item == page.Items[^1];
                    return new(picked, last ? null : item.Key.Sort[prefix.Length..]);
                }
            }
            if (page.Cursor is null)
                return new(picked, null);
            cursor = page.Cursor;
        }
    }
}
