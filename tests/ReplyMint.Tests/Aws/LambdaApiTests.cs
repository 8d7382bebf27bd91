using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Limits;
using ReplyMint.Storage;

namespace ReplyMint.Tests.Aws;

/// <summary>HTTP events of a REST API go through the pipeline that a server has, in the loop of a function.</summary>
public sealed class LambdaApiTests : IAsyncLifetime
{
    private LambdaBench _bench = null!;

    public async ValueTask InitializeAsync()
    {
        // A proxy that is believed on a server: on Lambda nobody is.
        _bench = await LambdaBench.StartAsync(settings => settings with { Http = settings.Http with { Proxies = ["198.51.100.0/24"] } });
        await _bench.RunAsync(LambdaFunction.Api);
        await _bench.FillAsync(Api.Services);
    }

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    private LambdaBench.Running Api => _bench.First;

    private async Task<(string Name, string Value)> KeyAsync(params string[] networks)
    {
        var wish = new ApiKeyWish { Name = "A key", Scopes = ["messages:read", "messages:write"], Networks = networks.Length == 0 ? null : networks };
        return ("X-API-Key", (await Api.Get<ApiKeys>().CreateAsync(_bench.Tenant.Id, wish, Actor.Machine.Id, Actor.Machine, default)).Text!);
    }

    [Fact]
    public async Task A_caller_is_known_by_his_key_and_every_answer_has_its_headers()
    {
        var answer = await Api.AskAsync(new("GET", "/api/v1/me") { Headers = [await KeyAsync(), ("Origin", "https://replymint.vercel.app")] });
        Assert.Equal(200, answer.Status);
        Assert.Equal(_bench.Tenant.Id, (string?)JsonNode.Parse(answer.Text)!["tenant"]);
        Assert.Equal("max-age=31536000; includeSubDomains", answer.Header("Strict-Transport-Security"));
        Assert.Equal("nosniff", answer.Header("X-Content-Type-Options"));
        Assert.Equal(32, answer.Header("X-Trace-Id")!.Length);
        Assert.False(answer.IsBase64);

        var refused = await Api.AskAsync(new("GET", "/api/v1/me"));
        Assert.Equal((401, "application/problem+json"), (refused.Status, refused.Header("Content-Type")));
        Assert.Equal("DENY", refused.Header("X-Frame-Options"));
    }

    [Fact]
    public async Task Names_that_are_not_served_are_refused()
    {
        Assert.Equal(200, (await Api.AskAsync(new("GET", "/health"))).Status);
        Assert.Equal(400, (await Api.AskAsync(new("GET", "/health") { Host = "evil.example" })).Status);
        Assert.Equal(400, (await Api.AskAsync(new("GET", "/health") { Headers = [("Host", "api.shop.example")] })).Status);
        // No field of the header says another one.
        Assert.Equal(400, (await Api.AskAsync(new("GET", "/health") { Host = "evil.example", Headers = [("X-Forwarded-Host", "api.shop.example")], Source = "198.51.100.7" })).Status);
    }

    [Fact]
    public async Task Who_asks_is_what_the_gateway_saw_and_no_header_says_so()
    {
        var key = await KeyAsync("203.0.113.0/24");
        Assert.Equal(200, (await Api.AskAsync(new("GET", "/api/v1/me") { Headers = [key], Source = "203.0.113.9" })).Status);
        foreach (var source in (string[])["192.0.2.1", "198.51.100.7"])
            foreach (var name in (string[])["X-Forwarded-For", "x-forwarded-for"])
                Assert.Equal(401, (await Api.AskAsync(new("GET", "/api/v1/me") { Headers = [key, (name, "203.0.113.9")], Source = source })).Status);
        Assert.Equal(200, (await Api.AskAsync(new("GET", "/api/v1/me") { Headers = [await KeyAsync("2001:db8::/32")], Source = "2001:db8::7" })).Status);
    }

