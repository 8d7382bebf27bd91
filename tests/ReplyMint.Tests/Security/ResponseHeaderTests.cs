using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using ReplyMint.Security;

namespace ReplyMint.Tests.Security;

public sealed class ResponseHeaderTests
{
    private static void Routes(WebApplication app)
    {
        var open = app.MapPublic();
        open.MapGet("/boom", (RequestDelegate)(_ => throw new InvalidOperationException("ada@example.org could not be parsed")));
        open.MapGet("/half", async (HttpContext context) =>
        {
            await context.Response.WriteAsync("half");
            await context.Response.Body.FlushAsync();
            throw new InvalidOperationException("late");
        });
        open.MapGet("/gone", (RequestDelegate)(context =>
        {
            context.Response.StatusCode = 410;
            return Task.CompletedTask;
        }));
        open.MapGet("/page", (RequestDelegate)(context =>
        {
            context.Response.Headers.ContentSecurityPolicy = "default-src 'self'";
            context.Response.Headers.Vary = "Accept-Language";
            context.Response.Headers.XFrameOptions = "SAMEORIGIN";
            return context.Response.WriteAsync("page");
        }));
        open.MapPost("/body", async (HttpContext context) =>
        {
            await context.Request.Body.CopyToAsync(Stream.Null);
            await context.Response.WriteAsync("read");
        });
    }

    private static readonly SharedHost Shared = new(() => TestHost.StartAsync(TestHost.Development(), Routes));

    [Theory]
    [InlineData("GET", "/health", 200)]
    [InlineData("HEAD", "/health", 200)]
    [InlineData("GET", "/ready", 200)]
    [InlineData("GET", "/info", 200)]
    [InlineData("GET", "/openapi/v1.json", 200)]
    public async Task Successes_carry_the_headers(string method, string target, int status)
    {
        var host = await Shared.GetAsync();
        var answer = (await host.AskAsync(method, target)).HasTheHeaders();
        Assert.True(status == answer.Status, string.Join('\n', host.Log.All));
        Assert.Equal(method == "HEAD", answer.Body.Length == 0);
    }

    [Theory]
    [InlineData("GET", "/nowhere", 404)]
    [InlineData("GET", "/openapi/v2.json", 404)]
    [InlineData("GET", "/%2e%2e/%2e%2e/etc/passwd", 404)]
    [InlineData("POST", "/health", 405)]
    [InlineData("OPTIONS", "/health", 405)]
    [InlineData("TRACE", "/health", 405)]
    [InlineData("BREW", "/health", 405)]
    [InlineData("GET", "/gone", 410)]
    [InlineData("GET", "/boom", 500)]
    public async Task Errors_are_problem_details_with_the_headers(string method, string target, int status)
    {
        var host = await Shared.GetAsync();
        var answer = (await host.AskAsync(method, target)).IsProblem(status);
        if (status == 405)
            Assert.Equal("GET, HEAD", answer["Allow"]);
    }

    [Fact]
    public async Task A_refused_HEAD_has_the_headers_and_no_body()
    {
        var host = await Shared.GetAsync();
        var answer = (await host.AskAsync("HEAD", "/nowhere")).HasTheHeaders();
        Assert.Equal(404, answer.Status);
        Assert.Equal("", answer.Body);
    }

    [Fact]
    public async Task A_failure_is_logged_by_its_trace_id_without_what_it_failed_on()
    {
        var host = await Shared.GetAsync();
        var answer = await host.AskAsync("GET", "/boom");
        var line = Assert.Single(host.Log.All, l => l.Contains(answer["X-Trace-Id"]!, StringComparison.Ordinal));
        Assert.Contains("InvalidOperationException", line, StringComparison.Ordinal);
        Assert.DoesNotContain("ada@example.org", string.Join('\n', host.Log.All), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failure_in_the_middle_of_an_answer_breaks_it_off()
    {
        var host = await Shared.GetAsync();
        var error = await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            using var client = new HttpClient();
            await client.GetStringAsync(new Uri($"http://127.0.0.1:{host.Port}/half"));
        });
        Assert.IsType<HttpRequestException>(error);
    }

    [Fact]
    public async Task A_page_may_choose_its_content_policy_and_nothing_else()
    {
        var host = await Shared.GetAsync();
        var answer = await host.AskAsync("GET", "/page");
        Assert.Equal("default-src 'self'", answer["Content-Security-Policy"]);
        Assert.Equal("DENY", answer["X-Frame-Options"]);
        Assert.Equal("Accept-Language, Origin", answer["Vary"]);
    }

    [Fact]
    public async Task Each_request_has_its_own_trace_id_and_never_the_callers()
    {
        var host = await Shared.GetAsync();
        const string wanted = "0af7651916cd43dd8448eb211c80319c";
        var one = await host.AskAsync("GET", "/health", $"traceparent: 00-{wanted}-b7ad6b7169203331-01", $"X-Trace-Id: {wanted}");
        var two = await host.AskAsync("GET", "/health");
        Assert.NotEqual(wanted, one["X-Trace-Id"]);
        Assert.NotEqual(one["X-Trace-Id"], two["X-Trace-Id"]);
    }

    // What Kestrel refuses by itself, before any middleware.
    [Theory]
    [InlineData("GET /health HTTP/1.1\r\n\r\n", 400)]
    [InlineData("GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: 127.0.0.1\r\n\r\n", 400)]
    [InlineData("GET http://evil.example/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 400)]
    [InlineData("GET /health HTTP/1.1\nHost: 127.0.0.1\n\n", 400)]
    [InlineData("GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: b\n\r\n\r\n", 400)]
    [InlineData("GET /health HTTP/1.1\r\nHost : 127.0.0.1\r\n\r\n", 400)]
    [InlineData("GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n folded: x\r\n\r\n", 400)]
    [InlineData("GET /\0 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 400)]
    [InlineData("GET /health HTTP/9.9\r\nHost: 127.0.0.1\r\n\r\n", 505)]
    [InlineData("garbage\r\n\r\n", 400)]
    [InlineData("POST /health HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: nine\r\n\r\n", 400)]
    [InlineData("POST /health HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400)]
    [InlineData("POST /health HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: gzip\r\n\r\n", 400)]
    public async Task Refusals_of_the_server_itself_are_problem_details_with_the_headers(string raw, int status)
    {
        var host = await Shared.GetAsync();
        var answer = (await host.SendAsync(raw)).IsProblem(status);
        Assert.Equal("close", answer["Connection"]);
    }

    [Fact]
    public async Task A_body_that_breaks_off_its_own_framing_is_refused_and_ends_the_connection()
    {
        var host = await Shared.GetAsync();
        (await host.SendAsync("POST /body HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n")).IsProblem(400);
    }

    [Fact]
    public async Task Also_a_refusal_behind_good_requests_on_the_same_connection()
    {
        var host = await Shared.GetAsync();
        var good = $"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
        var answer = await host.SendAsync(good + good + "garbage\r\n\r\n");
        Assert.Equal(200, answer.Status);
        var last = answer.Body[answer.Body.LastIndexOf("HTTP/1.1 ", StringComparison.Ordinal)..];
        Answer.Parse(System.Text.Encoding.UTF8.GetBytes(last)).IsProblem(400);
    }
}
