using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using ReplyMint.Security;

namespace ReplyMint.Storage;

/// <summary>An entry of a part whose content is read next.</summary>
internal sealed record BackupEntry(BackupEntryKind Kind, string Name, long Length);

/// <summary>Reads what <see cref="BackupWriter"/> wrote. Each byte is proved before it is believed, and nothing is believed of a part that has no end.</summary>
internal sealed class BackupReader : IAsyncDisposable
{
    private readonly FileStream _file;
    private readonly byte[] _plain = new byte[BackupWriter.ChunkBytes];
    private readonly byte[] _frame = new byte[BackupWriter.FrameBytes + BackupWriter.ChunkBytes + BackupWriter.TagBytes];
    private SealingCipher? _cipher;
    private int _at, _filled;
    private ulong _chunk;
    private bool _last;
    private long _left;

    private BackupReader(FileStream file, BackupHeader header) => (_file, Header) = (file, header);

    public BackupHeader Header { get; }

    /// <summary>Reads the header alone.</summary>
    /// <exception cref="BackupRefusedException">It is none, or of a newer form.</exception>
    public static async Task<BackupReader> OpenAsync(string path, CancellationToken ct)
    {
        var file = new FileStream(path, new FileStreamOptions { Mode = FileMode.Open, Access = FileAccess.Read, Options = FileOptions.Asynchronous | FileOptions.SequentialScan, BufferSize = 0 });
        try
        {
            var bytes = new byte[BackupHeader.Bytes];
            var read = await file.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, ct);
            return new(file, BackupHeader.Read(bytes.AsSpan(0, read)));
        }
        catch
        {
            await file.DisposeAsync();
            throw;
        }
    }

    /// <exception cref="BackupRefusedException">The part needs another key.</exception>
    public void Use(MasterKey master)
    {
        if (master.Check != Header.KeyCheck)
            throw new BackupRefusedException($"it needs another master key of the store {Header.StoreId} than the one that was found, or its beginning is damaged");
        _cipher = new SealingCipher(Header.Key(master));
    }

    /// <summary>The next entry, or null behind the last one, when the file ends where it should. The content of the one before must have been read.</summary>
    /// <exception cref="BackupRefusedException">It is damaged.</exception>
    public async Task<BackupEntry?> NextAsync(CancellationToken ct)
    {
        if (_left != 0)
            throw new InvalidOperationException("The content of the last entry was not read.");
        if (_at == _filled && !await FillAsync(ct))
            return null;
        var head = new byte[2];
        await TakeAsync(head, ct);
        var rest = new byte[head[1] + 8];
        await TakeAsync(rest, ct);
        _left = BinaryPrimitives.ReadInt64BigEndian(rest.AsSpan(head[1]));
        return _left >= 0 && head[0] is >= (byte)BackupEntryKind.Blob and <= (byte)BackupEntryKind.Manifest
            ? new((BackupEntryKind)head[0], Encoding.ASCII.GetString(rest, 0, head[1]), _left)
            : throw new BackupRefusedException("it holds what this ReplyMint does not know; read it with a newer one");
    }

    /// <summary>Copies the content of the entry, and returns its SHA-256.</summary>
    /// <exception cref="BackupRefusedException">It is damaged.</exception>
    public async Task<byte[]> CopyAsync(Stream to, CancellationToken ct)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        while (_left > 0)
        {
            if (_at == _filled && !await FillAsync(ct))
                throw new BackupRefusedException("it ends in the middle of an entry");
            var some = (int)Math.Min(_left, _filled - _at);
            hash.AppendData(_plain.AsSpan(_at, some));
            await to.WriteAsync(_plain.AsMemory(_at, some), ct);
            _at += some;
            _left -= some;
        }
        return hash.GetHashAndReset();
    }

    public async ValueTask DisposeAsync()
    {
        _cipher?.Dispose();
        CryptographicOperations.ZeroMemory(_plain);
        await _file.DisposeAsync();
    }

    private async Task TakeAsync(Memory<byte> into, CancellationToken ct)
    {
        while (into.Length > 0)
        {
            if (_at == _filled && !await FillAsync(ct))
                throw new BackupRefusedException("it ends in the middle of an entry");
            var some = Math.Min(into.Length, _filled - _at);
            _plain.AsMemory(_at, some).CopyTo(into);
            _at += some;
            into = into[some..];
        }
    }

    /// <summary>False behind the last chunk, when nothing follows it.</summary>
    private async Task<bool> FillAsync(CancellationToken ct)
    {
        var cipher = _cipher ?? throw new InvalidOperationException("No key was given.");
        if (_last)
            return await _file.ReadAsync(_frame.AsMemory(0, 1), ct) == 0 ? false : throw new BackupRefusedException("something was added behind its end");
        var frame = _frame.AsMemory(0, BackupWriter.FrameBytes);
        if (await _file.ReadAtLeastAsync(frame, frame.Length, throwOnEndOfStream: false, ct) < frame.Length)
            throw new BackupRefusedException("its end is missing: it was cut off, or never finished");
        var mark = BinaryPrimitives.ReadUInt32BigEndian(frame.Span);
        var length = (int)(mark & ~BackupWriter.LastMark);
        _last = (mark & BackupWriter.LastMark) != 0;
        if (length > BackupWriter.ChunkBytes || (!_last && length < BackupWriter.ChunkBytes))
            throw Broken();
        var rest = _frame.AsMemory(BackupWriter.FrameBytes, length + BackupWriter.TagBytes);
        if (await _file.ReadAtLeastAsync(rest, rest.Length, throwOnEndOfStream: false, ct) < rest.Length)
            throw new BackupRefusedException("its end is missing: it was cut off, or never finished");
        try
        {
            cipher.Decrypt(Header.Form, BackupWriter.Nonce(_chunk++), rest.Span[..length], rest.Span[length..], _plain.AsSpan(0, length), frame.Span);
        }
        catch (AuthenticationTagMismatchException)
        {
            throw Broken();
        }
        (_at, _filled) = (0, length);
        return length > 0 || await FillAsync(ct);
    }

    private BackupRefusedException Broken() => new($"it is damaged: its chunk {_chunk} was changed, or is not where it belongs");
}
