using System.Security;
using System.Text;
using ReplyMint.Storage;

namespace ReplyMint.Aws;

/// <summary>Sends what is written to it to S3 in parts, as it comes; what is smaller than one goes over as a whole.</summary>
internal sealed class S3Upload(S3Calls calls, string name, int part) : WriteOnlyStream
{
    private readonly List<string> _tags = [];
    private readonly MemoryStream _held = new();
    private string? _upload;
    private long _sent;

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        _held.Write(buffer.Span);
        while (_held.Length >= part)
            await SendAsync(part, cancellationToken);
    }

    // Where nobody can wait it is only held: what follows sends it.
    public override void Write(ReadOnlySpan<byte> buffer) => _held.Write(buffer);

    public override long Position => _sent + _held.Length;

    /// <summary>The file is there when it returns. Returns its length.</summary>
    public async Task<long> EndAsync(CancellationToken ct)
    {
        var length = _sent + _held.Length;
        if (_upload is null)
        {
            await calls.CallAsync(HttpMethod.Put, name, _held.ToArray(), ct);
            return length;
        }
        if (_held.Length > 0)
            await SendAsync((int)_held.Length, ct);
        var parts = string.Concat(_tags.Select((tag, i) => $"<Part><PartNumber>{i + 1}</PartNumber><ETag>{SecurityElement.Escape(tag)}</ETag></Part>"));
        var answer = await calls.CallAsync(HttpMethod.Post, $"{name}?uploadId={_upload}", Encoding.UTF8.GetBytes($"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>"), ct);
        // S3 begins to answer before it is done, and says in the body what went wrong then.
        if (answer.Error is not null || Encoding.UTF8.GetString(answer.Body).Contains("<Error>", StringComparison.Ordinal))
            throw new StoreUnavailableException("S3 did not put the parts of a file together.");
        _upload = null;
        return length;
    }

    /// <summary>Parts that nobody will put together go; what is left of them the bucket removes after a day.</summary>
    public async Task GiveUpAsync()
    {
        if (_upload is not { } upload)
            return;
        _upload = null;
        try
        {
            await calls.CallAsync(HttpMethod.Delete, $"{name}?uploadId={upload}", default, CancellationToken.None);
        }
        catch (StoreUnavailableException)
        {
            // What made it fail may well hold on; the first failure is the one that counts.
        }
    }

    private async Task SendAsync(int size, CancellationToken ct)
    {
        _upload ??= Uri.EscapeDataString(S3Calls.Between(Encoding.UTF8.GetString((await calls.CallAsync(HttpMethod.Post, name + "?uploads", default, ct)).Body), "UploadId"));
        var answer = await calls.CallAsync(HttpMethod.Put, $"{name}?partNumber={_tags.Count + 1}&uploadId={_upload}", _held.GetBuffer().AsMemory(0, size), ct);
        _tags.Add(answer.Tag ?? throw new StoreUnavailableException("S3 named no tag for a part of a file."));
        _sent += size;
        var rest = _held.GetBuffer().AsSpan(size, (int)_held.Length - size).ToArray();
        _held.SetLength(0);
        _held.Write(rest);
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _held.Dispose();
        base.Dispose(disposing);
    }
}
