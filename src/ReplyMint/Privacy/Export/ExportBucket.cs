using System.Runtime.CompilerServices;
using ReplyMint.Storage;

namespace ReplyMint.Privacy;

/// <summary>
/// Prepared exports in a bucket, whoever made them and whoever asks. They lie there as they will be fetched, since callers get them from the
/// bucket itself: encrypted by it, below a prefix that only the API may read (by the bucket's policy) and that it empties within a day.
/// </summary>
internal sealed class ExportBucket(BucketFiles files) : IExportPlace
{
    public const string Prefix = "exports/";

    /// <summary>An address works for whoever has it, so it is for the caller who asked just now.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromMinutes(2);

    public bool HasRoom => true;

    public Task<long> WriteAsync(TenantKeys key, string id, Func<Stream, Task> write, CancellationToken ct) => files.WriteAsync(NameOf(key.Tenant, id), write, ct);

    public async Task<Uri?> AddressAsync(string tenant, string id, CancellationToken ct) => await files.AddressAsync(NameOf(tenant, id), $"export-{id}.zip", Life, ct);

    public Task<bool> ReadAsync(TenantKeys key, string id, long from, long to, Func<ReadOnlyMemory<byte>, Task> send) => Task.FromResult(false);

    public async IAsyncEnumerable<(string Tenant, string Id)> AllAsync(string? tenant, [EnumeratorCancellation] CancellationToken ct)
    {
        await foreach (var name in files.ListAsync(tenant is null ? Prefix : $"{Prefix}{tenant}/", ct))
            if (name[Prefix.Length..].Split('/') is [var owner, var id])
                yield return (owner, id);
    }

    public Task DeleteAsync(string tenant, string id, CancellationToken ct) => files.DeleteAsync(NameOf(tenant, id), ct);

    private static string NameOf(string tenant, string id) => $"{Prefix}{tenant}/{id}";
}
