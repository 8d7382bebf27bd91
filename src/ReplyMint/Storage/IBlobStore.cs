namespace ReplyMint.Storage;

/// <summary>One content, as it lies there.</summary>
/// <param name="Id">Null for what was never written to its end.</param>
/// <param name="Name">The adapter's own.</param>
internal sealed record StoredBlob(string Tenant, string? Id, string Name);

/// <summary>
/// The port to sealed contents that are too large for an item. Each is durable before the commit that names it; what no item names is
/// removed later. Tenant and id are ids, so that no name leads elsewhere: anything else is refused with an <see cref="ArgumentException"/>.
/// </summary>
internal interface IBlobStore
{
    /// <summary>Durable when it returns; in the place of an older one of that name.</summary>
    Task WriteAsync(string tenant, string id, ReadOnlyMemory<byte> content, CancellationToken ct);

    /// <summary>Null when it is not there.</summary>
    Task<byte[]?> ReadAsync(string tenant, string id, CancellationToken ct);

    /// <summary>One that is not there is no mistake.</summary>
    Task DeleteAsync(string tenant, string id, CancellationToken ct);

    Task RemoveAsync(StoredBlob blob, CancellationToken ct);

    /// <summary>Removes all of a tenant's; returns how many there were.</summary>
    Task<int> DeleteAllAsync(string tenant, CancellationToken ct);

    /// <summary>All last written before an instant.</summary>
    IAsyncEnumerable<StoredBlob> BeforeAsync(DateTimeOffset instant, CancellationToken ct);
}
