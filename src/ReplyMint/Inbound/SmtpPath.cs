using System.Buffers;
using System.Text;

namespace ReplyMint.Inbound;

/// <summary>The argument of MAIL and RCPT: a path in angle brackets and ESMTP parameters (RFC 5321 4.1.2, RFC 6531 3.3).</summary>
/// <param name="Address">Without brackets and source route; empty is the null reverse-path.</param>
internal readonly record struct SmtpPath(string Address, IReadOnlyList<string> Parameters)
{
    private const int MaxLocal = 64;
    private const int MaxDomain = 255;

    // Never in an unquoted local part: white space, controls and the specials of RFC 5321.
    private static readonly SearchValues<char> Special = SearchValues.Create("()<>[]:;@\\,\" ");

    /// <summary>Null when it is no path. A domain-less "Postmaster" counts as one (RFC 5321 4.5.1).</summary>
    public static SmtpPath? TryParse(ReadOnlySpan<byte> argument, ReadOnlySpan<byte> keyword)
    {
        if (argument.Length < keyword.Length || !Ascii.EqualsIgnoreCase(argument[..keyword.Length], keyword))
            return null;
        string text;
        try
        {
            text = Strict.GetString(argument[keyword.Length..]);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
        var rest = text.AsSpan().TrimStart(' ');
        if (rest.Length == 0 || rest[0] != '<')
            return null;
        var close = EndOfPath(rest);
        if (close < 0)
            return null;
        var path = rest[1..close];
        // A source route is to be accepted and ignored (RFC 5321 appendix C).
        if (path.StartsWith("@", StringComparison.Ordinal) && path.IndexOf(':') is > 0 and var colon)
            path = path[(colon + 1)..];
        var tail = rest[(close + 1)..];
        if (tail.Length > 0 && tail[0] != ' ')
            return null;
        if (path.Length > 0 && !IsMailbox(path))
            return null;
        var parameters = tail.ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return new(path.ToString(), parameters);
    }

    private static readonly UTF8Encoding Strict = new(false, true);

    private static int EndOfPath(ReadOnlySpan<char> text)
    {
        var quoted = false;
        for (var i = 1; i < text.Length; i++)
            switch (text[i])
            {
                case '"':
                    quoted = !quoted;
                    break;
                case '\\' when quoted:
                    i++;
                    break;
                case '>' when !quoted:
                    return i;
                default:
                    break;
            }
        return -1;
    }

    private static bool IsMailbox(ReadOnlySpan<char> path)
    {
        foreach (var c in path)
            if (char.IsControl(c))
                return false;
        var at = path.LastIndexOf('@');
        if (at < 0)
            return path.Equals("postmaster", StringComparison.OrdinalIgnoreCase);
        return IsLocal(path[..at]) && IsDomain(path[(at + 1)..]);
    }

    private static bool IsLocal(ReadOnlySpan<char> local)
    {
        if (local.Length == 0 || Encoding.UTF8.GetByteCount(local) > MaxLocal)
            return false;
        if (local[0] != '"')
            return !local.ContainsAny(Special);
        if (local.Length < 3 || local[^1] != '"')
            return false;
        var inner = local[1..^1];
        for (var i = 0; i < inner.Length; i++)
            if (inner[i] == '"' || (inner[i] == '\\' && ++i == inner.Length))
                return false;
        return true;
    }

    private static bool IsDomain(ReadOnlySpan<char> domain)
    {
        if (domain.Length == 0 || Encoding.UTF8.GetByteCount(domain) > MaxDomain)
            return false;
        if (domain[0] == '[')
            return domain.Length > 2 && domain[^1] == ']' && !domain[1..^1].ContainsAny("[]<> ");
        if (domain[0] is '.' or '-' || domain[^1] is '.' or '-')
            return false;
        foreach (var c in domain)
            if (char.IsAscii(c) && !char.IsAsciiLetterOrDigit(c) && c is not ('.' or '-' or '_'))
                return false;
        return !domain.Contains("..", StringComparison.Ordinal);
    }
}
