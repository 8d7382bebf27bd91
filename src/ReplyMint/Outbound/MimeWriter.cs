using System.Buffers;
using System.Globalization;
using System.Text;

namespace ReplyMint.Outbound;

/// <summary>
/// Writes a finished mail (RFC 5322, 2045, 2047): the same mail gives the same bytes, lines are short and end with CRLF,
/// and nothing that stands in a value can become a header field of its own.
/// </summary>
internal static class MimeWriter
{
    /// <summary>Octets of a line without CRLF that we write (RFC 5322 2.1.1 recommends 78).</summary>
    private const int Line = 76;
    /// <summary>UTF-8 octets in one encoded word: with charset and marks it stays below 75 characters (RFC 2047 2).</summary>
    private const int WordBytes = 42;

    private static readonly SearchValues<char> PhraseSpecials = SearchValues.Create("()<>[]:;@\\,.\"");

    /// <summary>What keeps a mail from being written, in words without content; null when nothing does.</summary>
    public static string? Problem(OutboundMail mail)
    {
        if (!IsAddress(mail.To))
            return "the recipient is no address";
        if (!IsAddress(mail.From))
            return "the sender is no address";
        if (mail.ReversePath.Length > 0 && !IsAddress(mail.ReversePath))
            return "the reverse-path is no address";
        if (!IsId(mail.MessageId))
            return "the Message-ID is malformed";
        foreach (var (name, _) in mail.Headers)
            if (name.Length == 0 || name.AsSpan().ContainsAnyExceptInRange('!', '~') || name.Contains(':', StringComparison.Ordinal))
                return "a header field's name is malformed";
        return null;
    }

    /// <summary>The whole mail. Ask <see cref="Problem"/> first.</summary>
    /// <param name="returnPath">Adds Return-Path on top, which only final delivery may (RFC 5321 4.4).</param>
    public static ReadOnlyMemory<byte> Write(OutboundMail mail, bool returnPath = false)
    {
        var to = new ArrayBufferWriter<byte>(1024 + mail.Text.Length * 2);
        if (returnPath)
            Field(to, "Return-Path", $"<{mail.ReversePath}>");
        Field(to, "Date", mail.Date.ToString("ddd, dd MMM yyyy HH:mm:ss ", CultureInfo.InvariantCulture)
            + mail.Date.ToString("zzz", CultureInfo.InvariantCulture).Replace(":", "", StringComparison.Ordinal));
        Field(to, "From", Mailbox(mail.FromName, mail.From));
        Field(to, "To", Mailbox(mail.ToName, mail.To));
        Field(to, "Message-ID", $"<{mail.MessageId}>");
        if (IsId(mail.InReplyTo))
            Field(to, "In-Reply-To", $"<{mail.InReplyTo}>");
        var references = string.Join(' ', mail.References.Where(IsId).Select(id => $"<{id}>"));
        if (references.Length > 0)
            Field(to, "References", references);
        Field(to, "Subject", Unstructured(mail.Subject));
        foreach (var (name, value) in mail.Headers)
            Field(to, name, Unstructured(value));
        Field(to, "MIME-Version", "1.0");
        Field(to, "Content-Type", "text/plain; charset=utf-8");
        var text = Encoding.UTF8.GetBytes(mail.Text.ReplaceLineEndings("\n"));
        var plain = IsPlain(text);
        Field(to, "Content-Transfer-Encoding", plain ? "7bit" : "quoted-printable");
        to.Write("\r\n"u8);
        if (plain)
            PlainText(to, text);
        else
            QuotedPrintable(to, text);
        return to.WrittenMemory;
    }

    private static bool IsAddress(string address)
    {
        var at = address.LastIndexOf('@');
        if (at <= 0 || at == address.Length - 1 || address.Length > 320)
            return false;
        foreach (var c in address)
            if (char.IsControl(c) || char.IsWhiteSpace(c) || c is '<' or '>' or ',' or ';')
                return false;
        return true;
    }

    private static bool IsId(string id) =>
        id.Length is > 0 and <= 900 && !id.AsSpan().ContainsAnyExceptInRange('!', '~') && !id.AsSpan().ContainsAny('<', '>');

    private static string Mailbox(string name, string address)
    {
        var clean = Clean(name);
        if (clean.Length == 0)
            return address;
        // What looks like an encoded word would be read as one: a stranger's name would say there what no check has seen.
        if (!IsAscii(clean) || clean.Contains("=?", StringComparison.Ordinal))
            return $"{EncodedWords(clean)} <{address}>";
        return clean.AsSpan().ContainsAny(PhraseSpecials) || clean.Length > Line
            ? $"\"{clean.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\" <{address}>"
            : $"{clean} <{address}>";
    }

