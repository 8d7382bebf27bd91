using System.Buffers;
using System.Text;
using MimeKit;

namespace ReplyMint.Mail;

/// <summary>One header field as it stands in the mail: where its name and its value lie.</summary>
internal readonly record struct RawField(Range Name, Range Value);

/// <summary>One MIME entity (RFC 2045 2.4), as ranges of the raw bytes; nothing is copied.</summary>
internal sealed class MimeNode
{
    public required IReadOnlyList<RawField> Fields { get; init; }
    public required ContentType Type { get; init; }
    public ContentDisposition? Disposition { get; init; }
    public string TransferEncoding { get; init; } = "";
    public required int BodyStart { get; init; }
    public required int BodyEnd { get; init; }
    /// <summary>The part said what it is, instead of it being assumed.</summary>
    public bool HasContentType { get; init; }
    public List<MimeNode> Children { get; } = [];
    public bool IsMultipart { get; init; }

    public string MediaType => $"{Type.MediaType}/{Type.MediaSubtype}".ToLowerInvariant();
    public bool Is(string media) => string.Equals(Type.MediaType, media, StringComparison.OrdinalIgnoreCase);
    public bool Is(string media, string subtype) => Is(media) && string.Equals(Type.MediaSubtype, subtype, StringComparison.OrdinalIgnoreCase);
}

