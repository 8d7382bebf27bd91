using System.Globalization;
using System.Text;

using ReplyMint.Mail;

namespace ReplyMint.Replies;

/// <summary>The form in which statements are looked for: compatibility forms folded, lower case, nothing invisible, written-out dots restored.</summary>
internal static class FactText
{
    public static string Fold(string text)
    {
        var folded = new StringBuilder(text.Length);
        var normal = UnicodeForms.Nfkc(text);
        for (var i = 0; i < normal.Length; i++)
        {
            var c = normal[i];
            if (IsInvisible(normal, i) || IsMark(c) && folded.Length > 0 && char.IsAsciiDigit(folded[^1]))
                continue;
            // A number is the same in any script, and in circles.
            if (c > '\u007F' && CharUnicodeInfo.GetDigitValue(normal, i) is >= 0 and var digit)
            {
                folded.Append((char)('0' + digit));
                i += char.IsSurrogate(c) ? 1 : 0;
                continue;
            }
            folded.Append(c switch
            {
                '\n' => '\n',
                '\u3002' or '\uFF0E' or '\uFF61' or '\u2024' or '\u00B7' or '\u2027' or '\u2219' or '\u22C5' or '\uA4F8' or '\u06D4' or '\u0701' or '\u0702' => '.',
                '\u2010' or '\u2011' or '\u2012' or '\u2013' or '\u2014' or '\u2015' or '\u2212' or '\uFE63' => '-',
                '\u2018' or '\u2019' or '\u02BC' or '\u00B4' or '`' => '\'',
                '\u2044' or '\u2215' => '/',
                '\u2236' or '\uA789' => ':',
                _ => char.IsWhiteSpace(c) ? ' ' : char.ToLowerInvariant(c),
            });
        }
        // Written-out forms that a reader puts together again in his head; most texts have none.
        var written = folded.ToString();
        if (written.Contains("hxxp", StringComparison.Ordinal))
            written = written.Replace("hxxps", "https", StringComparison.Ordinal).Replace("hxxp", "http", StringComparison.Ordinal);
        if (written.AsSpan().ContainsAny('[', '(', '{'))
            foreach (var (form, sign) in Bracketed)
                written = written.Replace(form, sign, StringComparison.Ordinal);
        if (written.AsSpan().ContainsAny('@', ':'))
            foreach (var (form, sign) in Spaced)
                written = written.Replace(form, sign, StringComparison.Ordinal);
        if (written.Contains(" p", StringComparison.Ordinal))
            foreach (var (form, sign) in Spoken)
                written = written.Replace(form, sign, StringComparison.Ordinal);
        return written.Replace(" dot ", ".", StringComparison.Ordinal).Replace("-dot-", ".", StringComparison.Ordinal).Replace("_dot_", ".", StringComparison.Ordinal).Replace(" . ", ".", StringComparison.Ordinal);
    }

    private static readonly (string, string)[] Bracketed =
    [
        (" [.] ", "."), ("[.]", "."), ("(.)", "."), ("{.}", "."), (" [dot] ", "."), ("[dot]", "."), (" (dot) ", "."), ("(dot)", "."), ("{dot}", "."), ("[punkt]", "."), ("(punkt)", "."), ("[point]", "."),
        ("(point)", "."), ("[punto]", "."), ("(punto)", "."), ("[:]", ":"), ("[://]", "://"), ("[at]", "@"), ("(at)", "@"), ("{at}", "@"), ("[@]", "@"), ("(@)", "@"), ("(ät)", "@"), ("[arroba]", "@"), ("(arroba)", "@"),
    ];

    private static readonly (string, string)[] Spaced = [(" :// ", "://"), (": //", "://"), (" @ ", "@"), (" @", "@"), ("@ ", "@")];

    /// <summary>Said in words as in English, before the endings that such addresses have: "point de vente" is none.</summary>
    private static readonly (string, string)[] Spoken = [.. from dot in (string[])["punkt", "point", "punto", "ponto"] from end in (string[])["com", "net", "org", "info"] select ($" {dot} {end}", "." + end)];

    /// <summary>Characters that show nothing: format characters (zero-width, bidirectional, tags), variation selectors, fillers; of two code units each.</summary>
    public static bool IsInvisible(string text, int at)
    {
        var c = text[at];
        if (!char.IsSurrogate(c))
            return IsInvisible(c);
        var first = char.IsLowSurrogate(c) ? at - 1 : at;
        return first >= 0 && first + 1 < text.Length && char.IsSurrogatePair(text[first], text[first + 1]) && char.ConvertToUtf32(text[first], text[first + 1]) is var point
            && (point is >= 0xE0000 and <= 0xE0FFF or 0x1D159 or 0x16FE4 || CharUnicodeInfo.GetUnicodeCategory(point) == UnicodeCategory.Format);
    }

    /// <summary>Strikes, underlines and boxes around a digit (keycaps) part no number.</summary>
    private static bool IsMark(char c) => c > '\u007F' && CharUnicodeInfo.GetUnicodeCategory(c) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark;

    private static bool IsInvisible(char c) => c > '\u007F' && (
        c is '\u034F' or '\u115F' or '\u1160' or '\u17B4' or '\u17B5' or '\u3164' or '\uFFA0' or (>= '\uFE00' and <= '\uFE0F') or (>= '\u180B' and <= '\u180F')
        || CharUnicodeInfo.GetUnicodeCategory(c) == UnicodeCategory.Format);
}
