using System.Net;
using System.Net.Sockets;

namespace ReplyMint.Tests.Inbound;

/// <summary>Stands between us and a server, and cuts the line after so many octets of the server's, for as long as it is told to.</summary>
internal sealed class CutConnection : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _to;

    public CutConnection(int to)
    {
        _to = to;
        _listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Null lets all through.</summary>
    public int? After { get; set; }

    public int Cuts { get; private set; }

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = PassAsync(await _listener.AcceptTcpClientAsync());
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task PassAsync(TcpClient client)
    {
        using var here = client;
        using var server = new TcpClient();
        try
        {
            await server.ConnectAsync(IPAddress.Loopback, _to);
            var up = client.GetStream().CopyToAsync(server.GetStream());
            var buffer = new byte[1024];
            var count = 0;
            while (await server.GetStream().ReadAsync(buffer) is > 0 and var read)
            {
                if ((count += read) > After)
                {
                    Cuts++;
                    return;
                }
                await client.GetStream().WriteAsync(buffer.AsMemory(0, read));
            }
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
        }
    }
}
