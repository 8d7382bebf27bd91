using ReplyMint.Storage;

namespace ReplyMint.Privacy;

/// <summary>How much an erasure removed, by kind; counted in the very commits that remove, so that no end of the process miscounts.</summary>
internal sealed class ErasureCounts(IStore store)
{
    // Kinds are the first words of sort keys, and a few more.
    private const int Most = 100;

    public static void Add(Commit commit, Erasure erasure, IReadOnlyDictionary<string, int> removed)
    {
        foreach (var (kind, count) in removed)
            if (count > 0)
                commit.Add(ItemKey.Main(erasure.Home, $"{Prefix(erasure)}{kind}"), count);
    }

    /// <summary>A commit that removes items as they were read, and counts them: of two that do the same, one counts.</summary>
    /// <param name="erasure">Whose count.</param>
    /// <param name="items">At most 60 where kinds differ.</param>
    /// <param name="kindOf">Under which name an item counts.</param>
    public static Commit Delete(Erasure erasure, IEnumerable<Item> items, Func<Item, string> kindOf)
    {
        var commit = new Commit();
        var removed = new Dictionary<string, int>();
        foreach (var item in items)
        {
            commit.Delete(item.Key, Condition.Same(item));
            removed[kindOf(item)] = removed.GetValueOrDefault(kindOf(item)) + 1;
        }
        Add(commit, erasure, removed);
        return commit;
    }

    public async Task<SortedDictionary<string, long>> ReadAsync(Erasure erasure, CancellationToken ct)
    {
        var counts = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var item in (await store.QueryAsync(Table.Main, erasure.Home, new Storage.Range(Prefix(erasure), Limit: Most), null, ct)).Items)
            counts[item.Key.Sort[Prefix(erasure).Length..]] = item.Count;
        return counts;
    }

    private static string Prefix(Erasure erasure) => $"erasure-count/{erasure.Id}/";
}
