using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace ReplyMint.Inbound;

/// <summary>One mechanism of a record (RFC 7208 4.6.2).</summary>
/// <param name="Qualifier">What a match means: '+', '-', '~' or '?'.</param>
/// <param name="Name">In lower case.</param>
/// <param name="Domain">Its domain-spec, or empty for the domain itself.</param>
/// <param name="Network">For ip4 and ip6.</param>
internal sealed record SpfTerm(char Qualifier, string Name, string Domain, int Bits4 = 32, int Bits6 = 128, IPNetwork? Network = null);

/// <summary>Who may send for a domain, as it publishes that (RFC 7208 section 4.5, 5 and 6).</summary>
internal sealed record SpfRecord(IReadOnlyList<SpfTerm> Terms, string? Redirect)
{
    private const string Version = "v=spf1";

    /// <summary>Whether a text is such a record, right or wrong.</summary>
    public static bool Is(string text) => text.StartsWith(Version, StringComparison.OrdinalIgnoreCase) && (text.Length == Version.Length || text[Version.Length] == ' ');

    /// <summary>Null: something of it is wrong, and so all of it.</summary>
    public static SpfRecord? Parse(string text)
    {
        var terms = new List<SpfTerm>();
        string? redirect = null;
        var explained = false;
        foreach (var part in text[Version.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (Modifier(part) is { } modifier)
            {
                var name = part[..modifier];
                var isRedirect = name.Equals("redirect", StringComparison.OrdinalIgnoreCase);
                var value = part[(modifier + 1)..];
                if (isRedirect || name.Equals("exp", StringComparison.OrdinalIgnoreCase))
                {
                    if ((isRedirect ? redirect is not null : explained) || !SpfMacro.IsDomainSpec(value))
                        return null;
                    if (isRedirect)
                        redirect = value;
                    else
                        explained = true;
                }
                // Others may come to be, and are no mistake; their macros must be right all the same.
                else if (!SpfMacro.IsRight(value))
                    return null;
                continue;
            }
            if (Term(part) is not { } term)
                return null;
            terms.Add(term);
        }
        return new(terms, redirect);
    }

    /// <summary>Where its equals sign stands; null when it is a mechanism.</summary>
    private static int? Modifier(string part)
    {
        var end = 0;
        while (end < part.Length && (char.IsAsciiLetter(part[end]) || (end > 0 && (char.IsAsciiDigit(part[end]) || part[end] is '-' or '_' or '.'))))
            end++;
        return end > 0 && end < part.Length && part[end] == '=' ? end : null;
    }

    private static SpfTerm? Term(string part)
    {
        var qualifier = part[0] is '+' or '-' or '~' or '?' ? part[0] : '+';
        var rest = part.AsSpan(part[0] == qualifier ? 1 : 0);
        var end = rest.IndexOfAny(':', '/');
        var name = (end < 0 ? rest : rest[..end]).ToString().ToLowerInvariant();
        var value = end < 0 ? "" : rest[end..].ToString();
        return name switch
        {
            "all" => value.Length == 0 ? new(qualifier, name, "") : null,
            "include" or "exists" => value is [':', .. var domain] && SpfMacro.IsDomainSpec(domain) ? new(qualifier, name, domain) : null,
            "ptr" => value.Length == 0 ? new(qualifier, name, "") : value is [':', .. var domain] && SpfMacro.IsDomainSpec(domain) ? new(qualifier, name, domain) : null,
            "a" or "mx" => WithBits(qualifier, name, value),
            "ip4" or "ip6" => value is [':', .. var network] && Network(network, name == "ip4") is { } named ? new(qualifier, name, "", Network: named) : null,
            _ => null,
        };
    }

    /// <summary>"[:domain][/bits][//bits]".</summary>
    private static SpfTerm? WithBits(char qualifier, string name, string value)
    {
        int bits4 = 32, bits6 = 128;
        // Behind the last brace: a slash may stand in a macro.
        var from = value.LastIndexOf('}') + 1;
        if (value.IndexOf("//", from, StringComparison.Ordinal) is >= 0 and var double6)
        {
            if (!IsBits(value[(double6 + 2)..], 128, out bits6))
                return null;
            value = value[..double6];
        }
        // A domain may hold slashes, but no part of its end.
        if (value.LastIndexOf('/') is >= 0 and var single && single >= from && value.AsSpan(single + 1) is { Length: > 0 } digits && !digits.ContainsAnyExceptInRange('0', '9'))
        {
            if (!IsBits(value[(single + 1)..], 32, out bits4))
                return null;
            value = value[..single];
        }
        return value.Length == 0 ? new(qualifier, name, "", bits4, bits6) : value is [':', .. var domain] && SpfMacro.IsDomainSpec(domain) ? new(qualifier, name, domain, bits4, bits6) : null;
    }

    private static IPNetwork? Network(string text, bool four)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var bits = four ? 32 : 128;
        if (slash >= 0 && !IsBits(text[(slash + 1)..], bits, out bits))
            return null;
        var written = slash < 0 ? text : text[..slash];
        // Neither zones nor the short and octal forms that .NET reads.
        if (!IPAddress.TryParse(written, out var address) || address.AddressFamily != (four ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6) || written.Contains('%', StringComparison.Ordinal) || (four && address.ToString() != written))
            return null;
        return SpfCheck.Around(address, bits);
    }

    private static bool IsBits(string text, int most, out int bits) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out bits) && bits <= most && (text.Length == 1 || text[0] != '0');
}
