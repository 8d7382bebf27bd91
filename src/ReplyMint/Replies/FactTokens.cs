using System.Globalization;

namespace ReplyMint.Replies;

/// <summary>A word or number of a folded text.</summary>
/// <param name="Text">A number or sign as written; a word only if statements are made of it, else empty: most words need no string.</param>
/// <param name="Value">The number it stands for, if any.</param>
internal readonly record struct FactToken(int Start, int End, string Text, decimal? Value, bool Digits);

/// <summary>Cuts a folded text into words, numbers and single signs, in one pass.</summary>
internal static class FactTokens
{
    private static readonly string[] Signs = [.. Enumerable.Range(0, 128).Select(c => ((char)c).ToString())];

    public static List<FactToken> Read(string text)
    {
        var tokens = new List<FactToken>(text.Length / 5);
        for (var i = 0; i < text.Length;)
        {
            var c = text[i];
            if (char.IsAsciiDigit(c))
            {
                var end = NumberEnd(text, i);
                var written = text[i..end];
                tokens.Add(new(i, end, written, Number(written), true));
                i = end;
            }
            else if (char.IsLetter(c))
            {
                var end = i + 1;
                while (end < text.Length && (char.IsLetter(text[end]) || (text[end] is '-' or '\'' && end + 1 < text.Length && char.IsLetter(text[end + 1]) && end - i < 40)))
                    end++;
                var word = FactWords.Known(text.AsSpan(i, end - i));
                if (word.Length == 0 && NumberWords.Head(text.AsSpan(i, end - i), tokens is [.., { Text: "-" }]) is > 0 and var head)
                {
                    end = i + head;
                    word = FactWords.Known(text.AsSpan(i, head));
                }
                var value = NumberWords.Value(word, text.AsSpan(i, end - i));
                tokens.Add(new(i, end, word.Length == 0 && value is not null ? text[i..end] : word, value, false));
                i = end;
            }
            else
            {
                if (c is not (' ' or '\n'))
                    tokens.Add(new(i, i + 1, c < Signs.Length ? Signs[c] : c.ToString(), null, false));
                i++;
            }
        }
        NumberWords.Join(tokens);
        return tokens;
    }

    /// <summary>Digits with separators inside: "1.234,56", "1 234", "1'234.50", "17:30", "2026-05-01". A separator needs a digit behind it.</summary>
    private static int NumberEnd(string text, int start)
    {
        var end = start;
        while (end < text.Length)
        {
            if (char.IsAsciiDigit(text[end]))
            {
                end++;
                continue;
            }
            if (end + 1 >= text.Length || !char.IsAsciiDigit(text[end + 1]))
                break;
            if (text[end] is '.' or ',')
            {
                end++;
                continue;
            }
            // A space or apostrophe groups thousands only before exactly three digits.
            if (text[end] is ' ' or '\'' && end - start <= 3 && Three(text, end + 1))
            {
                end++;
                continue;
            }
            break;
        }
        return end;
    }

    private static bool Three(string text, int at) =>
        at + 3 <= text.Length && char.IsAsciiDigit(text[at + 1]) && char.IsAsciiDigit(text[at + 2]) && (at + 3 == text.Length || !char.IsAsciiDigit(text[at + 3]));

    /// <summary>Either comma or point may part the decimals: the last of both, or a single one not followed by three digits.</summary>
    public static decimal? Number(string written)
    {
        Span<char> digits = stackalloc char[32];
        var length = 0;
        var point = written.LastIndexOf('.');
        var comma = written.LastIndexOf(',');
        var mark = Math.Max(point, comma);
        if (mark >= 0)
        {
            var other = mark == point ? ',' : '.';
            var single = written.IndexOf(written[mark], StringComparison.Ordinal) == mark;
            var three = written.Length - mark - 1 == 3 && written[0] != '0';
            if (!single || (three && !written.Contains(other, StringComparison.Ordinal)))
                mark = -1;
        }
        for (var i = 0; i < written.Length; i++)
        {
            if (length >= 28)
                return null;
            if (char.IsAsciiDigit(written[i]))
                digits[length++] = written[i];
            else if (i == mark)
                digits[length++] = '.';
        }
        return decimal.TryParse(digits[..length], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) ? value : null;
    }

    /// <summary>Free of trailing zeros, so that 10,00 and 10 are one.</summary>
    public static string Text(decimal value) => (value / 1.0000000000000000000000000000m).ToString(CultureInfo.InvariantCulture);
}
