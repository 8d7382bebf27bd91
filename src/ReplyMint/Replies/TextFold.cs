using System.Globalization;
using System.Text;

using ReplyMint.Mail;

namespace ReplyMint.Replies;

/// <summary>A form for comparing words of any language: lower case, no Latin diacritics, no invisible characters, plain dashes and quotes.</summary>
internal static class TextFold
{
    /// <summary>Base letters of Latin-1 Supplement and Latin Extended-A from U+00C0 on; '\0' stays as it is.</summary>
    private const string Base =
        "aaaaaaaceeeeiiiidnooooo\0ouuuuytsaaaaaaaceeeeiiiidnooooo\0ouuuuyty" +
        "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkklllllllll" +
        "lnnnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";

    public static string Words(string text)
    {
        var folded = new StringBuilder(text.Length);
        foreach (var c in UnicodeForms.Nfkc(text))
        {
            if (CharUnicodeInfo.GetUnicodeCategory(c) is UnicodeCategory.Format or UnicodeCategory.NonSpacingMark)
                continue;
            folded.Append(c switch
            {
                < '\u0080' => char.IsWhiteSpace(c) || char.IsControl(c) ? ' ' : char.ToLowerInvariant(c),
                >= '\u00C0' and <= '\u017F' => Base[c - '\u00C0'] is var b and not '\0' ? b : c,
                'Ș' or 'ș' => 's',
                'Ț' or 'ț' => 't',
                >= '\u1EA0' and <= '\u1EF9' => Vietnamese(c),
                >= '\u0386' and <= '\u03CE' => Greek(char.ToLowerInvariant(c)),
                'ё' or 'Ё' => 'е',
                '\u2010' or '\u2011' or '\u2012' or '\u2013' or '\u2014' or '\u2212' => '-',
                '\u2018' or '\u2019' or '\u02BC' or '\u00B4' or '`' => '\'',
                _ => char.IsWhiteSpace(c) ? ' ' : char.ToLowerInvariant(c),
            });
        }
        return folded.ToString();
    }

    private static char Vietnamese(char c) => c switch
    {
        <= '\u1EB7' => 'a',
        <= '\u1EC7' => 'e',
        <= '\u1ECB' => 'i',
        <= '\u1EE3' => 'o',
        <= '\u1EF1' => 'u',
        _ => 'y',
    };

    private static char Greek(char c) => c switch
    {
        'ά' => 'α', 'έ' => 'ε', 'ή' => 'η', 'ί' or 'ϊ' or 'ΐ' => 'ι', 'ό' => 'ο', 'ύ' or 'ϋ' or 'ΰ' => 'υ', 'ώ' => 'ω', 'ς' => 'σ', _ => c,
    };
}
