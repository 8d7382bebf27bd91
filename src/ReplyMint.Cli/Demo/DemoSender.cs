using System.Net;
using System.Text;
using ReplyMint.Security;

namespace ReplyMint.Cli.Demo;

/// <summary>Hands one mail to the listener as a relay in front of it would (RFC 5321).</summary>
internal static class DemoSender
{
    private const string Here = "127.0.0.1";

    /// <returns>The last reply: the one after the end of data, or the one that refused.</returns>
    public static async Task<string> SendAsync(int port, string reversePath, string recipient, ReadOnlyMemory<byte> mail, CancellationToken ct)
    {
        await using var stream = await OutsideHttp.ConnectAsync(new DnsEndPoint(Here, port), OutsideAddress.Named(Here, port), ct);
        using var reader = new StreamReader(stream, Encoding.UTF8);
        await ReplyAsync(reader, ct);
        var reply = "";
        foreach (var command in (string[])["EHLO relay.demo-shop.example", $"MAIL FROM:<{reversePath}>", $"RCPT TO:<{recipient}>", "DATA"])
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes(command + "\r\n"), ct);
            reply = await ReplyAsync(reader, ct);
            if (reply[0] is not ('2' or '3'))
                return reply;
        }
        await stream.WriteAsync(mail, ct);
        await stream.WriteAsync("\r\n.\r\n"u8.ToArray(), ct);
        reply = await ReplyAsync(reader, ct);
        await stream.WriteAsync("QUIT\r\n"u8.ToArray(), ct);
        return reply;
    }

    private static async Task<string> ReplyAsync(StreamReader reader, CancellationToken ct)
    {
        string line;
        do
            line = await reader.ReadLineAsync(ct) ?? throw new IOException("the listener closed the connection");
        while (line.Length > 3 && line[3] == '-');
        return line;
    }
}
