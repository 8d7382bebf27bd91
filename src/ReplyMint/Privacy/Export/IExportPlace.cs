using ReplyMint.Storage;

namespace ReplyMint.Privacy;

/// <summary>Where prepared exports lie until they are over: a folder, or a bucket where several processes share the store.</summary>
internal interface IExportPlace
{
    bool HasRoom { get; }

    /// <summary>Writes one anew, in the place of what a broken try left; it is there once all of it is. Returns its plain length.</summary>
    /// <param name="key">The tenant's.</param>
    /// <param name="id">The export's.</param>
    /// <param name="write">Writes the plain bytes.</param>
    /// <param name="ct">Calls it off.</param>
    /// <exception cref="ExportNoRoomException">There is too little room.</exception>
    Task<long> WriteAsync(TenantKeys key, string id, Func<Stream, Task> write, CancellationToken ct);

    /// <summary>Where it can be fetched for a few minutes by whoever knows the address; null where only <see cref="ReadAsync"/> gives it.</summary>
    Task<Uri?> AddressAsync(string tenant, string id, CancellationToken ct);

    /// <summary>Sends a part of the plain bytes, a piece at a time. False when there is no such file, or it does not open.</summary>
    Task<bool> ReadAsync(TenantKeys key, string id, long from, long to, Func<ReadOnlyMemory<byte>, Task> send);

    /// <summary>All that are there, of one tenant or of all, half-written ones too.</summary>
    IAsyncEnumerable<(string Tenant, string Id)> AllAsync(string? tenant, CancellationToken ct);

    /// <summary>One that is not there is no mistake.</summary>
    Task DeleteAsync(string tenant, string id, CancellationToken ct);
}

/// <summary>The disk has too little room left for an export.</summary>
internal sealed class ExportNoRoomException : IOException;
