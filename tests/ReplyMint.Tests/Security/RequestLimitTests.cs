using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Security;

namespace ReplyMint.Tests.Security;

public sealed class RequestLimitTests
{
    private static readonly SharedHost Shared = new(() => TestHost.StartAsync(Small(), Routes, Json));

    private static HttpSettings Small(Action<HttpLimits>? change = null) => TestHost.Development(s =>
    {
        s.Limits = new() { MaxBodyBytes = 1024, MaxMailBytes = 4096, MaxHeadBytes = 2048, MaxRequestLineBytes = 512, MaxHeaders = 10, HeadSeconds = 0.5, KeepAliveSeconds = 0.5, RateGraceSeconds = 1.5, MinBytesPerSecond = 100_000 };
        change?.Invoke(s.Limits);
    });

    private static void Json(IServiceCollection services) =>
        services.Configure<JsonOptions>(o => o.SerializerOptions.TypeInfoResolverChain.Add(WireJson.Default));

    private static void Routes(WebApplication app)
    {
        app.MapPublic().MapPost("/body", (Delegate)ReadAsync);
        app.MapPublic().MapPost("/json", (WireForm form) => TypedResults.Ok(form));
        app.MapPublic().MapGet("/page", (int limit) => TypedResults.Ok(limit));
        app.MapWebhooks(app.Services.GetRequiredService<HttpSettings>()).MapPost("/body", (Delegate)ReadAsync);
    }

