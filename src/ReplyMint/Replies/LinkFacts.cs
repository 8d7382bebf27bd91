namespace ReplyMint.Replies;

/// <summary>Links, bare domains and mail addresses.</summary>
internal static class LinkFacts
{
    private static readonly string[] Schemes = ["mailto:", "tel:", "sms:", "javascript:", "data:", "file:", "vbscript:", "whatsapp:", "skype:", "bitcoin:", "ethereum:", "ftp:", "sftp:", "http:", "https:", "blob:", "about:", "intent:", "market:", "tg:", "viber:", "signal:", "facetime:", "callto:", "sip:", "xmpp:", "geo:", "magnet:", "smb:", "webcal:", "view-source:", "search-ms:", "ms-"];

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
        if (chunk.IndexOf("://") is var mark and >= 0)
        {
            var scheme = mark;
            while (scheme > 0 && char.IsAsciiLetterOrDigit(chunk[scheme - 1]))
                scheme--;
            // "evil.example:https://shop.example": what stands in front is a place of its own.
            Chunk(scanner, start, start + scheme, grants);
            if (chunk[scheme..mark] is "" or "http" or "https")
                Link(scanner, start + scheme, end, chunk[(mark + 3)..], grants);
            else
                Take(scanner, FactKind.Link, chunk[scheme..], start + scheme, end);
            return;
        }
        foreach (var name in Schemes)
        {
            var at = chunk.IndexOf(name);
            // "Metadata:x" is none.
            while (at > 0 && char.IsLetterOrDigit(chunk[at - 1]))
                at = chunk[(at + 1)..].IndexOf(name) is var next and >= 0 ? at + 1 + next : -1;
            if (at >= 0 && at + name.Length < chunk.Length && (name[^1] == ':' || chunk[at..].Contains(':')))
            {
                var rest = chunk[(at + name.Length)..];
                Chunk(scanner, start, start + at, grants);
                if (name == "mailto:" && rest.Contains('@'))
                    Take(scanner, FactKind.Address, Until(rest, '?'), start + at, end);
                else
                    Take(scanner, FactKind.Link, chunk[at..], start + at, end);
                return;
            }
        }
        Places(scanner, Addresses(scanner, start, end, grants), end, grants);
    }

    /// <summary>Mail addresses, wherever they begin and whatever is stuck to them.</summary>
    /// <returns>Where the rest begins.</returns>
    private static int Addresses(FactScanner scanner, int start, int end, bool grants)
    {
        var text = scanner.Text;
        for (var sign = text.IndexOf('@', start, end - start); sign >= 0; sign = text.IndexOf('@', sign + 1, end - sign - 1))
        {
            var (from, to) = Run(text, sign + 1, end);
            if (from != sign + 1 || !IsHost(text.AsSpan(from, to - from)))
                continue;
            var local = sign;
            while (local > start && text[local - 1] is not (':' or '=' or '/' or '?' or '&' or '#'))
                local--;
            // "evil.example/help@shop.example" is two places.
            Places(scanner, start, local, grants);
            Take(scanner, FactKind.Address, text.AsSpan(local, to - local), local, to);
            start = to;
        }
        return start;
    }

    /// <summary>The first name of a host, with all that is stuck to it: "Shop:example.com/x", "url=example.com", and behind an arrow or an emoji.</summary>
    private static void Places(FactScanner scanner, int start, int end, bool grants)
    {
        var text = scanner.Text;
        for (var at = start; at < end; at++)
        {
            if (!IsOfHost(text[at]))
                continue;
            var (from, to) = Run(text, at, end);
            if (IsHost(text.AsSpan(from, to - from)))
            {
                Link(scanner, from, end, text.AsSpan(from, end - from), grants);
                return;
            }
            at = Math.Max(at, to);
            while (at < end && IsOfHost(text[at]))
                at++;
        }
    }

    /// <summary>The signs of a host from here on, without dots and dashes around them.</summary>
    private static (int From, int To) Run(string text, int start, int end)
    {
        var to = start;
        while (to < end && IsOfHost(text[to]))
            to++;
        while (start < to && text[start] is '.' or '-' or '_')
            start++;
        while (to > start && text[to - 1] is '.' or '-' or '_')
            to--;
        return (start, to);
    }

    private static bool IsOfHost(char c) => c is '.' or '-' or '_' || char.IsLetterOrDigit(c) || char.GetUnicodeCategory(c) == System.Globalization.UnicodeCategory.NonSpacingMark;

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
                if (!IsOfHost(text[i]))
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
