using System.Diagnostics;
using Microsoft.Extensions.Logging;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Telemetry;

namespace ReplyMint.Jobs;

/// <summary>Runs a job to an ending that the store knows: done, put off, or buried.</summary>
internal sealed partial class JobRunner(JobQueue queue, IEnumerable<JobHandler> handlers, ILogger<JobRunner> log, BuriedTeller? teller = null)
{
    private const int MaxFailures = 8;
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(30);

    private readonly Dictionary<string, JobHandler> _handlers = handlers.ToDictionary(handler => handler.Kind, StringComparer.Ordinal);

    /// <returns>False when its ending could not be stored: it is still due.</returns>
    public async Task<bool> RunAsync(Job job, CancellationToken ct)
    {
        // A hint may be of a job that was done meanwhile: it fails at its commit's condition on the item.
        using var span = Spans.Root("job", ActivityKind.Consumer);
        span.Tag("replymint.job", job.Record.Kind);
        span.Tag("replymint.tenant.id", job.Tenant);
        span.Tag("replymint.target.id", job.Target);
        var began = Stopwatch.GetTimestamp();
        try
        {
            if (_handlers.TryGetValue(job.Record.Kind, out var handler))
                await FinishAsync(job, await handler.RunAsync(job, ct), ct);
            else
                await BuryAsync(job, "no handler for this kind", ct);
            return true;
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception failure)
        {
            LogJobFailed(log, job.Record.Kind, job.Target, job.Attempts, Failure.Of(failure));
            Measures.JobsFailed.Add(job.Record.Kind);
            span.Fail();
            return await AfterFailureAsync(job, failure, ct);
        }
        finally
        {
            Measures.JobTime.Record(Stopwatch.GetElapsedTime(began), job.Record.Kind);
        }
    }

    private Task FinishAsync(Job job, JobOutcome outcome, CancellationToken ct) => outcome switch
    {
        JobOutcome.Again again => queue.RescheduleAsync(job, again.After, failed: true, ct),
        JobOutcome.Wait wait => queue.RescheduleAsync(job, wait.After, failed: false, ct),
        JobOutcome.Dead dead => BuryAsync(job, dead.Reason, ct),
        _ => Task.CompletedTask,
    };

    private async Task<bool> AfterFailureAsync(Job job, Exception failure, CancellationToken ct)
    {
        try
        {
            if (job.Attempts >= MaxFailures)
                await BuryAsync(job, $"failed {job.Attempts + 1} times, last with {failure.GetType().Name}", ct);
            else
                await queue.RescheduleAsync(job, AfterFailure * (1 << Math.Min(job.Attempts, 6)), failed: true, ct);
            return true;
        }
        catch (StoreUnavailableException unavailable)
        {
            // The item stays due, so the next sweep tries again.
            LogJobFailed(log, job.Record.Kind, job.Target, job.Attempts, Failure.Of(unavailable));
            return false;
        }
    }

    private async Task BuryAsync(Job job, string reason, CancellationToken ct)
    {
        // First, so that no end of the process lies between: told of twice is better than never.
        if (teller is not null)
            await teller(job, reason, ct);
        await queue.BuryAsync(job, reason, ct);
        Measures.JobsBuried.Add(job.Record.Kind);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Job {Kind} {Target} failed (attempt {Attempt}): {Failure}")]
    private static partial void LogJobFailed(ILogger log, string kind, string target, int attempt, string failure);
}
