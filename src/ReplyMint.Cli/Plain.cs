using System.Globalization;
using System.Text;

namespace ReplyMint.Cli;

/// <summary>Text that strangers wrote, made safe for a terminal: no escape sequences, no tricks of writing direction.</summary>
internal static class Plain
{
    /// <summary>Line ends and tabs stay; other control and formatting characters show as a replacement mark.</summary>
    public static string Text(string text)
    {
        if (!text.Any(IsUnsafe))
            return text;
        var safe = new StringBuilder(text.Length);
        foreach (var c in text)
            _ = c == '\r' ? safe : safe.Append(IsUnsafe(c) ? '\uFFFD' : c);
        return safe.ToString();
    }

    /// <summary>The same on one line, cut to a length.</summary>
    public static string Line(string text, int length = 200)
    {
        var line = Text(text).Replace('\n', ' ').Replace('\t', ' ').Trim();
        return line.Length <= length ? line : string.Concat(line.AsSpan(0, length - 1), "…");
    }

    /// <summary>Broken between words into lines of at most so many characters; a longer word is cut.</summary>
    public static IEnumerable<string> Broken(string text, int room)
    {
        while (text.Length > room)
        {
            var end = text.LastIndexOf(' ', room) is > 0 and var blank ? blank : room;
            yield return text[..end];
            text = text[end..].TrimStart();
        }
        yield return text;
    }

    /// <summary>The same for a line of JSON, where nothing is lost: such characters stand in its texts only, and can be escaped there.</summary>
    public static string Json(string line)
    {
        if (!line.Any(IsUnsafe))
            return line;
        var safe = new StringBuilder(line.Length + 16);
        foreach (var c in line)
            _ = IsUnsafe(c) ? safe.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}") : safe.Append(c);
        return safe.ToString();
    }

    private static bool IsUnsafe(char c) => c is not ('\n' or '\t')
        && CharUnicodeInfo.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        // Joiners belong to scripts and emoji; they move nothing.
        && c is not ('\u200C' or '\u200D');
}