    private static string Unstructured(string value)
    {
        var clean = Clean(value);
        if (!IsAscii(clean) || clean.Contains("=?", StringComparison.Ordinal))
            return EncodedWords(clean);
        // A word that no folding can break must not pass the hard limit of a line (998).
        foreach (var word in clean.Split(' '))
            if (word.Length > 900)
                return EncodedWords(clean);
        return clean;
    }

    /// <summary>One line, whatever was in it: CR, LF and other controls become spaces.</summary>
    private static string Clean(string value)
    {
        var trimmed = value.Trim();
        foreach (var c in trimmed)
            if (char.IsControl(c))
                return string.Create(trimmed.Length, trimmed, static (span, text) =>
                {
                    for (var i = 0; i < span.Length; i++)
                        span[i] = char.IsControl(text[i]) ? ' ' : text[i];
                });
        return trimmed;
    }

    private static bool IsAscii(string text) => Ascii.IsValid(text);

    private static string EncodedWords(string text)
    {
        var words = new StringBuilder();
        Span<byte> bytes = stackalloc byte[WordBytes];
        var length = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if (length + rune.Utf8SequenceLength > WordBytes)
            {
                Word(words, bytes[..length]);
                length = 0;
            }
            length += rune.EncodeToUtf8(bytes[length..]);
        }
        Word(words, bytes[..length]);
        return words.ToString();
    }

    private static void Word(StringBuilder words, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length == 0)
            return;
        if (words.Length > 0)
            words.Append(' ');
        words.Append("=?utf-8?B?").Append(Convert.ToBase64String(bytes)).Append("?=");
    }

    /// <summary>A field folded at its spaces, each of which stays where it was.</summary>
    private static void Field(ArrayBufferWriter<byte> to, string name, string value)
    {
        Put(to, name);
        to.Write(": "u8);
        var column = name.Length + 2;
        var start = 0;
        while (start < value.Length)
        {
            var next = value.IndexOf(' ', Math.Min(start + 1, value.Length - 1));
            var end = next <= start ? value.Length : next;
            var piece = value.AsSpan(start, end - start);
            // A fold before a lone space would leave a line of white space only, which is forbidden (RFC 5322 3.2.2).
            if (start > 0 && column + piece.Length > Line && piece.Length > 1)
            {
                to.Write("\r\n"u8);
                column = 0;
            }
            Put(to, piece);
            column += piece.Length;
            start = end;
        }
        to.Write("\r\n"u8);
    }

    private static bool IsPlain(ReadOnlySpan<byte> text)
    {
        foreach (var line in text.Split((byte)'\n'))
        {
            var content = text[line];
            if (content.Length > Line || content.ContainsAnyExceptInRange((byte)' ', (byte)'~')
                || (content.Length > 0 && (content[^1] == ' ' || content[0] == '.')) || content.StartsWith("From "u8))
                return false;
        }
        return true;
    }

    private static void PlainText(ArrayBufferWriter<byte> to, ReadOnlySpan<byte> text)
    {
        foreach (var line in text.TrimEnd((byte)'\n').Split((byte)'\n'))
        {
            to.Write(text[line]);
            to.Write("\r\n"u8);
        }
    }

    private static void QuotedPrintable(ArrayBufferWriter<byte> to, ReadOnlySpan<byte> text)
    {
        foreach (var line in text.TrimEnd((byte)'\n').Split((byte)'\n'))
        {
            var content = text[line];
            var column = 0;
            for (var i = 0; i < content.Length; i++)
            {
                var octet = content[i];
                var last = i == content.Length - 1;
                // Beside what must be encoded: a space that ends a line, and line starts that servers on the way change.
                var literal = octet is >= 32 and <= 126 and not (byte)'=' && !(octet == ' ' && last)
                    && !(column == 0 && (octet == '.' || content[i..].StartsWith("From "u8)));
                var width = literal ? 1 : 3;
                if (column + width > (last ? Line : Line - 1))
                {
                    to.Write("=\r\n"u8);
                    column = 0;
                    i--;
                    continue;
                }
                var span = to.GetSpan(3);
                if (literal)
                    span[0] = octet;
                else
                {
                    span[0] = (byte)'=';
                    span[1] = Hex(octet >> 4);
                    span[2] = Hex(octet & 15);
                }
                to.Advance(width);
                column += width;
            }
            to.Write("\r\n"u8);
        }
    }

    private static byte Hex(int digit) => (byte)(digit < 10 ? '0' + digit : 'A' + digit - 10);

    private static void Put(ArrayBufferWriter<byte> to, ReadOnlySpan<char> text)
    {
        var span = to.GetSpan(Encoding.UTF8.GetMaxByteCount(text.Length));
        to.Advance(Encoding.UTF8.GetBytes(text, span));
    }
}
