using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ReplyMint.Tests.Inbound;

/// <summary>Speaks clamd's protocol over a real socket, and answers as the test says; what it was shown is kept.</summary>
internal sealed class ScannerDouble : IDisposable
{
    private readonly Socket _listener;
    private readonly CancellationTokenSource _end = new();
    private readonly Lock _lock = new();
    private readonly List<string> _shown = [];

    public ScannerDouble(string? path = null)
    {
        _listener = path is null ? new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) : new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        _listener.Bind(path is null ? new IPEndPoint(IPAddress.Loopback, 0) : new UnixDomainSocketEndPoint(path));
        _listener.Listen(32);
        Setting = path is null ? string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{((IPEndPoint)_listener.LocalEndPoint!).Port}") : "unix:" + path;
        _ = AcceptAsync();
    }

    /// <summary>Where it listens, as the setting names it.</summary>
    public string Setting { get; }

    /// <summary>All that goes back for these bytes, in Latin-1; null says nothing and keeps the line open.</summary>
    public Func<string, string?> Says { get; set; } = static _ => "stream: OK\0";

    /// <summary>What it waits for before it answers.</summary>
    public Func<Task> Thinks { get; set; } = static () => Task.CompletedTask;

    /// <summary>What it was shown, in Latin-1.</summary>
    public IReadOnlyList<string> Shown
    {
        get
        {
            lock (_lock)
                return [.. _shown];
        }
    }

    /// <summary>The most questions that were open at once.</summary>
    public int Most { get; private set; }

    public void Dispose()
    {
        // A test may end it before its own end.
        if (_end.IsCancellationRequested)
            return;
        _end.Cancel();
        _end.Dispose();
        _listener.Dispose();
    }

    private async Task AcceptAsync()
    {
        var (ct, open) = (_end.Token, 0);
        try
        {
            while (true)
                _ = AnswerAsync(await _listener.AcceptAsync(ct));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
        }

        async Task AnswerAsync(Socket client)
        {
            lock (_lock)
                Most = Math.Max(Most, ++open);
            try
            {
                using var socket = client;
                await using var stream = new NetworkStream(socket);
                if (await CommandAsync(stream, ct) is "zVERSION")
                {
                    await stream.WriteAsync("ClamAV 9.9.9\0"u8.ToArray(), ct);
                    return;
                }
                var shown = Encoding.Latin1.GetString(await ChunksAsync(stream, ct));
                lock (_lock)
                    _shown.Add(shown);
                await Thinks();
                if (Says(shown) is { } answer)
                    await stream.WriteAsync(Encoding.Latin1.GetBytes(answer), ct);
                else
                    await Task.Delay(Timeout.Infinite, ct);
            }
            catch (Exception e) when (e is IOException or OperationCanceledException)
            {
            }
            finally
            {
                lock (_lock)
                    open--;
            }
        }
    }

    private static async Task<string> CommandAsync(NetworkStream stream, CancellationToken ct)
    {
        var (command, one) = (new StringBuilder(), new byte[1]);
        while (true)
        {
            await stream.ReadExactlyAsync(one, ct);
            if (one[0] == 0)
                return command.ToString();
            command.Append((char)one[0]);
        }
    }

    private static async Task<byte[]> ChunksAsync(NetworkStream stream, CancellationToken ct)
    {
        using var all = new MemoryStream();
        var length = new byte[4];
        while (true)
        {
            await stream.ReadExactlyAsync(length, ct);
            var count = BinaryPrimitives.ReadInt32BigEndian(length);
            if (count is <= 0 or > 64 * 1024)
                return count == 0 ? all.ToArray() : throw new IOException("It bounds its chunks otherwise.");
            var chunk = new byte[count];
            await stream.ReadExactlyAsync(chunk, ct);
            all.Write(chunk);
        }
    }
}
