using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ReplyMint.Storage;

namespace ReplyMint.Secrets;

/// <summary>
/// Bytes as lines for paper: a number, five groups of five characters (Crockford's alphabet, in which no two look alike), and two that
/// check the line and its place, so that a slip is found where it is.
/// </summary>
internal static class PaperLines
{
    private const int Group = 5;
    private const int LineLength = 5 * Group;
    private const int CheckLength = 2;

    public static IEnumerable<string> Write(byte[] content)
    {
        var text = Encode(content);
        for (var at = 0; at < text.Length; at += LineLength)
        {
            var (number, line) = (at / LineLength + 1, text.Substring(at, Math.Min(LineLength, text.Length - at)));
            yield return string.Create(CultureInfo.InvariantCulture, $"{number}:  {string.Join(' ', line.Chunk(Group).Select(group => new string(group)))}  {Check(number, line)}").ToUpperInvariant();
        }
    }

    /// <param name="lines">Those that begin with a number and a colon count.</param>
    /// <returns>The bytes, or what is wrong: the rest of a sentence.</returns>
    public static (byte[]? Content, string? Problem) Read(IEnumerable<string> lines)
    {
        var text = new StringBuilder();
        var expected = 1;
        foreach (var line in lines)
        {
            if (line.Split(':', 2) is not [var left, var right] || !int.TryParse(left, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                continue;
            if (number != expected)
                return (null, $"lacks line {expected}");
            var characters = Plain(right);
            if (characters.Length <= CheckLength || Check(number, characters[..^CheckLength]) != characters[^CheckLength..])
                return (null, $"has a slip in line {number}");
            text.Append(characters.AsSpan(0, characters.Length - CheckLength));
            expected++;
        }
        return text.Length == 0 ? (null, "holds no lines of the key") : Decode(text.ToString()) is { } content ? (content, null) : (null, "lacks its last line");
    }

    /// <summary>Without blanks, small, and with what people read for a digit put right.</summary>
    private static string Plain(string text) =>
        new([.. text.ToLowerInvariant().Where(c => !char.IsWhiteSpace(c) && c != '-').Select(c => c switch { 'o' => '0', 'i' or 'l' => '1', _ => c })]);

    private static string Check(int number, string line)
    {
        var hash = SHA256.HashData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{number}:{line}")));
        return $"{Ids.Letter(hash[0] & 31)}{Ids.Letter(hash[1] & 31)}";
    }

    private static string Encode(byte[] bytes)
    {
        var text = new StringBuilder();
        var (held, bits) = (0, 0);
        foreach (var octet in bytes)
        {
            (held, bits) = (((held << 8) | octet) & 0xfff, bits + 8);
            for (; bits >= 5; bits -= 5)
                text.Append(Ids.Letter((held >> (bits - 5)) & 31));
        }
        return bits == 0 ? text.ToString() : text.Append(Ids.Letter((held << (5 - bits)) & 31)).ToString();
    }

    /// <summary>Null when a character is none of the alphabet, or the length can't be.</summary>
    private static byte[]? Decode(string text)
    {
        var bytes = new List<byte>(text.Length * 5 / 8);
        var (held, bits) = (0, 0);
        foreach (var c in text)
        {
            var value = Ids.Value(c);
            if (value < 0)
                return null;
            (held, bits) = (((held << 5) | value) & 0xfff, bits + 5);
            if (bits < 8)
                continue;
            bits -= 8;
            bytes.Add((byte)((held >> bits) & 0xff));
        }
        return bits < 5 && (held & ((1 << bits) - 1)) == 0 ? [.. bytes] : null;
    }
}
