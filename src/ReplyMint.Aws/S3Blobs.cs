using System.Runtime.CompilerServices;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Aws;

/// <summary>
/// Sealed contents in a bucket of S3, each as TENANT/ID. S3 answers when a content is durable, and who reads or lists after that sees it.
/// The bucket must keep no older versions: what is erased has to be gone.
/// </summary>
/// <param name="client">Its endpoint is the bucket's own address.</param>
/// <param name="page">How many names a list holds, 1 to 1,000.</param>
internal sealed class S3Blobs(AwsClient client, AwsPatience patience, TimeProvider time, int page = 1_000) : IBlobStore
{
    private readonly S3Calls _calls = new(client, patience, time);

    public async Task WriteAsync(string tenant, string id, ReadOnlyMemory<byte> content, CancellationToken ct)
    {
        await _calls.CallAsync(HttpMethod.Put, KeyOf(tenant, id), content, ct);
    }

    public async Task<byte[]?> ReadAsync(string tenant, string id, CancellationToken ct) =>
        await _calls.CallAsync(HttpMethod.Get, KeyOf(tenant, id), default, ct) is { Error: null } answer ? answer.Body : null;

    public Task DeleteAsync(string tenant, string id, CancellationToken ct) => _calls.CallAsync(HttpMethod.Delete, KeyOf(tenant, id), default, ct);

    public Task RemoveAsync(StoredBlob blob, CancellationToken ct) => _calls.CallAsync(HttpMethod.Delete, blob.Name, default, ct);

    public async Task<int> DeleteAllAsync(string tenant, CancellationToken ct)
    {
        if (!IdAttribute.IsId(tenant))
            throw new ArgumentException("A tenant is named by an id.", nameof(tenant));
        var count = 0;
        await foreach (var (name, _) in _calls.ListAsync(tenant + "/", page, ct))
        {
            await _calls.CallAsync(HttpMethod.Delete, name, default, ct);
            count++;
        }
        return count;
    }

    public async IAsyncEnumerable<StoredBlob> BeforeAsync(DateTimeOffset instant, [EnumeratorCancellation] CancellationToken ct)
    {
        await foreach (var (name, at) in _calls.ListAsync("", page, ct))
            // Names of another form are none of ours.
            if (at < instant && name.Split('/') is [var tenant, var id] && IdAttribute.IsId(tenant) && IdAttribute.IsId(id))
                yield return new(tenant, id, name);
    }

    private static string KeyOf(string tenant, string id) => IdAttribute.IsId(tenant) && IdAttribute.IsId(id)
        ? $"{tenant}/{id}"
        : throw new ArgumentException("A blob is named by two ids.", nameof(id));
}
