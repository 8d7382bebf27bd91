using System.Text.Json;

namespace ReplyMint.Storage;

/// <summary>A tenant's old numbers that nothing here is sealed with any more, wrapped with the master key.</summary>
/// <param name="Master">The check of the master key that all of them are wrapped with.</param>
internal sealed record DroppedKeysRecord(int V, IReadOnlyList<DroppedKey> Keys, string Master);

internal sealed record DroppedKey(int Number, byte[] Wrapped, DateTimeOffset? MadeAt, DateTimeOffset DroppedAt);

/// <summary>
/// Old keys of tenants for as long as a backup of the data may need them: what was sealed before the drop lies in it as it was. They lie
/// in the keys table beside the keys in use, so a backup's part with the keys holds them and one with the data never does; nobody opens
/// them but a restore; and they are destroyed with the tenant.
/// </summary>
internal static class DroppedKeys
{
    internal static ItemKey KeyOf(string tenant) => new(Table.Keys, tenant, "tenant-key-dropped");

    public static DroppedKeysRecord Read(Item item) => JsonSerializer.Deserialize(item.Value.Span, StorageJson.Default.DroppedKeysRecord)!;

    /// <summary>Adds the keys to what is kept, each until the last backup that may need it has gone.</summary>
    /// <param name="before">What is kept already, under the same master key.</param>
    /// <param name="kept">How long backups of the data are.</param>
    public static void Add(Commit commit, string tenant, Item? item, DroppedKeysRecord? before, IEnumerable<WrappedKey> gone, string master, DateTimeOffset now, TimeSpan kept) =>
        Write(commit, tenant, item, new(1, [.. (before?.Keys ?? []).Where(key => key.DroppedAt + kept > now), .. gone.Select(key => new DroppedKey(key.Number, key.Wrapped, key.MadeAt, now))], master), now + kept);

    public static void Write(Commit commit, string tenant, Item? item, DroppedKeysRecord record, DateTimeOffset? until) =>
        commit.Put(KeyOf(tenant), StoredJson.Write(record, StorageJson.Default.DroppedKeysRecord), Condition.Same(item), expires: until);
}
