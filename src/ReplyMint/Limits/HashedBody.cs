using System.Security.Cryptography;
using ReplyMint.Storage;

namespace ReplyMint.Limits;

/// <summary>A request's body that is hashed while its handler reads it, so that it need not be held.</summary>
internal sealed class HashedBody(Stream inner, IncrementalHash hash) : Stream
{
    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>Reads what the handler left, and gives the keyed hash of all of it.</summary>
    public async Task<string> FinishAsync(TenantKeys own, CancellationToken ct)
    {
        var rest = new byte[16 * 1024];
        while (await ReadAsync(rest, ct) > 0)
        {
        }
        return own.Hash("idempotency-body", Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await inner.ReadAsync(buffer, cancellationToken);
        hash.AppendData(buffer.Span[..read]);
        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("The body is read asynchronously.");

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
