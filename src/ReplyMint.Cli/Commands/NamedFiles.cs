using ReplyMint.Cli.Reach;

namespace ReplyMint.Cli.Commands;

/// <summary>Reads what a command line names, where the user stands, within what a server takes.</summary>
internal static class NamedFiles
{
    private static readonly EnumerationOptions Deep = new()
    {
        RecurseSubdirectories = true, IgnoreInaccessible = false, AttributesToSkip = FileAttributes.Hidden | FileAttributes.System | FileAttributes.ReparsePoint,
    };

    /// <summary>One file, or standard input for "-"; none for null.</summary>
    public static async Task<IReadOnlyList<ForwardedFile>> OneAsync(string? path, CommandHost host, CancellationToken ct)
    {
        if (path is null)
            return [];
        if (path == "-")
            return [new("-", System.Text.Encoding.UTF8.GetBytes(await host.In.ReadToEndAsync(ct)))];
        return [await ReadAsync(host.Full(path), Path.GetFileName(path), ct)];
    }

    /// <summary>Files as named, and those of folders with one of the extensions, in the order of their names.</summary>
    public static async Task<IReadOnlyList<ForwardedFile>> ManyAsync(IEnumerable<string> paths, IReadOnlyList<string> extensions, CommandHost host, CancellationToken ct)
    {
        var files = new List<ForwardedFile>();
        long total = 0;
        foreach (var path in paths)
        {
            var full = host.Full(path);
            var folder = Directory.Exists(full);
            var found = folder
                ? Directory.EnumerateFiles(full, "*", Deep).Where(f => extensions.Contains(Path.GetExtension(f).ToLowerInvariant())).Order(StringComparer.Ordinal).ToList()
                : [full];
            if (found.Count == 0)
                throw new IOException($"{path} holds no file of a known kind ({string.Join(", ", extensions)})");
            foreach (var file in found)
            {
                files.Add(await ReadAsync(file, folder ? Path.GetRelativePath(full, file) : Path.GetFileName(file), ct));
                total += files[^1].Bytes.Length;
                if (files.Count > Frames.MaxFiles || total > Frames.MaxTotal)
                    throw new IOException($"more than {Frames.MaxFiles} files or {Frames.MaxTotal >> 20} MB at once; name fewer");
            }
        }
        return files;
    }

    private static async Task<ForwardedFile> ReadAsync(string path, string name, CancellationToken ct)
    {
        if (Directory.Exists(path))
            throw new IOException($"{name} is a folder; name a file");
        if (!File.Exists(path))
            throw new IOException($"there is no file {path}");
        if (new FileInfo(path).Length > Frames.MaxFileBytes)
            throw new IOException($"{name} is larger than {Frames.MaxFileBytes >> 20} MB; split it");
        try
        {
            return new(name, await File.ReadAllBytesAsync(path, ct));
        }
        catch (UnauthorizedAccessException)
        {
            throw new IOException($"{path} can't be read; check its mode and owner");
        }
    }
}
