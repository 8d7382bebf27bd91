using System.Collections.Frozen;
using System.Text;

namespace ReplyMint.Mail;

/// <summary>Domain names as DNS knows them (A-labels, RFC 5890), and which of them belong together.</summary>
internal static class Domains
{
    /// <summary>The A-label form in lower case without the root's dot, or null when it is no domain name. Needs no ICU.</summary>
    public static string? ToAscii(string domain)
    {
        if (domain.Length is 0 or > 255)
            return null;
        // Compatibility forms and the other full stops are what keyboards write for the plain ones (UTS 46).
        var text = UnicodeForms.Nfkc(domain).ToLowerInvariant().Replace('\u3002', '.').Replace('\u00AD'.ToString(), "", StringComparison.Ordinal);
        text = UnicodeForms.Nfc(text);
        if (text.EndsWith('.'))
            text = text[..^1];
        var ascii = new StringBuilder(text.Length);
        foreach (var label in text.Split('.'))
        {
            if (ascii.Length > 0)
                ascii.Append('.');
            var start = ascii.Length;
            if (System.Text.Ascii.IsValid(label))
                ascii.Append(label);
            else if (Punycode(label) is { } encoded)
                ascii.Append("xn--").Append(encoded);
            else
                return null;
            if (ascii.Length - start is < 1 or > 63)
                return null;
        }
        if (ascii.Length is 0 or > 253)
            return null;
        for (var i = 0; i < ascii.Length; i++)
            if (!char.IsAsciiLetterOrDigit(ascii[i]) && ascii[i] is not ('-' or '.' or '_'))
                return null;
        return ascii.ToString();
    }

    /// <summary>RFC 3492 6.3, or null when the label holds what no name may hold.</summary>
    private static string? Punycode(string label)
    {
        var points = new List<int>();
        foreach (var rune in label.EnumerateRunes())
        {
            if (rune.Value == 0xFFFD || (rune.Value > 0x7F && !Rune.IsLetterOrDigit(rune) && Rune.GetUnicodeCategory(rune) is not (
                System.Globalization.UnicodeCategory.NonSpacingMark or System.Globalization.UnicodeCategory.SpacingCombiningMark or System.Globalization.UnicodeCategory.OtherSymbol)))
                return null;
            points.Add(rune.Value);
        }
        if (points.Count > 63)
            return null;
        var output = new StringBuilder();
        foreach (var p in points)
            if (p < 0x80)
                output.Append((char)p);
        int basic = output.Length, handled = basic, n = 0x80, delta = 0, bias = 72;
        if (basic > 0)
            output.Append('-');
        while (handled < points.Count)
        {
            var next = points.Where(p => p >= n).Min();
            delta += (next - n) * (handled + 1);
            n = next;
            foreach (var p in points)
            {
                if (p < n)
                    delta++;
                if (p != n)
                    continue;
                var q = delta;
                for (var k = 36; ; k += 36)
                {
                    var t = Math.Clamp(k - bias, 1, 26);
                    if (q < t)
                        break;
                    output.Append(Digit(t + ((q - t) % (36 - t))));
                    q = (q - t) / (36 - t);
                }
                output.Append(Digit(q));
                bias = Adapt(delta, handled + 1, handled == basic);
                delta = 0;
                handled++;
            }
            delta++;
            n++;
        }
        return output.ToString();
    }

    private static int Adapt(int delta, int count, bool first)
    {
        delta = first ? delta / 700 : delta / 2;
        delta += delta / count;
        var k = 0;
        for (; delta > 455; k += 36)
            delta /= 35;
        return k + (36 * delta / (delta + 38));
    }

    private static char Digit(int value) => (char)(value < 26 ? 'a' + value : '0' + value - 26);

    /// <summary>
    /// The part of a domain that one organisation registered: the top-level domain and one label before it, or two where
    /// a country's registry or a hosting service sells names below a name of its own. The public suffix list is no part of
    /// the product (its licence is copyleft), so these are the common cases; what is not known counts as registered, that
    /// is, two names under an unknown registry look like one organisation only if that registry's own label is unusual.
    /// </summary>
    public static string Organisation(string domain)
    {
        var labels = domain.Split('.');
        var take = 2;
        if (labels.Length > 2)
        {
            var two = labels[^2] + "." + labels[^1];
            if ((labels[^1].Length == 2 && s_secondLevel.Contains(labels[^2])) || s_hosting.Contains(two))
                take = 3;
            // "x.region.amazonaws.com" and Japan's cities: one more label is somebody else's.
            if (labels.Length > 3 && s_hosting.Contains(labels[^3] + "." + two))
                take = 4;
        }
        return labels.Length <= take ? domain : string.Join('.', labels[^take..]);
    }

    /// <summary>
    /// A name under which many get names of their own: a top-level domain, a registry's second level, a hosting service.
    /// Unknown ones count as somebody's own, as with <see cref="Organisation"/>.
    /// </summary>
    public static bool IsShared(string domain)
    {
        var labels = domain.Split('.');
        return labels.Length == 1 || s_hosting.Contains(domain) || (labels.Length == 2 && labels[1].Length == 2 && s_registry.Contains(labels[0]));
    }

    /// <summary>Second labels under which country registries sell names.</summary>
    private static readonly FrozenSet<string> s_secondLevel = new[]
    {
        "co", "com", "ac", "org", "net", "gov", "edu", "ne", "or", "go", "gob", "gouv", "mil", "nom", "gen", "web", "ltd", "plc", "me", "sch", "nhs", "police", "id", "asn",
        "ed", "lg", "ad", "re", "pe", "gr", "info", "biz", "art", "firm", "ind", "res", "nic", "asso", "prd", "tm", "presse", "geek", "kiwi", "maori", "school", "iwi", "govt", "cri",
        "eng", "adv", "blog", "eco", "ind", "jor", "med", "odo", "psc", "tur", "tv", "vet", "k12", "muni", "gv", "bel", "pol", "av", "bbs", "dr", "kep", "tsk", "name", "law", "nis", "alt", "school", "in", "my", "tx",
    }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Those of them that are nobody's brand ("web.de" is one).</summary>
    private static readonly FrozenSet<string> s_registry =
        new[] { "co", "com", "ac", "org", "net", "gov", "edu", "ne", "or", "go", "gob", "gouv", "mil", "nom", "gv", "govt", "ltd", "plc", "sch", "nhs" }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Services whose customers get names below theirs.</summary>
    private static readonly FrozenSet<string> s_hosting = new[]
    {
        "github.io", "gitlab.io", "blogspot.com", "herokuapp.com", "appspot.com", "cloudfront.net", "amazonaws.com", "azurewebsites.net", "cloudapp.net", "cloudapp.azure.com", "vercel.app",
        "netlify.app", "pages.dev", "workers.dev", "web.app", "firebaseapp.com", "onmicrosoft.com", "mail.onmicrosoft.com", "fly.dev", "onrender.com", "wordpress.com", "myshopify.com", "duckdns.org", "dyndns.org",
        "no-ip.org", "ddns.net", "ngrok.io", "ngrok.app", "sharepoint.com", "zendesk.com", "freshdesk.com", "atlassian.net", "salesforce.com", "mailgun.org", "sendgrid.net", "uk.com", "us.com", "eu.com", "de.com", "gb.net", "co.com", "eu.org",
    }.ToFrozenSet(StringComparer.Ordinal);
}
