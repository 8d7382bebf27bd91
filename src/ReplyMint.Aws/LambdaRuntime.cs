using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using ReplyMint.Security;

namespace ReplyMint.Aws;

/// <summary>What became of an event.</summary>
internal abstract record LambdaOutcome
{
    /// <param name="Body">JSON, as the source of the event expects it.</param>
    public sealed record Answer(ReadOnlyMemory<byte> Body) : LambdaOutcome;
    /// <summary>It is none that this function takes. The reason goes to whoever sent it, and into the log: nothing of the event.</summary>
    public sealed record Refused(string Reason) : LambdaOutcome;

    /// <summary>For sources that expect nothing.</summary>
    public static LambdaOutcome Taken { get; } = new Answer("null"u8.ToArray());
}

/// <summary>Takes the events of one kind. The token ends a little before Lambda ends us.</summary>
internal delegate Task<LambdaOutcome> LambdaSink(JsonElement root, CancellationToken deadline);

/// <summary>
/// The loop of a function on Lambda: asks for an event, gives it to the sink, tells what became of it. One event at a time, as Lambda
/// sends them. What it can't tell ends the process, and Lambda starts another.
/// </summary>
/// <param name="http">Without a limit of its own: an event may be waited for as long as Lambda likes.</param>
/// <param name="api">Host and port (AWS_LAMBDA_RUNTIME_API).</param>
internal sealed partial class LambdaRuntime(HttpClient http, string api, TimeProvider time, ILogger log)
{
    public const string Variable = "AWS_LAMBDA_RUNTIME_API";

    /// <summary>For the answer, and for what is still to be stored.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan RestPatience = TimeSpan.FromSeconds(10);

    private readonly Uri _base = new($"http://{api}/2018-06-01/runtime/");

    /// <param name="rest">What is done behind each event, when its answer is already on its way.</param>
    public async Task RunAsync(LambdaSink sink, Func<CancellationToken, Task> rest, CancellationToken ct)
    {
        try
        {
            while (true)
                await OneAsync(sink, rest, ct);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The environment ends. No event is under way: it would have been waited for.
        }
    }

    /// <summary>The start failed. Lambda shows the reason, and starts us again.</summary>
    public Task TellInitErrorAsync(string reason, CancellationToken ct) => PostAsync("init/error", Error("InitError", reason), "ReplyMint.InitError", ct);

    private async Task OneAsync(LambdaSink sink, Func<CancellationToken, Task> rest, CancellationToken ct)
    {
        using var next = await http.GetAsync(new Uri(_base, "invocation/next"), ct);
        next.EnsureSuccessStatusCode();
        var id = Header(next, "Lambda-Runtime-Aws-Request-Id");
        using var limit = Limit(Header(next, "Lambda-Runtime-Deadline-Ms"));
        var outcome = await TakeAsync(id, sink, await next.Content.ReadAsByteArrayAsync(CancellationToken.None), limit.Token);
        var invocation = $"invocation/{Uri.EscapeDataString(id)}/";
        if (outcome is LambdaOutcome.Answer answer)
            await PostAsync(invocation + "response", answer.Body, null, CancellationToken.None);
        else
            await PostAsync(invocation + "error", Error("Refused", ((LambdaOutcome.Refused)outcome).Reason), "ReplyMint.Refused", CancellationToken.None);
        await RestAsync(rest);
    }

    private async Task<LambdaOutcome> TakeAsync(string id, LambdaSink sink, byte[] body, CancellationToken limit)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            var outcome = await sink(document.RootElement, limit);
            if (outcome is LambdaOutcome.Refused refused)
                LogRefused(log, id, refused.Reason);
            return outcome;
        }
        catch (JsonException)
        {
            const string Reason = "The event is no JSON.";
            LogRefused(log, id, Reason);
            return new LambdaOutcome.Refused(Reason);
        }
        catch (Exception failure)
        {
            LogFailed(log, id, Failure.Of(failure));
            return new LambdaOutcome.Refused($"The event failed with {Failure.Types(failure)}.");
        }
    }

    private async Task RestAsync(Func<CancellationToken, Task> rest)
    {
        using var patience = new CancellationTokenSource(RestPatience, time);
        try
        {
            await rest(patience.Token);
        }
        catch (Exception failure)
        {
            LogRestFailed(log, Failure.Of(failure));
        }
    }

    /// <summary>An event without a deadline has none to spare.</summary>
    private CancellationTokenSource Limit(string deadline)
    {
        var left = long.TryParse(deadline, NumberStyles.None, CultureInfo.InvariantCulture, out var instant) && instant <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
            ? TimeSpan.FromMilliseconds(instant - time.GetUtcNow().ToUnixTimeMilliseconds()) - Margin : TimeSpan.Zero;
        return new(left > TimeSpan.Zero ? left : TimeSpan.Zero, time);
    }

    private async Task PostAsync(string path, ReadOnlyMemory<byte> body, string? error, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_base, path)) { Content = new ReadOnlyMemoryContent(body) };
        request.Content.Headers.ContentType = new("application/json");
        if (error is not null)
            request.Headers.Add("Lambda-Runtime-Function-Error-Type", error);
        using var answer = await http.SendAsync(request, ct);
        if (!answer.IsSuccessStatusCode)
            // The event was given up meanwhile, or is answered; the next one is no worse for it.
            LogNotTaken(log, path, (int)answer.StatusCode);
    }

    private static string Header(HttpResponseMessage next, string name) => next.Headers.TryGetValues(name, out var values) ? string.Concat(values) : "";

    private static ReadOnlyMemory<byte> Error(string type, string message)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteString("errorType", type);
        json.WriteString("errorMessage", message);
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Event {Id} was refused: {Reason}")]
    private static partial void LogRefused(ILogger log, string id, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Event {Id} failed: {Failure}")]
    private static partial void LogFailed(ILogger log, string id, string failure);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Lambda did not take {Path}: {Status}")]
    private static partial void LogNotTaken(ILogger log, string path, int status);

    [LoggerMessage(Level = LogLevel.Error, Message = "What was to be done behind an event failed: {Failure}")]
    private static partial void LogRestFailed(ILogger log, string failure);
}
