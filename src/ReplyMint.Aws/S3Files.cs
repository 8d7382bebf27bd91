using System.Globalization;
using ReplyMint.Storage;

namespace ReplyMint.Aws;

/// <summary>
/// Files of any size in a bucket of S3, for callers that fetch them from S3 itself, or put them there: at an address that holds a signature
/// of this role, for one file and for minutes.
/// </summary>
/// <param name="client">Its endpoint is the bucket's own address.</param>
/// <param name="part">Bytes that are sent at once, and held in memory: S3 takes from 5 MB on, and 10,000 of them.</param>
internal sealed class S3Files(AwsClient client, AwsPatience patience, TimeProvider time, int part = 8 * 1024 * 1024)
{
    private readonly S3Calls _calls = new(client, patience, time);

    /// <summary>Writes one anew as it is made. It is there once all of it is, and not before. Returns its length.</summary>
    public async Task<long> WriteAsync(string name, Func<Stream, Task> write, CancellationToken ct)
    {
        await using var upload = new S3Upload(_calls, name, part);
        try
        {
            await write(upload);
            return await upload.EndAsync(ct);
        }
        catch
        {
            await upload.GiveUpAsync();
            throw;
        }
    }

    /// <summary>One that is not there is no mistake.</summary>
    public Task DeleteAsync(string name, CancellationToken ct) => _calls.CallAsync(HttpMethod.Delete, name, default, ct);

    public async IAsyncEnumerable<string> ListAsync(string prefix, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        await foreach (var (name, _) in _calls.ListAsync(prefix, 1_000, ct))
            yield return name;
    }

    /// <summary>Where whoever has it may fetch one file until <paramref name="life"/> is over, in parts, too.</summary>
    /// <param name="title">What it is called where it arrives.</param>
    public Task<Uri> AddressAsync(string name, string title, TimeSpan life, CancellationToken ct) =>
        client.AddressAsync(HttpMethod.Get, $"{name}?response-cache-control=no-store&response-content-disposition={Uri.EscapeDataString($"attachment; filename=\"{title}\"")}&response-content-type=application%2Fzip", [], life, ct);

    /// <summary>As browsers name it.</summary>
    public string Origin => client.Origin;

    /// <summary>Null when it is not there, or has more bytes.</summary>
    public async Task<byte[]?> ReadAsync(string name, long most, CancellationToken ct) =>
        await _calls.CallAsync(HttpMethod.Get, name, default, ct, most) is { Error: null } answer ? answer.Body : null;

    /// <summary>
    /// Where whoever has it may put these bytes and no others until <paramref name="life"/> is over: S3 refuses another length, type or hash, and
    /// any field of its own that was not signed. Which key encrypts it is therefore the bucket's matter.
    /// </summary>
    public async Task<BucketUpload> UploadAsync(string name, long size, ReadOnlyMemory<byte> sha256, TimeSpan life, CancellationToken ct)
    {
        var fields = new Dictionary<string, string>
        {
            // Bytes that no browser takes for a page, whatever they are.
            ["Content-Length"] = size.ToString(CultureInfo.InvariantCulture), ["Content-Type"] = "application/octet-stream", ["X-Amz-Checksum-Sha256"] = Convert.ToBase64String(sha256.Span),
        };
        return new(await client.AddressAsync(HttpMethod.Put, name, fields, life, ct), fields);
    }
}
