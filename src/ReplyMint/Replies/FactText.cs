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
        foreach (var c in UnicodeForms.Nfkc(text))
        {
            if (IsInvisible(c))
                continue;
            folded.Append(c switch
            {
                '\n' => '\n',
                '\u3002' or '\uFF0E' or '\uFF61' or '\u2024' or '\u00B7' => '.',
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
        return written.Replace(" dot ", ".", StringComparison.Ordinal).Replace(" . ", ".", StringComparison.Ordinal);
    }

    private static readonly (string, string)[] Bracketed =
    [
        (" [.] ", "."), ("[.]", "."), ("(.)", "."), ("{.}", "."), (" [dot] ", "."), ("[dot]", "."), (" (dot) ", "."), ("(dot)", "."), ("{dot}", "."), ("[punkt]", "."), ("(punkt)", "."), ("[point]", "."),
        ("(point)", "."), ("[punto]", "."), ("(punto)", "."), ("[:]", ":"), ("[://]", "://"), ("[at]", "@"), ("(at)", "@"), ("{at}", "@"), ("[@]", "@"), ("(@)", "@"), ("(ät)", "@"), ("[arroba]", "@"), ("(arroba)", "@"),
    ];

    private static readonly (string, string)[] Spaced = [(" :// ", "://"), (": //", "://"), (" @ ", "@"), (" @", "@"), ("@ ", "@")];

    /// <summary>Characters that show nothing: format characters (zero-width, bidirectional, tags), variation selectors, fillers.</summary>
    public static bool IsInvisible(char c) => c > '\u007F' && (
        c is '\u034F' or '\u115F' or '\u1160' or '\u17B4' or '\u17B5' or '\u3164' or '\uFFA0' or (>= '\uFE00' and <= '\uFE0F') or (>= '\u180B' and <= '\u180F')
        || CharUnicodeInfo.GetUnicodeCategory(c) == UnicodeCategory.Format);
}
