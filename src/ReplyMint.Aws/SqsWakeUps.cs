using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using ReplyMint.Jobs;
using ReplyMint.Storage;

namespace ReplyMint.Aws;

/// <param name="Wake">The address of the queue of wake-ups.</param>
/// <param name="Erase">Of that of erasures, which only who may destroy keys reads.</param>
internal sealed record SqsQueues(string Wake, string Erase);

/// <summary>
/// Hints of due jobs by SQS. They are gathered, since nobody who offers one may wait, and sent ten at once by <see cref="FlushAsync"/>;
/// what a batch took only in part is sent again. A message belongs to its tenant's group, by which SQS gives all tenants their turn.
/// </summary>
internal sealed partial class SqsWakeUps(AwsClient client, SqsQueues queues, IEnumerable<ErasingKind> erasing, AwsPatience patience, TimeProvider time, ILogger<SqsWakeUps> log) : IWorkQueue
{
    /// <summary>Hints that wait to be sent; those that find no room are lost.</summary>
    public const int MaxWaiting = 20_000;

    private const int BatchSize = 10;
    private const int AtOnce = 8;

    // So long the sweep offers no job a second time: its first hint is on its way, and workers may be busy.
    private static readonly TimeSpan Known = TimeSpan.FromMinutes(5);

    private readonly HashSet<string> _erasing = erasing.Select(kind => kind.Kind).ToHashSet(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private List<Job> _waiting = [];
    private HashSet<ItemKey> _known = [];
    private HashSet<ItemKey> _knownBefore = [];
    private DateTimeOffset _since = time.GetUtcNow();

    public bool Wants(ItemKey key, string tenant, string kind)
    {
        lock (_lock)
        {
            if (time.GetUtcNow() - _since is var span && span >= Known)
            {
                _knownBefore = span < 2 * Known ? _known : [];
                _known = [];
                _since = time.GetUtcNow();
            }
            return _waiting.Count < MaxWaiting && _known.Count < MaxWaiting && !_known.Contains(key) && !_knownBefore.Contains(key);
        }
    }

    public void Offer(Job job)
    {
        lock (_lock)
        {
            if (_waiting.Count >= MaxWaiting)
                return;
            _waiting.Add(job);
            if (_known.Count < MaxWaiting)
                _known.Add(job.Key);
        }
    }

    public async Task FlushAsync(CancellationToken ct)
    {
        List<Job> waiting;
        lock (_lock)
        {
            if (_waiting.Count == 0)
                return;
            (waiting, _waiting) = (_waiting, []);
        }
        var batches = waiting.GroupBy(job => _erasing.Contains(job.Record.Kind) ? queues.Erase : queues.Wake)
            .SelectMany(queue => queue.Chunk(BatchSize), (queue, jobs) => (Queue: queue.Key, Jobs: jobs));
        await Parallel.ForEachAsync(batches, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (batch, _) => await SendAsync(batch.Queue, batch.Jobs, ct));
    }

    private async Task SendAsync(string queue, IReadOnlyList<Job> jobs, CancellationToken ct)
    {
        var (left, error) = (jobs, "");
        var tries = new AwsTries(patience, time);
        try
        {
            do
                (left, error) = await TryAsync(queue, left, ct);
            while (left.Count > 0 && error.Length == 0 && await tries.AgainAsync(ct));
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // There is no time left; the sweep has some.
        }
        if (left.Count == 0)
            return;
        LogLost(log, left.Count, error);
        lock (_lock)
            foreach (var job in left)
            {
                _known.Remove(job.Key);
                _knownBefore.Remove(job.Key);
            }
    }

    /// <returns>Which of them were not taken, and why there is no use in another try.</returns>
    private async Task<(IReadOnlyList<Job> Left, string Error)> TryAsync(string queue, IReadOnlyList<Job> jobs, CancellationToken ct)
    {
        var answer = await client.PostAsync("1.0", "AmazonSQS.SendMessageBatch", Body(queue, jobs), patience.Attempt, ct);
        if (answer.Error is { } error)
            return (jobs, answer.IsPassing || error is "OverLimit" or "KmsThrottled" ? "" : error);
        using var document = JsonDocument.Parse(answer.Body);
        var left = new List<Job>();
        if (document.RootElement.TryGetProperty("Failed", out var failed) && failed.ValueKind == JsonValueKind.Array)
            foreach (var entry in failed.EnumerateArray())
                if (int.TryParse(entry.GetProperty("Id").GetString(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < jobs.Count)
                {
                    if (entry.TryGetProperty("SenderFault", out var fault) && fault.ValueKind == JsonValueKind.True)
                        LogLost(log, 1, entry.TryGetProperty("Code", out var code) ? code.GetString() ?? "" : "");
                    else
                        left.Add(jobs[number]);
                }
        return (left, "");
    }

    private static ReadOnlyMemory<byte> Body(string queue, IReadOnlyList<Job> jobs)
    {
        var buffer = new ArrayBufferWriter<byte>(2048);
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteString("QueueUrl", queue);
        json.WriteStartArray("Entries");
        for (var i = 0; i < jobs.Count; i++)
        {
            json.WriteStartObject();
            json.WriteString("Id", i.ToString(CultureInfo.InvariantCulture));
            json.WriteString("MessageBody", WakeUp.Of(jobs[i]).Write());
            json.WriteString("MessageGroupId", jobs[i].Tenant);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} hints of due jobs were not taken by SQS ({Error}); the sweep finds the jobs")]
    private static partial void LogLost(ILogger log, int count, string error);
}
