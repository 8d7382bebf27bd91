using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;

namespace ReplyMint.Tests.Outbound;

/// <summary>A local HTTP server that speaks as scripted: a status, or a broken connection before or after the body was read.</summary>
internal sealed class HttpSink : TcpSink
{
    public string Url => $"http://127.0.0.1:{Port}";

    /// <summary>A status line such as "200 OK", "drop-head" (after the request's head), "drop-body" (after its body) or "hang".</summary>
    public string Answer { get; set; } = "200 OK";

    public TaskCompletionSource Reached { get; } = new();

    /// <summary>Head and body of each request.</summary>
    public ConcurrentQueue<(string Head, string Body)> Requests { get; } = [];

    protected override async Task ServeAsync(TcpClient client)
    {
        var stream = client.GetStream();
        var seen = new StringBuilder();
        var buffer = new byte[65536];
        while (true)
        {
            int end;
            while ((end = seen.ToString().IndexOf("\r\n\r\n", StringComparison.Ordinal)) < 0)
                if (!await MoreAsync(stream, buffer, seen))
                    return;
            if (Answer == "drop-head")
            {
                client.Client.LingerState = new(true, 0);
                return;
            }
            var head = seen.ToString(0, end);
            var length = int.Parse(head.Split("Content-Length: ")[1].Split('\r')[0], System.Globalization.CultureInfo.InvariantCulture);
            while (seen.Length < end + 4 + length)
                if (!await MoreAsync(stream, buffer, seen))
                    return;
            Requests.Enqueue((head, seen.ToString(end + 4, length)));
            Reached.TrySetResult();
            if (Answer == "drop-body")
                return;
            if (Answer == "hang")
                await Task.Delay(Timeout.Infinite, Stop);
            seen.Clear();
            await stream.WriteAsync(Encoding.Latin1.GetBytes($"HTTP/1.1 {Answer}\r\nContent-Length: 2\r\n\r\n{{}}"), Stop);
        }
    }

    private async Task<bool> MoreAsync(NetworkStream stream, byte[] buffer, StringBuilder seen)
    {
        var read = await stream.ReadAsync(buffer, Stop);
        seen.Append(Encoding.Latin1.GetString(buffer, 0, read));
        return read > 0;
    }
}