    private static async Task<IResult> ReadAsync(HttpRequest request)
    {
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body);
        return TypedResults.Text($"{body.Length} bytes");
    }

    [Fact]
    public async Task A_body_up_to_the_bound_is_read_and_a_larger_one_gets_413()
    {
        var host = await Shared.GetAsync();
        Assert.Equal("1024 bytes", (await host.PostAsync("/body", new string('a', 1024))).Body);
        (await host.PostAsync("/body", new string('a', 1025))).IsProblem(413);
        (await host.SendAsync(host.Head("POST", "/body", "Transfer-Encoding: chunked") + "401\r\n" + new string('a', 1025) + "\r\n0\r\n\r\n")).IsProblem(413);
        (await host.SendAsync(host.Head("POST", "/body", "Content-Length: 99999999999999"))).IsProblem(413);
    }

    [Fact]
    public async Task Mails_have_their_own_bound()
    {
        var host = await Shared.GetAsync();
        Assert.Equal("4096 bytes", (await host.PostAsync("/webhooks/body", new string('a', 4096))).Body);
        (await host.PostAsync("/webhooks/body", new string('a', 4097))).IsProblem(413);
    }

    [Fact]
    public async Task Heads_over_the_bounds_get_431_or_414()
    {
        var host = await Shared.GetAsync();
        Assert.Equal(200, (await host.AskAsync("GET", "/health", $"X-A: {new string('a', 1800)}")).Status);
        (await host.AskAsync("GET", "/health", $"X-A: {new string('a', 2100)}")).IsProblem(431);
        (await host.AskAsync("GET", "/health", [.. Enumerable.Range(0, 20).Select(i => $"X-{i}: a")])).IsProblem(431);
        (await host.AskAsync("GET", "/health?" + new string('a', 600))).IsProblem(414);
    }

    [Fact]
    public async Task Slow_clients_get_408_or_a_closed_connection()
    {
        var host = await Shared.GetAsync();
        // All at once: each takes as long as the bound that it tests.
        var silent = host.SendAsync("");
        var line = host.SendAsync("GET /health HTT");
        var head = host.SendAsync("GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: ");
        var body = host.SendAsync(host.Head("POST", "/body", "Content-Length: 1000") + "abc");
        var idle = host.SendAsync($"GET /health HTTP/1.1\r\nHost: 127.0.0.1:{host.Port}\r\n\r\n");
        Assert.Equal(0, (await silent).Status);
        (await line).IsProblem(408);
        (await head).IsProblem(408);
        (await body).IsProblem(408);
        // Answered, and then closed from the other side, or the answer would not have ended.
        Assert.Equal(200, (await idle).Status);
    }

    [Fact]
    public async Task One_address_can_t_take_all_connections()
    {
        await using var host = await TestHost.StartAsync(Small(l => (l.MaxConnectionsPerAddress, l.HeadSeconds, l.KeepAliveSeconds) = (3, 60, 60)));
        var held = new List<TcpClient>();
        for (var i = 0; i < 3; i++)
        {
            var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, host.Port);
            held.Add(client);
            // Answered, so it was counted.
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"GET /health HTTP/1.1\r\nHost: 127.0.0.1:{host.Port}\r\n\r\n"));
            Assert.True(await client.GetStream().ReadAsync(new byte[4096]) > 0);
        }
        Assert.Equal(0, (await host.AskAsync("GET", "/health")).Status);
        held.ForEach(c => c.Dispose());
        await ServedAgainAsync(host);
    }

    private static async Task ServedAgainAsync(TestHost host)
    {
        // The server notices the closing a moment later; how much later is not the point.
        for (var tries = 0; (await host.AskAsync("GET", "/health")).Status != 200; tries++)
            Assert.True(tries < 1_000, "A closed connection still counts.");
    }

    [Fact]
    public async Task All_connections_together_are_bounded()
    {
        await using var host = await TestHost.StartAsync(Small(l => (l.MaxConnections, l.HeadSeconds, l.KeepAliveSeconds) = (1, 60, 60)));
        using (var client = new TcpClient())
        {
            await client.ConnectAsync(IPAddress.Loopback, host.Port);
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"GET /health HTTP/1.1\r\nHost: 127.0.0.1:{host.Port}\r\n\r\n"));
            Assert.True(await client.GetStream().ReadAsync(new byte[4096]) > 0);
            Assert.Equal(0, (await host.AskAsync("GET", "/health")).Status);
        }
        await ServedAgainAsync(host);
    }

    [Theory]
    [InlineData("Content-Type: application/json; charset=utf-7")]
    [InlineData("Content-Type: application/json; charset=utf-16")]
    [InlineData("Content-Type: application/json; charset=\"x-unknown\"")]
    [InlineData("Content-Type: text/plain")]
    [InlineData("Content-Type: nonsense")]
    [InlineData("Content-Type: application/json\r\nContent-Type: application/json")]
    [InlineData("Content-Type: application/json\r\nContent-Encoding: gzip")]
    [InlineData("Content-Type: application/json\r\nContent-Encoding: br")]
    public async Task Bodies_that_can_t_be_read_get_415(string header)
    {
        var host = await Shared.GetAsync();
        var answer = (await host.PostAsync("/json", "{\"name\":\"a\"}", header)).IsProblem(415);
        if (header.Contains("Encoding", StringComparison.Ordinal))
            Assert.Equal("identity", answer["Accept-Encoding"]);
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("application/json; charset=utf-8")]
    [InlineData("application/json; charset=\"UTF-8\"")]
    public async Task Bodies_in_the_known_charset_are_read(string type)
    {
        var host = await Shared.GetAsync();
        var answer = await host.PostAsync("/json", "{\"name\":\"Zoé\",\"count\":2}", $"Content-Type: {type}");
        Assert.Equal(200, answer.Status);
        Assert.Equal("Zoé", answer.Json.GetProperty("name").GetString());
    }

    [Fact]
    public async Task A_length_said_twice_gets_400()
    {
        var host = await Shared.GetAsync();
        (await host.SendAsync(host.Head("POST", "/body", "Transfer-Encoding: chunked", "Content-Length: 5") + "0\r\n\r\n")).IsProblem(400);
    }

    [Theory]
    [InlineData("{\"name\":\"a\",\"role\":\"admin\"}", "role")]
    [InlineData("{\"name\":\"a\",\"name\":\"b\"}", "name")]
    [InlineData("{\"name\":null}", "name")]
    [InlineData("{\"name\":7}", "name")]
    [InlineData("{\"name\":\"a\",\"count\":\"2\"}", "count")]
    [InlineData("{\"name\":\"a\",\"count\":1e99}", "count")]
    [InlineData("{\"count\":2}", "name")]
    [InlineData("{\"name\":\"a\"", "body")]
    [InlineData("[]", "body")]
    [InlineData("null", null)]
    [InlineData("", null)]
    [InlineData("{\"name\":\"\\ud800\"}", "name")]
    public async Task Bad_JSON_gets_400_with_the_member_s_name(string json, string? member)
    {
        var host = await Shared.GetAsync();
        var answer = (await host.PostAsync("/json", json, "Content-Type: application/json")).IsProblem(400);
        if (member is not null)
            Assert.Equal(member, Assert.Single(answer.Json.GetProperty("errors").EnumerateObject()).Name);
    }

    [Fact]
    public async Task Deep_JSON_gets_400()
    {
        var host = await Shared.GetAsync();
        var deep = string.Concat(Enumerable.Repeat("{\"inner\":", 17)) + "{\"name\":\"a\"}" + new string('}', 17);
        (await host.PostAsync("/json", deep, "Content-Type: application/json")).IsProblem(400);
    }

    [Theory]
    [InlineData("/page")]
    [InlineData("/page?limit=many")]
    [InlineData("/page?limit=99999999999")]
    public async Task A_bad_query_gets_400_with_the_parameter_s_name(string target)
    {
        var host = await Shared.GetAsync();
        Assert.Equal("limit", Assert.Single((await host.AskAsync("GET", target)).IsProblem(400).Json.GetProperty("errors").EnumerateObject()).Name);
    }

    [Fact]
    public void Limits_out_of_range_are_named_with_what_is_allowed()
    {
        Assert.Empty(new HttpLimits().Problems());
        var problems = new HttpLimits { MaxHeaders = 0, HeadSeconds = double.NaN, MaxConnections = int.MaxValue }.Problems().ToArray();
        Assert.Equal(3, problems.Length);
        Assert.Contains("http.limits.maxHeaders: is 0. Allowed: 8 to 500.", problems);
    }
}

internal sealed record WireForm(string Name, int Count = 0, WireForm? Inner = null);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(WireForm))]
internal sealed partial class WireJson : JsonSerializerContext;
