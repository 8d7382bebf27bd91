using System.Runtime.CompilerServices;
using ReplyMint.Storage;

namespace ReplyMint.Privacy;

/// <summary>
/// Prepared exports, sealed with their tenant's key in pieces of one size: so they can be written as they are made and read from any
/// place. A file has its name only once it is whole and on the disk.
/// </summary>
internal sealed class ExportFiles(string root, DiskSpace disk) : IExportPlace
{
    /// <summary>Plain bytes in each piece but the last.</summary>
    public const int Piece = 64 * 1024;

    private const string Part = ".part";
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public bool HasRoom => !disk.IsLow();

    public async Task<long> WriteAsync(TenantKeys key, string id, Func<Stream, Task> write, CancellationToken ct)
    {
        var folder = Directory.CreateDirectory(Path.Combine(root, key.Tenant), Owner | UnixFileMode.UserExecute).FullName;
        var path = Path.Combine(folder, id);
        long length;
        try
        {
            await using var file = new FileStream(path + Part, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = Owner, Options = FileOptions.Asynchronous });
            await using (var pieces = new SealingStream(file, key, id, () => HasRoom))
            {
                await write(pieces);
                await pieces.EndAsync(ct);
                length = pieces.Written;
            }
            RandomAccess.FlushToDisk(file.SafeFileHandle);
        }
        catch
        {
            File.Delete(path + Part);
            throw;
        }
        File.Move(path + Part, path, overwrite: true);
        FolderSync.Sync(folder);
        return length;
    }

    public Task<Uri?> AddressAsync(string tenant, string id, CancellationToken ct) => Task.FromResult<Uri?>(null);

    public async Task<bool> ReadAsync(TenantKeys key, string id, long from, long to, Func<ReadOnlyMemory<byte>, Task> send)
    {
        var path = Path.Combine(root, key.Tenant, id);
        if (!File.Exists(path))
            return false;
        using var file = File.OpenHandle(path, options: FileOptions.Asynchronous);
        var overhead = Overhead(key, id);
        var buffer = new byte[Piece + overhead];
        for (var piece = from / Piece; piece * Piece < to; piece++)
        {
            var got = await RandomAccess.ReadAsync(file, buffer, piece * buffer.Length);
            if (key.Open(KeyOf(key.Tenant, id), piece + 1, buffer.AsSpan(0, got)) is not { } plain)
                return false;
            var (start, end) = (Math.Max(0, from - piece * Piece), Math.Min(plain.Length, to - piece * Piece));
            await send(plain.AsMemory((int)start, (int)(end - start)));
        }
        return true;
    }

    public async IAsyncEnumerable<(string Tenant, string Id)> AllAsync(string? tenant, [EnumeratorCancellation] CancellationToken ct)
    {
        await Task.CompletedTask;
        var folders = !Directory.Exists(root) ? [] : tenant is null ? Directory.EnumerateDirectories(root) : Directory.EnumerateDirectories(root, tenant);
        foreach (var file in folders.SelectMany(Directory.EnumerateFiles).ToList())
            yield return (Path.GetFileName(Path.GetDirectoryName(file)!), Path.GetFileName(file).Replace(Part, "", StringComparison.Ordinal));
    }

    public Task DeleteAsync(string tenant, string id, CancellationToken ct)
    {
        var path = Path.Combine(root, tenant, id);
        foreach (var file in (string[])[path, path + Part])
            if (File.Exists(file))
                File.Delete(file);
        return Task.CompletedTask;
    }

    private static ItemKey KeyOf(string tenant, string id) => ItemKey.Main(tenant, "export-file/" + id);

    private static int Overhead(TenantKeys key, string id) => key.Seal(KeyOf(key.Tenant, id), 1, []).Length;

    /// <summary>Seals what is written in pieces, each bound to its place.</summary>
    private sealed class SealingStream(Stream to, TenantKeys key, string id, Func<bool> room) : WriteOnlyStream
    {
        private readonly byte[] _piece = new byte[Piece];
        private int _filled;
        private long _pieces;

        public long Written => _pieces * Piece + _filled - (_ended ? Piece : 0);

        private bool _ended;

        /// <summary>Writes the last piece, which may be short or empty.</summary>
        public async Task EndAsync(CancellationToken ct)
        {
            var last = key.Seal(KeyOf(key.Tenant, id), ++_pieces, _piece.AsSpan(0, _filled));
            _ended = true;
            await to.WriteAsync(last, ct);
        }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            while (!buffer.IsEmpty)
            {
                if (_filled == Piece)
                {
                    if (!room())
                        throw new ExportNoRoomException();
                    to.Write(key.Seal(KeyOf(key.Tenant, id), ++_pieces, _piece));
                    _filled = 0;
                }
                var take = Math.Min(buffer.Length, Piece - _filled);
                buffer[..take].CopyTo(_piece.AsSpan(_filled));
                _filled += take;
                buffer = buffer[take..];
            }
        }

        public override long Position => Written;
    }
}
