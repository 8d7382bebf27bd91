using ReplyMint.Security;

namespace ReplyMint.Storage;

/// <summary>Sealed contents too large for an item, one file each. On disk, file and folder, before the commit that names it.</summary>
internal sealed class BlobFolder(string root)
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
            return new FileStream(Path.Combine(root, tenant, id), new FileStreamOptions { Options = FileOptions.Asynchronous | FileOptions.SequentialScan, BufferSize = 0 });
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>All files last written before an instant, half-written ones too: their tenant, and the id, or null when it never became a blob.</summary>
    public IEnumerable<(string Tenant, string? Id, string Path)> Before(DateTimeOffset instant)
    {
        if (!Directory.Exists(root))
            yield break;
        foreach (var folder in Directory.EnumerateDirectories(root))
            foreach (var file in Directory.EnumerateFiles(folder))
                if (File.GetLastWriteTimeUtc(file) < instant.UtcDateTime)
                    yield return (Path.GetFileName(folder), file.EndsWith(Part, StringComparison.Ordinal) ? null : Path.GetFileName(file), file);
    }

    /// <summary>Removes all of a tenant's; returns how many there were.</summary>
    public int DeleteAll(string tenant)
    {
        var folder = Path.Combine(root, tenant);
        if (!Directory.Exists(folder))
            return 0;
        var files = Directory.GetFiles(folder).Length;
        Directory.Delete(folder, recursive: true);
        return files;
    }

    /// <summary>Removes it; one that is not there is no mistake.</summary>
    public void Delete(string tenant, string id)
    {
        var path = PathOf(tenant, id);
        if (File.Exists(path))
            File.Delete(path);
    }

    /// <summary>Ids come from the store, and what is in the store may come from a file that a person took in: no name leads out of the folder.</summary>
    private string PathOf(string tenant, string id) => IdAttribute.IsId(tenant) && IdAttribute.IsId(id)
        ? Path.Combine(root, tenant, id)
        : throw new ArgumentException("A blob is named by two ids.", nameof(id));
}
