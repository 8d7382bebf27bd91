using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using ReplyMint.Limits;
using ReplyMint.Security;
using ReplyMint.Tests.Security;

namespace ReplyMint.Tests.Limits;

/// <summary>AUTH-6: each caller, each tenant and each network has its own bucket, on every route.</summary>
public sealed class RequestLimitTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));

    private static RequestRate Rate(int burst, int perMinute = 60) => new() { Burst = burst, PerMinute = perMinute };

    /// <summary>Callers are who they say they are: "Authorization: tenant/user".</summary>
    private Task<TestHost> StartAsync(RequestLimitSettings settings) => TestHost.StartAsync(TestHost.Development(s => s.Proxies = ["127.0.0.1"]), app =>
    {
        var group = app.MapApi(Permission.Me, "test");
        group.MapGet("/things", () => TypedResults.Ok("a"));
        group.MapPost("/things", () => TypedResults.Ok("a"));
        group.MapPost("/big-things", () => TypedResults.Ok("a")).Costly();
        app.MapApi(Permission.KeysWrite, "test").MapGet("/forbidden", () => TypedResults.Ok("a"));
        app.MapSignIn().MapPost("/sign-in", () => TypedResults.Ok("a"));
        app.MapWebhooks(app.Services.GetRequiredService<HttpSettings>()).MapPost("/test", () => TypedResults.Ok("a"));
    }, services => services
        .AddSingleton<TimeProvider>(_time)
        .AddRequestLimits(settings, _ => (_, _, _, _) => Task.CompletedTask)
        .AddSingleton<CallerSource>(context => new(context.Request.Headers.Authorization.ToString().Split('/') is [var tenant, var user]
            ? new CallerAnswer(new Caller(CallerKind.User, user, tenant, Permissions.Of(Role.Member)), null) : CallerAnswer.Nobody)));

    private static Task<Answer> AskAsync(TestHost host, string caller, string method = "GET", string target = "/api/v1/things") =>
        host.AskAsync(method, target, [$"Authorization: {caller}", .. method == "POST" ? (string[])["Content-Length: 0"] : []]);

    [Fact]
    public async Task Over_the_limit_is_429_with_the_time_to_wait_and_what_is_allowed()
    {
        await using var host = await StartAsync(new() { Read = Rate(2, 30) });
        var first = await AskAsync(host, "t1/u1");
        Assert.Equal("\"read\";q=2;w=4, \"tenant-read\";q=10;w=4", first["RateLimit-Policy"]);
        Assert.Equal("\"read\";r=1;t=2, \"tenant-read\";r=9;t=1", first["RateLimit"]);
        Assert.Equal(200, (await AskAsync(host, "t1/u1")).Status);

        var refused = (await AskAsync(host, "t1/u1")).IsProblem(429);
        Assert.Equal("2", refused["Retry-After"]);
        Assert.Equal("\"read\";r=0;t=4", refused["RateLimit"]);

        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(200, (await AskAsync(host, "t1/u1")).Status);
        (await AskAsync(host, "t1/u1")).IsProblem(429);
    }

    [Fact]
    public async Task A_noisy_caller_leaves_the_others_what_is_theirs()
    {
        await using var host = await StartAsync(new() { Read = Rate(3) });
        var noisy = new List<int>();
        for (var i = 0; i < 50; i++)
            noisy.Add((await AskAsync(host, "t1/noisy")).Status);
        Assert.Equal(3, noisy.Count(status => status == 200));
        Assert.All(noisy.Skip(3), status => Assert.Equal(429, status));
        foreach (var caller in (string[])["t1/quiet", "t2/other", "t2/third"])
        {
            var answer = await AskAsync(host, caller);
            Assert.Equal(200, answer.Status);
            Assert.StartsWith("\"read\";r=2;", answer["RateLimit"], StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task All_callers_of_a_tenant_together_are_limited_and_other_tenants_are_not_concerned()
    {
        await using var host = await StartAsync(new() { Read = Rate(2), TenantTimes = 2 });
        foreach (var caller in (string[])["u1", "u1", "u2", "u2"])
            Assert.Equal(200, (await AskAsync(host, $"t1/{caller}")).Status);
        Assert.Contains("organisation", (await AskAsync(host, "t1/u3")).IsProblem(429).Json.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(200, (await AskAsync(host, "t2/u4")).Status);
    }

    [Fact]
    public async Task Reads_changes_and_costly_work_have_each_their_own()
    {
        await using var host = await StartAsync(new() { Read = Rate(1), Write = Rate(1), Costly = Rate(1) });
        (string Method, string Target)[] routes = [("GET", "/api/v1/things"), ("POST", "/api/v1/things"), ("POST", "/api/v1/big-things")];
        foreach (var (method, target) in routes)
            Assert.Equal(200, (await AskAsync(host, "t1/u1", method, target)).Status);
        foreach (var (method, target) in routes)
            (await AskAsync(host, "t1/u1", method, target)).IsProblem(429);
    }

    [Fact]
    public async Task What_is_refused_counts_too()
    {
        await using var host = await StartAsync(new() { Read = Rate(1), Unproved = Rate(1) });
        (await AskAsync(host, "t1/u1", target: "/api/v1/forbidden")).IsProblem(403);
        (await AskAsync(host, "t1/u1", target: "/api/v1/forbidden")).IsProblem(429);
        (await AskAsync(host, "nobody")).IsProblem(401);
        (await AskAsync(host, "nobody")).IsProblem(429);
        // Who is known is not concerned by what strangers of his network do.
        Assert.Equal(200, (await AskAsync(host, "t1/u2")).Status);
    }

    [Theory]
    [InlineData("GET", "/health", 200)]
    [InlineData("GET", "/openapi/v1.json", 200)]
    [InlineData("GET", "/nowhere", 404)]
    [InlineData("POST", "/api/v1/sign-in", 200)]
    [InlineData("POST", "/webhooks/test", 200)]
    [InlineData("GET", "/api/v1/things", 401)]
    public async Task Without_a_caller_each_network_is_limited(string method, string target, int status)
    {
        await using var host = await StartAsync(new() { Public = Rate(1), SignIn = Rate(1), Webhooks = Rate(1), Unproved = Rate(1) });
        Assert.Equal(status, (await FromAsync("192.0.2.1")).Status);
        var refused = (await FromAsync("192.0.2.1")).IsProblem(429);
        Assert.Equal("1", refused["Retry-After"]);
        Assert.Equal(status, (await FromAsync("192.0.2.2")).Status);
        Assert.Equal(status, (await FromAsync("2001:db8::1")).Status);
        (await FromAsync("2001:db8::2")).IsProblem(429);

        Task<Answer> FromAsync(string address) =>
            host.AskAsync(method, target, [$"X-Forwarded-For: {address}", .. method == "POST" ? (string[])["Content-Length: 0"] : []]);
    }

    [Fact]
    public void Every_limit_has_bounds()
    {
        Assert.Empty(new RequestLimitSettings().Problems());
        var problems = new RequestLimitSettings { Read = Rate(0), SignIn = Rate(1, 0), TenantTimes = 0 }.Problems().ToArray();
        Assert.Equal(3, problems.Length);
        Assert.Contains("requests.read.burst is 0; allowed are whole numbers from 1 to 10000000.", problems);
    }
}
