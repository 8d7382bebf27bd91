using System.Text;

namespace ReplyMint.Knowledge;

/// <summary>
/// CSV as RFC 4180 has it, with comma, semicolon or tab. Our own, because a broken line must cost that line only, which the
/// libraries that were looked at can't promise.
/// </summary>
internal static class CsvReader
{
    /// <summary>A quoted field longer than this was never closed.</summary>
    private const int MostField = 64 * 1024;

    private const int MostProblems = 100;

    private static readonly string[] QuestionNames =
        ["question", "questions", "q", "title", "heading", "topic", "subject", "frage", "fragen", "titel", "thema", "titre", "sujet", "pregunta", "preguntas", "titulo", "título"];

    private static readonly string[] AnswerNames =
        ["answer", "answers", "a", "text", "content", "body", "reply", "response", "antwort", "antworten", "inhalt", "reponse", "réponse", "réponses", "texte", "contenu", "respuesta", "respuestas", "texto", "contenido"];

    private static readonly string[] IdNames = ["id", "key", "nr", "no", "nummer", "numero", "número", "#"];

    public static List<Entry> Entries(string name, string text, List<ReadProblem> problems)
    {
        var entries = new List<Entry>();
        var separator = Separator(text);
        (int Question, int Answer, int Id)? columns = null;
        var broken = 0;
        foreach (var row in Rows(text, separator))
        {
            if (row.Fields is not { } fields)
            {
                if (++broken <= MostProblems)
                    problems.Add(new ReadProblem(name, row.Line, "has a quote that is not closed or stands in the wrong place."));
                continue;
            }
            if (fields.TrueForAll(string.IsNullOrWhiteSpace))
                continue;
            if (columns is null)
            {
                columns = Header(fields);
                if (columns is not null)
                    continue;
                columns = (0, 1, -1);
            }
            var (question, answer, id) = columns.Value;
            var entry = new Entry(row.Line, Field(fields, question), Field(fields, answer), Field(fields, id));
            if (entry.Question.Length == 0 && entry.Answer.Length == 0)
                problems.Add(new ReadProblem(name, row.Line, "has neither a question nor an answer."));
            else if (entry.Answer.Length == 0 && fields.Count == 1)
                problems.Add(new ReadProblem(name, row.Line, $"has one column only; columns are parted by {Name(separator)} here."));
            else
                entries.Add(entry);
        }
        if (broken > MostProblems)
            problems.Add(new ReadProblem(name, 0, $"has {broken - MostProblems} more lines with broken quotes."));
        return entries;
    }

    /// <summary>Rows with the line they start on (from 1); Fields is null for a line that is broken.</summary>
    internal static IEnumerable<(int Line, List<string>? Fields)> Rows(string text, char separator)
    {
        var at = 0;
        var line = 1;
        while (at < text.Length)
        {
            var start = at;
            var fields = Row(text, separator, ref at);
            if (fields is null)
            {
                // Only this line is given up: the next one may be whole.
                var end = text.IndexOf('\n', start);
                at = end < 0 ? text.Length : end + 1;
            }
            yield return (line, fields);
            line += text.AsSpan(start, at - start).Count('\n');
        }
    }

    private static List<string>? Row(string text, char separator, ref int at)
    {
        var fields = new List<string>();
        while (true)
        {
            if (at < text.Length && text[at] == '"')
            {
                if (Quoted(text, separator, ref at) is not { } quoted)
                    return null;
                fields.Add(quoted);
            }
            else
            {
                var length = text.AsSpan(at).IndexOfAny(separator, '\n');
                if (length < 0)
                    length = text.Length - at;
                fields.Add(text.Substring(at, length));
                at += length;
            }
            if (at == text.Length)
                return fields;
            if (text[at++] == '\n')
                return fields;
        }
    }

    private static string? Quoted(string text, char separator, ref int at)
    {
        var field = new StringBuilder();
        var position = at + 1;
        while (true)
        {
            var length = text.AsSpan(position, Math.Min(MostField - field.Length, text.Length - position)).IndexOf('"');
            if (length < 0)
                return null;
            field.Append(text, position, length);
            position += length + 1;
            if (position < text.Length && text[position] == '"')
            {
                field.Append('"');
                position++;
                if (field.Length >= MostField)
                    return null;
                continue;
            }
            while (position < text.Length && text[position] is ' ' && separator != ' ')
                position++;
            if (position < text.Length && text[position] != separator && text[position] != '\n')
                return null;
            at = position;
            return field.ToString();
        }
    }

    private static (int Question, int Answer, int Id)? Header(List<string> fields)
    {
        var question = fields.FindIndex(field => Is(field, QuestionNames));
        var answer = fields.FindIndex(field => Is(field, AnswerNames));
        return question >= 0 || answer >= 0 ? (question, answer, fields.FindIndex(field => Is(field, IdNames))) : null;
    }

    private static bool Is(string field, string[] names)
    {
        var name = field.Trim().TrimEnd(':', '?');
        return Array.Exists(names, other => string.Equals(name, other, StringComparison.OrdinalIgnoreCase));
    }

    private static string Field(List<string> fields, int column) => column >= 0 && column < fields.Count ? fields[column].Trim() : "";

    /// <summary>The one that stands most on the first line that holds any.</summary>
    private static char Separator(string text)
    {
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            int commas = line.Count(','), semicolons = line.Count(';'), tabs = line.Count('\t');
            if (commas + semicolons + tabs > 0)
                return tabs >= commas && tabs >= semicolons ? '\t' : semicolons >= commas ? ';' : ',';
        }
        return ',';
    }

    private static string Name(char separator) => separator switch { '\t' => "tabs", ';' => "semicolons", _ => "commas" };
}
