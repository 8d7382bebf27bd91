using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ReplyMint.Inbound;

/// <summary>What macros stand for (RFC 7208 section 7).</summary>
/// <param name="Sender">The whole address, or postmaster at the greeting's name.</param>
/// <param name="Helo">What the client called itself.</param>
internal sealed record SpfWho(IPAddress Client, string Sender, string Helo);

/// <summary>Domains with macros in them.</summary>
internal static class SpfMacro
{
    private static readonly SearchValues<char> Delimiters = SearchValues.Create(".-+,/_=");

    public static bool IsRight(string spec) => Walk(spec, null, "", out _);

    /// <summary>A right one that ends as a domain does: in a macro, or in a name of letters below another.</summary>
    public static bool IsDomainSpec(string spec)
    {
        if (spec.Length == 0 || !IsRight(spec))
            return false;
        if (spec[^1] == '}' || spec.EndsWith("%%", StringComparison.Ordinal) || spec.EndsWith("%_", StringComparison.Ordinal) || spec.EndsWith("%-", StringComparison.Ordinal))
            return true;
        var text = spec[^1] == '.' ? spec[..^1] : spec;
        var top = text[(text.LastIndexOf('.') + 1)..];
        return top.Length < text.Length && top.Length > 0 && top.All(static c => char.IsAsciiLetterOrDigit(c) || c == '-') && top.Any(static c => !char.IsAsciiDigit(c)) && top[0] != '-' && top[^1] != '-';
    }

    /// <summary>The domain that is meant, cut at its front to what a name may have.</summary>
    public static string Expand(string spec, SpfWho who, string domain)
    {
        Walk(spec, who, domain, out var expanded);
        while (expanded.Length > 253 && expanded.IndexOf('.', StringComparison.Ordinal) is >= 0 and var dot)
            expanded = expanded[(dot + 1)..];
        return expanded;
    }

    private static bool Walk(string spec, SpfWho? who, string domain, out string expanded)
    {
        var text = new StringBuilder();
        expanded = "";
        for (var i = 0; i < spec.Length; i++)
        {
            if (spec[i] is < '!' or > '~')
                return false;
            if (spec[i] != '%')
            {
                text.Append(spec[i]);
                continue;
            }
            if (++i == spec.Length)
                return false;
            switch (spec[i])
            {
                case '%':
                    text.Append('%');
                    break;
                case '_':
                    text.Append(' ');
                    break;
                case '-':
                    text.Append("%20");
                    break;
                case '{' when spec.IndexOf('}', i) is > 0 and var end:
                    if (Macro(spec.AsSpan(i + 1, end - i - 1), who, domain) is not { } value)
                        return false;
                    text.Append(value);
                    i = end;
                    break;
                default:
                    return false;
            }
        }
        expanded = text.ToString();
        return true;
    }

    /// <summary>Letter, how many parts from the right, whether in reverse, and what parts them.</summary>
    private static string? Macro(ReadOnlySpan<char> macro, SpfWho? who, string domain)
    {
        if (macro.Length == 0)
            return null;
        var letter = char.ToLowerInvariant(macro[0]);
        // The others are for explanations, which nobody here reads.
        if (letter is not ('s' or 'l' or 'o' or 'd' or 'i' or 'p' or 'v' or 'h'))
            return null;
        var rest = macro[1..];
        var digits = rest.IndexOfAnyExceptInRange('0', '9') is >= 0 and var end ? end : rest.Length;
        var keep = int.MaxValue;
        if (digits > 0 && (!int.TryParse(rest[..digits], NumberStyles.None, CultureInfo.InvariantCulture, out keep) || keep == 0))
            return null;
        rest = rest[digits..];
        var reversed = rest.Length > 0 && rest[0] is 'r' or 'R';
        if (reversed)
            rest = rest[1..];
        if (rest.ContainsAnyExcept(Delimiters))
            return null;
        if (who is null)
            return "";
        var parts = Value(letter, who, domain).Split(rest.Length == 0 ? ['.'] : rest.ToArray());
        if (reversed)
            Array.Reverse(parts);
        var value = string.Join('.', parts.Length > keep ? parts[^keep..] : parts);
        return char.IsAsciiLetterUpper(macro[0]) ? Uri.EscapeDataString(value) : value;
    }

    private static string Value(char letter, SpfWho who, string domain) => letter switch
    {
        's' => who.Sender,
        'l' => who.Sender[..Math.Max(0, who.Sender.LastIndexOf('@'))],
        'o' => who.Sender[(who.Sender.LastIndexOf('@') + 1)..],
        'd' => domain,
        'h' => who.Helo,
        'v' => who.Client.AddressFamily == AddressFamily.InterNetwork ? "in-addr" : "ip6",
        'i' when who.Client.AddressFamily == AddressFamily.InterNetworkV6 => string.Join('.', Convert.ToHexStringLower(who.Client.GetAddressBytes()).ToCharArray()),
        'i' => who.Client.ToString(),
        // The client's own name is not to be looked for any more (RFC 7208 7.3).
        _ => "unknown",
    };
}
