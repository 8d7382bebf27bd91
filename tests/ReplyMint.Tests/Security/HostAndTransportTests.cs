using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using ReplyMint.Security;

namespace ReplyMint.Tests.Security;

public sealed class HostAndTransportTests
{
    private static void Who(WebApplication app) => app.MapPublic().Map("/who", (RequestDelegate)(context => context.Response.WriteAsync(
        $"{context.Connection.RemoteIpAddress} {context.Request.Scheme} {context.Request.Host} {context.Request.Headers["X-Forwarded-For"]}|{context.Request.Headers["X-Forwarded-Host"]}")));

    private static readonly SharedHost Shared = new(() => ProductionAsync());
    private static readonly SharedHost Developer = new(() => TestHost.StartAsync(TestHost.Development(), Who));

    private static Task<TestHost> ProductionAsync(Action<HttpSettings>? change = null) => TestHost.StartAsync(TestHost.Production(change), Who);

    [Theory]
    [InlineData("Host: evil.example")]
    [InlineData("Host: api.example.com.evil.example")]
    [InlineData("Host: evil-api.example.com")]
    [InlineData("Host: api.example.com.")]
    [InlineData("Host: api.example.com:")]
    [InlineData("Host: api.example.com:99999")]
    [InlineData("Host: api.example.com:80:80")]
    [InlineData("Host: 127.0.0.1")]
    [InlineData("Host: localhost")]
    [InlineData("Host:")]
    [InlineData("Host: ")]
    public async Task In_production_only_configured_names_are_served(string header)
    {
        var host = await Shared.GetAsync();
        var answer = await host.AskAsync("GET", "/who", header, "X-Forwarded-Proto: https");
        answer.IsProblem(400, https: answer["Strict-Transport-Security"] is not null);
        (await host.AskAsync("GET", "/who", header)).IsProblem(400);
        (await host.AskAsync("OPTIONS", "/who", header, "Origin: https://replymint.vercel.app", "Access-Control-Request-Method: GET")).IsProblem(400);
    }

    [Theory]
    [InlineData("GET /who HTTP/1.0\r\nX-Forwarded-Proto: https\r\n\r\n")]
    [InlineData("GET /who HTTP/1.1\r\nX-Forwarded-Proto: https\r\n\r\n")]
    [InlineData("GET /who HTTP/1.1\r\nHost: api.example.com\r\nHost: api.example.com\r\n\r\n")]
    [InlineData("GET /who HTTP/1.1\r\nHost: api.example.com, evil.example\r\nX-Forwarded-Proto: https\r\n\r\n")]
    [InlineData("GET http://evil.example/who HTTP/1.1\r\nHost: api.example.com\r\n\r\n")]
    [InlineData("GET http://evil.example/who HTTP/1.1\r\nHost: evil.example\r\n\r\n")]
    [InlineData("GET http://api.example.com@evil.example/who HTTP/1.1\r\nHost: api.example.com\r\n\r\n")]
    [InlineData("GET http://api.example.com/who HTTP/1.1\r\nHost: evil.example\r\n\r\n")]
    public async Task Missing_repeated_and_contradictory_hosts_get_400(string raw)
    {
        var host = await Shared.GetAsync();
        var answer = await host.SendAsync(raw.Replace("HTTP/1.1\r\n", "HTTP/1.1\r\nConnection: close\r\n", StringComparison.Ordinal));
        Assert.Equal(400, answer.Status);
        answer.IsProblem(400, https: answer["Strict-Transport-Security"] is not null);
    }

    [Theory]
    [InlineData("api.example.com")]
    [InlineData("API.Example.COM")]
    [InlineData("api.example.com:443")]
    [InlineData("other.example.com")]
    public async Task Configured_names_are_served(string name)
    {
        await using var host = await ProductionAsync(s => s.Hosts = ["other.example.com"]);
        Assert.Equal(200, (await host.AskAsync("GET", "/who", $"Host: {name}", "X-Forwarded-Proto: https")).Status);
    }

