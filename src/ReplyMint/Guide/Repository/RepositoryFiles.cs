using System.Text;

namespace ReplyMint.Guide;

/// <summary>The files of a copy of the project, without what is made of them.</summary>
internal sealed class RepositoryFiles
{
    private const int MostFiles = 50_000;
    private const long MostBytes = 8 * 1024 * 1024;

    /// <summary>What builds and runs leave behind, and other people's packages.</summary>
    private static readonly string[] Made = [".git", "bin", "obj", "artifacts", "node_modules", "TestResults"];

    /// <summary>At the top: data of an installation, which is no part of the project.</summary>
    private static readonly string[] MadeAtTop = ["data", "data-demo", "config", "config-demo"];

    private readonly Func<string, byte[]?> _read;

    /// <param name="paths">Relative, with slashes.</param>
    public RepositoryFiles(IEnumerable<string> paths, Func<string, byte[]?> read) => (Paths, _read) = ([.. paths.Order(StringComparer.Ordinal)], read);

    public IReadOnlyList<string> Paths { get; }

    public const string Mark = "ReplyMint.slnx";

    public static bool Is(string folder) => File.Exists(Path.Combine(folder, Mark)) && Directory.Exists(Path.Combine(folder, "src", "ReplyMint"));

    public static RepositoryFiles Of(string folder) => new(List(folder), path => Path.Combine(folder, path) is var file && File.Exists(file) && new FileInfo(file).Length <= MostBytes ? File.ReadAllBytes(file) : null);

    /// <summary>Null for what is not there. What is made is found by its name all the same.</summary>
    public byte[]? Bytes(string path) => _read(path);

    public string? Text(string path) => Bytes(path) is { } bytes ? Encoding.UTF8.GetString(bytes) : null;

    public IEnumerable<string> Named(string name) => Paths.Where(path => path == name || path.EndsWith("/" + name, StringComparison.Ordinal));

    public IEnumerable<string> Ending(string end, string under = "") => Paths.Where(path => path.EndsWith(end, StringComparison.Ordinal) && path.StartsWith(under, StringComparison.Ordinal));

    public static string FolderOf(string path) => path.LastIndexOf('/') is var at and >= 0 ? path[..at] : "";

    public static string Beside(string path, string name) => FolderOf(path) is { Length: > 0 } folder ? $"{folder}/{name}" : name;

    private static IEnumerable<string> List(string root)
    {
        var (folders, count) = (new Queue<string>([""]), 0);
        while (folders.TryDequeue(out var folder))
            foreach (var entry in new DirectoryInfo(Path.Combine(root, folder)).EnumerateFileSystemInfos())
            {
                var path = folder.Length == 0 ? entry.Name : $"{folder}/{entry.Name}";
                // A link may lead anywhere.
                if (entry.LinkTarget is not null)
                    continue;
                if (entry is FileInfo)
                {
                    if (++count > MostFiles)
                        throw new InvalidDataException($"{root} holds more than {MostFiles} files.");
                    yield return path;
                }
                else if (!Made.Contains(entry.Name) && !(folder.Length == 0 && MadeAtTop.Contains(entry.Name)))
                    folders.Enqueue(path);
            }
    }
}
