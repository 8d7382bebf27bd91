using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ReplyMint.Tests.Aws;

namespace ReplyMint.BinaryTests;

/// <summary>The published binary as functions of Lambda, against a Runtime API on this machine.</summary>
public sealed class LambdaTests : IAsyncLifetime
{
    private readonly Binary _binary = new();
    private readonly RuntimeApi _api = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        _binary.Dispose();
        await _api.DisposeAsync();
    }

    private async Task SetUpAsync() => Assert.Equal(0, (await _binary.RunAsync("tenant", "add", "Acme", "--data", "d", "--config", "c")).Code);

    private Process Start(string function)
    {
        var environment = new Dictionary<string, string>
        {
            ["AWS_LAMBDA_RUNTIME_API"] = _api.Address, ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] = "256", ["AWS_REGION"] = "eu-central-1",
            ["REPLYMINT_LAMBDA__FUNCTION"] = function, ["REPLYMINT_ENVIRONMENT"] = "development", ["REPLYMINT_DATA"] = "d", ["REPLYMINT_CONFIG"] = "c", ["REPLYMINT_HTTP__PUBLIC_URL"] = "https://api.shop.example",
        };
        var process = _binary.Start(environment, "lambda");
        process.BeginErrorReadLine();
        return process;
    }

    private Task<RuntimeAnswer> SendAsync(string @event, double seconds = 30) => _api.SendAsync(@event, DateTimeOffset.UtcNow.AddSeconds(seconds));

    private async Task<RestAnswer> AskAsync(RestEvent asked, double seconds = 30)
    {
        var answer = await SendAsync(asked.Json(), seconds);
        Assert.True(answer.ErrorType is null, answer.Body);
        return new(JsonNode.Parse(answer.Body)!);
    }

    [Fact]
    public async Task Http_events_are_answered_and_other_ones_refused()
    {
        await SetUpAsync();
        // Keys of development are none elsewhere, and the other way round.
        var made = await _binary.RunAsync("key", "create", "test", "--scopes", "messages:read", "--data", "d", "--config", "c", "--set", "environment=development");
        Assert.True(made.Code == 0, made.Error);
        var key = made.Out.Trim();
        var process = Start("api");

        Assert.Equal(200, (await AskAsync(new("GET", "/health"))).Status);
        var me = await AskAsync(new("GET", "/api/v1/me") { Headers = [("X-API-Key", key)] });
        Assert.True(me.Status == 200, me.Text);
        Assert.Equal("max-age=31536000; includeSubDomains", me.Header("Strict-Transport-Security"));
        Assert.Equal(401, (await AskAsync(new("GET", "/api/v1/me"))).Status);
        Assert.Equal(400, (await AskAsync(new("GET", "/health") { Host = "evil.example" })).Status);
        // A body in Base64, read by rules that a native binary could have lost.
        var wrong = await AskAsync(new("POST", "/api/v1/session/refresh") { Headers = [("Content-Type", "application/json")], Body = "{\"refreshToken\":\"\"}"u8.ToArray() });
        Assert.Equal((400, "is empty"), (wrong.Status, (string?)JsonNode.Parse(wrong.Text)!["errors"]!["refreshToken"]![0]));
        Assert.Equal(200, (await AskAsync(new("GET", "/openapi/v1.json"))).Status);

        foreach (var bad in (string[])["{}", "no JSON", """{"Records":[{"eventSource":"aws:sqs","messageId":"m","body":"{}"}]}"""])
            Assert.Equal("ReplyMint.Refused", (await SendAsync(bad)).ErrorType);
        // No time is left for it: that is told, and the next one is answered.
        Assert.Equal(504, (await AskAsync(new("GET", "/ready"), seconds: 0)).Status);
        Assert.Equal(200, (await AskAsync(new("GET", "/health"))).Status);

        using var terminate = Process.Start("kill", ["-TERM", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        await process.WaitForExitAsync(Ct);
        Assert.Equal(0, process.ExitCode);
        Assert.Empty(_api.Strange);
    }

    [Fact]
    public async Task Queues_and_schedules_are_served()
    {
        await SetUpAsync();
        var worker = Start("worker");
        Assert.Equal("""{"batchItemFailures":[{"itemIdentifier":"poisoned"}]}""", (await SendAsync(
            """{"Records":[{"eventSource":"aws:sqs","messageId":"poisoned","body":"x"},{"eventSource":"aws:sqs","messageId":"gone","body":"{\"v\":1,\"tenant\":\"t1\",\"kind\":\"mail\",\"target\":\"x1\",\"key\":\"01795521600000/t1/mail/x1\",\"shard\":1}"}]}""")).Body);
        // One process owns the embedded store.
        worker.Kill();
        await worker.WaitForExitAsync(Ct);
        Start("sweep");
        Assert.Equal(new("null", null), await SendAsync("""{"version":"0","detail-type":"Scheduled Event","source":"aws.events","detail":{}}"""));
        Assert.Equal("ReplyMint.Refused", (await SendAsync("{}")).ErrorType);
    }

    [Theory]
    [InlineData("api", "production", "lambda.function needs store: aws outside of development")]
    [InlineData("worker", "nowhere", "environment must be one of")]
    [InlineData("alarm", "development", "lambda.alarmWebhook must say where the chat's address lies")]
    [InlineData(null, "development", "lambda.function does not say which function this is")]
    public async Task A_start_that_fails_is_told_to_Lambda_and_in_the_log(string? function, string environment, string message)
    {
        var variables = new Dictionary<string, string> { ["AWS_LAMBDA_RUNTIME_API"] = _api.Address, ["REPLYMINT_ENVIRONMENT"] = environment, ["REPLYMINT_DATA"] = "d", ["REPLYMINT_CONFIG"] = "c" };
        if (function is not null)
            variables["REPLYMINT_LAMBDA__FUNCTION"] = function;
        var ran = await _binary.RunAsync(variables, ["lambda"]);
        Assert.Equal(1, ran.Code);
        Assert.Contains(message, ran.Error, StringComparison.Ordinal);
        Assert.Equal("ReplyMint.InitError", (await _api.InitError).ErrorType);
        Assert.False(_api.Asked.IsCompleted);
    }

    /// <summary>Lambda ends a process that takes more than its function has, and .NET does not see how much that is.</summary>
    [Theory]
    [InlineData(256)]
    [InlineData(512)]
    public async Task The_heap_ends_at_three_quarters_of_the_functions_memory(int megabytes)
    {
        await SetUpAsync();
        var heap = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        var process = _binary.Start(new Dictionary<string, string>
        {
            ["AWS_LAMBDA_RUNTIME_API"] = _api.Address, ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] = megabytes.ToString(CultureInfo.InvariantCulture), ["REPLYMINT_LAMBDA__FUNCTION"] = "sweep",
            ["REPLYMINT_ENVIRONMENT"] = "development", ["REPLYMINT_DATA"] = "d", ["REPLYMINT_CONFIG"] = "c",
        }, "lambda");
        process.ErrorDataReceived += (_, line) =>
        {
            if (Regex.Match(line.Data ?? "", "its heap has at most ([0-9]+) MB", RegexOptions.None, TimeSpan.FromSeconds(1)) is { Success: true } said)
                heap.TrySetResult(int.Parse(said.Groups[1].Value, CultureInfo.InvariantCulture));
        };
        process.BeginErrorReadLine();
        Assert.InRange(await heap.Task.WaitAsync(TimeSpan.FromSeconds(30), Ct), megabytes * 70 / 100, megabytes * 76 / 100);
    }

    [Fact]
    public async Task It_runs_nowhere_else()
    {
        var ran = await _binary.RunAsync("lambda", "--set", "lambda.function=api");
        Assert.Equal(1, ran.Code);
        Assert.Contains("this runs on AWS Lambda only", ran.Error, StringComparison.Ordinal);
    }
}
