using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using ReplyMint.Security;

namespace ReplyMint.Tests.Security;

public sealed class CorsTests
{
    private const string Known = "https://replymint.vercel.app";

    private static readonly SharedHost Shared = new(() => TestHost.StartAsync(TestHost.Production(s => s.Origins = null), app =>
        app.MapPublic().MapGet("/boom", (RequestDelegate)(_ => throw new InvalidOperationException()))));

    private static readonly string[] ByProxy = [$"Host: {TestHost.PublicName}", "X-Forwarded-Proto: https"];

    private static Task<Answer> AskAsync(TestHost host, string method, string target, params string[] headers) =>
        host.AskAsync(method, target, [.. ByProxy, .. headers]);

    [Theory]
    [InlineData("GET", "/health", 200)]
    [InlineData("GET", "/nowhere", 404)]
    [InlineData("DELETE", "/health", 405)]
    [InlineData("GET", "/boom", 500)]
    public async Task A_configured_origin_may_read_every_answer_errors_too(string method, string target, int status)
    {
        var host = await Shared.GetAsync();
        var answer = (await AskAsync(host, method, target, $"Origin: {Known}")).HasTheHeaders(https: true);
        Assert.Equal(status, answer.Status);
        Assert.Equal(Known, answer["Access-Control-Allow-Origin"]);
        Assert.Equal("ETag, Location, Retry-After, RateLimit, RateLimit-Policy, Link, X-Trace-Id", answer["Access-Control-Expose-Headers"]);
        Assert.Null(answer["Access-Control-Allow-Methods"]);
    }

    [Fact]
    public async Task Preflight_names_exactly_what_the_API_needs()
    {
        var host = await Shared.GetAsync();
        foreach (var target in new[] { "/health", "/nowhere" })
        {
            var answer = (await AskAsync(host, "OPTIONS", target, $"Origin: {Known}", "Access-Control-Request-Method: PUT", "Access-Control-Request-Headers: x-evil")).HasTheHeaders(https: true);
            Assert.Equal(204, answer.Status);
            Assert.Equal("", answer.Body);
            Assert.Equal(Known, answer["Access-Control-Allow-Origin"]);
            Assert.Equal("GET, POST, PUT, DELETE, OPTIONS", answer["Access-Control-Allow-Methods"]);
            Assert.Equal("Content-Type, Authorization, X-API-Key, Idempotency-Key, If-Match", answer["Access-Control-Allow-Headers"]);
            Assert.Equal("300", answer["Access-Control-Max-Age"]);
        }
    }

    [Theory]
    [InlineData("https://evil.example")]
    [InlineData("null")]
    [InlineData("*")]
    [InlineData("")]
    [InlineData("https://replymint.vercel.app.evil.example")]
    [InlineData("https://replymint.vercel.appx")]
    [InlineData("https://evil-replymint.vercel.app")]
    [InlineData("https://x.replymint.vercel.app")]
    [InlineData("https://replymint-vercel.app")]
    [InlineData("https://replymint.vercel.app:8443")]
    [InlineData("https://replymint.vercel.app:443")]
    [InlineData("http://replymint.vercel.app")]
    [InlineData("https://replymint.vercel.app.")]
    [InlineData("https://replymint.vercel.app/")]
    [InlineData("https://replymint.vercel.app/path")]
    [InlineData("https://replymint.vercel.app@evil.example")]
    [InlineData("https://evil@replymint.vercel.app")]
    [InlineData("HTTPS://REPLYMINT.VERCEL.APP")]
    [InlineData("https://replymint.vercel.app, https://evil.example")]
    [InlineData("https://evil.example https://replymint.vercel.app")]
    [InlineData("https://replymint.vercel.app%00.evil.example")]
    [InlineData("https://replymint-staging.vercel.app")]
    [InlineData("http://localhost:3000")]
    public async Task Anybody_else_is_told_nothing(string origin)
    {
        var host = await Shared.GetAsync();
        var plain = (await AskAsync(host, "GET", "/health", $"Origin: {origin}")).HasTheHeaders(https: true);
        var preflight = (await AskAsync(host, "OPTIONS", "/health", $"Origin: {origin}", "Access-Control-Request-Method: GET")).HasTheHeaders(https: true);
        Assert.Equal(200, plain.Status);
        foreach (var answer in new[] { plain, preflight })
            Assert.DoesNotContain(answer.Headers, h => h.Name.StartsWith("Access-Control-", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task Two_origins_are_none()
    {
        var host = await Shared.GetAsync();
        var answer = await AskAsync(host, "GET", "/health", $"Origin: {Known}", $"Origin: {Known}");
        Assert.Null(answer["Access-Control-Allow-Origin"]);
    }

    [Theory]
    [InlineData(0, "https://replymint.vercel.app")]
    [InlineData(1, "https://replymint-staging.vercel.app")]
    public async Task Each_environment_has_its_own_console(int environment, string origin)
    {
        await using var host = await TestHost.StartAsync(TestHost.Production(s => (s.Environment, s.Origins) = ((DeploymentEnvironment)environment, null)));
        Assert.Equal(origin, (await AskAsync(host, "GET", "/health", $"Origin: {origin}"))["Access-Control-Allow-Origin"]);
    }

    [Theory]
    [InlineData("*")]
    [InlineData("null")]
    [InlineData("http://app.example.com")]
    [InlineData("https://app.example.com/")]
    [InlineData("https://*.example.com")]
    [InlineData("https://App.example.com")]
    [InlineData("https://app.example.com:443")]
    [InlineData("https://user@app.example.com")]
    [InlineData("app.example.com")]
    public void An_origin_that_no_browser_would_send_is_refused_in_the_settings(string origin) =>
        Assert.Contains("http.origins", Assert.Single(TestHost.Production(s => s.Origins = [origin]).Problems()), StringComparison.Ordinal);
}
