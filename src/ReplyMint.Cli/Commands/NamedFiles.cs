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

    /// <summary>So many files of other kinds are named; a folder may hold thousands.</summary>
    private const int MostNamed = 20;

    /// <summary>Files as named, and those of folders with one of the extensions, in the order of their names.</summary>
    /// <param name="telling">Says of each other file that it was not taken, and why: a folder that seems to be known and is not is found out by a customer.</param>
    public static async Task<IReadOnlyList<ForwardedFile>> ManyAsync(IEnumerable<string> paths, IReadOnlyList<string> extensions, CommandHost host, CancellationToken ct, bool telling = false)
    {
        var files = new List<ForwardedFile>();
        long total = 0;
        foreach (var path in paths)
        {
            var full = host.Full(path);
            var folder = Directory.Exists(full);
            var all = folder ? Directory.EnumerateFiles(full, "*", Deep).Order(StringComparer.Ordinal).ToList() : [full];
            var found = folder ? all.FindAll(IsKnown) : all;
            if (telling && found.Count < all.Count)
                Tell(all.FindAll(file => !IsKnown(file)), full, extensions, host);
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

        bool IsKnown(string file) => extensions.Contains(Path.GetExtension(file).ToLowerInvariant());
    }

    private static void Tell(List<string> left, string folder, IReadOnlyList<string> extensions, CommandHost host)
    {
        foreach (var file in left.Take(MostNamed))
            host.Error.WriteLine($"{Plain.Line(Path.GetRelativePath(folder, file), 200)}: not taken, {Path.GetExtension(file).ToLowerInvariant() switch
            {
                "" => "its name has no extension",
                ".pdf" or ".doc" or ".docx" or ".odt" or ".rtf" => "its text can't be read here; save it as text or HTML",
                var kind => $"{Plain.Line(kind, 20)} is no known format",
            }}");
        host.Error.WriteLine($"{(left.Count > MostNamed ? $"and {left.Count - MostNamed} more; " : "")}known formats are {string.Join(", ", extensions)}");
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