    [Fact]
    public async Task What_comes_twice_arrives_twice()
    {
        var key = await KeyAsync();
        Assert.Equal(200, (await Api.AskAsync(new("GET", "/api/v1/messages") { Headers = [key], Query = [("limit", "5"), ("state", "answered")] })).Status);
        Assert.Equal(400, (await Api.AskAsync(new("GET", "/api/v1/messages") { Headers = [key], Query = [("limit", "5"), ("limit", "6")] })).Status);
        // What the gateway took the escapes from is one value still.
        Assert.Contains("\"state\"", (await Api.AskAsync(new("GET", "/api/v1/messages") { Headers = [key], Query = [("state", "answered&limit=5")] })).Text, StringComparison.Ordinal);
        Assert.Equal(401, (await Api.AskAsync(new("GET", "/api/v1/me") { Headers = [key, key] })).Status);
        Assert.Equal(401, (await Api.AskAsync(new("GET", "/api/v1/me") { Headers = [key, (key.Name.ToUpperInvariant(), key.Value)] })).Status);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Bodies_arrive_and_leave_byte_for_byte(bool asText)
    {
        var key = await KeyAsync();
        var mail = Encoding.UTF8.GetBytes($"From: Anna <anna@customer.example>\r\nTo: {LambdaBench.Address}\r\nSubject: Grüße\r\nMessage-ID: <1@customer.example>\r\nDate: Tue, 24 Nov 2026 11:59:00 +0000\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nWie lange dauert die Lieferung? €\r\n");
        var taken = await Api.AskAsync(new("POST", "/api/v1/messages") { Headers = [key, ("Content-Type", "message/rfc822")], Query = [("to", LambdaBench.Address), ("from", "anna@customer.example")], Body = mail, AsText = asText });
        Assert.True(taken.Status == 202, taken.Text);
        var id = (string)JsonNode.Parse(taken.Text)!["id"]!;

        var raw = await Api.AskAsync(new("GET", $"/api/v1/messages/{id}/raw") { Headers = [key] });
        Assert.Equal((200, true, "message/rfc822"), (raw.Status, raw.IsBase64, raw.Header("Content-Type")));
        Assert.Equal(mail, raw.Body);
        Assert.Equal(mail.Length.ToString(System.Globalization.CultureInfo.InvariantCulture), raw.Header("Content-Length"));
        var head = await Api.AskAsync(new("HEAD", "/health"));
        Assert.Equal((200, ""), (head.Status, head.Text));
    }

    [Fact]
    public async Task Bodies_have_the_bounds_of_their_routes()
    {
        var key = await KeyAsync();
        Assert.Equal(413, (await Api.AskAsync(new("POST", "/api/v1/messages") { Headers = [key, ("Content-Type", "application/json")], Body = new byte[2 * 1024 * 1024 + 1] })).Status);
        Assert.Equal(413, (await Api.AskAsync(new("POST", "/api/v1/session/refresh") { Headers = [("Content-Type", "application/json")], Body = new byte[16 * 1024 + 1] })).Status);
        // What it says itself of its length is not asked.
        Assert.Equal(400, (await Api.AskAsync(new("POST", "/api/v1/session/refresh") { Headers = [("Content-Type", "application/json"), ("Content-Length", "999999999")], Body = "{}"u8.ToArray() })).Status);
        Assert.Equal(400, (await Api.AskAsync(new("POST", "/api/v1/session/refresh") { Headers = [("Content-Type", "application/json"), ("Transfer-Encoding", "chunked")], Body = "{}"u8.ToArray() })).Status);
    }

    [Fact]
    public async Task Heads_have_the_bounds_that_a_server_holds_them_to()
    {
        foreach (var (status, asked) in new[]
        {
            (431, new RestEvent("GET", "/health") { Headers = [("X-Long", new string('a', 17 * 1024))] }),
            (431, new RestEvent("GET", "/health") { Headers = [.. Enumerable.Range(0, 70).Select(i => ($"X-{i}", "a"))] }),
            (414, new RestEvent("GET", "/health") { Query = [("a", new string('a', 9 * 1024))] }),
            (400, new RestEvent("GET", "/health%00")),
            (400, new RestEvent("GET", "/health") { Headers = [("X-Two", "a\r\nX-API-Key: b")] }),
            (401, new RestEvent("GET", "/api/v1/messages/..%2F..%2Fhealth")),
            (404, new RestEvent("GET", "/api/../health")),
        })
        {
            var answer = await Api.AskAsync(asked);
            Assert.Equal((status, "application/problem+json", "nosniff"), (answer.Status, answer.Header("Content-Type"), answer.Header("X-Content-Type-Options")));
            Assert.Equal(answer.Header("X-Trace-Id"), (string?)JsonNode.Parse(answer.Text)!["traceId"]);
        }
    }

    [Fact]
    public async Task Events_of_other_kinds_never_become_requests()
    {
        var good = JsonNode.Parse(new RestEvent("GET", "/health").Json())!.AsObject();
        foreach (var (name, without) in new[] { ("method", "httpMethod"), ("path", "path"), ("context", "requestContext") })
        {
            var lacking = good.DeepClone().AsObject();
            Assert.True(lacking.Remove(without), name);
            await RefusedAsync(lacking.ToJsonString());
        }
        await RefusedAsync(new RestEvent("GET", "/health") { Source = "test-invoke-source-ip" }.Json());
        await RefusedAsync("""{"Records":[{"eventSource":"aws:sqs","messageId":"1","body":"{}"}]}""");
        await RefusedAsync("""{"version":"2.0","routeKey":"$default","rawPath":"/health","requestContext":{"http":{"method":"GET","sourceIp":"192.0.2.1"}}}""");
        await RefusedAsync("""{"source":"aws.events","detail-type":"Scheduled Event","detail":{}}""");
        await RefusedAsync("[]");
        await RefusedAsync("\"x\"");
        await RefusedAsync("{");
        Assert.Equal(200, (await Api.AskAsync(new("GET", "/health"))).Status);
        Assert.Empty(Api.Api.Strange);
    }

    private async Task RefusedAsync(string @event)
    {
        var said = _bench.Log.All.Count(line => line.Contains("was refused", StringComparison.Ordinal));
        var answer = await Api.SendAsync(@event);
        Assert.Equal("ReplyMint.Refused", answer.ErrorType);
        Assert.Equal(said + 1, _bench.Log.All.Count(line => line.Contains("was refused", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task What_was_counted_is_stored_behind_each_event_and_a_new_watch_sees_the_next_one()
    {
        var key = await KeyAsync();
        await Api.AskAsync(new("GET", "/api/v1/me") { Headers = [key] });
        // An event is asked for when the one before is over with all that stands behind it.
        await Api.AskAsync(new("GET", "/health"));
        await Api.AskAsync(new("GET", "/health"));
        var counted = await _bench.Store.Store.QueryAsync(Table.Main, _bench.Tenant.Id, new(UsageKeys.Prefix), null, default);
        Assert.Contains(counted.Items, item => item.Key.Sort.Contains("/calls/", StringComparison.Ordinal) && item.Count == 1);

        // Begun by another process, as all are on Lambda.
        var other = await _bench.RunAsync(LambdaFunction.Worker);
        var watch = new Watch(1, "w1", WatchedKind.Tenant, _bench.Tenant.Id, _bench.Time.GetUtcNow(), _bench.Time.GetUtcNow().AddHours(1), Actor.Machine.Id, null);
        await _bench.Store.Store.RetryAsync((commit, ct) => other.Get<Watches>().StartAsync(commit, watch, ct), default);
        _bench.Time.Advance(TimeSpan.FromSeconds(3));
        await Api.AskAsync(new("GET", "/api/v1/me") { Headers = [key] });
        await Api.AskAsync(new("GET", "/health"));
        Assert.Single(await other.Get<Watches>().EventsAsync("w1", default).ToListAsync());
    }
}
