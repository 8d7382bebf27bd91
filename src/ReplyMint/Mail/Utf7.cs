using System.Text;

namespace ReplyMint.Mail;

/// <summary>Decodes UTF-7 (RFC 2152), which the framework refuses because of its misuse in web pages; old mail still has it.</summary>
internal static class Utf7
{
    /// <summary>A header field whose encoded words in UTF-7 are rewritten in UTF-8, for a decoder that doesn't know UTF-7.</summary>
    public static byte[] InHeader(ReadOnlySpan<byte> value)
    {
        var text = Encoding.Latin1.GetString(value);
        if (!text.Contains("utf-7", StringComparison.OrdinalIgnoreCase))
            return value.ToArray();
        var rewritten = new StringBuilder(text.Length);
        var at = 0;
        while (text.IndexOf("=?", at, StringComparison.Ordinal) is >= 0 and var start)
        {
            var charset = text.IndexOf('?', start + 2);
            var end = charset < 0 ? -1 : text.IndexOf("?=", Math.Min(charset + 3, text.Length), StringComparison.Ordinal);
            if (end < 0)
                break;
            rewritten.Append(text, at, start - at);
            at = end + 2;
            if (text.AsSpan(start + 2, charset - start - 2).Contains("utf-7", StringComparison.OrdinalIgnoreCase) && end > charset + 2)
            {
                var encoding = text[charset + 1] is 'b' or 'B' ? "base64" : "quoted-printable";
                var word = text[(charset + 3)..end];
                var content = TextDecoding.Content(Encoding.Latin1.GetBytes(encoding == "base64" ? word : word.Replace('_', ' ')), encoding);
                rewritten.Append("=?utf-8?B?").Append(Convert.ToBase64String(Encoding.UTF8.GetBytes(Decode(content.Span)))).Append("?=");
            }
            else
                rewritten.Append(text, start, at - start);
        }
        return Encoding.Latin1.GetBytes(rewritten.Append(text, at, text.Length - at).ToString());
    }

    public static string Decode(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length);
        var at = 0;
        while (at < bytes.Length)
        {
            var b = bytes[at++];
            if (b != '+')
                text.Append(b < 0x80 ? (char)b : '\uFFFD');
            else if (at < bytes.Length && bytes[at] == '-')
            {
                text.Append('+');
                at++;
            }
            else
                at = Shifted(bytes, at, text);
        }
        return text.ToString();
    }

    /// <summary>UTF-16 in Base64 without padding, up to the first other character; a hyphen there is part of the shift.</summary>
    private static int Shifted(ReadOnlySpan<byte> bytes, int at, StringBuilder text)
    {
        uint bits = 0;
        var count = 0;
        while (at < bytes.Length && Value(bytes[at]) is >= 0 and var value)
        {
            at++;
            bits = (bits << 6) | (uint)value;
            count += 6;
            if (count < 16)
                continue;
            count -= 16;
            text.Append((char)((bits >> count) & 0xffff));
        }
        return at < bytes.Length && bytes[at] == '-' ? at + 1 : at;
    }

    private static int Value(byte b) => b switch
    {
        >= (byte)'A' and <= (byte)'Z' => b - 'A',
        >= (byte)'a' and <= (byte)'z' => b - 'a' + 26,
        >= (byte)'0' and <= (byte)'9' => b - '0' + 52,
        (byte)'+' => 62,
        (byte)'/' => 63,
        _ => -1,
    };
}
