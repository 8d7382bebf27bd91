using System.Buffers;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using ReplyMint.Jobs;
using ReplyMint.Security;

namespace ReplyMint.Aws;

/// <returns>Whether the message is done; null when it never will be.</returns>
internal delegate Task<bool?> OtherMessages(string body, CancellationToken ct);

/// <summary>
/// Runs the jobs that a batch of SQS names, as a worker of a server does, and answers which messages are to come again. A job that fails
/// puts itself off in the store, so its message is done; one that is gone was done by somebody else. A message comes again when the job's
/// ending could not be stored or the time was over, and when it can't be read: SQS then moves it to the dead letters.
/// </summary>
/// <param name="erases">Takes erasures, and nothing else; else everything but these.</param>
/// <param name="others">Takes messages that are no wake-ups, such as those of SES; null where there are none.</param>
internal sealed partial class LambdaQueueSink(JobQueue queue, JobRunner runner, IEnumerable<ErasingKind> erasing, bool erases, OtherMessages? others, ILogger<LambdaQueueSink> log)
{
    private readonly HashSet<string> _erasing = erasing.Select(kind => kind.Kind).ToHashSet(StringComparer.Ordinal);

    public async Task<LambdaOutcome> TakeAsync(JsonElement root, CancellationToken deadline)
    {
        if (!LambdaEvents.AreRecordsOf(root, "eventSource", "aws:sqs"))
            return new LambdaOutcome.Refused("It is no event of SQS.");
        // The same job may be there twice: it runs once, and both messages share its end.
        var jobs = root.GetProperty("Records").EnumerateArray().Select(record => (Id: LambdaEvents.Text(record, "messageId"), Body: LambdaEvents.Text(record, "body")))
            .GroupBy(message => message.Body, message => message.Id, StringComparer.Ordinal).ToList();
        var taken = await Task.WhenAll(jobs.Select(async messages => (Messages: messages, Done: await RunAsync(messages.First(), messages.Key, deadline))));
        return Answer(taken.Where(one => !one.Done).SelectMany(one => one.Messages));
    }

    private async Task<bool> RunAsync(string message, string body, CancellationToken deadline)
    {
        var hint = WakeUp.Read(body);
        if (hint is null ? others is null : _erasing.Contains(hint.Kind) != erases)
        {
            LogPoisoned(log, message);
            return false;
        }
        try
        {
            return hint is null ? await OtherAsync(message, body, deadline) : await queue.FindAsync(hint, deadline) is not { } job || await runner.RunAsync(job, deadline);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            LogLate(log, message);
        }
        catch (Exception failure)
        {
            LogFailed(log, message, Failure.Of(failure));
        }
        return false;
    }

    private async Task<bool> OtherAsync(string message, string body, CancellationToken deadline)
    {
        var taken = await others!(body, deadline);
        if (taken is null)
            LogPoisoned(log, message);
        return taken == true;
    }

    private static LambdaOutcome.Answer Answer(IEnumerable<string> failed)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteStartArray("batchItemFailures");
        foreach (var id in failed)
        {
            json.WriteStartObject();
            json.WriteString("itemIdentifier", id);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        return new(buffer.WrittenMemory);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Message {Message} is none for this function; SQS moves it to the dead letters")]
    private static partial void LogPoisoned(ILogger log, string message);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The job of message {Message} was not over in time; it comes again")]
    private static partial void LogLate(ILogger log, string message);

    [LoggerMessage(Level = LogLevel.Error, Message = "The job of message {Message} could not be run; it comes again: {Failure}")]
    private static partial void LogFailed(ILogger log, string message, string failure);
}
