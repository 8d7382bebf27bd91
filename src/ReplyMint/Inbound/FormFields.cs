using System.Text;
using Microsoft.Net.Http.Headers;

namespace ReplyMint.Inbound;

/// <summary>A posted field; its value lies in the body that was read.</summary>
internal readonly record struct FormField(string Name, ReadOnlyMemory<byte> Value, string? FileName, string? ContentType)
{
    public string Text => Encoding.UTF8.GetString(Value.Span);
}

/// <summary>
/// Reads a form out of the one buffer it came in, without copies: attachments of 25 MB stay bytes, and nothing goes
/// to temporary files, where mail would lie unsealed.
/// </summary>
internal sealed class FormFields
{
    private const int MaxFields = 5_000;
    private const int MaxPartHead = 16 * 1024;

    private readonly List<FormField> _fields = [];

    private FormFields()
    {
    }

    public IReadOnlyList<FormField> All => _fields;

    /// <summary>Names are compared exactly: header fields of the mail are posted beside the provider's own, lower-case ones.</summary>
    public string? First(string name)
    {
        foreach (var field in _fields)
            if (field.Name == name)
                return field.Text;
        return null;
    }

    public string? Last(string name)
    {
        for (var i = _fields.Count - 1; i >= 0; i--)
            if (_fields[i].Name == name)
                return _fields[i].Text;
        return null;
    }

    /// <summary>Decodes in place, so <paramref name="body"/> is changed. Null when the body is broken or has too many fields.</summary>
    public static FormFields? TryParseUrlEncoded(Memory<byte> body)
    {
        var form = new FormFields();
        while (body.Length > 0)
        {
            var end = body.Span.IndexOf((byte)'&');
            var pair = end < 0 ? body : body[..end];
            body = end < 0 ? default : body[(end + 1)..];
            if (pair.Length == 0)
                continue;
            var equals = pair.Span.IndexOf((byte)'=');
            var name = equals < 0 ? pair : pair[..equals];
            var value = equals < 0 ? default : pair[(equals + 1)..];
            form._fields.Add(new(Encoding.UTF8.GetString(Unescape(name).Span), Unescape(value), null, null));
            if (form._fields.Count > MaxFields)
                return null;
        }
        return form;
    }

    /// <summary>RFC 7578. Null when the body is broken, truncated or has too many fields.</summary>
    public static FormFields? TryParseMultipart(ReadOnlyMemory<byte> body, string boundary)
    {
        if (boundary.Length is 0 or > 200 || !Ascii.IsValid(boundary))
            return null;
        var form = new FormFields();
        var mark = Encoding.ASCII.GetBytes("\r\n--" + boundary);
        // The first boundary may stand at the very start, without a CRLF before it.
        var at = body.Span.StartsWith(mark.AsSpan(2)) ? mark.Length - 2 : body.Span.IndexOf(mark) is >= 0 and var preamble ? preamble + mark.Length : -1;
        if (at < 0)
            return null;
        while (true)
        {
            var rest = body[at..];
            if (rest.Span.StartsWith("--"u8))
                return form;
            if (!rest.Span.StartsWith("\r\n"u8))
                return null;
            var end = rest.Span.IndexOf(mark);
            if (end < 0 || form._fields.Count == MaxFields || !form.TryAdd(rest[..end]))
                return null;
            at += end + mark.Length;
        }
    }

    /// <param name="part">From the CRLF behind the boundary to the one before the next.</param>
    private bool TryAdd(ReadOnlyMemory<byte> part)
    {
        var headEnd = part.Span[..Math.Min(part.Length, MaxPartHead)].IndexOf("\r\n\r\n"u8);
        if (headEnd < 0)
            return false;
        string? name = null, fileName = null, contentType = null;
        foreach (var line in Encoding.UTF8.GetString(part.Span[..headEnd]).Split("\r\n", StringSplitOptions.RemoveEmptyEntries))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0)
                return false;
            var value = line[(colon + 1)..].Trim();
            if (line.AsSpan(0, colon).Equals("Content-Disposition", StringComparison.OrdinalIgnoreCase))
            {
                if (!ContentDispositionHeaderValue.TryParse(value, out var disposition))
                    return false;
                name = HeaderUtilities.RemoveQuotes(disposition.Name).ToString();
                fileName = disposition.FileNameStar.HasValue ? disposition.FileNameStar.ToString()
                    : disposition.FileName.HasValue ? HeaderUtilities.RemoveQuotes(disposition.FileName).ToString() : null;
            }
            else if (line.AsSpan(0, colon).Equals("Content-Type", StringComparison.OrdinalIgnoreCase))
                contentType = value;
        }
        if (name is null)
            return false;
        _fields.Add(new(name, part[(headEnd + 4)..], fileName, contentType));
        return true;
    }

    private static ReadOnlyMemory<byte> Unescape(Memory<byte> text)
    {
        var span = text.Span;
        if (!span.ContainsAny((byte)'%', (byte)'+'))
            return text;
        var to = 0;
        for (var from = 0; from < span.Length; from++, to++)
        {
            var octet = span[from];
            if (octet == '%' && from + 2 < span.Length && Hex(span[from + 1]) is >= 0 and var high && Hex(span[from + 2]) is >= 0 and var low)
            {
                span[to] = (byte)((high << 4) | low);
                from += 2;
            }
            else
                span[to] = octet == '+' ? (byte)' ' : octet;
        }
        return text[..to];
    }

    private static int Hex(byte octet) => octet switch
    {
        >= (byte)'0' and <= (byte)'9' => octet - '0',
        >= (byte)'a' and <= (byte)'f' => octet - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => octet - 'A' + 10,
        _ => -1,
    };
}