/// <summary>
/// Splits raw bytes into MIME entities. It works on ranges with vectorised searches and stops at <see cref="MailLimits"/>,
/// so neither the depth of the nesting nor the number of parts or header fields costs more than a scan of the bytes.
/// An attached message (message/rfc822) is a leaf: what stands in it is nobody's new word.
/// </summary>
internal ref struct MimeTree
{
    private static readonly SearchValues<char> s_letters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-");
    private readonly ReadOnlySpan<byte> _raw;
    private readonly List<string> _problems;
    private int _parts;

    private MimeTree(ReadOnlySpan<byte> raw, List<string> problems)
    {
        _raw = raw;
        _problems = problems;
    }

    public static MimeNode Read(ReadOnlySpan<byte> raw, List<string> problems) =>
        new MimeTree(raw, problems).Entity(SkipLeading(raw, problems), raw.Length, 0, digest: false);

    /// <summary>Skips what stands before the first field: a byte order mark, blank lines, an mbox separator.</summary>
    private static int SkipLeading(ReadOnlySpan<byte> raw, List<string> problems)
    {
        var at = raw.StartsWith("\xEF\xBB\xBF"u8) ? 3 : 0;
        while (at < raw.Length)
        {
            // Some programs leave a line of blanks there.
            var text = raw[at..].IndexOfAnyExcept(" \t"u8);
            if (text < 0 || raw[at + text] is not ((byte)'\r' or (byte)'\n'))
                break;
            at += text + 1;
        }
        if (at > 0)
            problems.Add("blank lines before the header were skipped");
        if (raw[at..].StartsWith("From "u8) || raw[at..].StartsWith(">From "u8))
            at = NextLine(raw, at, raw.Length);
        return at;
    }

    private MimeNode Entity(int start, int end, int depth, bool digest)
    {
        _parts++;
        var fields = new List<RawField>();
        var bodyStart = Header(start, end, depth == 0 ? MailLimits.HeaderFields : MailLimits.PartHeaderFields, fields);
        ContentType? type = null;
        ContentDisposition? disposition = null;
        var encoding = "";
        var named = false;
        foreach (var field in fields)
        {
            var name = _raw[field.Name];
            if (name.Length < 12 || (name[0] | 0x20) != 'c')
                continue;
            if (!named && Ascii.EqualsIgnoreCase(name, "Content-Type"u8))
            {
                named = true;
                var bytes = Bounded(field.Value);
                type = HeaderText.Guarded(() => ContentType.TryParse(HeaderText.Options, bytes, out var read) ? read : null, null);
                type ??= Tolerant(bytes);
                if (type is null)
                    Problem("a content type could not be read and was taken as text");
            }
            else if (disposition is null && Ascii.EqualsIgnoreCase(name, "Content-Disposition"u8))
            {
                var bytes = Bounded(field.Value);
                disposition = HeaderText.Guarded(() => ContentDisposition.TryParse(HeaderText.Options, bytes, out var read) ? read : null, null);
            }
            else if (encoding.Length == 0 && Ascii.EqualsIgnoreCase(name, "Content-Transfer-Encoding"u8))
                encoding = HeaderText.Token(_raw[field.Value]);
        }
        type ??= digest ? new ContentType("message", "rfc822") : new ContentType("text", "plain");
        var multipart = string.Equals(type.MediaType, "multipart", StringComparison.OrdinalIgnoreCase);
        ReadOnlySpan<byte> delimiter = multipart ? Delimiter(type.Boundary, bodyStart, end) : default;
        if (multipart && delimiter.IsEmpty && !_raw[bodyStart..end].Trim(" \t\r\n"u8).IsEmpty)
        {
            Problem("a multipart had no delimiter and was read as text");
            type = new ContentType("text", "plain");
            multipart = false;
        }
        if (multipart && depth >= MailLimits.Depth)
        {
            Problem($"parts nested deeper than {MailLimits.Depth} levels were not read");
            multipart = false;
        }
        var node = new MimeNode
        {
            Fields = fields, Type = type, Disposition = disposition, TransferEncoding = encoding, HasContentType = named,
            BodyStart = bodyStart, BodyEnd = end, IsMultipart = multipart,
        };
        if (!delimiter.IsEmpty && multipart)
            Split(node, delimiter, depth);
        return node;
    }

    /// <summary>Type and boundary of a content type whose parameters are not set off as they should be.</summary>
    private static ContentType? Tolerant(byte[] value)
    {
        var text = Encoding.Latin1.GetString(value).Trim();
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash is < 1 or > 30)
            return null;
        var end = slash + 1;
        while (end < text.Length && (char.IsAsciiLetterOrDigit(text[end]) || text[end] is '-' or '+' or '.'))
            end++;
        if (end == slash + 1 || text.AsSpan(0, slash).ContainsAnyExcept(s_letters))
            return null;
        var type = new ContentType(text[..slash], text[(slash + 1)..end]);
        var boundary = text.IndexOf("boundary=", StringComparison.OrdinalIgnoreCase);
        if (boundary > 0)
            type.Boundary = text[(boundary + 9)..].Split(['"', ';', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries).FirstOrDefault("").Trim();
        return type;
    }

    /// <summary>
    /// The delimiter of a multipart. Where the boundary is missing or stands nowhere in the body, it is the first line
    /// that looks like one: two hyphens, a word, and a header field on the next line.
    /// </summary>
    private ReadOnlySpan<byte> Delimiter(string? boundary, int start, int end)
    {
        if (!string.IsNullOrEmpty(boundary) && boundary.Length <= 1_000)
        {
            var delimiter = HeaderText.Bytes("--" + boundary);
            if (_raw[start..end].IndexOf(delimiter) >= 0)
                return delimiter;
        }
        var at = start;
        for (var line = 0; line < 100 && at < end; line++)
        {
            var length = LineEnd(at, end) - at;
            var next = NextLine(_raw, at, end);
            var text = _raw.Slice(at, length).TrimEnd(" \t\r"u8);
            if (text.Length > 2 && text.StartsWith("--"u8) && text.IndexOf((byte)' ') < 0 && next < end && _raw[next..end].StartsWith("Content-"u8))
            {
                Problem("a multipart did not name its boundary; it was guessed");
                return text;
            }
            at = next;
        }
        return default;
    }

    /// <summary>Cuts a multipart at its delimiter lines (RFC 2046 5.1.1). A missing last delimiter ends with the range.</summary>
    private void Split(MimeNode node, ReadOnlySpan<byte> delimiter, int depth)
    {
        var digest = node.Is("multipart", "digest");
        var at = node.BodyStart;
        var partStart = -1;
        var closed = false;
        while (at < node.BodyEnd && !closed)
        {
            var hit = _raw[at..node.BodyEnd].IndexOf(delimiter);
            if (hit < 0)
                break;
            hit += at;
            var after = hit + delimiter.Length;
            at = after;
            if (hit != node.BodyStart && _raw[hit - 1] is not ((byte)'\n' or (byte)'\r'))
                continue;
            var lineEnd = LineEnd(after, node.BodyEnd);
            var rest = _raw[after..lineEnd];
            closed = rest.StartsWith("--"u8);
            if ((closed ? rest[2..] : rest).Trim(" \t\r"u8).Length > 0)
            {
                closed = false;
                continue;
            }
            if (partStart >= 0)
                Child(node, partStart, BeforeLineBreak(partStart, hit), depth, digest);
            if (_parts >= MailLimits.Parts)
            {
                Problem($"parts beyond the first {MailLimits.Parts} were not read");
                return;
            }
            partStart = NextLine(_raw, after, node.BodyEnd);
            at = partStart;
        }
        if (closed)
            return;
        if (partStart >= 0 && partStart < node.BodyEnd)
            Child(node, partStart, node.BodyEnd, depth, digest);
        Problem("a multipart had no end and was read up to where it stopped");
    }

    private void Child(MimeNode parent, int start, int end, int depth, bool digest) =>
        parent.Children.Add(Entity(start, end, depth + 1, digest));

    /// <summary>Reads the fields of one header; returns where the body starts.</summary>
    private int Header(int start, int end, int limit, List<RawField> fields)
    {
        var at = start;
        while (at < end)
        {
            var lineEnd = LineEnd(at, end);
            var next = NextLine(_raw, at, end);
            if (_raw[at..lineEnd].Trim(" \t\r"u8).IsEmpty && (lineEnd == at || _raw[at] == '\r' || !IsField(next, end)))
                return next;
            if (!IsField(at, end))
            {
                // A torn line between two fields is skipped; anything else is text whose blank line is missing.
                if (fields.Count > 0 && next < end && IsField(next, end) && !_raw[at..lineEnd].StartsWith("--"u8))
                {
                    Problem("a line in the header that is no field was skipped");
                    at = next;
                    continue;
                }
                return at;
            }
            var colon = at + _raw[at..lineEnd].IndexOf((byte)':');
            while (next < end && _raw[next] is (byte)' ' or (byte)'\t')
            {
                var foldEnd = LineEnd(next, end);
                if (_raw[next..foldEnd].TrimStart(" \t\r"u8).IsEmpty)
                    break;
                lineEnd = foldEnd;
                next = Math.Min(foldEnd + 1, end);
            }
            if (fields.Count == limit)
            {
                Problem($"header fields beyond the first {limit} were not read");
                return BlankLine(at, end);
            }
            fields.Add(new(at..(at + _raw[at..colon].TrimEnd(" \t"u8).Length), (colon + 1)..lineEnd));
            at = next;
        }
        return end;
    }

    /// <summary>Where the text behind the next blank line starts.</summary>
    private readonly int BlankLine(int at, int end)
    {
        var lf = _raw[at..end].IndexOf("\n\n"u8);
        var crlf = _raw[at..(lf < 0 ? end : at + lf)].IndexOf("\n\r\n"u8);
        return crlf >= 0 ? at + crlf + 3 : lf >= 0 ? at + lf + 2 : end;
    }

    /// <summary>Does a field start here: printable ASCII without blanks, then a colon (RFC 5322 2.2)?</summary>
    private readonly bool IsField(int at, int end)
    {
        var line = _raw[at..Math.Min(end, at + 200)];
        var length = line.IndexOfAnyExceptInRange((byte)0x21, (byte)0x7E);
        var name = length < 0 ? line : line[..length];
        var colon = name.IndexOf((byte)':');
        if (colon >= 0)
            return colon > 0;
        return name.Length > 0 && length >= 0 && line[length..].TrimStart(" \t"u8).StartsWith(":"u8);
    }

    private readonly byte[] Bounded(Range value)
    {
        var bytes = _raw[value];
        return bytes[..Math.Min(bytes.Length, MailLimits.HeaderValueBytes)].ToArray();
    }

    private readonly void Problem(string words)
    {
        if (!_problems.Contains(words))
            _problems.Add(words);
    }

    private readonly int LineEnd(int at, int end)
    {
        var length = _raw[at..end].IndexOf((byte)'\n');
        return length < 0 ? end : at + length;
    }

    private static int NextLine(ReadOnlySpan<byte> raw, int at, int end)
    {
        var length = raw[at..end].IndexOf((byte)'\n');
        return length < 0 ? end : at + length + 1;
    }

    /// <summary>The line break before a delimiter belongs to the delimiter.</summary>
    private readonly int BeforeLineBreak(int start, int at)
    {
        if (at > start && _raw[at - 1] == '\n')
            at--;
        if (at > start && _raw[at - 1] == '\r')
            at--;
        return at;
    }
}
