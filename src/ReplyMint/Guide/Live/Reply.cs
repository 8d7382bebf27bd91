using System.Globalization;
using System.Text;

namespace ReplyMint.Guide;

/// <summary>How an exchange ended.</summary>
internal enum Ending
{
    /// <summary>The answer came to its end, or the other side closed.</summary>
    Done,
    /// <summary>Nobody listens there.</summary>
    NoConnection,
    /// <summary>We waited long enough.</summary>
    StillOpen,
    /// <summary>The certificate is not believed, or TLS failed otherwise.</summary>
    NoTls,
}

/// <summary>An answer as it came over the wire; status 0 when there was none.</summary>
internal sealed class Reply(int status, IReadOnlyList<KeyValuePair<string, string>> headers, string body, Ending ending)
{
    private const string HeadEnd = "\r\n\r\n";

    public int Status => status;
    public IReadOnlyList<KeyValuePair<string, string>> Headers => headers;
    public string Body => body;
    public Ending Ending => ending;

    public static Reply None(Ending ending) => new(0, [], "", ending);

    /// <summary>All values of a field, joined as HTTP allows; null when it is not there.</summary>
    public string? this[string name]
    {
        get
        {
            string? found = null;
            foreach (var (key, value) in headers)
                if (key.Equals(name, StringComparison.OrdinalIgnoreCase))
                    found = found is null ? value : found + ", " + value;
            return found;
        }
    }

    /// <summary>Whether a list field names a word.</summary>
    public bool Lists(string name, string word) => this[name] is { } value && value.Split(',', StringSplitOptions.TrimEntries).Contains(word, StringComparer.OrdinalIgnoreCase);

    /// <summary>How the answer shows in evidence.</summary>
    public string Shown => status > 0 ? status.ToString(CultureInfo.InvariantCulture) : ending switch
    {
        Ending.NoConnection => "no connection",
        Ending.StillOpen => "no answer, and still open",
        Ending.NoTls => "TLS failed",
        _ => "closed without an answer",
    };

    /// <summary>Is the answer here to its end, as far as it says itself where that is?</summary>
    public static bool IsWhole(ReadOnlySpan<byte> bytes, bool toHead)
    {
        var end = bytes.IndexOf("\r\n\r\n"u8);
        if (end < 0)
            return false;
        var reply = Parse(bytes, Ending.Done);
        if (toHead || reply.Status is 204 or 304 or (>= 100 and < 200))
            return true;
        var rest = bytes.Length - end - HeadEnd.Length;
        if (reply["Transfer-Encoding"] is not null)
            return bytes.EndsWith("0\r\n\r\n"u8);
        return long.TryParse(reply["Content-Length"], NumberStyles.None, CultureInfo.InvariantCulture, out var length) && rest >= length;
    }

    public static Reply Parse(ReadOnlySpan<byte> bytes, Ending ending)
    {
        // One character a byte until the chunks are off: their lengths count bytes.
        var text = Encoding.Latin1.GetString(bytes);
        var end = text.IndexOf(HeadEnd, StringComparison.Ordinal);
        if (end < 0 || !text.StartsWith("HTTP/1.", StringComparison.Ordinal))
            return new(0, [], text, ending);
        var lines = text[..end].Split("\r\n");
        var first = lines[0].Split(' ');
        if (first.Length < 2 || !int.TryParse(first[1], NumberStyles.None, CultureInfo.InvariantCulture, out var status))
            return new(0, [], text, ending);
        var headers = new List<KeyValuePair<string, string>>(lines.Length);
        foreach (var line in lines.AsSpan(1))
            if (line.IndexOf(':', StringComparison.Ordinal) is > 0 and var colon)
                headers.Add(new(line[..colon].Trim(), line[(colon + 1)..].Trim()));
        var reply = new Reply(status, headers, text[(end + HeadEnd.Length)..], ending);
        return reply["Transfer-Encoding"] is null ? reply : new(status, headers, Unchunk(reply.Body), ending);
    }

    private static string Unchunk(string chunked)
    {
        var body = new StringBuilder();
        for (var at = 0; chunked.IndexOf("\r\n", at, StringComparison.Ordinal) is >= 0 and var line;)
        {
            if (!int.TryParse(chunked.AsSpan(at, line - at), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var size) || size <= 0 || size > chunked.Length - line - 2)
                break;
            body.Append(chunked, line + 2, size);
            at = Math.Min(line + 2 + size + 2, chunked.Length);
        }
        return body.ToString();
    }
}

/// <summary>What was asked and what came of it.</summary>
/// <param name="Asked">As it shows in evidence.</param>
/// <param name="Early">Refused before anything of the application runs, if the server is as it should be.</param>
internal sealed record Exchange(string Asked, Reply Reply, bool Early = false)
{
    public override string ToString() => $"{Asked} -> {Reply.Shown}";
}
