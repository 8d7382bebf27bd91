using System.Text.Json.Serialization;

namespace ReplyMint.Storage;

/// <summary>Who a store is. <see cref="KeyCheck"/> tells a wrong master key.</summary>
internal sealed record StoreIdentity(int V, string Id, string KeyCheck);

/// <summary>A tenant's wrapped keys. Keys are never removed while something is sealed with them.</summary>
/// <param name="Lookup">The key of the look-up hashes; it stays the same for the tenant's life.</param>
internal sealed record TenantKeyRecord(int V, byte[] Lookup, int Current, IReadOnlyList<WrappedKey> Keys);

internal sealed record WrappedKey(int Number, byte[] Wrapped);

/// <summary>A correspondent's key, wrapped with the tenant's key <paramref name="TenantKey"/>. Destroying it erases all that it sealed.</summary>
/// <param name="Wrapped">Empty: the key was destroyed. The item stays for a day, so that the version of a new key is another one.</param>
/// <param name="Number">What values that it sealed begin with; absent is 1.</param>
internal sealed record PersonKeyRecord(int V, int TenantKey, byte[] Wrapped, int Number = 0);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(StoreIdentity))]
[JsonSerializable(typeof(TenantKeyRecord))]
[JsonSerializable(typeof(PersonKeyRecord))]
internal sealed partial class StorageJson : JsonSerializerContext;
