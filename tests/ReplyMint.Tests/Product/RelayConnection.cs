using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ReplyMint.Tests.Product;

/// <summary>A relay's connection to the SMTP listener: many mails after one another, envelopes in one piece (RFC 2920).</summary>
internal sealed class RelayConnection : IDisposable
{
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _buffer = new byte[4096];
    private int _start, _end;

    public static async Task<RelayConnection> OpenAsync(int port, CancellationToken ct)
    {
        var connection = new RelayConnection();
        try
        {
            await connection._socket.ConnectAsync(IPAddress.Loopback, port, ct);
            await connection.ReplyAsync(ct);
            await connection.WriteAsync("EHLO relay.example\r\n"u8.ToArray(), ct);
            await connection.ReplyAsync(ct);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Hands one mail over; returns the code of the reply that decides.</summary>
    /// <param name="content">The mail with its end: dots doubled, CRLF.CRLF.</param>
    public async Task<int> SendAsync(string from, string to, ReadOnlyMemory<byte> content, CancellationToken ct)
    {
        await WriteAsync(Encoding.ASCII.GetBytes($"MAIL FROM:<{from}>\r\nRCPT TO:<{to}>\r\nDATA\r\n"), ct);
        var (sender, recipient, data) = (await ReplyAsync(ct), await ReplyAsync(ct), await ReplyAsync(ct));
        if (data != 354)
            return recipient >= 400 ? recipient : sender >= 400 ? sender : data;
        await WriteAsync(content, ct);
        return await ReplyAsync(ct);
    }

    public void Dispose() => _socket.Dispose();

    private async Task WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        while (bytes.Length > 0)
            bytes = bytes[await _socket.SendAsync(bytes, ct)..];
    }

    /// <summary>The code of the next reply, its last line read.</summary>
    private async ValueTask<int> ReplyAsync(CancellationToken ct)
    {
        while (true)
        {
            var end = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            if (end < 0)
            {
                await FillAsync(ct);
                continue;
            }
            var line = _buffer.AsSpan(_start, end);
            _start += end + 1;
            if (line.Length > 3 && line[3] != '-')
                return (line[0] - '0') * 100 + (line[1] - '0') * 10 + line[2] - '0';
        }
    }

    private async ValueTask FillAsync(CancellationToken ct)
    {
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        (_start, _end) = (0, _end - _start);
        var read = await _socket.ReceiveAsync(_buffer.AsMemory(_end), ct);
        if (read == 0)
            throw new IOException("The server closed the connection.");
        _end += read;
    }
}
