using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using ReplyMint.Security;
using ReplyMint.Telemetry;

namespace ReplyMint.Inbound;

/// <summary>Why and where the listener may be open.</summary>
/// <param name="Development">Then it stays on loopback, whatever is configured.</param>
/// <param name="HasMailboxDomain">False: it stays on loopback until the first mailbox exists.</param>
internal sealed record SmtpExposure(bool Development, Func<bool> HasMailboxDomain);

/// <summary>Accepts SMTP connections, bounded in number and by network, and runs a session for each.</summary>
internal sealed partial class SmtpListener(SmtpRoom room, SmtpExposure exposure) : IHostedService, IDisposable
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<Task, byte> _sessions = [];
    private readonly Dictionary<IPAddress, int> _clients = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _abort = new();
    private int _connections;
    private bool _disposed;
    private Socket? _socket;
    private IPEndPoint? _bound;
    private ITimer? _widening;
    private Task _accepting = Task.CompletedTask;

    private SmtpListenerSettings Settings => room.Settings;

    /// <summary>The port in use, which a configured 0 does not tell; 0 when the listener is off.</summary>
    public int Port => _bound?.Port ?? 0;

    public IPAddress? Address => _bound?.Address;

    private IPAddress Configured => IPAddress.Parse(Settings.Address);

    private bool Confined => exposure.Development || !exposure.HasMailboxDomain();

    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (!Settings.Enabled)
            return Task.CompletedTask;
        var confined = Confined && !IPAddress.IsLoopback(Configured);
        Open(confined ? Loopback() : Configured, Settings.Port);
        if (confined && !exposure.Development)
            _widening = room.Time.CreateTimer(_ => Widen(), null, LookEvery, LookEvery);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _widening?.Dispose();
        await _stop.CancelAsync();
        _socket?.Dispose();
        await _accepting;
        var all = Task.WhenAll(_sessions.Keys);
        try
        {
            await all.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            await _abort.CancelAsync();
            await all;
        }
    }

    public void Dispose()
    {
        // Twice, because the container knows it as itself and as a service of the host.
        if (_disposed)
            return;
        _disposed = true;
        _widening?.Dispose();
        // A host that failed to start disposes without stopping.
        _stop.Cancel();
        _socket?.Dispose();
        _stop.Dispose();
        _abort.Dispose();
    }

    private IPAddress Loopback() => Configured.AddressFamily == AddressFamily.InterNetworkV6 && !Configured.Equals(IPAddress.IPv6Any)
        ? IPAddress.IPv6Loopback : IPAddress.Loopback;

    /// <summary>The first mailbox exists: from loopback to the configured address, on the same port.</summary>
    private void Widen()
    {
        if (Confined || _stop.IsCancellationRequested)
            return;
        _widening?.Dispose();
        var port = Port;
        _socket?.Dispose();
        try
        {
            Open(Configured, port);
        }
        catch (SocketException e)
        {
            LogCannotWiden(room.Logger, Settings.Address, port, Failure.Of(e));
            Open(Loopback(), port);
        }
    }

    private void Open(IPAddress address, int port)
    {
        _socket = Bind(address, port);
        _bound = (IPEndPoint)_socket.LocalEndPoint!;
        LogListening(room.Logger, address, Port);
        _accepting = Task.WhenAll(_accepting, AcceptAsync(_socket));
    }

    private static Socket Bind(IPAddress address, int port)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (address.Equals(IPAddress.IPv6Any))
                socket.DualMode = true;
            // No ReuseAddress: on Unix .NET makes SO_REUSEPORT of it, and two servers would share the port and its mail.
            socket.Bind(new IPEndPoint(address, port));
            socket.Listen(512);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task AcceptAsync(Socket socket)
    {
        while (!_stop.IsCancellationRequested)
        {
            Socket connection;
            try
            {
                connection = await socket.AcceptAsync(_stop.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException { SocketErrorCode: SocketError.OperationAborted })
            {
                // Stopped, or closed to be opened elsewhere.
                return;
            }
            catch (SocketException e)
            {
                // Out of file descriptors, or the client was gone already: the next one may be well.
                LogAcceptFailed(room.Logger, Failure.Of(e));
                await Task.Delay(TimeSpan.FromMilliseconds(50), room.Time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                continue;
            }
            var session = ServeAsync(connection);
            if (_sessions.TryAdd(session, 0))
                _ = session.ContinueWith(static (done, all) => ((ConcurrentDictionary<Task, byte>)all!).TryRemove(done, out _),
                    _sessions, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private async Task ServeAsync(Socket connection)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        using var stream = new NetworkStream(connection, ownsSocket: true);
        try
        {
            // Small replies must not wait for the client's delayed acknowledgement (40 ms each).
            connection.NoDelay = true;
            var client = ((IPEndPoint)connection.RemoteEndPoint!).Address;
            if (room.Senders is null && !room.Networks.Contains(client))
            {
                Measures.MailRefused.Add("smtp", "network");
                await stream.WriteAsync("554 5.7.1 Your network may not deliver here\r\n"u8.ToArray(), _stop.Token);
                return;
            }
            if (!Enter(client))
            {
                Measures.MailRefused.Add("smtp", "connections");
                await stream.WriteAsync("421 4.7.0 Too many connections\r\n"u8.ToArray(), _stop.Token);
                return;
            }
            try
            {
                using var session = new SmtpSession(room, stream, client);
                await session.RunAsync(_stop.Token, _abort.Token);
            }
            finally
            {
                Leave(client);
            }
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
        {
            // The client went away, or we did. What it had not got a 250 for, it sends again.
        }
        catch (Exception e)
        {
            LogSessionFailed(room.Logger, Failure.Of(e));
        }
    }

    private bool Enter(IPAddress client)
    {
        lock (_clients)
        {
            var own = _clients.GetValueOrDefault(client);
            if (_connections >= Settings.MaxConnections || own >= Settings.MaxConnectionsPerAddress)
                return false;
            _connections++;
            _clients[client] = own + 1;
            return true;
        }
    }

    private void Leave(IPAddress client)
    {
        lock (_clients)
        {
            _connections--;
            if (--_clients[client] == 0)
                _clients.Remove(client);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "SMTP listens on {address} port {port}")]
    private static partial void LogListening(ILogger logger, IPAddress address, int port);

    [LoggerMessage(Level = LogLevel.Error, Message = "SMTP can't listen on {address} port {port}; it stays on loopback: {failure}")]
    private static partial void LogCannotWiden(ILogger logger, string address, int port, string failure);

    [LoggerMessage(Level = LogLevel.Warning, Message = "SMTP could not accept a connection: {failure}")]
    private static partial void LogAcceptFailed(ILogger logger, string failure);

    [LoggerMessage(Level = LogLevel.Error, Message = "An SMTP session failed: {failure}")]
    private static partial void LogSessionFailed(ILogger logger, string failure);
}
