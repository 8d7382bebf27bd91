using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using ReplyMint.Limits;
using ReplyMint.Security;
using ReplyMint.Tests.Security;

namespace ReplyMint.Tests.Limits;

/// <summary>Large answers that are read slowly: few at once, and not for ever.</summary>
public sealed class DownloadGateTests
{
    private const int Large = 32 * 1024 * 1024;

    [Fact]
    public async Task Slow_readers_hold_few_answers_and_not_for_ever()
    {
        var time = new FakeTimeProvider();
        await using var host = await TestHost.StartAsync(TestHost.Development(s => s.Limits = new() { MinBytesPerSecond = 1, RateGraceSeconds = 120 }), app =>
            app.MapApi(Permission.Me, "test").MapGet("/large", (Caller caller) => app.Services.GetRequiredService<DownloadGate>()
                .Send(caller.Id, _ => Task.FromResult<ReadOnlyMemory<byte>?>(caller.Id == "nothing" ? default(ReadOnlyMemory<byte>?) : new byte[Large]), "message/rfc822", "a.eml", Problem.NotFound)),
            services => services.AddSingleton<TimeProvider>(time).AddSingleton<CallerSource>(context =>
                new(new CallerAnswer(new Caller(CallerKind.User, context.Request.Headers.Authorization.ToString(), "t1", Permissions.Of(Role.Member)), null))));

        using var first = await SlowAsync(host, "slow");
        using var second = await SlowAsync(host, "slow");
        var refused = (await host.AskAsync("GET", "/api/v1/large", "Authorization: slow")).IsProblem(429);
        Assert.Equal("5", refused["Retry-After"]);
        var served = await host.AskAsync("GET", "/api/v1/large", "Authorization: other");
        Assert.Equal((200, Large, "attachment; filename=a.eml"), (served.Status, served.Body.Length, served["Content-Disposition"]));
        (await host.AskAsync("GET", "/api/v1/large", "Authorization: nothing")).IsProblem(404);

        var readers = new List<TcpClient>();
        for (var i = 0; i < 6; i++)
            readers.Add(await SlowAsync(host, $"slow{i}"));
        (await host.AskAsync("GET", "/api/v1/large", "Authorization: other")).IsProblem(429);

        time.Advance(DownloadGate.MostTime);
        // The places are given back a moment later; how much later is not the point.
        for (var tries = 0; (await host.AskAsync("GET", "/api/v1/large", "Authorization: slow")).Status != 200; tries++)
            Assert.True(tries < 1_000, "A slow reader still holds his place.");
        readers.ForEach(reader => reader.Dispose());
    }

    /// <summary>Asks, and reads only the head of the answer.</summary>
    private static async Task<TcpClient> SlowAsync(TestHost host, string caller)
    {
        var client = new TcpClient { ReceiveBufferSize = 4096 };
        await client.ConnectAsync(IPAddress.Loopback, host.Port);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(host.Head("GET", "/api/v1/large", $"Authorization: {caller}")));
        var head = new byte[12];
        await client.GetStream().ReadExactlyAsync(head);
        Assert.Equal("HTTP/1.1 200", Encoding.ASCII.GetString(head));
        return client;
    }
}
