using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ReplyMint.Tests.Cli;

/// <summary>A resolver that knows the TXT records it was given; all other names do not exist (RFC 1035 over UDP).</summary>
internal sealed class FakeDns : IAsyncDisposable
{
    private readonly UdpClient _socket = new(new IPEndPoint(IPAddress.Loopback, 0));
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;

    public FakeDns() => _loop = ServeAsync();

    /// <summary>A name without texts exists and holds nothing.</summary>
    public Dictionary<string, string[]> Texts { get; } = new(StringComparer.OrdinalIgnoreCase);

    public string Address => _socket.Client.LocalEndPoint!.ToString()!;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        _socket.Dispose();
        _stop.Dispose();
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                var query = await _socket.ReceiveAsync(_stop.Token);
                await _socket.SendAsync(Answer(query.Buffer), query.RemoteEndPoint, _stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // Told to stop.
        }
    }

    private byte[] Answer(byte[] query)
    {
        var (at, labels) = (12, new List<string>());
        while (query[at] != 0)
        {
            labels.Add(Encoding.ASCII.GetString(query, at + 1, query[at]));
            at += query[at] + 1;
        }
        var question = query[12..(at + 5)];
        var name = string.Join('.', labels);
        var exists = name.Length == 0 || Texts.ContainsKey(name);
        var texts = Texts.GetValueOrDefault(name, []);
        var answer = new List<byte>();
        answer.AddRange(query[..2]);
        answer.AddRange([0x81, (byte)(exists ? 0x80 : 0x83), 0, 1, 0, (byte)texts.Length, 0, 0, 0, 0]);
        answer.AddRange(question);
        foreach (var text in texts)
        {
            var bytes = Encoding.ASCII.GetBytes(text);
            answer.AddRange([0xC0, 12, 0, 16, 0, 1, 0, 0, 0, 60, 0, (byte)(bytes.Length + 1), (byte)bytes.Length]);
            answer.AddRange(bytes);
        }
        return [.. answer];
    }
}
