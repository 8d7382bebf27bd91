using System.Net;
using System.Net.Sockets;

namespace ReplyMint.Bench;

/// <summary>A kept connection that asks for /health: no client library between the loader and the socket.</summary>
internal sealed class HealthConnection : IDisposable
{
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _buffer = new byte[4096];
    private readonly byte[] _request;

    private HealthConnection(int port) => _request = System.Text.Encoding.ASCII.GetBytes($"GET /health HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n");

    public static async Task<HealthConnection> OpenAsync(int port)
    {
        var connection = new HealthConnection(port);
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
        await _socket.SendAsync(_request);
        var length = 0;
        do
        {
            var read = await _socket.ReceiveAsync(_buffer.AsMemory(length));
            if (read == 0)
                throw new IOException("The server closed the connection.");
            length += read;
        }
        // The body is JSON and ends with the only closing brace of the response.
        while (_buffer[length - 1] != (byte)'}');
        if (!_buffer.AsSpan(0, length).StartsWith("HTTP/1.1 200"u8))
            throw new IOException("/health did not answer 200.");
    }

    public void Dispose() => _socket.Dispose();
}
