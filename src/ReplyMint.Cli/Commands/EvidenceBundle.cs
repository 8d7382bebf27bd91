using System.Buffers;
using System.Text;
using ReplyMint.Incidents;
using ReplyMint.Secrets;

namespace ReplyMint.Cli.Commands;

/// <summary>What a bundle held.</summary>
/// <param name="Statement">The signed manifest, or null when it is missing.</param>
internal sealed record OpenedEvidence(IReadOnlyList<EvidenceFile> Files, string? Statement);

/// <summary>A bundle's inside: lines "NAME, tab, line", in whatever order of names, and at last the signed manifest.</summary>
internal static class EvidenceBundle
{
    public const string Statement = "manifest.jws";

    private const string Elsewhere = "aws-";
    private const int MostName = 40;

    private static readonly SearchValues<char> OfNames = SearchValues.Create("abcdefghijklmnopqrstuvwxyz-.");

    /// <summary>Whether a file from elsewhere may be called so: none of our own is.</summary>
    public static bool IsBrought(string name) => name.StartsWith(Elsewhere, StringComparison.Ordinal) && name.EndsWith(".jsonl", StringComparison.Ordinal) && name.Length <= MostName && !name.AsSpan().ContainsAnyExcept(OfNames);

    /// <summary>Opens a bundle into a new folder, its files readable by nobody else.</summary>
    /// <exception cref="InvalidDataException">The rest of a sentence that begins with the file's name.</exception>
    public static OpenedEvidence Open(string path, string folder, string passphrase)
    {
        if (Directory.Exists(folder) || File.Exists(folder))
            throw new IOException($"{folder} is there already");
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var hashes = new EvidenceHashes();
        var files = new Dictionary<string, FileStream>(StringComparer.Ordinal);
        string? statement = null;
        try
        {
            using var from = File.OpenRead(path);
            foreach (var line in Lines(PassphraseReader.Read(from, passphrase)))
            {
                var tab = line.AsSpan().IndexOf((byte)'\t');
                var name = tab > 0 ? Encoding.ASCII.GetString(line, 0, tab) : "";
                if (name.Length is 0 or > MostName || name[0] == '.' || name.AsSpan().ContainsAnyExcept(OfNames) || statement is not null)
                    throw new InvalidDataException("holds something else than evidence");
                if (!files.TryGetValue(name, out var file))
                    files[name] = file = new FileStream(Path.Combine(folder, name), new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite });
                file.Write(line.AsSpan(tab + 1));
                file.WriteByte((byte)'\n');
                if (name == Statement)
                    statement = Encoding.ASCII.GetString(line, tab + 1, line.Length - tab - 1);
                else
                    hashes.Add(name, line.AsSpan(tab + 1));
            }
        }
        finally
        {
            foreach (var file in files.Values)
                file.Dispose();
        }
        return new(hashes.Files(), statement);
    }

    /// <summary>A line is one thing that happened: it fits into memory.</summary>
    private static IEnumerable<byte[]> Lines(IEnumerable<byte[]> pieces)
    {
        using var line = new MemoryStream();
        foreach (var piece in pieces)
        {
            var from = 0;
            for (var end = Array.IndexOf(piece, (byte)'\n'); end >= 0; end = Array.IndexOf(piece, (byte)'\n', from))
            {
                line.Write(piece, from, end - from);
                yield return line.ToArray();
                line.SetLength(0);
                from = end + 1;
            }
            line.Write(piece, from, piece.Length - from);
            if (line.Length > 16 * 1024 * 1024)
                throw new InvalidDataException("holds something else than evidence");
        }
        if (line.Length > 0)
            throw new InvalidDataException("ends too early");
    }
}

/// <summary>Seals what a command prints, as it comes.</summary>
internal sealed class SealedLines(PassphraseWriter to) : TextWriter
{
    private readonly StringBuilder _line = new();

    public override Encoding Encoding => Encoding.UTF8;

    /// <summary>The signed manifest came, as the last.</summary>
    public bool IsWhole { get; private set; }

    public override void Write(char value)
    {
        _line.Append(value);
        if (value != '\n')
            return;
        var line = _line.ToString();
        _line.Clear();
        IsWhole = line.StartsWith(EvidenceBundle.Statement + "\t", StringComparison.Ordinal);
        to.Write(Encoding.UTF8.GetBytes(line));
    }

    public override void Write(string? value)
    {
        foreach (var c in value ?? "")
            Write(c);
    }
}
