using System.Runtime.CompilerServices;
using ReplyMint.Security;

namespace ReplyMint.Storage;

/// <summary>Blobs in a folder, one file each: on disk, file and folder, when a write returns.</summary>
internal sealed class BlobFolder(string root) : IBlobStore
{
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private const string Part = ".part";

    public async Task WriteAsync(string tenant, string id, ReadOnlyMemory<byte> content, CancellationToken ct)
    {
        var path = PathOf(tenant, id);
        var folder = Directory.CreateDirectory(Path.GetDirectoryName(path)!, Owner | UnixFileMode.UserExecute).FullName;
        var temporary = path + Part;
        await using (var stream = new FileStream(temporary, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = Owner, Options = FileOptions.Asynchronous }))
        {
            await stream.WriteAsync(content, ct);
            RandomAccess.FlushToDisk(stream.SafeFileHandle);
        }
        File.Move(temporary, path, overwrite: true);
        FolderSync.Sync(folder);
    }

    public async Task<byte[]?> ReadAsync(string tenant, string id, CancellationToken ct)
    {
        var path = PathOf(tenant, id);
        return File.Exists(path) ? await File.ReadAllBytesAsync(path, ct) : null;
    }

    /// <summary>The content, readable to its end also when it is removed meanwhile; null when it is not there.</summary>
    public FileStream? TryOpen(string tenant, string id)
    {
        try
        {
            return new FileStream(PathOf(tenant, id), new FileStreamOptions { Options = FileOptions.Asynchronous | FileOptions.SequentialScan, BufferSize = 0 });
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    public async IAsyncEnumerable<StoredBlob> BeforeAsync(DateTimeOffset instant, [EnumeratorCancellation] CancellationToken ct)
    {
        await Task.CompletedTask;
        if (!Directory.Exists(root))
            yield break;
        foreach (var folder in Directory.EnumerateDirectories(root))
            foreach (var file in Directory.EnumerateFiles(folder))
                if (File.GetLastWriteTimeUtc(file) < instant.UtcDateTime)
                    yield return new(Path.GetFileName(folder), file.EndsWith(Part, StringComparison.Ordinal) ? null : Path.GetFileName(file), file);
    }

    public Task<int> DeleteAllAsync(string tenant, CancellationToken ct)
    {
        var folder = FolderOf(tenant);
        if (!Directory.Exists(folder))
            return Task.FromResult(0);
        var files = Directory.GetFiles(folder).Length;
        Directory.Delete(folder, recursive: true);
        return Task.FromResult(files);
    }

    public Task DeleteAsync(string tenant, string id, CancellationToken ct)
    {
        var path = PathOf(tenant, id);
        if (File.Exists(path))
            File.Delete(path);
        return Task.CompletedTask;
    }

    public Task RemoveAsync(StoredBlob blob, CancellationToken ct)
    {
        File.Delete(blob.Name);
        return Task.CompletedTask;
    }

    /// <summary>Ids come from the store, and what is in the store may come from a file that a person took in: no name leads out of the folder.</summary>
    private string PathOf(string tenant, string id) => IdAttribute.IsId(id)
        ? Path.Combine(FolderOf(tenant), id)
        : throw new ArgumentException("A blob is named by two ids.", nameof(id));

    private string FolderOf(string tenant) => IdAttribute.IsId(tenant)
        ? Path.Combine(root, tenant)
        : throw new ArgumentException("A tenant is named by an id.", nameof(tenant));
}
