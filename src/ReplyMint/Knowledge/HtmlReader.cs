using System.Text;
using ReplyMint.Mail;

namespace ReplyMint.Knowledge;

/// <summary>A web page to entries: its headings, defined terms and folds are questions, as the headings of a Markdown file are.</summary>
internal static class HtmlReader
{
    public static List<Entry> Entries(string html)
    {
        var markdown = new StringBuilder(html.Length / 2);
        foreach (var line in HtmlText.RenderPage(html).Split('\n'))
        {
            var text = line.AsSpan().Trim();
            var level = text is [HtmlText.Heading, >= '1' and <= '6', ..] ? text[1] - '0' : 0;
            if (level > 0)
                markdown.Append('\n').Append('#', level).Append(' ');
            Escape(markdown, level > 0 ? text[2..] : line);
            markdown.Append('\n');
        }
        return MarkdownReader.Entries(markdown.ToString());
    }

    /// <summary>What is a sign of Markdown by chance stays as it is; a list's dash is one on purpose.</summary>
    private static void Escape(StringBuilder markdown, ReadOnlySpan<char> line)
    {
        var start = line.TrimStart().StartsWith("- ", StringComparison.Ordinal) ? line.IndexOf('-') : -1;
        var digits = line.TrimStart();
        var number = digits.IndexOfAnyExceptInRange('0', '9') is > 0 and var end && digits[end] is '.' or ')' ? line.Length - digits.Length + end : -1;
        for (var i = 0; i < line.Length; i++)
        {
            if (i != start && (i == number || line[i] is '\\' or '`' or '*' or '_' or '[' or ']' or '<' or '>' or '#' or '|' or '~' or '!' or '+' or '=' || line[i] == '-' && line[..i].IsWhiteSpace()))
                markdown.Append('\\');
            markdown.Append(line[i]);
        }
    }
}
