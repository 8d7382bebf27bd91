using System.Buffers;
using System.Globalization;

namespace ReplyMint.Mail;

/// <summary>
/// Finds the line or lines that a mail program writes above a quotation: "On DATE, NAME wrote:" in the languages of
/// <see cref="TrimWords"/>. It looks back from the line that ends such a sentence, at most four lines of at most
/// <see cref="MaxChars"/> characters, so the work for each line is bounded.
/// </summary>
internal static class Attribution
{
    public const int MaxChars = 400;

    /// <summary>Lines of a text that are looked at closely; long threads have some hundred attributions.</summary>
    public const int MaxCandidates = 2_000;

    private static readonly SearchValues<string> s_wrote = SearchValues.Create(TrimWords.Wrote, StringComparison.OrdinalIgnoreCase);
    private static readonly SearchValues<char> s_lastLetters = SearchValues.Create([.. TrimWords.Wrote.SelectMany(w => new[] { w[^1], char.ToUpperInvariant(w[^1]) })]);
    private static readonly SearchValues<char> s_wordEnd = SearchValues.Create(" <\"");
    private static readonly SearchValues<char> s_address = SearchValues.Create("@");
    private static readonly string[] s_midLine = [" On ", "--- On ", "-- On "];

    /// <summary>
    /// The first line of the attribution that ends at <paramref name="end"/>, or -1. <paramref name="kept"/> is how many
    /// characters of that first line were typed by the author before a program glued its own words to it.
    /// </summary>
    /// <param name="budget">Lines that may still be looked at closely; a text with more of them is made to hurt.</param>
    public static int StartOf(string[] lines, int end, ref int budget, out int kept)
    {
        kept = 0;
        var last = lines[end].AsSpan().Trim();
        if (last.Length is < 2 or > MaxChars || !MayEnd(last) || --budget < 0)
            return -1;
        var text = "";
        var byName = -1;
        for (int start = end, used = 0; start >= 0 && used < 6; start--, used++)
        {
            var line = lines[start].Trim();
            if (line.Length == 0)
            {
                // One program leaves a blank line before the address in angle brackets.
                if (!text.StartsWith('<'))
                    break;
                continue;
            }
            // A quotation ends the look back, but a torn address may leave a lone ">" at the start of its last line.
            if (start != end && line[0] == '>' && !line.StartsWith("> ", StringComparison.Ordinal))
                break;
            text = text.Length == 0 ? line : line + " " + text;
            if (text.Length > MaxChars)
                break;
            if (BeginsWithDate(text) && IsDated(text))
                return start;
            if (byName < 0 && IsNamed(text))
                byName = start;
            if (used == 0 && MidLine(lines[start]) is > 0 and var at)
            {
                kept = at;
                return start;
            }
            if (used >= 3 && !text.Contains('<', StringComparison.Ordinal))
                break;
        }
        return byName;
    }

    /// <summary>Cheap look at the end of a line before anything is joined.</summary>
    private static bool MayEnd(ReadOnlySpan<char> line)
    {
        var c = line[^1];
        return c is ':' or '：' or '>' || EndsWithWrote(line) || (char.IsAsciiDigit(line[0]) && line.Contains("GMT", StringComparison.Ordinal));
    }

    public static bool EndsWithWrote(ReadOnlySpan<char> text)
    {
        text = text.TrimEnd(":： \u00A0-");
        // Most lines end in none of the verbs' last letters.
        if (text.IsEmpty || !s_lastLetters.Contains(text[^1]))
            return false;
        foreach (var verb in TrimWords.Wrote)
            if (text.EndsWith(verb, StringComparison.OrdinalIgnoreCase) || (text.Length == verb.Length - 1 && verb.AsSpan(1).Equals(text, StringComparison.OrdinalIgnoreCase)))
                return true;
        return false;
    }

    private static bool Wrote(ReadOnlySpan<char> text)
    {
        if (EndsWithWrote(text))
            return true;
        // In many languages the date or the name follows the verb: "schrieb am 16. Aug. um 12:52 Uhr:", "schreef NAME <ADDRESS>:".
        if (text[^1] is not (':' or '：'))
            return false;
        var from = 0;
        while (text[from..].IndexOfAny(s_wrote) is >= 0 and var at)
        {
            from += at + 1;
            // The verb ends where the next word, name or address begins.
            for (int words = 0, end = from; words < 3 && from > 1; words++, end++)
            {
                var next = text[end..].IndexOfAny(s_wordEnd);
                if (next < 0)
                    break;
                end += next;
                if (EndsWithWrote(text[..end]))
                    return true;
            }
        }
        return false;
    }

    /// <summary>"On", a day or a number stands first.</summary>
    private static bool BeginsWithDate(ReadOnlySpan<char> text)
    {
        text = text.TrimStart("-*_ ([");
        if (text.Length > 0 && char.IsAsciiDigit(text[0]))
            return true;
        var length = text.IndexOfAny(" ,.:(");
        if (length is < 1 or > 15)
            return false;
        var word = text[..length];
        return TrimWords.On.GetAlternateLookup<ReadOnlySpan<char>>().Contains(word) || TrimWords.Days.GetAlternateLookup<ReadOnlySpan<char>>().Contains(word);
    }

