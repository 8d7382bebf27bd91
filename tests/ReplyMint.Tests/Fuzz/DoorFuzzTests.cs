using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using ReplyMint.Tests.Inbound;
using ReplyMint.Tests.Product;

namespace ReplyMint.Tests.Fuzz;

/// <summary>Any bytes at the product's doors: each gets an answer or a closed connection, never a 5xx, and the next one is served.</summary>
public sealed class DoorFuzzTests
{
    [Fact]
    public async Task An_SMTP_dialogue_of_any_bytes_ends_and_takes_only_what_it_said_yes_to()
    {
        await using var host = await SmtpHost.StartAsync();
        var yes = 0;
        var seeds = new[]
        {
            "EHLO client.example\r\nMAIL FROM:<a@sender.example> SIZE=1000\r\nRCPT TO:<help@example.com>\r\nDATA\r\nSubject: x\r\n\r\nHello\r\n.\r\nQUIT\r\n",
            "HELO c\r\nMAIL FROM:<>\r\nRCPT TO:<help+tag@example.com>\r\nRCPT TO:<nobody@other.example>\r\nDATA\r\n..dots\r\n.\r\nRSET\r\nNOOP\r\nVRFY x\r\nQUIT\r\n",
            "EHLO [127.0.0.1]\r\nMAIL FROM:<\"a b\"@c.example> BODY=8BITMIME\r\nRCPT TO:<help@example.com>\r\nRSET\r\nMAIL FROM:<d@e.example>\r\nSTARTTLS\r\nHELP\r\nQUIT\r\n",
        }.Select(Encoding.Latin1.GetBytes);
        await new Mutations(seeds, 400).RunAsync(async bytes =>
        {
            var replies = await TalkAsync(host.Listener.Port, bytes);
            Assert.All(replies, reply => Assert.Matches(@"^[2-5]\d\d[ -]", reply));
            yes += replies.Count(reply => reply.StartsWith("250 ", StringComparison.Ordinal) && reply.EndsWith("Stored", StringComparison.Ordinal));
        });
        Assert.InRange(yes, 1, host.Accepted.Count);
        await using var talk = await host.ConnectAsync();
        await talk.GreetAsync();
        var before = host.Accepted.Count;
        await talk.BeginDataAsync();
        Assert.StartsWith("250 ", await talk.AskAsync("Subject: x\r\n\r\nstill here\r\n."));
        Assert.Equal(before + 1, host.Accepted.Count);
        Assert.All(host.Accepted, delivery => Assert.EndsWith("@example.com", delivery.Raw.Envelope.Recipient, StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task An_HTTP_request_of_any_bytes_is_never_our_fault()
    {
        await using var host = await ProductHost.StartAsync();
        var seeds = new[]
        {
            "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "POST /api/v1/sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 30\r\n\r\n{\"address\":\"a@b.example\",\"x\":1}",
            "POST /webhooks/mailgun/inbound HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n5\r\na=b&c\r\n0\r\n\r\n",
            "OPTIONS /api/v1/me HTTP/1.1\r\nHost: localhost\r\nOrigin: https://replymint.vercel.app\r\nAccess-Control-Request-Method: PUT\r\n\r\n",
            "GET /api/v1/messages?limit=5&cursor=x HTTP/1.1\r\nHost: localhost\r\nX-API-Key: rm_test_abc\r\nAuthorization: Bearer x.y.z\r\nIf-Match: \"1\"\r\nIdempotency-Key: k\r\n\r\n",
        }.Select(Encoding.Latin1.GetBytes);
        await new Mutations(seeds, 400).RunAsync(async bytes =>
        {
            var answer = await RawAsync(host.Http.Port, bytes);
            // 505 says that the version is the client's invention.
            Assert.DoesNotMatch("HTTP/1.1 5(?!05)", answer);
        });
        using var http = new HttpClient { BaseAddress = host.Http };
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(new Uri("/health", UriKind.Relative))).StatusCode);
    }

    [Fact]
    public async Task A_signed_form_of_any_content_is_taken_or_refused()
    {
        await using var host = await MailgunHost.StartAsync();
        var seeds = new[] { MailgunForm.Mail(), MailgunForm.Mail(text: "naïve = & + %", headers: ["X-Mailgun-Sflag: No", "Received: x", "References: <a@b> <c@d>"]) }
            .Select(fields => Encoding.ASCII.GetBytes(string.Join('&', fields.Select(field => $"{Uri.EscapeDataString(field.Key)}={Uri.EscapeDataString(field.Value)}"))));
        await new Mutations(seeds, 400).RunAsync(async bytes =>
        {
            var signed = Encoding.ASCII.GetBytes(string.Concat(host.Sign().Select(field => $"{field.Key}={field.Value}&")));
            var status = await host.PostAsync(new ByteArrayContent([.. signed, .. bytes]) { Headers = { ContentType = new MediaTypeHeaderValue("application/x-www-form-urlencoded") } });
            Assert.True((int)status < 500, $"{status}");
        });
    }

    /// <summary>Sends all, says that nothing follows, and gives each line that came back.</summary>
    private static async Task<IReadOnlyList<string>> TalkAsync(int port, byte[] bytes) =>
        (await RawAsync(port, bytes)).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);

    private static async Task<string> RawAsync(int port, byte[] bytes)
    {
        using var limit = new CancellationTokenSource(ProductHost.Patience);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, port, limit.Token);
        var answer = new StringBuilder();
        try
        {
            for (var sent = 0; sent < bytes.Length;)
                sent += await socket.SendAsync(bytes.AsMemory(sent), limit.Token);
            socket.Shutdown(SocketShutdown.Send);
            var buffer = new byte[8192];
            while (await socket.ReceiveAsync(buffer, limit.Token) is > 0 and var read)
                answer.Append(Encoding.Latin1.GetString(buffer, 0, read));
        }
        catch (SocketException)
        {
            // The server hung up: fine, as long as it serves the next.
        }
        return answer.ToString();
    }
}
