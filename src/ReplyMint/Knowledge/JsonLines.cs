using System.Text.Json;

namespace ReplyMint.Knowledge;

/// <summary>JSONL: one object a line. A line that is none becomes a problem; the others are read all the same.</summary>
internal static class JsonLines
{
    /// <summary>Broken lines that are told one by one.</summary>
    private const int MostProblems = 100;

    /// <summary>Each broken line costs an exception; a file with so many is not what its name says.</summary>
    private const int MostBroken = 5_000;

    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 16, CommentHandling = JsonCommentHandling.Disallow };

    /// <summary>The caller disposes each document.</summary>
    public static IEnumerable<(int Line, JsonDocument Entry)> Read(string name, string text, List<ReadProblem> problems)
    {
        var line = 0;
        var broken = 0;
        var start = 0;
        while (start < text.Length && broken < MostBroken)
        {
            var end = text.IndexOf('\n', start);
            if (end < 0)
                end = text.Length;
            var memory = text.AsMemory(start, end - start).Trim();
            start = end + 1;
            line++;
            if (memory.IsEmpty)
                continue;
            if (TryParse(memory, out var entry))
                yield return (line, entry!);
            else if (++broken <= MostProblems)
                problems.Add(new ReadProblem(name, line, "is not a JSON object."));
        }
        if (broken == MostBroken)
            problems.Add(new ReadProblem(name, line, $"is the {MostBroken}th line that is no JSON object; what follows was not read."));
        else if (broken > MostProblems)
            problems.Add(new ReadProblem(name, 0, $"has {broken - MostProblems} more lines that are no JSON objects."));
    }

    public static List<Entry> Entries(string name, string text, List<ReadProblem> problems)
    {
        var entries = new List<Entry>();
        foreach (var (line, document) in Read(name, text, problems))
        {
            using (document)
            {
                var question = Text(document.RootElement, "question", "q", "title", "heading");
                var answer = Text(document.RootElement, "answer", "a", "text", "content", "body");
                if (question.Length == 0 && answer.Length == 0)
                    problems.Add(new ReadProblem(name, line, "has neither \"question\" and \"answer\" nor \"text\"."));
                else
                    entries.Add(new Entry(line, question, answer, Text(document.RootElement, "id")));
            }
        }
        return entries;
    }

    /// <summary>The first of these members that holds text or a number, trimmed, or empty. Names are compared case-blind.</summary>
    public static string Text(JsonElement entry, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
            if (Member(entry, name) is { ValueKind: JsonValueKind.String or JsonValueKind.Number } value)
                return Value(value);
        return "";
    }

    /// <summary>The first of these members as a list: an array of texts or numbers, or one of them.</summary>
    public static IReadOnlyList<string> Texts(JsonElement entry, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (Member(entry, name) is not { } value)
                continue;
            if (value.ValueKind is JsonValueKind.String or JsonValueKind.Number)
                return [Value(value)];
            if (value.ValueKind == JsonValueKind.Array)
                return [.. value.EnumerateArray().Where(item => item.ValueKind is JsonValueKind.String or JsonValueKind.Number).Select(Value)];
        }
        return [];
    }

    private static bool TryParse(ReadOnlyMemory<char> line, out JsonDocument? entry)
    {
        entry = null;
        // What is no JSON at all is told without the cost of an exception.
        if (line.Span[0] != '{' || line.Span[^1] != '}')
            return false;
        try
        {
            entry = JsonDocument.Parse(line, Options);
            if (entry.RootElement.ValueKind == JsonValueKind.Object)
                return true;
            entry.Dispose();
            return false;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static JsonElement? Member(JsonElement entry, string name)
    {
        foreach (var member in entry.EnumerateObject())
            if (string.Equals(member.Name, name, StringComparison.OrdinalIgnoreCase))
                return member.Value;
        return null;
    }

    private static string Value(JsonElement value)
    {
        try
        {
            return (value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText()).Trim();
        }
        catch (InvalidOperationException)
        {
            // A lone surrogate (\uD800) is valid JSON, but no text.
            return "";
        }
    }
}