    private static bool IsDated(ReadOnlySpan<char> text)
    {
        if (!HasDate(text))
            return false;
        if (Wrote(text))
            return Balanced(text);
        var first = text.TrimStart("-*_ ");
        var digits = char.IsAsciiDigit(first[0]);
        var address = text.ContainsAny(s_address);
        if (address && (text[^1] is ':' or '：'))
            return Balanced(text) && text[..^1].TrimEnd()[^1] is '>' or ')' or ']' or '"' or '\'' && !IsPreposition(first);
        // "2013/7/20 Name <address>" and "2016-03-03 17:21 GMT+01:00 Name", alone on a line.
        if (digits && address && text[^1] == '>')
            return text.Length <= 200 && Balanced(text) && first.IndexOf("; ") < 0;
        return digits && !address && text.Length <= 80 && IsIsoDate(first) && text.Contains(" GMT", StringComparison.Ordinal);
    }

    /// <summary>"On" without the verb is a sentence of the author's, such as "In 2020 I asked x@y.z:".</summary>
    private static bool IsPreposition(ReadOnlySpan<char> first)
    {
        var length = first.IndexOf(' ');
        return length > 0 && !char.IsAsciiDigit(first[0])
            && !TrimWords.Days.GetAlternateLookup<ReadOnlySpan<char>>().Contains(first[..length].TrimEnd(".,"))
            && TrimWords.On.GetAlternateLookup<ReadOnlySpan<char>>().Contains(first[..length]);
    }

    /// <summary>"NAME &lt;address&gt; wrote:", or "---- NAME wrote ----".</summary>
    private static bool IsNamed(ReadOnlySpan<char> text)
    {
        var at = text.IndexOfAny(s_address);
        if (at < 0 && !text.StartsWith("--") && text.IndexOfAnyInRange('\u3040', '\uD7A3') < 0)
            return false;
        if (!Wrote(text))
            return false;
        if (text.StartsWith("--") && text.EndsWith("--"))
            return text.Length < 120;
        if (at < 0)
            return HasDate(text) && text.Length < 150 && !text.StartsWith("--");
        return at < 100 && text[0] is not ('<' or '>') && Balanced(text) && text[..at].IndexOf(". ") < 0 && text.IndexOf('?') < 0
            && (text.Contains('<') || text[..at].IndexOf(' ') < 0);
    }

    /// <summary>Angle brackets are closed: the sentence is whole.</summary>
    private static bool Balanced(ReadOnlySpan<char> text)
    {
        var open = 0;
        foreach (var c in text)
        {
            if (c == '<')
                open++;
            else if (c == '>' && --open < 0)
                return false;
        }
        return open == 0;
    }

    /// <summary>Where the author's own words end when a program put "On DATE, NAME wrote:" behind them on the same line; 0 if nowhere.</summary>
    private static int MidLine(string line)
    {
        if (!EndsWithWrote(line.AsSpan().Trim()))
            return 0;
        foreach (var on in s_midLine)
        {
            var at = line.LastIndexOf(on, StringComparison.Ordinal);
            if (at <= 0)
                continue;
            var rest = line.AsSpan(at + on.Length);
            var length = rest.IndexOfAny(" ,");
            if (length > 0 && (char.IsAsciiDigit(rest[0]) || TrimWords.Days.GetAlternateLookup<ReadOnlySpan<char>>().Contains(rest[..length])) && HasDate(rest))
                return line.AsSpan(0, at).TrimEnd("- ").Length;
        }
        return 0;
    }

    private static bool IsIsoDate(ReadOnlySpan<char> text) =>
        text.Length > 16 && char.IsAsciiDigit(text[3]) && text[4] is '-' or '/' && text[..16].Contains(':');

    /// <summary>A year from 1980 to 2099, a time of day, or a date in figures.</summary>
    public static bool HasDate(ReadOnlySpan<char> text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsAsciiDigit(text[i]))
                continue;
            var end = i;
            while (end < text.Length && char.IsAsciiDigit(text[end]))
                end++;
            var length = end - i;
            if (length == 4 && int.Parse(text[i..end], CultureInfo.InvariantCulture) is >= 1980 and <= 2099)
                return true;
            if (length <= 2 && end + 2 < text.Length && text[end] is ':' or '.' or '/' or '-' or 'h' && char.IsAsciiDigit(text[end + 1]))
            {
                var next = end + 1;
                while (next < text.Length && char.IsAsciiDigit(text[next]))
                    next++;
                var second = next - end - 1;
                if (text[end] is ':' or 'h' or '.' && second == 2)
                    return true;
                if (second <= 2 && next < text.Length && text[next] == text[end])
                    return true;
            }
            i = end;
        }
        return false;
    }
}
