using System.Collections.Frozen;
using System.Text.Json;
using Microsoft.Data.Sqlite;

namespace ReplyMint.Storage;

/// <summary>
/// What was in a partition at an instant stays there, whatever its expiry, for as long as this stands: whoever has to take expiries
/// away needs time, and nothing may go meanwhile. It is set in the commit that makes the work due, and removed in the one that ends it.
/// </summary>
/// <param name="Since">What had expired by then is gone as ever.</param>
/// <param name="Kinds">What the sort keys begin with, up to the first slash. Everything else, such as a token, ends in its time.</param>
internal sealed record ExpiryPause(int V, DateTimeOffset Since, IReadOnlyList<string> Kinds)
{
    public const string Prefix = "expiry-pause/";

    /// <summary>The instant that an item's expiry is held against.</summary>
    public DateTimeOffset At(string sort, DateTimeOffset now) =>
        Since < now && Kinds.Contains(sort.IndexOf('/', StringComparison.Ordinal) is >= 0 and var slash ? sort[..slash] : sort) ? Since : now;

    public static ExpiryPause Read(Item item) => JsonSerializer.Deserialize(item.Value.Span, StorageJson.Default.ExpiryPause)!;

    /// <summary>Beside all others', so that a start finds them without a look through the store.</summary>
    public static ItemKey KeyOf(string partition) => ItemKey.Main(KeyRing.Installation, Prefix + partition);

    /// <summary>Adds it to a commit; one that stands already keeps its instant, since what it kept is there.</summary>
    /// <param name="read">The one that stands, as it was read.</param>
    public static void Add(Commit commit, string partition, Item? read, DateTimeOffset now, IReadOnlyList<string> kinds)
    {
        if (read is null)
            commit.Put(KeyOf(partition), StoredJson.Write(new ExpiryPause(1, now, kinds), StorageJson.Default.ExpiryPause), Condition.Absent);
        else
            commit.Check(read.Key, Condition.Same(read));
    }
}

/// <summary>The pauses that stand, in memory: each look at an item asks.</summary>
internal sealed class ExpiryPauses
{
    private volatile FrozenDictionary<string, ExpiryPause> _standing = FrozenDictionary<string, ExpiryPause>.Empty;

    /// <summary>Whether the commit sets or removes one.</summary>
    public static bool Touches(Commit commit)
    {
        foreach (var operation in commit.Operations)
            if (operation.Kind != OperationKind.Check && operation.Key.Sort.StartsWith(ExpiryPause.Prefix, StringComparison.Ordinal))
                return true;
        return false;
    }

    /// <summary>Reads those that stand.</summary>
    public void Load(SqliteConnection connection)
    {
        using var select = new PreparedCommand(connection, $"SELECT s,v,x,ver,n,exp FROM main WHERE p='{KeyRing.Installation}' AND s>$1 AND s<$2", 2);
        var items = new List<Item>();
        select.Bind(ExpiryPause.Prefix, ExpiryPause.Prefix + "\uffff").ReadItems(Table.Main, KeyRing.Installation, items);
        _standing = items.ToFrozenDictionary(item => item.Key.Sort[ExpiryPause.Prefix.Length..], ExpiryPause.Read);
    }

    /// <summary>Whether some items of the partition stay beyond their time; then <see cref="At"/> is to be asked of each.</summary>
    public DateTimeOffset? Since(Table table, string partition) =>
        table == Table.Main && _standing.TryGetValue(partition, out var pause) ? pause.Since : null;

    /// <summary>The instant that the item's expiry is held against.</summary>
    public DateTimeOffset At(ItemKey key, DateTimeOffset now) =>
        key.Table == Table.Main && _standing.Count > 0 && _standing.TryGetValue(key.Partition, out var pause) ? pause.At(key.Sort, now) : now;
}
