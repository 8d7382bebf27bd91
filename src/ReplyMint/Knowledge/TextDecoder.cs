using System.Text;

namespace ReplyMint.Knowledge;

/// <summary>Bytes of a file to text: UTF-8, UTF-16 by its mark, else Windows-1252 with a word about it.</summary>
internal static class TextDecoder
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Where a PDF comes instead of a text: what to do.</summary>
    public const string IsPdf = "is a PDF, which is not read. Take its text out (pdftotext FILE.pdf), look it through, and add the FILE.txt that comes of it.";

    /// <summary>What Windows-1252 has at 0x80 to 0x9F, where Latin-1 has nothing to see.</summary>
    private const string Windows1252High = "€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008DŽ\u008F\u0090‘’“”•–—˜™š›œ\u009DžŸ";

    /// <summary>Null, with a problem, when the file is empty or not text.</summary>
    public static string? Decode(ReadOnlySpan<byte> bytes, string name, List<ReadProblem> problems)
    {
        var text = ToText(bytes, out var guessed);
        if (text.AsSpan().Trim().IsEmpty)
        {
            problems.Add(new ReadProblem(name, 0, "is empty."));
            return null;
        }
        if (text.StartsWith("%PDF-", StringComparison.Ordinal))
        {
            problems.Add(new ReadProblem(name, 0, IsPdf));
            return null;
        }
        if (LooksBinary(text))
        {
            problems.Add(new ReadProblem(name, 0, "is not a text file."));
            return null;
        }
        if (guessed)
            problems.Add(new ReadProblem(name, 0, "is not UTF-8; it was read as Windows-1252.", Lost: false));
        return text.ReplaceLineEndings("\n");
    }

    private static string ToText(ReadOnlySpan<byte> bytes, out bool guessed)
    {
        guessed = false;
        if (bytes.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]))
            return Encoding.Unicode.GetString(bytes[2..]);
        if (bytes.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]))
            return Encoding.BigEndianUnicode.GetString(bytes[2..]);
        if (bytes.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]))
            bytes = bytes[3..];
        if (System.Text.Unicode.Utf8.IsValid(bytes))
            return StrictUtf8.GetString(bytes);
        guessed = true;
        return string.Create(bytes.Length, bytes, static (target, source) =>
        {
            for (var i = 0; i < source.Length; i++)
                target[i] = source[i] is >= 0x80 and <= 0x9F ? Windows1252High[source[i] - 0x80] : (char)source[i];
        });
    }

    /// <summary>A NUL, or more control characters than a text has by accident.</summary>
    private static bool LooksBinary(string text)
    {
        var controls = 0;
        foreach (var c in text)
        {
            if (c == '\0')
                return true;
            if (char.IsControl(c) && c is not ('\t' or '\n' or '\r' or '\f' or '\v' or '\u0085'))
                controls++;
        }
        return controls > 8 && controls > text.Length / 200;
    }
}
