using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Storage;

namespace ReplyMint.Tests.Storage;

/// <summary>The files that the product was given, with somebody who does something once, just before one is written.</summary>
internal sealed class WatchedBlobs(IBlobStore inner, Func<Task> others) : IBlobStore
{
    private int _done;

    /// <summary>Takes the place of the files among the product's services.</summary>
    public static void Put(IServiceCollection services, Func<Task> others) =>
        services.AddSingleton<IBlobStore>(new WatchedBlobs((IBlobStore)services.Last(service => service.ServiceType == typeof(IBlobStore)).ImplementationInstance!, others));

    public async Task WriteAsync(string tenant, string id, ReadOnlyMemory<byte> content, CancellationToken ct)
    {
        if (Interlocked.Exchange(ref _done, 1) == 0)
            await others();
        await inner.WriteAsync(tenant, id, content, ct);
    }

    public Task<byte[]?> ReadAsync(string tenant, string id, CancellationToken ct) => inner.ReadAsync(tenant, id, ct);

    public Task DeleteAsync(string tenant, string id, CancellationToken ct) => inner.DeleteAsync(tenant, id, ct);

    public Task RemoveAsync(StoredBlob blob, CancellationToken ct) => inner.RemoveAsync(blob, ct);

    public Task<int> DeleteAllAsync(string tenant, CancellationToken ct) => inner.DeleteAllAsync(tenant, ct);

    public IAsyncEnumerable<StoredBlob> BeforeAsync(DateTimeOffset instant, CancellationToken ct) => inner.BeforeAsync(instant, ct);
}
