using System.Text.Json;
using System.Text.Json.Serialization;

namespace ReplyMint.Storage;

/// <summary>Who a store is. <see cref="KeyCheck"/> tells a wrong master key.</summary>
/// <param name="NextKeyCheck">While the master key changes: the new one's. From then on keys are wrapped with that.</param>
/// <param name="KeySince">When the master key came into use; null in a store from before that was noted.</param>
/// <param name="KeyBeside">A file that a person named for the new master key, since settings lead to the old one until he has changed them.</param>
/// <param name="MadeAt">Null in a store from before that was noted.</param>
internal sealed record StoreIdentity(int V, string Id, string KeyCheck, string? NextKeyCheck = null, DateTimeOffset? KeySince = null, string? KeyBeside = null, DateTimeOffset? MadeAt = null)
{
    public static ItemKey At { get; } = ItemKey.Main(KeyRing.Installation, "identity");

    /// <summary>Null while the store is being made.</summary>
    public static async ValueTask<Versioned<StoreIdentity>?> ReadAsync(IStore store, CancellationToken ct) =>
        await store.GetAsync(At, ct) is { } item ? new(Of(item), item.Version) : null;

    public static StoreIdentity Of(Item item) => JsonSerializer.Deserialize(item.Value.Span, StorageJson.Default.StoreIdentity)!;

    public byte[] Bytes() => JsonSerializer.SerializeToUtf8Bytes(this, StorageJson.Default.StoreIdentity);
}

/// <summary>A tenant's wrapped keys. Keys are never removed while something is sealed with them.</summary>
/// <param name="Lookup">The key of the look-up hashes; it stays the same for the tenant's life.</param>
/// <param name="Current">The number that new items are sealed with: the highest.</param>
/// <param name="Master">The check of the master key that all of them are wrapped with; null in a record from before that was noted.</param>
internal sealed record TenantKeyRecord(int V, byte[] Lookup, int Current, IReadOnlyList<WrappedKey> Keys, string? Master = null);

/// <param name="MadeAt">Null in a record from before that was noted.</param>
internal sealed record WrappedKey(int Number, byte[] Wrapped, DateTimeOffset? MadeAt = null);

/// <summary>A correspondent's key, wrapped with the tenant's key <paramref name="TenantKey"/>. Destroying it erases all that it sealed.</summary>
/// <param name="Wrapped">Empty: the key was destroyed. The item stays for a day, so that the version of a new key is another one.</param>
/// <param name="Number">What values that it sealed begin with; absent is 1.</param>
internal sealed record PersonKeyRecord(int V, int TenantKey, byte[] Wrapped, int Number = 0);

/// <summary>How far what a tenant has was brought into another form.</summary>
/// <param name="Form">Into which; 0 is not known any more, and asks for a look at all.</param>
/// <param name="At">When it began.</param>
/// <param name="Cursor">Where the pass goes on; null at its beginning.</param>
/// <param name="Sealed">What was sealed again so far.</param>
/// <param name="Met">What this pass found in an older form.</param>
/// <param name="Wrote">What of that it sealed again.</param>
/// <param name="Left">What the last whole pass had to leave as it was.</param>
/// <param name="DoneAt">When a pass found nothing more.</param>
internal sealed record SealedFormRecord(int V, byte Form, DateTimeOffset At, string? Cursor = null, long Sealed = 0, long Met = 0, long Wrote = 0, long Left = 0, DateTimeOffset? DoneAt = null)
{
    public static ItemKey KeyOf(string tenant) => ItemKey.Main(tenant, "sealed-form");

    /// <summary>Adds to the commits of a restore that it is not known any more: keys and data may be of different times, and the restore itself seals in the first form.</summary>
    public static async Task<bool> DoubtAsync(IStore store, Commit commit, string tenant, DateTimeOffset now, CancellationToken ct)
    {
        if (await store.GetAsync(KeyOf(tenant), ct) is { } item)
            commit.Put(item.Key, StoredJson.Write(new SealedFormRecord(1, 0, now), StorageJson.Default.SealedFormRecord), Condition.Same(item));
        return true;
    }

    public static SealedFormRecord? Of(Item? item) => item is null ? null : JsonSerializer.Deserialize(item.Value.Span, StorageJson.Default.SealedFormRecord);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(StoreIdentity))]
[JsonSerializable(typeof(TenantKeyRecord))]
[JsonSerializable(typeof(PersonKeyRecord))]
[JsonSerializable(typeof(DroppedKeysRecord))]
[JsonSerializable(typeof(StoredSecretRecord))]
[JsonSerializable(typeof(RestorePoint))]
[JsonSerializable(typeof(ExpiryPause))]
[JsonSerializable(typeof(SealedFormRecord))]
internal sealed partial class StorageJson : JsonSerializerContext;
