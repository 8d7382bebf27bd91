using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using ReplyMint.Aws;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Security;

namespace ReplyMint.Tests.Aws;

/// <summary>The loop of a function against a Runtime API on a real socket.</summary>
public sealed class LambdaRuntimeTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
    private readonly RuntimeApi _api = new();
    private readonly LogLines _log = new();
    private readonly HttpClient _http = new() { Timeout = Timeout.InfiniteTimeSpan };
    private readonly CancellationTokenSource _stop = new();
    private readonly List<string> _behind = [];
    private Func<JsonElement, CancellationToken, Task<LambdaOutcome>> _sink = (_, _) => Task.FromResult(LambdaOutcome.Taken);
    private Func<Task> _rest = () => Task.CompletedTask;
    private Task _loop = Task.CompletedTask;

    public ValueTask InitializeAsync()
    {
        _loop = Runtime().RunAsync((root, ct) => _sink(root, ct), async ct => { _behind.Add(ct.IsCancellationRequested ? "late" : "in time"); await _rest(); }, _stop.Token);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop.WaitAsync(ProductHost.Patience);
        await _api.DisposeAsync();
        _http.Dispose();
        _stop.Dispose();
        _log.Dispose();
    }

    private LambdaRuntime Runtime() => new(_http, _api.Address, _time, _log);

    private Task<RuntimeAnswer> SendAsync(string body, double seconds = 30) => _api.SendAsync(body, _time.GetUtcNow().AddSeconds(seconds));

    [Fact]
    public async Task Each_event_gets_its_own_answer()
    {
        _sink = (root, _) => Task.FromResult<LambdaOutcome>(new LambdaOutcome.Answer(System.Text.Encoding.UTF8.GetBytes($"{root.GetProperty("n").GetInt32() * 2}")));
        for (var i = 0; i < 3; i++)
            Assert.Equal(new($"{i * 2}", null), await SendAsync($$"""{"n":{{i}}}"""));
        var large = new string('x', 5 * 1024 * 1024);
        _sink = (root, _) => Task.FromResult<LambdaOutcome>(new LambdaOutcome.Answer(JsonSerializer.SerializeToUtf8Bytes(root.GetProperty("x").GetString()!)));
        Assert.Equal($"\"{large}\"", (await SendAsync($$"""{"x":"{{large}}"}""")).Body);
        Assert.Empty(_api.Strange);
    }

    [Fact]
    public async Task A_failure_is_told_by_its_kind_only_and_the_next_event_comes()
    {
        _sink = (_, _) => throw new InvalidOperationException("anna@customer.example");
        var answer = await SendAsync("""{"secret":"mail text"}""");
        Assert.Equal(("ReplyMint.Refused", "The event failed with System.InvalidOperationException."), (answer.ErrorType, (string?)JsonNode.Parse(answer.Body)!["errorMessage"]));
        Assert.Equal("ReplyMint.Refused", (await SendAsync("no JSON")).ErrorType);
        _sink = (_, _) => Task.FromResult(LambdaOutcome.Taken);
        Assert.Equal(new("null", null), await SendAsync("{}"));
        Assert.Contains(_log.All, line => line.Contains("8476a536-e9f4-11e8-9739-000000000001 failed: System.InvalidOperationException", StringComparison.Ordinal));
        Assert.DoesNotContain(_log.All, line => line.Contains("customer.example", StringComparison.Ordinal) || line.Contains("mail text", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_deadline_ends_a_little_before_Lambda_does()
    {
        var begun = new TaskCompletionSource();
        _sink = async (_, ct) =>
        {
            begun.SetResult();
            await Task.Delay(Timeout.Infinite, ct);
            return LambdaOutcome.Taken;
        };
        var answer = SendAsync("{}", seconds: 10);
        await begun.Task;
        _time.Advance(TimeSpan.FromSeconds(9));
        Assert.False(answer.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(0.5));
        Assert.NotNull((await answer.WaitAsync(ProductHost.Patience)).ErrorType);

        // No time, or none that is told: there is none to spare.
        _sink = (_, ct) => Task.FromResult<LambdaOutcome>(new LambdaOutcome.Answer(ct.IsCancellationRequested ? "true"u8.ToArray() : "false"u8.ToArray()));
        Assert.Equal("true", (await SendAsync("{}", seconds: -1)).Body);
        Assert.Equal("true", (await _api.SendAsync("{}", null)).Body);
        Assert.Equal("false", (await SendAsync("{}")).Body);
    }

    [Fact]
    public async Task What_stands_behind_an_event_is_done_when_its_answer_is_gone_and_before_the_next()
    {
        var answered = new TaskCompletionSource();
        _rest = () => answered.Task;
        Assert.Equal("null", (await SendAsync("{}")).Body);
        var next = SendAsync("{}");
        Assert.False(next.IsCompleted);
        _rest = () => throw new InvalidOperationException();
        answered.SetResult();
        Assert.Equal("null", (await next).Body);
        Assert.Equal("null", (await SendAsync("{}")).Body);
        Assert.Contains(_log.All, line => line.Contains("behind an event failed", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_answer_that_Lambda_does_not_take_ends_nothing()
    {
        _api.Taken = "403 Forbidden";
        await SendAsync("{}");
        _api.Taken = "202 Accepted";
        Assert.Equal("null", (await SendAsync("{}")).Body);
        Assert.Contains(_log.All, line => line.Contains("did not take", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_start_that_failed_is_told()
    {
        await Runtime().TellInitErrorAsync("the key is missing", default);
        var told = await _api.InitError;
        Assert.Equal(("ReplyMint.InitError", "the key is missing"), (told.ErrorType, (string?)JsonNode.Parse(told.Body)!["errorMessage"]));
    }
}
