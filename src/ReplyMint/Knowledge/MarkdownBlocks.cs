namespace ReplyMint.Knowledge;

/// <summary>What a line of Markdown is.</summary>
internal static class MarkdownBlocks
{
    /// <summary>The first line behind YAML (---) or TOML (+++) front matter, else 0.</summary>
    public static int FrontMatterEnd(ReadOnlySpan<string> lines)
    {
        var mark = lines[0].TrimEnd();
        if (mark is not ("---" or "+++"))
            return 0;
        for (var i = 1; i < lines.Length; i++)
            if (lines[i].TrimEnd() is var line && (line == mark || (mark == "---" && line == "...")))
                return i + 1;
        return 0;
    }

    /// <summary>True for each line of a fenced block, fences included; <paramref name="fence"/> is the open one, or empty.</summary>
    public static bool InFence(ReadOnlySpan<char> line, ref string fence)
    {
        var mark = FenceMark(line);
        if (fence.Length == 0)
        {
            if (mark.Length == 0)
                return false;
            fence = mark.ToString();
            return true;
        }
        // A closing fence is at least as long as the opening one and has nothing behind it.
        if (mark.Length >= fence.Length && mark[0] == fence[0] && line.Trim().Length == mark.Length)
            fence = "";
        return true;
    }

    public static bool IsFence(ReadOnlySpan<char> line) => FenceMark(line).Length > 0;

    /// <summary>1 to 6 for "# Title", 0 for any other line. A closing run of # and an anchor {#id} are no part of the title.</summary>
    public static int Heading(string line, out string title)
    {
        title = "";
        var text = line.AsSpan().Trim();
        var level = text.IndexOfAnyExcept('#');
        if (level < 0)
            level = text.Length;
        if (level is 0 or > 6 || (level < text.Length && text[level] is not (' ' or '\t')) || line.StartsWith("    ", StringComparison.Ordinal))
            return 0;
        text = text[level..].Trim();
        var closing = text.TrimEnd('#');
        if (closing.IsEmpty || closing[^1] is ' ' or '\t')
            text = closing.TrimEnd();
        if (text.EndsWith("}", StringComparison.Ordinal) && text.LastIndexOf("{#", StringComparison.Ordinal) is var anchor and >= 0)
            text = text[..anchor].TrimEnd();
        title = text.ToString();
        return level;
    }

    /// <summary>1 for a line of =, 2 for one of -, which makes the line above it a heading; else 0.</summary>
    public static int Underline(ReadOnlySpan<char> line)
    {
        var text = line.Trim();
        if (text.Length < 2)
            return 0;
        return text[0] is '=' or '-' && text.IndexOfAnyExcept(text[0]) < 0 ? text[0] == '=' ? 1 : 2 : 0;
    }

    /// <summary>A line that an underline can make a heading.</summary>
    public static bool IsPlain(ReadOnlySpan<char> line)
    {
        var text = line.Trim();
        return text.Length > 0 && text[0] is not ('|' or '>' or '#') && !IsListItem(text) && !IsRule(text) && !line.StartsWith("    ", StringComparison.Ordinal);
    }

    public static bool IsListItem(ReadOnlySpan<char> text)
    {
        if (text.Length > 1 && text[0] is '-' or '*' or '+' && text[1] == ' ')
            return true;
        var digits = text.IndexOfAnyExceptInRange('0', '9');
        return digits is > 0 and <= 9 && text[digits] is '.' or ')' && digits + 1 < text.Length && text[digits + 1] == ' ';
    }

    public static bool IsRule(ReadOnlySpan<char> text) =>
        text.Length >= 3 && text[0] is '-' or '*' or '_' && text.IndexOfAnyExcept(text[0], ' ') < 0 && text.Count(text[0]) >= 3;

    /// <summary>A link's target, "[label]: https://...".</summary>
    public static bool Definition(string line, out string label, out string target)
    {
        (label, target) = ("", "");
        var text = line.AsSpan().Trim();
        var end = text.IndexOf("]:", StringComparison.Ordinal);
        if (text.IsEmpty || text[0] != '[' || end < 2 || text[1] == '^')
            return false;
        var rest = text[(end + 2)..].Trim();
        var space = rest.IndexOfAny(' ', '\t');
        var url = (space < 0 ? rest : rest[..space]).Trim("<>");
        if (url.IsEmpty)
            return false;
        (label, target) = (text[1..end].ToString(), url.ToString());
        return true;
    }

    private static ReadOnlySpan<char> FenceMark(ReadOnlySpan<char> line)
    {
        var text = line.TrimStart();
        if (text.Length < 3 || text[0] is not ('`' or '~') || line.Length - text.Length > 3)
            return default;
        var length = text.IndexOfAnyExcept(text[0]);
        if (length < 0)
            length = text.Length;
        return length >= 3 && (text[0] == '~' || !text[length..].Contains('`')) ? text[..length] : default;
    }
}
