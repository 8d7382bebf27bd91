using System.Globalization;
using System.Text;

using ReplyMint.Mail;

namespace ReplyMint.Replies;

/// <summary>The name by which an answer greets: the only words of the sender's own that every answer repeats.</summary>
internal static class GreetingName
{
    private const int MaxLength = 40;
    private const int MaxWords = 4;

    private static readonly HashSet<string> Roles = new(StringComparer.OrdinalIgnoreCase)
    {
        "info", "office", "team", "support", "sales", "admin", "kontakt", "contact", "service", "mail", "kundenservice", "buchhaltung", "webmaster", "unknown", "user", "gast", "guest", "me",
    };

    /// <summary>The display name as a person writes it, or empty when it is none: a link, an address, a sentence, a role.</summary>
    public static string Of(InboundMail mail)
    {
        var name = ReplySubject.Clean(mail.Author?.Name ?? "");
        // "Müller, Anna" is how directories write it; "Anna Müller (Acme)" and "Anna | Acme" carry a company.
        foreach (var mark in (ReadOnlySpan<char>)['(', '[', '|', '/'])
            if (name.IndexOf(mark, StringComparison.Ordinal) is var at and > 0)
                name = name[..at].Trim();
        name = name.Trim('"', '\'', ' ');
        if (name.Split(',') is [var last, var first] && last.Trim().Length > 0 && first.Trim().Length > 0)
            name = $"{first.Trim()} {last.Trim()}";
        if (name.Length is 0 or > MaxLength || Roles.Contains(name))
            return "";
        var words = name.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length > MaxWords)
            return "";
        foreach (var rune in name.EnumerateRunes())
            if (!IsOfName(rune))
                return "";
        // A dot is an initial's ("J. R. Smith"), never inside a word: that would be a domain.
        for (var i = 0; i < name.Length; i++)
            if (name[i] == '.' && i + 1 < name.Length && name[i + 1] != ' ')
                return "";
        return string.Join(' ', words);
    }

    private static bool IsOfName(Rune rune) => rune.Value is ' ' or '-' or '\'' or '’' or '.'
        || Rune.IsLetter(rune) || Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;
}
