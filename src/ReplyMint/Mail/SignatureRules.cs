using System.Buffers;

namespace ReplyMint.Mail;

/// <summary>Finds where a signature begins: the delimiter of RFC 3676 4.3, what telephones add, a ruled-off block, a block of contact lines.</summary>
internal static class SignatureRules
{
    private const int MaxSignatureLines = 25;
    private const int MaxSignatureWidth = 70;

    /// <summary>Ruled lines looked behind; a text with more of them is a table.</summary>
    private const int MaxRules = 100;

    private static readonly SearchValues<char> s_phone = SearchValues.Create("0123456789+()-./ \u00A0");

    /// <summary>The first line of the signature within the lines, or their count when there is none.</summary>
    public static int StartOf(IReadOnlyList<string> lines)
    {
        var rules = 0;
        for (var i = 0; i < lines.Count; i++)
        {
            var line = lines[i].AsSpan().Trim();
            if (line.IsEmpty)
                continue;
            if (line is "--" or "__" || (line is "—" && i + 1 < lines.Count && lines[i + 1].StartsWith("Reply to this email", StringComparison.Ordinal)))
                return WithMarks(lines, i);
            if (IsSentFrom(line) && (i == 0 || EndsParagraph(lines, i)))
                return i;
            if (IsRule(line) && ++rules <= MaxRules && IsBlock(lines, i + 1))
                return WithMarks(lines, i);
        }
        return ContactBlock(lines);
    }

    /// <summary>"Sent from my iPhone", "Von meinem Mobilgerät gesendet" and their relatives, alone on a short line.</summary>
    public static bool IsSentFrom(ReadOnlySpan<char> line)
    {
        if (line.Length is < 6 or > 120)
            return false;
        var text = line.TrimStart("<([*_- ");
        foreach (var start in TrimWords.SentFromStarts)
            if (text.StartsWith(start, StringComparison.OrdinalIgnoreCase))
                return !start.StartsWith("von meinem", StringComparison.Ordinal) || text.Contains("gesendet", StringComparison.OrdinalIgnoreCase);
        return false;
    }

    /// <summary>A line of one kind of rule sign only, three at least.</summary>
    private static bool IsRule(ReadOnlySpan<char> line) =>
        line.Length >= 3 && !line.ContainsAnyExcept(TrimWords.Delimiters) && line.IndexOfAnyExcept(line[0]) < 0;

    /// <summary>What telephones add stands apart from what was typed: behind a blank line, or last.</summary>
    private static bool EndsParagraph(IReadOnlyList<string> lines, int at)
    {
        if (string.IsNullOrWhiteSpace(lines[at - 1]))
            return true;
        if (lines.Count - at > MaxSignatureLines)
            return false;
        for (var i = at + 1; i < lines.Count; i++)
            if (!string.IsNullOrWhiteSpace(lines[i]) && !IsSentFrom(lines[i].AsSpan().Trim()))
                return false;
        return true;
    }

    /// <summary>Short lines without sentences: what stands below a rule when it is a signature, and not a table or a section.</summary>
    private static bool IsBlock(IReadOnlyList<string> lines, int from)
    {
        var count = 0;
        for (var i = from; i < lines.Count; i++)
        {
            var line = lines[i].AsSpan().Trim();
            if (line.IsEmpty)
                continue;
            if (++count > MaxSignatureLines || line.Length > MaxSignatureWidth)
                return false;
            if (line[^1] is '.' or '!' or '?' && line.Count(' ') >= 4)
                return false;
        }
        return true;
    }

    /// <summary>Marks of mail trackers right above the delimiter belong to it.</summary>
    private static int WithMarks(IReadOnlyList<string> lines, int at)
    {
        while (at > 0 && (string.IsNullOrWhiteSpace(lines[at - 1]) || lines[at - 1].Trim() == "\u1427"))
            at--;
        return at;
    }

    /// <summary>The last paragraph, when it is a name above at least two lines that are an address, a telephone number or a link.</summary>
    private static int ContactBlock(IReadOnlyList<string> lines)
    {
        var end = lines.Count;
        while (end > 0 && string.IsNullOrWhiteSpace(lines[end - 1]))
            end--;
        var start = end;
        var contacts = 0;
        while (start > 0 && end - start <= 10 && !string.IsNullOrWhiteSpace(lines[start - 1]))
        {
            start--;
            var line = lines[start].AsSpan().Trim();
            if (line.Length > 60)
                return lines.Count;
            if (IsContact(line))
                contacts++;
        }
        if (contacts < 2 || start == 0 || end - start is < 2 or > 10)
            return lines.Count;
        var name = lines[start].AsSpan().Trim();
        return name[^1] is '?' or ':' or '!' || name.Count(' ') > 4 ? lines.Count : start;
    }

    private static bool IsContact(ReadOnlySpan<char> line)
    {
        if (line.IndexOf(' ') < 0 && (line.Contains('@') || line.StartsWith("www.", StringComparison.OrdinalIgnoreCase) || line.StartsWith("http", StringComparison.OrdinalIgnoreCase)))
            return true;
        var colon = line.IndexOf(':');
        var rest = colon is > 0 and < 12 ? line[(colon + 1)..].Trim() : line;
        if (rest.Length >= 7 && !rest.ContainsAnyExcept(s_phone))
            return true;
        return colon is > 0 and < 12 && rest.IndexOf(' ') < 0 && (rest.Contains('@') || rest.StartsWith("www.", StringComparison.OrdinalIgnoreCase));
    }
}
