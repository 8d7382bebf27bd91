using System.Runtime.CompilerServices;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Audit;

/// <summary>A folder of another machine: each file is written beside its place, synced, and then linked to its name, which fails when the name is taken.</summary>
internal sealed class FolderAnchor(string folder) : IAnchorPlace
{
    private const string Unfinished = ".unfinished-";

    public string Name => folder;

    public bool IsReadable => true;

    public async Task<PlaceAnswer> WriteAsync(string name, ReadOnlyMemory<byte> document, Commit settled, CancellationToken ct)
    {
        // Made only below it: where the other machine's disk is not mounted, the folder is not there.
        if (!Directory.Exists(folder))
            return PlaceAnswer.Failed("there is no such folder; is its disk mounted?");
        var file = Path.Combine(folder, name);
        var parent = Path.GetDirectoryName(file)!;
        var beside = Path.Combine(parent, Unfinished + Ids.Secret(16));
        try
        {
            if (!Directory.Exists(parent))
            {
                Directory.CreateDirectory(parent);
                SyncUp(parent);
            }
            if (File.Exists(file))
                return await CompareAsync(file, document, ct);
            await WriteAsync(beside, document, ct);
            // Without "overwrite" a link is made and the first name removed (link(2)), or where there are no links a new file (O_EXCL).
            File.Move(beside, file, overwrite: false);
            using (var written = File.OpenHandle(file, access: FileAccess.ReadWrite))
                RandomAccess.FlushToDisk(written);
            FolderSync.Sync(parent);
            return PlaceAnswer.Done;
        }
        catch (IOException) when (File.Exists(file) && FileGuard.IsRegular(file))
        {
            return await CompareAsync(file, document, ct);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return PlaceAnswer.Failed($"it can't be written ({failure.GetType().Name})");
        }
        finally
        {
            if (File.Exists(beside))
                File.Delete(beside);
        }
    }

    public async IAsyncEnumerable<AnchoredDocument> ReadAsync(string prefix, [EnumeratorCancellation] CancellationToken ct)
    {
        Demand();
        var below = Path.Combine(folder, prefix);
        if (!Directory.Exists(below))
            yield break;
        var names = Directory.EnumerateFiles(below, "*", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(folder, file)).Where(AnchorName.IsName).Order(StringComparer.Ordinal).ToList();
        foreach (var name in names)
            yield return new(Name, name, await ReadFileAsync(Path.Combine(folder, name), ct));
    }

    public async Task<byte[]?> ReadOneAsync(string name, CancellationToken ct)
    {
        Demand();
        var file = Path.Combine(folder, name);
        return File.Exists(file) ? await ReadFileAsync(file, ct) : null;
    }

    private void Demand()
    {
        if (!Directory.Exists(folder))
            throw new IOException($"the anchor folder {folder} is not there");
    }

    private static async Task<PlaceAnswer> CompareAsync(string file, ReadOnlyMemory<byte> document, CancellationToken ct) =>
        (await ReadFileAsync(file, ct)).AsSpan().SequenceEqual(document.Span) ? PlaceAnswer.Done : PlaceAnswer.Other;

    private static async Task<byte[]> ReadFileAsync(string file, CancellationToken ct)
    {
        // Whoever may write there could put a pipe or a device in a document's place, and reading it would never end.
        if (!FileGuard.IsRegular(file))
            throw new IOException($"{file} is no file of ours");
        return new FileInfo(file).Length <= Anchors.MaxDocumentBytes ? await File.ReadAllBytesAsync(file, ct) : throw new IOException($"{file} is larger than any document of ours");
    }

    private static async Task WriteAsync(string file, ReadOnlyMemory<byte> document, CancellationToken ct)
    {
        await using var stream = new FileStream(file, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 });
        await stream.WriteAsync(document, ct);
        RandomAccess.FlushToDisk(stream.SafeFileHandle);
    }

    /// <summary>A new folder is durable once the one above it is; up to our own.</summary>
    private void SyncUp(string made)
    {
        for (var above = Path.GetDirectoryName(made); above is not null && above.Length >= folder.TrimEnd('/').Length; above = Path.GetDirectoryName(above))
            FolderSync.Sync(above);
    }
}
