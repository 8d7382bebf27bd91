using System.Text;

namespace ReplyMint.Knowledge;

/// <summary>
/// Plain text to entries: pairs of "Q:" and "A:", else sections below lines that look like headings or ask, else paragraphs.
/// </summary>
internal static class PlainTextReader
{
    private const int MostHeading = 120;

    private static readonly string[] QuestionMarks = ["Q", "Question", "F", "Frage", "P", "Pregunta"];
    private static readonly string[] AnswerMarks = ["A", "Answer", "Antwort", "R", "Réponse", "Reponse", "Respuesta"];

    public static List<Entry> Entries(string text)
    {
        var lines = text.Split('\n');
        return Array.Exists(lines, line => Marked(line, AnswerMarks) is not null) && Array.Exists(lines, line => Marked(line, QuestionMarks) is not null)
            ? Pairs(lines)
            : Sections(lines);
    }

    private static List<Entry> Pairs(string[] lines)
    {
        var entries = new List<Entry>();
        var question = new StringBuilder();
        var answer = new StringBuilder();
        var (start, inAnswer) = (1, false);
        for (var i = 0; i < lines.Length; i++)
        {
            if (Marked(lines[i], QuestionMarks) is { } asked)
            {
                Flush();
                start = i + 1;
                question.Append(asked);
            }
            else if (!inAnswer && Marked(lines[i], AnswerMarks) is { } answered)
            {
                inAnswer = true;
                answer.Append(answered).Append('\n');
            }
            else if (inAnswer || question.Length == 0)
            {
                answer.Append(lines[i].TrimEnd()).Append('\n');
            }
            else
            {
                question.Append(' ').Append(lines[i].Trim());
            }
        }
        Flush();
        return entries;

        void Flush()
        {
            var entry = new Entry(start, question.ToString().Trim(), answer.ToString().Trim());
            question.Clear();
            answer.Clear();
            inAnswer = false;
            if (entry.Answer.Length > 0 || entry.Question.Length > 0)
                entries.Add(entry);
        }
    }

    private static List<Entry> Sections(string[] lines)
    {
        var entries = new List<Entry>();
        var heading = "";
        var body = new StringBuilder();
        var start = 1;
        for (var i = 0; i < lines.Length; i++)
        {
            var line = lines[i].Trim();
            var above = i == 0 || lines[i - 1].AsSpan().Trim().IsEmpty;
            if (above && HeadingLines(lines, i) is var taken and > 0)
            {
                Flush();
                (heading, start) = (line.TrimEnd(':'), i + 1);
                i += taken - 1;
            }
            else if (line.Length > 0)
            {
                if (body.Length == 0 && heading.Length == 0)
                    start = i + 1;
                body.Append(lines[i].TrimEnd()).Append('\n');
            }
            else if (heading.Length == 0)
            {
                Flush();
            }
            else if (body.Length > 0)
            {
                body.Append('\n');
            }
        }
        Flush();
        return entries;

        void Flush()
        {
            var answer = body.ToString().Trim();
            body.Clear();
            if (answer.Length > 0)
                entries.Add(new Entry(start, heading, answer));
        }
    }

    /// <summary>
    /// How many lines the heading at <paramref name="at"/> takes, or 0: a short line that is underlined, asks, or stands between
    /// empty lines without an end mark.
    /// </summary>
    private static int HeadingLines(string[] lines, int at)
    {
        var line = lines[at].AsSpan().Trim();
        if (line.Length is 0 or > MostHeading || MarkdownBlocks.IsListItem(line) || at + 1 == lines.Length)
            return 0;
        var next = lines[at + 1].AsSpan().Trim();
        if (MarkdownBlocks.Underline(next) > 0)
            return 2;
        if (line[^1] == '?')
            return 1;
        var alone = next.IsEmpty && at + 2 < lines.Length && !lines[at + 2].AsSpan().Trim().IsEmpty;
        return alone && line.Length <= 80 && line[^1] is not ('.' or '!' or ',' or ';') && line.Count(' ') < 10 ? 1 : 0;
    }

    private static string? Marked(string line, string[] marks)
    {
        var text = line.AsSpan().TrimStart(" *#-");
        var colon = text[..Math.Min(text.Length, 14)].IndexOfAny(':', ')');
        if (colon < 1)
            return null;
        // "Q1:" and "Q 1:" are numbered, no less.
        var mark = text[..colon].TrimEnd("0123456789. *");
        foreach (var known in marks)
            if (mark.Equals(known, StringComparison.OrdinalIgnoreCase))
                return text[(colon + 1)..].Trim(" *").ToString();
        return null;
    }
}
