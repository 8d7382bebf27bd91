using System.Text;

namespace ReplyMint.Replies;

/// <summary>Subjects: the prefixes that mail programs put in front of an answer, and what may stand in a header.</summary>
internal static class ReplySubject
{
    /// <summary>Characters of an answer's subject; a longer one is cut.</summary>
    public const int MaxLength = 200;

    /// <summary>"Re" as programs of many languages write it. A forward is none: its answer is "Re: Fwd: ...".</summary>
    private static readonly HashSet<string> Reply = new(StringComparer.OrdinalIgnoreCase)
    {
        "re", "aw", "antw", "antwort", "sv", "vs", "rif", "rép", "odp", "vá", "ynt", "atb", "res", "r", "απ", "σχετ",
        "回复", "回覆", "答复", "返信", "회신", "ответ", "отв",
    };

    private static readonly HashSet<string> Forward = new(StringComparer.OrdinalIgnoreCase)
    {
        "fw", "fwd", "wg", "tr", "rv", "enc", "vb", "i", "vl", "vidarebefordrat", "pd", "doorst", "轉寄", "转发", "転送", "пересл",
    };

    /// <summary>The answer's subject: the mail's own prefix when it has one, "Re: " when it has none, once in any case.</summary>
    public static string ForReply(string subject)
    {
        var clean = Clean(subject);
        var (prefix, rest) = Split(clean, Reply);
        if (rest.Length == 0)
            return "Re:";
        var text = $"{(prefix.Length > 0 ? prefix : "Re")}: {rest}";
        return Cut(text, MaxLength);
    }

    /// <summary>Without any prefix of answers and forwards; empty when nothing else is there.</summary>
    public static string Bare(string subject)
    {
        var rest = Clean(subject);
        while (true)
        {
            var (_, next) = Split(rest, Reply);
            (_, next) = Split(next, Forward);
            if (next.Length == rest.Length)
                return rest;
            rest = next;
        }
    }

    /// <summary>One line without control, format and line-separating characters: nothing that could begin another header field.</summary>
    public static string Clean(string value)
    {
        var clean = new StringBuilder(Math.Min(value.Length, 1_000));
        var space = false;
        foreach (var rune in value.EnumerateRunes())
        {
            if (clean.Length >= 1_000)
                break;
            if (Rune.IsWhiteSpace(rune) || Rune.IsControl(rune))
            {
                space = clean.Length > 0;
                continue;
            }
            // Bidirectional overrides, zero-width characters and broken surrogates hide what a subject says.
            if (Rune.GetUnicodeCategory(rune) is System.Globalization.UnicodeCategory.Format or System.Globalization.UnicodeCategory.Surrogate
                || rune == Rune.ReplacementChar)
                continue;
            if (space)
                clean.Append(' ');
            space = false;
            clean.Append(rune);
        }
        return clean.ToString();
    }

    /// <summary>Cuts without breaking a surrogate pair.</summary>
    public static string Cut(string text, int length)
    {
        if (text.Length <= length)
            return text;
        var end = char.IsHighSurrogate(text[length - 1]) ? length - 1 : length;
        return text[..end].TrimEnd();
    }

    /// <summary>Takes all leading prefixes of one family off: "Re: AW: Re[2]: x" is ("Re", "x").</summary>
    private static (string Prefix, string Text) Split(string text, HashSet<string> family)
    {
        var first = "";
        var position = 0;
        while (true)
        {
            var i = position;
            while (i < text.Length && i - position < 20 && char.IsLetter(text[i]))
                i++;
            var word = text[position..i];
            if (word.Length == 0 || !family.Contains(word))
                break;
            // A counter: Re[2]: or Re(2): or Re^2:
            if (i < text.Length && text[i] is '[' or '(' or '^')
            {
                var j = i + 1;
                while (j < text.Length && char.IsAsciiDigit(text[j]))
                    j++;
                if (j < text.Length && text[j] is ']' or ')')
                    j++;
                i = j;
            }
            while (i < text.Length && text[i] == ' ')
                i++;
            if (i >= text.Length || text[i] is not (':' or '：'))
                break;
            i++;
            while (i < text.Length && text[i] == ' ')
                i++;
            if (first.Length == 0)
                first = word;
            position = i;
        }
        return (first, text[position..]);
    }
}
