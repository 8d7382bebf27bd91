using System.Text;
using MimeKit.Encodings;

namespace ReplyMint.Mail;

/// <summary>Takes a piece of content, which is the next one's after the call.</summary>
internal delegate void Piece(ReadOnlySpan<byte> bytes);

/// <summary>Undoes transfer encodings and charsets. What a mail says wrongly is read as a person would: UTF-8 if it is UTF-8, else Windows-1252.</summary>
internal static class TextDecoding
{
    private static readonly UTF8Encoding s_strictUtf8 = new(false, throwOnInvalidBytes: true);

    static TextDecoding()
    {
        // MimeKit asks the framework for charsets by code page; without this it knows only Unicode and Latin-1.
        Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);
        Fallback = CodePages(1252);
    }

    /// <summary>For 8-bit text without a usable charset: what the mail programs of the West mean by Latin-1.</summary>
    public static Encoding Fallback { get; }

    /// <summary>The decoded content. At most <paramref name="limit"/> bytes, all of it when negative.</summary>
    public static ReadOnlyMemory<byte> Content(ReadOnlyMemory<byte> body, string transferEncoding, int limit = -1)
    {
        if (Decoder(transferEncoding) is not { } decoder)
            return limit >= 0 && body.Length > limit ? body[..limit] : body;
        if (limit >= 0 && body.Length > 3L * limit)
            body = body[..(3 * limit)];
        var output = new byte[decoder.EstimateOutputLength(body.Length)];
        var used = 0;
        Read(body.Span, decoder, piece =>
        {
            piece = piece[..Math.Min(piece.Length, output.Length - used)];
            piece.CopyTo(output.AsSpan(used));
            used += piece.Length;
        });
        return output.AsMemory(0, limit >= 0 ? Math.Min(used, limit) : used);
    }

    /// <summary>Hands over the decoded content piece by piece, so that a large part does not lie in memory a second time.</summary>
    public static void Read(ReadOnlySpan<byte> body, string transferEncoding, Piece take)
    {
        if (Decoder(transferEncoding) is { } decoder)
            Read(body, decoder, take);
        else
            take(body);
    }

    private static void Read(ReadOnlySpan<byte> body, IMimeDecoder decoder, Piece take)
    {
        // The decoders take arrays.
        var chunk = new byte[Math.Min(body.Length, 64 * 1024)];
        byte[] scratch = [];
        while (!body.IsEmpty)
        {
            var n = Math.Min(chunk.Length, body.Length);
            // What a decoder holds back of the last piece may come with this one.
            if (decoder.EstimateOutputLength(n) is var room && room > scratch.Length)
                scratch = new byte[room];
            body[..n].CopyTo(chunk);
            body = body[n..];
            take(scratch.AsSpan(0, decoder.Decode(chunk, 0, n, scratch)));
        }
    }

    private static IMimeDecoder? Decoder(string transferEncoding) => transferEncoding switch
    {
        "base64" => new Base64Decoder(),
        "quoted-printable" => new QuotedPrintableDecoder(),
        "x-uuencode" or "uuencode" or "x-uue" => new UUDecoder(),
        _ => null,
    };

    /// <summary>CRLF becomes LF, as a person's program would store the text.</summary>
    public static ReadOnlyMemory<byte> LocalLines(ReadOnlyMemory<byte> content)
    {
        if (content.Span.IndexOf("\r\n"u8) < 0)
            return content;
        var bytes = content.Span;
        var lines = new byte[bytes.Length];
        var used = 0;
        while (bytes.IndexOf("\r\n"u8) is >= 0 and var at)
        {
            bytes[..at].CopyTo(lines.AsSpan(used));
            used += at;
            lines[used++] = (byte)'\n';
            bytes = bytes[(at + 2)..];
        }
        bytes.CopyTo(lines.AsSpan(used));
        return lines.AsMemory(0, used + bytes.Length);
    }

    /// <summary>Bytes to text. <paramref name="problem"/> says what was wrong with the charset, or null.</summary>
    public static string Text(ReadOnlySpan<byte> bytes, string? charset, out string? problem)
    {
        problem = null;
        if (bytes.StartsWith("\xEF\xBB\xBF"u8))
            return Encoding.UTF8.GetString(bytes[3..]);
        var name = charset?.Trim(' ', '"', '\'').ToLowerInvariant() ?? "";
        if (name is "utf-7" or "unicode-1-1-utf-7")
            return Utf7.Decode(bytes);
        var encoding = Find(name);
        if (encoding is null && name.Length > 0)
            problem = "a charset is not known; the text was read as UTF-8 or Windows-1252";
        if (encoding is null or ASCIIEncoding or UTF8Encoding)
        {
            try
            {
                return s_strictUtf8.GetString(bytes);
            }
            catch (DecoderFallbackException)
            {
                if (encoding is UTF8Encoding)
                {
                    problem = "text that says it is UTF-8 is not";
                    // Cut short in the middle, it is still UTF-8; with more wrong than right it never was.
                    var read = Encoding.UTF8.GetString(bytes);
                    if (MostlyRight(read))
                        return read;
                }
                return Fallback.GetString(bytes);
            }
        }
        return encoding.GetString(bytes);
    }

    private static bool MostlyRight(string read)
    {
        int wrong = 0, right = 0;
        foreach (var c in read)
        {
            if (c == '\uFFFD')
                wrong++;
            else if (c > '\x7F')
                right++;
        }
        return right > wrong;
    }

    private static Encoding? Find(string name)
    {
        switch (name)
        {
            case "":
                return null;
            case "utf-8" or "utf8":
                return Encoding.UTF8;
            case "us-ascii" or "ascii" or "ansi_x3.4-1968" or "7bit" or "8bit":
                return Encoding.ASCII;
            case "iso-8859-1" or "iso8859-1" or "latin1" or "iso_8859-1" or "windows-1252" or "cp1252":
                return Fallback;
            case "iso-8859-8-i":
                name = "iso-8859-8";
                break;
            case "ks_c_5601-1987" or "euc-kr":
                return CodePages(949);
            case "gb2312" or "gbk" or "x-gbk" or "cp936":
                return CodePages(54936);
            case "cp932" or "windows-31j" or "sjis" or "x-sjis":
                return CodePages(932);
        }
        if (name.StartsWith("cp", StringComparison.Ordinal) && int.TryParse(name.AsSpan(2), out var page))
            name = "windows-" + page;
        try
        {
            return CodePagesEncodingProvider.Instance.GetEncoding(name) ?? Encoding.GetEncoding(name);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            return null;
        }
    }

    private static Encoding CodePages(int page) => CodePagesEncodingProvider.Instance.GetEncoding(page)!;
}
