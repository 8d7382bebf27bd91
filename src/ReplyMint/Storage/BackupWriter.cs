using System.Buffers.Binary;
using System.Security.Cryptography;
using ReplyMint.Security;

namespace ReplyMint.Storage;

/// <summary>What stands in a part, in this order. Numbers are stored.</summary>
internal enum BackupEntryKind : byte { Blob = 1, Database = 2, Settings = 3, SigningKeys = 4, Manifest = 5 }

/// <summary>
/// Writes a part: the header in the clear, then chunks of 256 KB, each sealed in the header's form under the part's own key with its number as
/// nonce. Its length and whether it is the last one are authenticated, so chunks can't be cut off, left out or put into another order.
/// Within them stand entries: kind, name, length, content. Memory is bounded by a chunk, whatever the contents.
/// </summary>
internal sealed class BackupWriter : IAsyncDisposable
{
    internal const int ChunkBytes = 256 * 1024;
    internal const int FrameBytes = 4;
    internal const int TagBytes = 16;
    internal const int NonceBytes = 12;
    internal const uint LastMark = 0x8000_0000;
    internal const int MaxName = 200;

    private readonly FileStream _file;
    private readonly SealingCipher _cipher;
    private readonly SealedForm _form;
    private readonly byte[] _plain = new byte[ChunkBytes];
    private readonly byte[] _frame = new byte[FrameBytes + ChunkBytes + TagBytes];
    private int _filled;
    private ulong _chunk;

    private BackupWriter(FileStream file, SealingCipher cipher, SealedForm form) => (_file, _cipher, _form) = (file, cipher, form);

    /// <summary>Bytes of the file so far.</summary>
    public long Length => _file.Position;

    /// <param name="path">A new file, readable by its owner alone.</param>
    public static async Task<BackupWriter> CreateAsync(string path, BackupHeader header, MasterKey master, CancellationToken ct)
    {
        var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew, Access = FileAccess.Write, Options = FileOptions.Asynchronous, BufferSize = 0, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        await file.WriteAsync(header.Write(), ct);
        return new(file, new SealingCipher(header.Key(master)), header.Form);
    }

    /// <summary>Adds an entry and returns the SHA-256 of its content.</summary>
    /// <param name="length">As many bytes are read from <paramref name="content"/>; fewer are an error.</param>
    public async Task<byte[]> AddAsync(BackupEntryKind kind, string name, Stream content, long length, CancellationToken ct)
    {
        var head = new byte[1 + 1 + name.Length + 8];
        head[0] = (byte)kind;
        head[1] = checked((byte)name.Length);
        System.Text.Encoding.ASCII.GetBytes(name, head.AsSpan(2));
        BinaryPrimitives.WriteInt64BigEndian(head.AsSpan(2 + name.Length), length);
        await PutAsync(head, ct);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (var left = length; left > 0;)
        {
            await MakeRoomAsync(ct);
            var read = await content.ReadAsync(_plain.AsMemory(_filled, (int)Math.Min(left, ChunkBytes - _filled)), ct);
            if (read == 0)
                throw new EndOfStreamException("The content is shorter than it was.");
            hash.AppendData(_plain.AsSpan(_filled, read));
            _filled += read;
            left -= read;
        }
        return hash.GetHashAndReset();
    }

    public async Task<byte[]> AddAsync(BackupEntryKind kind, byte[] content, CancellationToken ct)
    {
        using var stream = new MemoryStream(content, writable: false);
        return await AddAsync(kind, "", stream, content.Length, ct);
    }

    /// <summary>Writes the last chunk; the file is on the disk when this returns.</summary>
    public async Task FinishAsync(CancellationToken ct)
    {
        await WriteChunkAsync(last: true, ct);
        RandomAccess.FlushToDisk(_file.SafeFileHandle);
    }

    public async ValueTask DisposeAsync()
    {
        _cipher.Dispose();
        CryptographicOperations.ZeroMemory(_plain);
        await _file.DisposeAsync();
    }

    private async Task PutAsync(ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        while (bytes.Length > 0)
        {
            await MakeRoomAsync(ct);
            var some = Math.Min(bytes.Length, ChunkBytes - _filled);
            bytes[..some].CopyTo(_plain.AsMemory(_filled));
            _filled += some;
            bytes = bytes[some..];
        }
    }

    /// <summary>A full chunk is written only when something follows: the last one has to say that it is.</summary>
    private ValueTask MakeRoomAsync(CancellationToken ct) => _filled < ChunkBytes ? default : new(WriteChunkAsync(last: false, ct));

    private async Task WriteChunkAsync(bool last, CancellationToken ct)
    {
        BinaryPrimitives.WriteUInt32BigEndian(_frame, (uint)_filled | (last ? LastMark : 0));
        _cipher.Encrypt(_form, Nonce(_chunk++), _plain.AsSpan(0, _filled), _frame.AsSpan(FrameBytes, _filled), _frame.AsSpan(FrameBytes + _filled, TagBytes), _frame.AsSpan(0, FrameBytes));
        await _file.WriteAsync(_frame.AsMemory(0, FrameBytes + _filled + TagBytes), ct);
        _filled = 0;
    }

    internal static byte[] Nonce(ulong chunk)
    {
        var nonce = new byte[NonceBytes];
        BinaryPrimitives.WriteUInt64BigEndian(nonce.AsSpan(NonceBytes - 8), chunk);
        return nonce;
    }
}
