using System.Net;
using System.Net.Sockets;
using System.Text;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Security;
using ReplyMint.Tests.Product;

namespace ReplyMint.Tests.Inbound;

/// <summary>Posts that nobody signed, in numbers and slowly: they end, and real mail does not feel them.</summary>
public sealed class UnprovedBodiesTests
{
    private const int MaxMail = 1024 * 1024;

    private static async Task<(ProductHost Host, string Path)> StartAsync()
    {
        // The server's own patience with slow bodies goes by the machine's clock: on a busy one it would end the first before the last began.
        var host = await ProductHost.StartAsync(settings: s => s with { Http = s.Http with { Limits = new() { MaxMailBytes = MaxMail, RateGraceSeconds = 120 } } });
        var channel = await host.Get<Channels>().AddAsync(Channel.Operator, Channel.Mailgun, MailgunHost.ChannelKey, Actor.Machine, default);
        return (host, $"/webhooks/mailgun/{channel.Id}/inbound");
    }

    /// <summary>A post that says how long it is and brings less.</summary>
    private static async Task<TcpClient> BeginAsync(ProductHost host, string path, int length, int brought, string from = "127.0.0.1")
    {
        var client = new TcpClient(new IPEndPoint(IPAddress.Parse(from), 0));
        await client.ConnectAsync(IPAddress.Loopback, host.Http.Port);
        var head = $"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n";
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(head + new string('x', brought)));
        return client;
    }

    private static async Task<(HttpStatusCode Status, TimeSpan? Retry)> PostAsync(ProductHost host, string path, HttpContent content, string from)
    {
        using var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (context, ct) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
                await socket.ConnectAsync(context.DnsEndPoint, ct);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        using var http = new HttpClient(handler);
        using var answer = await http.PostAsync(new Uri(host.Http, path), content, TestContext.Current.CancellationToken);
        return (answer.StatusCode, answer.Headers.RetryAfter?.Delta);
    }

    private static FormUrlEncodedContent Signed(ProductHost host, char token, string text = "When do you open?") =>
        new([.. MailgunForm.Mail(ProductHost.Address, id: $"{token}@customer.example", text: text), .. MailgunForm.Sign(MailgunHost.ChannelKey, host.Time.GetUtcNow(), new string(token, 50))]);

    private static async Task<string> StatusAsync(TcpClient client)
    {
        using var reader = new StreamReader(client.GetStream(), Encoding.ASCII);
        return await reader.ReadLineAsync() ?? "";
    }

    [Fact]
    public async Task A_flood_of_slow_posts_stops_its_own_address_only_and_ends()
    {
        var (host, path) = await StartAsync();
        await using var owned = host;
        var slow = new List<TcpClient>();
        for (var i = 0; i < UnprovedBodies.PerAddress + 8; i++)
            slow.Add(await BeginAsync(host, path, 1000, 10));
        // As many as may be are being read as soon as one more is refused; the last of them are refused themselves.
        await ProductHost.EventuallyAsync(async () => await PostAsync(host, path, new FormUrlEncodedContent([new("x", "y")]), "127.0.0.1") is { Status: HttpStatusCode.TooManyRequests, Retry: not null } ? "" : null);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await PostAsync(host, path, Signed(host, 'a'), "127.0.0.1")).Status);
        Assert.Equal(HttpStatusCode.OK, (await PostAsync(host, path, Signed(host, 'b'), "127.0.0.2")).Status);
        Assert.StartsWith("250", await host.SmtpAsync(host.Mail("By SMTP")), StringComparison.Ordinal);

        host.Time.Advance(TimeSpan.FromMinutes(2) + TimeSpan.FromSeconds(1));
        var ends = await Task.WhenAll(slow.Select(StatusAsync));
        Assert.InRange(ends.Count(end => end.StartsWith("HTTP/1.1 408", StringComparison.Ordinal)), UnprovedBodies.PerAddress - 1, UnprovedBodies.PerAddress);
        slow.ForEach(client => client.Dispose());
        Assert.Equal(HttpStatusCode.OK, (await PostAsync(host, path, Signed(host, 'c'), "127.0.0.1")).Status);
    }

    [Fact]
    public async Task Large_bodies_take_only_their_own_addresss_memory_before_they_are_proved()
    {
        var (host, path) = await StartAsync();
        await using var owned = host;
        var large = new string('x', MaxMail / 2);
        // Each holds a buffer of the largest size: the address has no more.
        var slow = new List<TcpClient> { await BeginAsync(host, path, MaxMail - 1, MaxMail / 2 + 70_000) };
        await ProductHost.EventuallyAsync(async () =>
        {
            // Again and again: the post that asks may have taken the place of one that came later.
            slow.Add(await BeginAsync(host, path, MaxMail - 1, MaxMail / 2 + 70_000));
            return await PostAsync(host, path, new FormUrlEncodedContent([new("x", large)]), "127.0.0.1") is { Status: HttpStatusCode.ServiceUnavailable, Retry: not null } ? "" : null;
        });
        // What fits into the memory that is not counted still passes.
        Assert.Equal(HttpStatusCode.OK, (await PostAsync(host, path, Signed(host, 'a'), "127.0.0.1")).Status);
        Assert.Equal(HttpStatusCode.OK, (await PostAsync(host, path, Signed(host, 'b', large), "127.0.0.2")).Status);
        Assert.StartsWith("250", await host.SmtpAsync(host.Mail(string.Join("\r\n", Enumerable.Repeat(new string('x', 900), 1000)))), StringComparison.Ordinal);
        slow.ForEach(client => client.Dispose());
    }

    [Fact]
    public async Task A_few_strangers_who_hold_all_memory_don_t_keep_a_known_provider_waiting()
    {
        var (host, path) = await StartAsync();
        await using var owned = host;
        var large = new string('x', MaxMail / 2);
        Assert.Equal(HttpStatusCode.OK, (await PostAsync(host, path, Signed(host, 'a'), "127.0.0.2")).Status);
        var slow = new List<TcpClient>();
        await ProductHost.EventuallyAsync(async () =>
        {
            foreach (var stranger in (string[])["127.0.0.11", "127.0.0.11", "127.0.0.12", "127.0.0.12"])
                slow.Add(await BeginAsync(host, path, MaxMail - 1, MaxMail / 2 + 70_000, stranger));
            return await PostAsync(host, path, new FormUrlEncodedContent([new("x", large)]), "127.0.0.13") is { Status: HttpStatusCode.ServiceUnavailable } ? "" : null;
        });
        Assert.Equal(HttpStatusCode.OK, (await PostAsync(host, path, Signed(host, 'c', large), "127.0.0.2")).Status);
        slow.ForEach(client => client.Dispose());
    }

    [Fact]
    public async Task A_large_body_that_falls_behind_is_not_waited_for()
    {
        var (host, path) = await StartAsync();
        await using var owned = host;
        using var large = await BeginAsync(host, path, MaxMail - 1, 100_000);
        using var small = await BeginAsync(host, path, 1000, 10);
        var seconds = 0;
        await ProductHost.EventuallyAsync(async () =>
        {
            // Not so far that any body has had its time; and no faster than the server answers others.
            if (seconds++ < 90)
                host.Time.Advance(TimeSpan.FromSeconds(1));
            await PostAsync(host, path, new FormUrlEncodedContent([new("x", "y")]), "127.0.0.2");
            return large.Available > 0 ? "" : null;
        });
        Assert.StartsWith("HTTP/1.1 408", await StatusAsync(large), StringComparison.Ordinal);
        Assert.Equal(0, small.Available);
    }

    [Fact]
    public async Task A_small_body_has_two_minutes_also_where_the_server_would_wait_for_longer()
    {
        await using var host = await ProductHost.StartAsync(settings: s => s with { Http = s.Http with { Limits = s.Http.Limits with { RateGraceSeconds = 60 } } });
        using var client = await BeginAsync(host, "/webhooks/mailgun/inbound", 1000, 10);
        await ProductHost.EventuallyAsync(() =>
        {
            host.Time.Advance(TimeSpan.FromSeconds(10));
            return Task.FromResult(client.Available > 0 ? "" : null);
        });
        Assert.StartsWith("HTTP/1.1 408", await StatusAsync(client), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_that_trickles_below_the_rate_is_ended_by_the_server()
    {
        await using var host = await ProductHost.StartAsync(settings: s => s with { Http = s.Http with { Limits = s.Http.Limits with { RateGraceSeconds = 1.5, MinBytesPerSecond = 100_000 } } });
        using var client = await BeginAsync(host, "/webhooks/mailgun/inbound", 1000, 10);
        Assert.StartsWith("HTTP/1.1 408", await StatusAsync(client).WaitAsync(TimeSpan.FromSeconds(15), TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public void One_64_of_IPv6_is_one_client()
    {
        Assert.Equal(ClientNetwork.Of(IPAddress.Parse("2001:db8:1:2::1")), ClientNetwork.Of(IPAddress.Parse("2001:db8:1:2:ffff::9")));
        Assert.NotEqual(ClientNetwork.Of(IPAddress.Parse("2001:db8:1:2::1")), ClientNetwork.Of(IPAddress.Parse("2001:db8:1:3::1")));
        Assert.Equal(ClientNetwork.Of(IPAddress.Parse("192.0.2.1")), ClientNetwork.Of(IPAddress.Parse("::ffff:192.0.2.1")));
    }
}
