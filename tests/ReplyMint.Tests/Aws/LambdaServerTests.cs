using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Aws;
using ReplyMint.Security;
using ReplyMint.Tests.Product;

namespace ReplyMint.Tests.Aws;

/// <summary>What stands where Kestrel does: large answers, answers that break off, and those that take too long.</summary>
public sealed class LambdaServerTests : IAsyncLifetime
{
    private const int Large = 7 * 1024 * 1024;
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private WebApplication _app = null!;

    public async ValueTask InitializeAsync()
    {
        var builder = ReplyMintApp.NewBuilder();
        builder.Services.AddSecurity(new HttpSettings { Environment = DeploymentEnvironment.Development });
        builder.Services.AddSingleton<LambdaServer>().AddSingleton<IServer>(provider => provider.GetRequiredService<LambdaServer>());
        _app = builder.Build();
        _app.UseEveryAnswer();
        _app.UseProblemAnswers();
        _app.Run(AnswerAsync);
        await _app.StartAsync(TestContext.Current.CancellationToken);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        var answer = context.Response;
        switch (context.Request.Path.Value)
        {
            case "/bytes":
                answer.ContentType = "application/zip";
                await answer.Body.WriteAsync(new byte[Large], context.RequestAborted);
                break;
            case "/stream":
                answer.ContentType = "application/zip";
                // Far beyond what fits, and an end all the same: a server that takes it all is told of, and doesn't hang.
                try
                {
                    for (var i = 0; i < 4096; i++)
                        await answer.Body.WriteAsync(new byte[64 * 1024], context.RequestAborted);
                }
                catch
                {
                    _stopped.TrySetResult();
                    throw;
                }
                break;
            case "/escapes":
                // 3 MB that JSON writes as six each.
                answer.ContentType = "application/json";
                await answer.BodyWriter.WriteAsync(Encoding.ASCII.GetBytes(new string('\u0001', 3 * 1024 * 1024)), context.RequestAborted);
                break;
            case "/base64":
                // 5 MB, a third more in Base64.
                answer.ContentType = "application/zip";
                await answer.Body.WriteAsync(new byte[5 * 1024 * 1024], context.RequestAborted);
                break;
            case "/fits":
                answer.ContentType = "application/zip";
                await answer.Body.WriteAsync(new byte[4 * 1024 * 1024], context.RequestAborted);
                break;
            case "/slow":
                await Task.Delay(Timeout.Infinite, context.RequestAborted);
                break;
            case "/half":
                await answer.WriteAsync("half");
                context.Abort();
                break;
            case "/two":
                answer.Headers.Append("X-Many", "a");
                answer.Headers.Append("X-Many", "b, c");
                answer.Headers.Location = "/elsewhere";
                answer.StatusCode = 303;
                break;
            case "/broken":
                throw new InvalidOperationException("inside");
            case "/latin":
                answer.ContentType = "text/plain; charset=iso-8859-1";
                await answer.Body.WriteAsync(new byte[] { 0xe4 });
                break;
            default:
                answer.ContentType = "text/plain; charset=utf-8";
                await answer.WriteAsync($"{context.Request.Path.Value} {context.Request.QueryString} {context.Request.Scheme} ä \"quoted\"");
                break;
        }
    }

    private async Task<RestAnswer> AskAsync(RestEvent asked, CancellationToken deadline = default)
    {
        using var document = JsonDocument.Parse(asked.Json());
        var answer = Assert.IsType<LambdaOutcome.Answer>(await _app.Services.GetRequiredService<LambdaServer>().TakeAsync(document.RootElement, deadline));
        Assert.InRange(answer.Body.Length, 1, LambdaResponse.MaxBytes);
        return new(JsonNode.Parse(answer.Body.Span)!);
    }

    [Theory]
    [InlineData("/bytes")]
    [InlineData("/stream")]
    [InlineData("/escapes")]
    [InlineData("/base64")]
    public async Task An_answer_that_is_too_large_is_refused_whole_and_with_its_headers(string path)
    {
        var answer = await AskAsync(new("GET", path));
        Assert.Equal((413, "application/problem+json", "nosniff"), (answer.Status, answer.Header("Content-Type"), answer.Header("X-Content-Type-Options")));
        Assert.Equal(answer.Header("X-Trace-Id"), (string?)JsonNode.Parse(answer.Text)!["traceId"]);
        if (path == "/stream")
            await _stopped.Task.WaitAsync(ProductHost.Patience, TestContext.Current.CancellationToken);
        Assert.Equal(4 * 1024 * 1024, (await AskAsync(new("GET", "/fits"))).Body.Length);
        Assert.Equal((200, 0), ((await AskAsync(new("HEAD", "/bytes"))).Status, (await AskAsync(new("HEAD", "/bytes"))).Body.Length));
    }

    [Fact]
    public async Task What_is_not_over_in_time_is_told_so()
    {
        using var late = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));
        var answer = await AskAsync(new("GET", "/slow"), late.Token);
        Assert.Equal((504, "application/problem+json", "nosniff"), (answer.Status, answer.Header("Content-Type"), answer.Header("X-Content-Type-Options")));
    }

    [Fact]
    public async Task Half_of_an_answer_is_none()
    {
        Assert.Equal((500, "application/problem+json"), await AskAsync(new("GET", "/half")) is var half ? (half.Status, half.Header("Content-Type")) : default);
        var broken = await AskAsync(new("GET", "/broken"));
        Assert.Equal(500, broken.Status);
        Assert.DoesNotContain("inside", broken.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Text_goes_as_text_and_bytes_as_bytes()
    {
        var text = await AskAsync(new("GET", "/a%20b/%C3%A4/c%2Fd+e") { Query = [("q", "x y&z=ä"), ("q", "2"), ("empty", "")] });
        Assert.False(text.IsBase64);
        Assert.Equal("/a b/ä/c%2Fd+e ?q=x%20y%26z%3D%C3%A4&q=2&empty= https ä \"quoted\"", text.Text);
        var bytes = await AskAsync(new("GET", "/latin"));
        Assert.Equal((true, 0xe4), (bytes.IsBase64, Assert.Single(bytes.Body)));
        var two = await AskAsync(new("POST", "/two"));
        Assert.Equal(["a", "b, c"], two.All("X-Many"));
        Assert.Equal((303, "/elsewhere", ""), (two.Status, two.Header("Location"), two.Text));
    }
}
