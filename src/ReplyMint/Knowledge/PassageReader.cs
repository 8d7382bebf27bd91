using System.Security.Cryptography;
using System.Text;

namespace ReplyMint.Knowledge;

/// <summary>
/// Reads a file of knowledge into passages. What can't be read becomes a problem with its file and line; the rest is kept.
/// </summary>
internal static class PassageReader
{
    /// <summary>Characters of a passage's answer; longer ones are parted at the end of a paragraph or sentence.</summary>
    public const int MostAnswer = 4_000;

    /// <summary>Characters of a passage's question; what is longer goes into the answer.</summary>
    public const int MostQuestion = 500;

    /// <summary>Bytes of a file.</summary>
    public const int MostFile = 10 * 1024 * 1024;

    /// <summary>The formats by the ends of their names.</summary>
    public static IReadOnlyList<string> Formats { get; } = [".md", ".markdown", ".txt", ".text", ".csv", ".tsv", ".jsonl", ".ndjson", ".html", ".htm"];

    /// <summary>Never throws for what the file holds, nor for a file that can't be opened.</summary>
    public static async Task<SourceReading> ReadFileAsync(string path, CancellationToken ct)
    {
        var name = Path.GetFileName(path);
        try
        {
            var size = new FileInfo(path).Length;
            return size > MostFile ? TooLarge(name, size) : Read(name, await File.ReadAllBytesAsync(path, ct));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Nothing(name, e is FileNotFoundException or DirectoryNotFoundException ? "is not there." : "can't be read: " + e.GetType().Name + ".");
        }
    }

    /// <param name="name">The file's name: its end tells the format, and passages carry it as their source.</param>
    public static SourceReading Read(string name, ReadOnlyMemory<byte> file)
    {
        if (WrongName(name) is { } wrong)
            return Nothing(name, wrong);
        if (file.Length > MostFile)
            return TooLarge(name, file.Length);
        var problems = new List<ReadProblem>();
        var hash = Convert.ToHexStringLower(SHA256.HashData(file.Span));
        if (TextDecoder.Decode(file.Span, name, problems) is not { } text)
            return new SourceReading(name, hash, [], problems);
        if (TextFormat.Wrong(Path.GetExtension(name), text) is { } other)
            return Nothing(name, other);
        var entries = Path.GetExtension(name).ToUpperInvariant() switch
        {
            ".MD" or ".MARKDOWN" => MarkdownReader.Entries(text),
            ".HTML" or ".HTM" => HtmlReader.Entries(text),
            ".CSV" or ".TSV" => CsvReader.Entries(name, text, problems),
            ".JSONL" or ".NDJSON" => JsonLines.Entries(name, text, problems),
            _ => PlainTextReader.Entries(text),
        };
        var passages = Passages(name, entries);
        if (passages.Count == 0 && !problems.Exists(problem => problem.Lost))
            problems.Add(new ReadProblem(name, 0, "holds nothing that could be an answer."));
        return new SourceReading(name, hash, passages, problems);
    }

    /// <summary>What is wrong with a file of this name, whatever it holds.</summary>
    public static string? WrongName(string name) =>
        Path.GetExtension(name).Equals(".pdf", StringComparison.OrdinalIgnoreCase) ? TextDecoder.IsPdf
        : Formats.Contains(Path.GetExtension(name), StringComparer.OrdinalIgnoreCase) ? null : $"has no known format; known are {string.Join(", ", Formats)}.";

    private static List<Passage> Passages(string name, List<Entry> entries)
    {
        // A file is mostly of one language: its vote stands in where a passage is too short to tell.
        var whole = LanguageWords.Guess(string.Join(' ', entries.Take(40).Select(entry => entry.Question + " " + entry.Answer)));
        var passages = new List<Passage>(entries.Count);
        foreach (var entry in entries)
        {
            var question = Clean(entry.Question).ReplaceLineEndings(" ");
            var answer = Clean(entry.Answer);
            if (question.Length > MostQuestion)
                (question, answer) = ("", question + "\n\n" + answer);
            var language = LanguageWords.Guess(question + " " + answer);
            foreach (var part in PassageSplitter.Split(answer, MostAnswer))
            {
                passages.Add(new Passage(Id(name, passages.Count), name, question, part)
                {
                    Language = LanguageWords.Code(language == Language.Unknown ? whole : language),
                    Ref = entry.Ref.Length <= 100 ? entry.Ref : "",
                });
            }
        }
        return passages;
    }

    /// <summary>Control characters have no place in a mail, and a lone half of a character none anywhere.</summary>
    private static string Clean(string text)
    {
        var trimmed = text.Trim();
        if (!trimmed.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF') && !trimmed.Any(c => char.IsControl(c) && c is not ('\n' or '\t')))
            return trimmed;
        var clean = new StringBuilder(trimmed.Length);
        foreach (var rune in trimmed.ReplaceLineEndings("\n").EnumerateRunes())
            if (!Rune.IsControl(rune) || rune.Value is '\n' or '\t')
                clean.Append(rune.ToString());
        return clean.ToString();
    }

    private static string Id(string name, int position) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{name}\n{position}")).AsSpan(0, 8));

    private static SourceReading TooLarge(string name, long size) =>
        Nothing(name, $"has {size / (1024 * 1024)} MB; at most {MostFile / (1024 * 1024)} MB are read. Part it into several files.");

    private static SourceReading Nothing(string name, string what) => new(name, "", [], [new ReadProblem(name, 0, what)]);
}
