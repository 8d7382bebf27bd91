using System.Net;
using System.Net.Sockets;

namespace ReplyMint.Bench;

/// <summary>A kept connection that asks for one thing again and again: no client library between the loader and the socket.</summary>
internal sealed class KeptConnection : IDisposable
{
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _buffer = new byte[4096];
    private readonly byte[] _request;

    private KeptConnection(int port, string target, string? header) =>
        _request = System.Text.Encoding.ASCII.GetBytes($"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{(header is null ? "" : header + "\r\n")}\r\n");

    /// <param name="port">On this machine.</param>
    /// <param name="target">What is asked for; its answer is a JSON object.</param>
    /// <param name="header">One more header field, such as a credential.</param>
    public static async Task<KeptConnection> OpenAsync(int port, string target = "/health", string? header = null)
    {
        var connection = new KeptConnection(port, target, header);
        try
        {
            await connection._socket.ConnectAsync(IPAddress.Loopback, port);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    public async ValueTask AskAsync()
    {
        if (await StatusAsync() is not 200 and var status)
            throw new IOException($"The answer was {status}, not 200.");
    }

    /// <returns>The answer's status, whatever it is.</returns>
    public async ValueTask<int> StatusAsync()
    {
        await _socket.SendAsync(_request);
        var length = 0;
        do
        {
            var read = await _socket.ReceiveAsync(_buffer.AsMemory(length));
            if (read == 0)
                throw new IOException("The server closed the connection.");
            length += read;
        }
        // The body is a flat JSON object: whole it ends with the only closing brace, in chunks with the empty one.
        while (_buffer[length - 1] != (byte)'}' && !_buffer.AsSpan(0, length).EndsWith("\r\n0\r\n\r\n"u8));
        return int.Parse(_buffer.AsSpan(9, 3), System.Globalization.CultureInfo.InvariantCulture);
    }

    public void Dispose() => _socket.Dispose();
}
