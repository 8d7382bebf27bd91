using System.Globalization;
using System.Text;

namespace ReplyMint.Privacy;

/// <summary>
/// Mails one behind the other (RFC 4155), quoted as in mboxrd, so that each comes back as it was: its own line ends stay, and a
/// line that begins with "From " gets one more mark, marked ones too. In the sender's place of each separator stands the message's
/// id, which leads to its record.
/// </summary>
internal static class Mbox
{
    private const string Host = "@message.invalid";

    public static async Task WriteAsync(Stream to, string id, DateTimeOffset at, ReadOnlyMemory<byte> mail, CancellationToken ct)
    {
        await to.WriteAsync(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"From {id}{Host} {at.UtcDateTime:ddd MMM d HH:mm:ss yyyy}\n")), ct);
        while (!mail.IsEmpty)
        {
            if (IsSeparator(mail.Span))
                await to.WriteAsync(">"u8.ToArray(), ct);
            // Up to the next line that has to be marked: most mails go in one piece.
            var piece = Unmarked(mail.Span);
            await to.WriteAsync(mail[..piece], ct);
            if (piece == mail.Length && mail.Span[^1] != '\n')
                await to.WriteAsync("\n"u8.ToArray(), ct);
            mail = mail[piece..];
        }
        await to.WriteAsync("\n"u8.ToArray(), ct);
    }

    /// <summary>The mails of a box, each with its message's id. What is not there any more of a cut one is not given.</summary>
    public static async IAsyncEnumerable<(string Id, byte[] Mail)> ReadAsync(Stream from, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        string? id = null;
        var mail = new MemoryStream();
        await foreach (var line in LinesAsync(from, ct))
        {
            if (line.Span.StartsWith("From "u8))
            {
                if (id is not null)
                    yield return (id, Whole(mail));
                mail.SetLength(0);
                var text = Encoding.ASCII.GetString(line.Span);
                id = text[5..Math.Max(5, text.IndexOf('@', StringComparison.Ordinal))];
                continue;
            }
            mail.Write(line.Span[0] == '>' && IsSeparator(line.Span) ? line.Span[1..] : line.Span);
        }
        if (id is not null)
            yield return (id, Whole(mail));

        // The empty line behind a mail belongs to the box.
        static byte[] Whole(MemoryStream mail) => mail.Length > 0 ? mail.ToArray()[..^1] : [];
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> LinesAsync(Stream from, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        var buffer = new byte[64 * 1024];
        var (start, end) = (0, 0);
        while (true)
        {
            var length = buffer.AsSpan(start, end - start).IndexOf((byte)'\n');
            if (length >= 0)
            {
                yield return buffer.AsMemory(start, length + 1);
                start += length + 1;
                continue;
            }
            if (start > 0)
                buffer.AsSpan(start, end - start).CopyTo(buffer);
            (start, end) = (0, end - start);
            if (end == buffer.Length)
                Array.Resize(ref buffer, buffer.Length * 2);
            var got = await from.ReadAsync(buffer.AsMemory(end), ct);
            if (got == 0)
                break;
            end += got;
        }
        if (end > 0)
            yield return buffer.AsMemory(0, end);
    }

    private static bool IsSeparator(ReadOnlySpan<byte> line) => line.TrimStart((byte)'>').StartsWith("From "u8);

    /// <summary>How far it goes, from a line's start, until another line needs a mark.</summary>
    private static int Unmarked(ReadOnlySpan<byte> mail)
    {
        var at = 0;
        while (mail[at..].IndexOf((byte)'\n') is >= 0 and var next)
        {
            at += next + 1;
            if (at < mail.Length && mail[at] is (byte)'F' or (byte)'>' && IsSeparator(mail[at..]))
                return at;
            if (at == mail.Length)
                break;
        }
        return mail.Length;
    }
}
