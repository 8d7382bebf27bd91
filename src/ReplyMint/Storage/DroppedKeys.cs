using System.Text.Json;

namespace ReplyMint.Storage;

/// <summary>Old numbers of a tenant that were dropped at one moment, since nothing here is sealed with them any more, wrapped with the master key.</summary>
/// <param name="Master">The check of the master key that all of them are wrapped with.</param>
internal sealed record DroppedKeysRecord(int V, IReadOnlyList<DroppedKey> Keys, string Master);

internal sealed record DroppedKey(int Number, byte[] Wrapped, DateTimeOffset? MadeAt, DateTimeOffset DroppedAt);

/// <summary>
/// Old keys of tenants for as long as a backup of the data may need them: what was sealed before the drop lies in it as it was. Each drop
/// has an item, which ends by itself when the last such backup goes, whatever is dropped after it. They lie
/// in the keys table beside the keys in use, so a backup's part with the keys holds them and one with the data never does; nobody opens
/// them but a restore; and they are destroyed with the tenant.
/// </summary>
internal static class DroppedKeys
{
    private const string Prefix = "tenant-key-dropped/";

    /// <summary>A tenant's, the oldest first.</summary>
    public static IAsyncEnumerable<Item> OfAsync(IStore store, string tenant, CancellationToken ct) => store.AllAsync(Table.Keys, tenant, Prefix, ct);

    public static DroppedKeysRecord Read(Item item) => JsonSerializer.Deserialize(item.Value.Span, StorageJson.Default.DroppedKeysRecord)!;

    /// <summary>Adds keys that go, until the last backup that may need them has gone.</summary>
    /// <param name="kept">How long backups of the data are.</param>
    public static void Add(Commit commit, string tenant, IEnumerable<WrappedKey> gone, string master, TimeProvider time, TimeSpan kept)
    {
        var now = time.GetUtcNow();
        commit.Put(new(Table.Keys, tenant, Prefix + Ids.Timed(time)), Bytes(new(1, [.. gone.Select(key => new DroppedKey(key.Number, key.Wrapped, key.MadeAt, now))], master)), Condition.Absent, expires: now + kept);
    }

    /// <summary>The same keys, wrapped anew; they end when they did.</summary>
    public static void Change(Commit commit, Item item, DroppedKeysRecord record) => commit.Change(item, Bytes(record), item.Sealed);

    private static byte[] Bytes(DroppedKeysRecord record) => StoredJson.Write(record, StorageJson.Default.DroppedKeysRecord);
}
