using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ReplyMint.Tests.Guide;

/// <summary>Stands before a good service and takes one protection away: changes what is asked, what is answered, or never answers.</summary>
internal sealed class ForgingProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;
    private readonly IPEndPoint _behind;

    /// <summary>What is asked, and what is asked instead.</summary>
    public Func<string, string> Ask { get; init; } = asked => asked;

    /// <summary>What is asked and answered, and what is answered instead; null never answers.</summary>
    public Func<string, string, string?> Answer { get; init; } = (_, answered) => answered;

    /// <summary>A dialogue: each piece is passed on as it comes, changed by <see cref="Answer"/>.</summary>
    public bool IsDialogue { get; init; }

    public ForgingProxy(IPEndPoint behind)
    {
        _behind = behind;
        _listener.Start();
        _loop = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _loop;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var open = new List<Task>();
        try
        {
            while (true)
                open.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(open);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var behind = new TcpClient { NoDelay = true };
        using (client)
            try
            {
                client.NoDelay = true;
                await behind.ConnectAsync(_behind, _stop.Token);
                var (front, back) = (client.GetStream(), behind.GetStream());
                if (IsDialogue)
                    await Task.WhenAny(PumpAsync(front, back, Ask), PumpAsync(back, front, text => Answer("", text)!));
                else
                    await ExchangeAsync(front, back);
            }
            catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
            {
                // One side went away.
            }
    }

    private async Task ExchangeAsync(NetworkStream front, NetworkStream back)
    {
        var asked = "";
        var asking = PumpAsync(front, back, text =>
        {
            // The guide writes a request at once; what is changed stands in its first piece.
            var first = asked.Length == 0;
            asked += text;
            return first ? Ask(text) : text;
        });
        using var answer = new MemoryStream();
        try
        {
            await back.CopyToAsync(answer, _stop.Token);
        }
        catch (IOException)
        {
            // A reset after the answer.
        }
        if (Answer(asked, Encoding.Latin1.GetString(answer.ToArray())) is not { } changed)
        {
            await asking;
            await Task.Delay(Timeout.Infinite, _stop.Token);
            return;
        }
        await front.WriteAsync(Encoding.Latin1.GetBytes(changed), _stop.Token);
        front.Socket.Shutdown(SocketShutdown.Send);
    }

    private async Task PumpAsync(NetworkStream from, NetworkStream to, Func<string, string> change)
    {
        var buffer = new byte[256 * 1024];
        try
        {
            while (await from.ReadAsync(buffer, _stop.Token) is > 0 and var read)
                await to.WriteAsync(Encoding.Latin1.GetBytes(change(Encoding.Latin1.GetString(buffer, 0, read))), _stop.Token);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The server refused in the middle, or the client has what it wanted.
        }
    }
}
