using System.Text;

namespace ReplyMint.Mail;

/// <summary>Decodes UTF-7 (RFC 2152), which the framework refuses because of its misuse in web pages; old mail still has it.</summary>
internal static class Utf7
{
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
            text.Append((char)(bits >> count));
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
