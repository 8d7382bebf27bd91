using System.Net;
using System.Net.Sockets;

namespace ReplyMint.Tests.Outbound;

/// <summary>A local server of a test's own: takes connections until it is disposed, then waits for all of them to end.</summary>
internal abstract class TcpSink : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private int _connections;

    protected TcpSink()
    {
        _listener.Start();
        _running = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public int Connections => _connections;

    protected CancellationToken Stop => _stop.Token;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _running;
        _stop.Dispose();
    }

    /// <summary>One connection; it is closed when this returns.</summary>
    protected abstract Task ServeAsync(TcpClient client);

    private async Task AcceptAsync()
    {
        // Not before the derived class is whole.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var connections = new List<Task>();
        try
        {
            while (true)
                connections.Add(RunAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
        }
        await Task.WhenAll(connections);
    }

    private async Task RunAsync(TcpClient client)
    {
        Interlocked.Increment(ref _connections);
        using var owned = client;
        try
        {
            await ServeAsync(client);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or System.Security.Authentication.AuthenticationException)
        {
            // The other side went away, or the test is over.
        }
    }
}
