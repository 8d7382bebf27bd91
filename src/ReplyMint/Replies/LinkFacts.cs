namespace ReplyMint.Replies;

/// <summary>Links, bare domains and mail addresses.</summary>
internal static class LinkFacts
{
    private static readonly string[] Schemes = ["mailto:", "tel:", "sms:", "javascript:", "data:", "file:", "vbscript:", "whatsapp:", "skype:", "bitcoin:", "ftp:"];

    public static void Find(FactScanner scanner, bool grants)
    {
        var text = scanner.Text;
        for (var start = 0; start < text.Length;)
        {
            if (IsBreak(text[start]))
            {
                start++;
                continue;
            }
            var end = start;
            while (end < text.Length && !IsBreak(text[end]))
                end++;
            Chunk(scanner, start, end, grants);
            start = end;
        }
    }

    /// <summary>Characters that end an address in running text, wherever they stand.</summary>
    private static bool IsBreak(char c) =>
        c is ' ' or '\n' or '<' or '>' or '"' or '(' or ')' or '[' or ']' or '{' or '}' or '|' or '\\' or ',' or ';' or '\'' or '*' or '“' or '”' or '„' or '«' or '»';

    private static void Chunk(FactScanner scanner, int start, int end, bool grants)
    {
        var text = scanner.Text;
        while (end > start && text[end - 1] is '.' or ':' or '!' or '?' or '_' or '~' or '-' or '…')
            end--;
        while (start < end && text[start] is '.' or ':' or '!' or '_' or '~' or '-' or '…' or '#')
            start++;
        if (end - start < 4)
            return;
        var chunk = text.AsSpan(start, end - start);
        if (chunk.IndexOf("://") is var scheme and >= 0)
        {
            Link(scanner, start, end, chunk[(scheme + 3)..], grants);
            return;
        }
        foreach (var name in Schemes)
        {
            if (!chunk.StartsWith(name))
                continue;
            var rest = chunk[name.Length..];
            if (name == "mailto:" && rest.Contains('@'))
                Take(scanner, FactKind.Address, Until(rest, '?'), start, end);
            else
                Take(scanner, FactKind.Link, chunk, start, end);
            return;
        }
        if (chunk.Contains('@'))
        {
            Address(scanner, start, end, chunk);
            return;
        }
        // "Shop:example.com/x" or "url=example.com": each piece on its own.
        var at = start;
        while (at < end)
        {
            var length = text.AsSpan(at, end - at).IndexOfAny(':', '=');
            var stop = length < 0 ? end : at + length;
            // A port, a path with a colon: the rest belongs to the host in front of it.
            if (IsHost(Until(text.AsSpan(at, stop - at), '/', '?', '#')))
            {
                Link(scanner, at, end, text.AsSpan(at, end - at), grants);
                return;
            }
            at = stop + 1;
        }
    }

    private static void Address(FactScanner scanner, int start, int end, ReadOnlySpan<char> chunk)
    {
        var colon = chunk[..chunk.IndexOf('@')].LastIndexOf(':');
        var address = Until(chunk[(colon + 1)..], '?', '/', '#');
        if (IsHost(address[(address.LastIndexOf('@') + 1)..]))
            Take(scanner, FactKind.Address, address, start, end);
    }

    private static void Link(FactScanner scanner, int start, int end, ReadOnlySpan<char> rest, bool grants)
    {
        var host = Until(rest, '/', '?', '#');
        var path = rest[host.Length..].TrimEnd('/');
        if (host.StartsWith("www."))
            host = host["www.".Length..];
        Take(scanner, FactKind.Link, string.Concat(host, path), start, end);
        if (grants && path.Length > 0)
            scanner.Grant(FactKind.Link, host.ToString());
    }

    private static void Take(FactScanner scanner, FactKind kind, ReadOnlySpan<char> canonical, int start, int end) =>
        scanner.Take(kind, canonical.Length > 500 ? canonical[..500].ToString() : canonical.ToString(), start, end);

    /// <summary>Labels with dots between; the last of two letters or more in any script, or four numbers as an IPv4 address has.</summary>
    private static bool IsHost(ReadOnlySpan<char> text)
    {
        if (text.Length is < 4 or > 253)
            return false;
        int labels = 0, numeric = 0, last = 0;
        var start = 0;
        for (var i = 0; i <= text.Length; i++)
        {
            if (i < text.Length && text[i] != '.')
            {
                if (!char.IsLetterOrDigit(text[i]) && text[i] is not ('-' or '_') && char.GetUnicodeCategory(text[i]) != System.Globalization.UnicodeCategory.NonSpacingMark)
                    return false;
                continue;
            }
            var label = text[start..i];
            if (label.IsEmpty)
                return false;
            labels++;
            if (label.Length <= 3 && label.IndexOfAnyExceptInRange('0', '9') < 0)
                numeric++;
            last = start;
            start = i + 1;
        }
        if (labels == 4 && numeric == 4)
            return true;
        var end = text[last..];
        if (labels < 2 || end.Length < 2)
            return false;
        foreach (var c in end)
            if (!char.IsLetter(c) && !end.StartsWith("xn--"))
                return false;
        return true;
    }

    private static ReadOnlySpan<char> Until(ReadOnlySpan<char> text, char a, char b = '\0', char c = '\0')
    {
        var end = text.IndexOfAny(a, b == '\0' ? a : b, c == '\0' ? a : c);
        return end < 0 ? text : text[..end];
    }
}
