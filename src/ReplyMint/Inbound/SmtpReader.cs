using System.Buffers;

namespace ReplyMint.Inbound;

internal enum LineState { Incomplete, Complete, BareNewline, TooLong }

/// <summary>
/// Cuts what a client sends into command lines and mail data. Only CRLF ends a line and only CRLF.CRLF ends a mail
/// (RFC 5321 2.3.8, 4.1.1.4): every laxer reading lets a second mail hide inside the first (SMTP smuggling).
/// </summary>
internal sealed class SmtpReader : IDisposable
{
    /// <summary>Octets of a command line with its CRLF. RFC 5321 asks for 512; extensions need more.</summary>
    public const int MaxLine = 2048;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(16 * 1024);
    private int _start;
    private int _end;

    /// <summary>Has the client sent more than was read so far?</summary>
    public bool HasBytes => _end > _start;

    /// <summary>The next command line without its CRLF, valid until the next call.</summary>
    public LineState TryReadLine(out ReadOnlySpan<byte> line)
    {
        var seen = _buffer.AsSpan(_start, _end - _start);
        var length = seen.IndexOf("\r\n"u8);
        line = default;
        if (length < 0)
            return seen.Length >= MaxLine ? LineState.TooLong : LineState.Incomplete;
        if (length > MaxLine - 2)
            return LineState.TooLong;
        line = seen[..length];
        _start += length + 2;
        return line.ContainsAny((byte)'\r', (byte)'\n') ? LineState.BareNewline : LineState.Complete;
    }

    /// <summary>Reads once from the network; false when the client has closed.</summary>
    public async ValueTask<bool> FillAsync(Stream stream, CancellationToken ct)
    {
        if (_start == _end)
            _start = _end = 0;
        else if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }
        var read = await stream.ReadAsync(_buffer.AsMemory(_end), ct);
        _end += read;
        return read > 0;
    }

    /// <summary>Reads a mail into <paramref name="mail"/>, without dot-stuffing; false when the client left before its end.</summary>
    /// <param name="patience">Octets that are read at most; a client that sends more loses the connection.</param>
    public async ValueTask<bool> ReadDataAsync(Stream stream, MailBuffer mail, long patience, CancellationToken ct)
    {
        var atLineStart = true;
        var read = 0L;
        while (true)
        {
            var before = _start;
            if (Scan(mail, ref atLineStart))
                return true;
            read += _start - before;
            if (read > patience || !await FillAsync(stream, ct))
                return false;
        }
    }

    /// <summary>Takes from the buffer what is certain, and leaves at its end what may be the start of an end mark.</summary>
    private bool Scan(MailBuffer mail, ref bool atLineStart)
    {
        while (true)
        {
            var rest = _buffer.AsSpan(_start, _end - _start);
            if (atLineStart)
            {
                if (rest.Length > 0 && rest[0] == '.')
                {
                    if (rest.Length < 3 && ".\r\n"u8.StartsWith(rest))
                        return false;
                    if (rest.StartsWith(".\r\n"u8))
                    {
                        _start += 3;
                        return true;
                    }
                    // A dot that does not stand alone was put there by the client (RFC 5321 4.5.2).
                    _start++;
                    rest = rest[1..];
                }
                if (rest.Length == 0)
                    return false;
                atLineStart = false;
            }
            var line = rest.IndexOf("\r\n."u8);
            if (line < 0)
            {
                var keep = rest.EndsWith("\r\n"u8) ? 2 : rest[^1] == '\r' ? 1 : 0;
                mail.Append(rest[..^keep]);
                _start += rest.Length - keep;
                return false;
            }
            mail.Append(rest[..(line + 2)]);
            _start += line + 2;
            atLineStart = true;
        }
    }

    public void Dispose()
    {
        var buffer = _buffer;
        _buffer = [];
        if (buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
    }
}
