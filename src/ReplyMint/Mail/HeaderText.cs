using System.Buffers;
using System.Text;
using MimeKit;
using MimeKit.Utils;

namespace ReplyMint.Mail;

/// <summary>Reads header fields for people: encoded words and raw 8-bit text decoded, one line, no control characters.</summary>
internal static class HeaderText
{
    private static readonly SearchValues<char> s_tokenEnd = SearchValues.Create(" \t\r\n;(");

    public static ParserOptions Options { get; } = new()
    {
        MaxAddressGroupDepth = 2,
        MaxMimeDepth = MailLimits.Depth,
        CharsetEncoding = TextDecoding.Fallback,
    };

    public static string Decode(ReadOnlySpan<byte> value)
    {
        if (Ascii.IsValid(value) && value.IndexOf("=?"u8) < 0)
            return OneLine(Encoding.ASCII.GetString(value));
        var bytes = Utf7.InHeader(value);
        return OneLine(Guarded(() => Rfc2047.DecodeText(Options, bytes), TextDecoding.Fallback.GetString(bytes)));
    }

    /// <summary>A mail must never stop the reader: what the library can't read (a charset that the system refuses, say) is read plainly.</summary>
    public static T Guarded<T>(Func<T> read, T otherwise)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return otherwise;
        }
    }

    /// <summary>Control characters become blanks, so that nothing decoded can start a line; runs of white space become one blank.</summary>
    public static string OneLine(string text)
    {
        var clean = true;
        var blank = true;
        foreach (var c in text)
        {
            var isBlank = c == ' ';
            if (IsControl(c) || (isBlank && blank))
            {
                clean = false;
                break;
            }
            blank = isBlank;
        }
        if (clean && !(blank && text.Length > 0))
            return text;
        var builder = new StringBuilder(text.Length);
        blank = true;
        foreach (var c in text)
        {
            var isBlank = c == ' ' || IsControl(c);
            if (!isBlank)
                builder.Append(c);
            else if (!blank)
                builder.Append(' ');
            blank = isBlank;
        }
        if (builder.Length > 0 && builder[^1] == ' ')
            builder.Length--;
        return builder.ToString();
    }

    /// <summary>The first word in lower case, without comments: what a transfer encoding or a keyword is.</summary>
    public static string Token(ReadOnlySpan<byte> value)
    {
        var text = Encoding.Latin1.GetString(value[..Math.Min(value.Length, 200)]).Trim();
        var end = text.AsSpan().IndexOfAny(s_tokenEnd);
        return (end < 0 ? text : text[..end]).Trim('"').ToLowerInvariant();
    }

    public static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    /// <summary>Line breaks in all their Unicode forms are control characters here.</summary>
    private static bool IsControl(char c) => c < ' ' || c is >= '\x7F' and < '\xA0' or '\u2028' or '\u2029';
}
