using System.Buffers;
using System.Text;

namespace ReplyMint.Mail;

/// <summary>How addresses are compared (house rule: NFC, A-label domain, local part case-blind).</summary>
internal static class AddressRules
{
    /// <summary>RFC 5321 4.5.3.1 allows 64 and 255 octets; a local part in UTF-8 may have fewer characters.</summary>
    private const int MaxLocal = 64;
    private const int MaxAddress = 1_000;

    /// <summary>As much of an address as is worth keeping; what was cut is still too long to be one, and so no other's.</summary>
    public static string Bounded(string address) => address.Length <= MaxAddress ? address : address[..(MaxAddress + 1)];

    private static readonly SearchValues<char> s_atom = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-/=?^_`{|}~.");

    /// <summary>
    /// The form in which two addresses are compared, or null when it is no address. Plus-tags are kept. Angle brackets,
    /// a source route ("@a,@b:user@c"), needless quotes and the root's dot are gone.
    /// </summary>
    public static string? Normalize(string address)
    {
        if (address.Length > MaxAddress || address.AsSpan().ContainsAnyInRange('\0', '\x1F'))
            return null;
        var text = address.AsSpan().Trim();
        if (text.Length > 1 && text[0] == '<' && text[^1] == '>')
            text = text[1..^1].Trim();
        if (text.Length > 0 && text[0] == '@' && text.IndexOf(':') is > 0 and var route)
            text = text[(route + 1)..];
        var at = text.LastIndexOf('@');
        if (at <= 0)
            return null;
        var local = Local(text[..at].Trim());
        var domain = Host(text[(at + 1)..].Trim());
        return local is null || domain is null ? null : local + "@" + domain;
    }

    private static string? Local(ReadOnlySpan<char> written)
    {
        var text = written.ToString();
        if (text.Length >= 2 && text[0] == '"' && text[^1] == '"')
        {
            var plain = new StringBuilder();
            for (var i = 1; i < text.Length - 1; i++)
                plain.Append(text[i] == '\\' && i + 1 < text.Length - 1 ? text[++i] : text[i]);
            text = plain.ToString();
        }
        text = UnicodeForms.Nfc(text).ToLowerInvariant();
        if (text.Length is 0 or > MaxLocal)
            return null;
        foreach (var c in text)
            if (char.IsControl(c) || char.IsSurrogate(c) || c is '\u2028' or '\u2029' or '\uFEFF' or (>= '\u200B' and <= '\u200F') or (>= '\u202A' and <= '\u202E'))
                return null;
        // Only what can't be written otherwise stays in quotes. A dot too many is common on some telephones and let be.
        var special = false;
        foreach (var c in text)
            special |= c < '\x80' && !s_atom.Contains(c);
        if (!special)
            return text;
        return written[0] == '"' ? Quote(text) : null;
    }

    private static string Quote(string text) => "\"" + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + "\"";

    private static string? Host(ReadOnlySpan<char> written)
    {
        // An address literal (RFC 5321 4.1.3) is compared as written.
        if (written.Length > 2 && written[0] == '[' && written[^1] == ']')
            return written.Length <= 64 && !written.ContainsAnyExceptInRange('!', '~') ? written.ToString().ToLowerInvariant() : null;
        return Domains.ToAscii(written.ToString());
    }

    /// <summary>Without the plus-tag, for rates and for finding the mailbox.</summary>
    public static string WithoutTag(string normalized)
    {
        var at = normalized.LastIndexOf('@');
        var plus = normalized.IndexOf('+', StringComparison.Ordinal);
        return plus > 0 && plus < at && normalized[0] != '"' ? normalized[..plus] + normalized[at..] : normalized;
    }

    /// <summary>The part behind the last at-sign.</summary>
    public static string Domain(string normalized) => normalized[(normalized.LastIndexOf('@') + 1)..];

    /// <summary>Do two domains belong to one organisation: equal, one below the other, or both below a name that one of them registered?</summary>
    public static bool SameOrganisation(string domainA, string domainB) =>
        Domains.ToAscii(domainA) is { } a && Domains.ToAscii(domainB) is { } b
        && (a == b || (Domains.Organisation(a) is var one && one.Contains('.', StringComparison.Ordinal) && one == Domains.Organisation(b)));
}