    [Theory]
    [InlineData("localhost", 200)]
    [InlineData("127.0.0.1", 200)]
    [InlineData("[::1]", 200)]
    [InlineData("evil.example", 400)]
    [InlineData("localhost.evil.example", 400)]
    [InlineData("127.0.0.1.evil.example", 400)]
    public async Task In_development_the_machine_s_own_names_are_served_too(string name, int status)
    {
        var host = await Developer.GetAsync();
        Assert.Equal(status, (await host.AskAsync("GET", "/health", $"Host: {name}:{host.Port}")).HasTheHeaders().Status);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Without_a_configured_name_nothing_is_served_in_production_and_staging(int environment)
    {
        var settings = TestHost.Production(s => (s.Environment, s.PublicUrl) = ((DeploymentEnvironment)environment, null));
        Assert.Contains(settings.Warnings(), w => w.Contains("http.publicUrl", StringComparison.Ordinal));
        await using var host = await TestHost.StartAsync(settings);
        (await host.AskAsync("GET", "/health", "X-Forwarded-Proto: https")).IsProblem(400, https: true);
    }

    [Fact]
    public async Task Plain_HTTP_is_sent_to_the_public_address_whatever_name_it_asked_for()
    {
        await using var host = await ProductionAsync(s => s.Hosts = ["other.example.com"]);
        var answer = (await host.AskAsync("GET", "/console/inbox?a=1%0d%0aX:y&b=%2e", "Host: other.example.com")).HasTheHeaders();
        Assert.Equal(308, answer.Status);
        Assert.Equal("https://api.example.com/console/inbox?a=1%0d%0aX:y&b=%2e", answer["Location"]);
        foreach (var page in new[] { "/", "/console", "/withdraw/one" })
            Assert.Equal("https://api.example.com" + page, (await host.AskAsync("HEAD", page, "Host: api.example.com"))["Location"]);
    }

    [Theory]
    [InlineData("/api/v1/me")]
    [InlineData("/api/v1/sign-in/link")]
    [InlineData("/webhooks/ses/one")]
    [InlineData("/.well-known/jwks.json")]
    [InlineData("/.well-known/security.txt")]
    [InlineData("/openapi/v1.json")]
    [InlineData("/health")]
    [InlineData("/metrics")]
    [InlineData("/nowhere")]
    [InlineData("//evil.example/")]
    [InlineData("//console/")]
    [InlineData("/consoles")]
    [InlineData("/CONSOLE")]
    public async Task What_programs_call_is_refused_over_plain_HTTP_and_never_sent_on(string path)
    {
        var host = await Shared.GetAsync();
        foreach (var method in new[] { "GET", "HEAD" })
        {
            var answer = await host.AskAsync(method, path, "Host: api.example.com", "Accept: text/html");
            Assert.Equal((403, null), (answer.Status, answer["Location"]));
        }
        Assert.Contains("HTTPS is needed", (await host.AskAsync("GET", path, "Host: api.example.com")).IsProblem(403).Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("POST")]
    [InlineData("PUT")]
    [InlineData("DELETE")]
    public async Task Plain_HTTP_that_would_change_something_is_refused(string method)
    {
        var host = await Shared.GetAsync();
        (await host.AskAsync(method, "/who", "Host: api.example.com")).IsProblem(403);
    }

    [Theory]
    [InlineData("Authorization: Bearer abc")]
    [InlineData("X-API-Key: abc")]
    public async Task Credentials_in_the_clear_are_refused_aloud(string header)
    {
        var host = await Shared.GetAsync();
        Assert.Contains("replace them", (await host.AskAsync("GET", "/console", "Host: api.example.com", header)).IsProblem(403).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_public_address_plain_HTTP_is_refused()
    {
        await using var host = await ProductionAsync(s => (s.PublicUrl, s.Hosts) = (null, ["api.example.com"]));
        (await host.AskAsync("GET", "/console", "Host: api.example.com")).IsProblem(403);
    }

    [Fact]
    public async Task Forwarded_headers_of_a_stranger_are_not_believed_and_not_passed_on()
    {
        await using var production = await ProductionAsync(s => s.Proxies = ["192.0.2.1"]);
        Assert.Equal(403, (await production.AskAsync("GET", "/who", "Host: api.example.com", "X-Forwarded-Proto: https")).Status);
        var host = await Developer.GetAsync();
        var answer = await host.AskAsync("GET", "/who", "X-Forwarded-For: 203.0.113.9", "X-Forwarded-Proto: https", "X-Forwarded-Host: api.example.com");
        Assert.Equal($"127.0.0.1 http 127.0.0.1:{host.Port} |", answer.Body);
    }

    [Fact]
    public async Task A_proxy_s_word_is_taken_for_client_scheme_and_host()
    {
        var host = await Shared.GetAsync();
        var answer = (await host.AskAsync("GET", "/who", "Host: backend", "X-Forwarded-For: 203.0.113.9", "X-Forwarded-Proto: https", "X-Forwarded-Host: api.example.com")).Body;
        Assert.Equal("203.0.113.9 https api.example.com |", answer);
    }

    [Theory]
    // What the client wrote himself stands left of what our proxy saw.
    [InlineData("203.0.113.9", "198.51.100.7, 203.0.113.9")]
    [InlineData("203.0.113.9", "127.0.0.1, 203.0.113.9")]
    [InlineData("203.0.113.9", "203.0.113.9, 10.0.0.5, 127.0.0.1")]
    [InlineData("203.0.113.9", "nonsense, 203.0.113.9:4711")]
    [InlineData("2001:db8::1", "[2001:db8::1]:4711")]
    public async Task The_client_is_the_first_from_the_right_that_is_no_proxy(string client, string forwardedFor)
    {
        await using var host = await ProductionAsync(s => s.Proxies = ["127.0.0.1", "10.0.0.0/8"]);
        var answer = await host.AskAsync("GET", "/who", "Host: api.example.com", $"X-Forwarded-For: {forwardedFor}", "X-Forwarded-Proto: https");
        Assert.StartsWith(client + " https", answer.Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("X-Forwarded-Proto: ftp")]
    [InlineData("X-Forwarded-Proto: https, http")]
    [InlineData("X-Forwarded-For: nonsense")]
    [InlineData("X-Forwarded-For:")]
    [InlineData("X-Forwarded-Host: a, b")]
    public async Task A_contradiction_from_a_proxy_gets_400(string header)
    {
        var host = await Shared.GetAsync();
        (await host.AskAsync("GET", "/who", "Host: api.example.com", header)).IsProblem(400);
    }

    [Fact]
    public async Task A_forwarded_host_is_filtered_like_any_other()
    {
        var host = await Shared.GetAsync();
        (await host.AskAsync("GET", "/who", "Host: api.example.com", "X-Forwarded-Proto: https", "X-Forwarded-Host: evil.example")).IsProblem(400, https: true);
    }

    [Theory]
    [InlineData("0.0.0.0/0")]
    [InlineData("::/0")]
    [InlineData("10.0.0.0/7")]
    [InlineData("proxy.example.com")]
    [InlineData("")]
    public void Everybody_is_no_proxy(string proxy) =>
        Assert.Contains("http.proxies", Assert.Single(TestHost.Production(s => s.Proxies = [proxy]).Problems()), StringComparison.Ordinal);

    [Theory]
    [InlineData("http://0.0.0.0:8080")]
    [InlineData("http://*:8080")]
    [InlineData("http://+:8080")]
    [InlineData("http://[::]:8080")]
    [InlineData("http://192.0.2.1:8080")]
    public void Development_refuses_to_start_anywhere_but_on_loopback(string url)
    {
        var services = new Microsoft.Extensions.DependencyInjection.ServiceCollection();
        var error = Assert.Throws<SettingsException>(() => services.AddSecurity(TestHost.Development(s => s.Urls = [url])));
        Assert.Contains("in development every listener stays on loopback", error.Message, StringComparison.Ordinal);
        Assert.Empty(TestHost.Production(s => s.Urls = [url]).Problems());
    }

    [Theory]
    [InlineData("http://localhost:8080")]
    [InlineData("http://127.0.0.1:0")]
    [InlineData("http://127.8.8.8:80")]
    [InlineData("http://[::1]:8080")]
    [InlineData("http://localhost")]
    public void Development_starts_on_loopback(string url) => Assert.Empty(TestHost.Development(s => s.Urls = [url]).Problems());

    [Theory]
    [InlineData("http://evil.example:8080")]
    [InlineData("http://localhost.evil.example")]
    [InlineData("http://127.1:80")]
    [InlineData("http://2130706433:80")]
    [InlineData("http://localhost:99999")]
    [InlineData("http://localhost:-1")]
    [InlineData("http://localhost:80/path")]
    [InlineData("ftp://localhost")]
    [InlineData("localhost:80")]
    [InlineData("")]
    public void An_address_that_would_bind_elsewhere_than_it_says_is_refused(string url)
    {
        foreach (var settings in new[] { TestHost.Development(s => s.Urls = [url]), TestHost.Production(s => s.Urls = [url]) })
            Assert.Contains("Allowed: http://ADDRESS:PORT", Assert.Single(settings.Problems()), StringComparison.Ordinal);
    }

    [Fact]
    public void Production_is_what_holds_when_nothing_is_said()
    {
        Assert.Equal(DeploymentEnvironment.Production, new HttpSettings().Environment);
        Assert.Empty(new HttpSettings().Problems());
        Assert.Null(DeploymentEnvironments.Parse("Development"));
        Assert.Null(DeploymentEnvironments.Parse("dev"));
        Assert.Equal(DeploymentEnvironment.Development, DeploymentEnvironments.Parse("development"));
    }
}
