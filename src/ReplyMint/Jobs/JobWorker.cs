using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Jobs;

/// <summary>How many jobs run at once, and how often forgotten ones are looked for.</summary>
internal sealed record JobsSettings
{
    /// <summary>Jobs at once, 1 to 256. Most of a job's time is waiting for a model or a mail server. One tenant's mails take two thirds of them at most.</summary>
    public int Workers { get; init; } = 48;
    /// <summary>Seconds between looks for due jobs, 1 to 300.</summary>
    public int SweepSeconds { get; init; } = 2;

    public IEnumerable<string> Problems()
    {
        if (Workers is < 1 or > 256)
            yield return $"jobs.workers is {Workers}; allowed are 1 to 256.";
        if (SweepSeconds is < 1 or > 300)
            yield return $"jobs.sweepSeconds is {SweepSeconds}; allowed are 1 to 300.";
    }
}

/// <summary>Runs due jobs: hinted ones at once, all others when the sweeper finds them.</summary>
internal sealed partial class JobWorker(JobQueue queue, JobTurns turns, JobSweep sweep, IEnumerable<JobHandler> handlers, JobsSettings settings, TimeProvider time, ILogger<JobWorker> log, BuriedTeller? teller = null) : BackgroundService
{
    private const int MaxFailures = 8;
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(30);

    private readonly Dictionary<string, JobHandler> _handlers = handlers.ToDictionary(handler => handler.Kind, StringComparer.Ordinal);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var workers = Enumerable.Range(0, settings.Workers).Select(_ => Task.Run(() => WorkAsync(stoppingToken), stoppingToken)).ToList();
        workers.Add(SweepAsync(stoppingToken));
        await Task.WhenAll(workers);
    }

    private async Task WorkAsync(CancellationToken ct)
    {
        try
        {
            while (!ct.IsCancellationRequested)
            {
                var job = await turns.NextAsync(ct);
                try
                {
                    await RunAsync(job, ct);
                }
                finally
                {
                    turns.End(job);
                }
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The host stops; what was not done is still in the store.
        }
    }

    private async Task SweepAsync(CancellationToken ct)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(settings.SweepSeconds), time);
        try
        {
            do
            {
                await sweep.LookAsync(ct);
            }
            while (await timer.WaitForNextTickAsync(ct));
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // As above.
        }
    }

    private async Task RunAsync(Job job, CancellationToken ct)
    {
        // A sweep may hint at a job that was done meanwhile: it fails at its commit's condition on the item.
        try
        {
            if (_handlers.TryGetValue(job.Record.Kind, out var handler))
                await FinishAsync(job, await handler.RunAsync(job, ct), ct);
            else
                await BuryAsync(job, "no handler for this kind", ct);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception failure)
        {
            LogJobFailed(log, job.Record.Kind, job.Target, job.Attempts, Failure.Of(failure));
            await AfterFailureAsync(job, failure, ct);
        }
    }

    private Task FinishAsync(Job job, JobOutcome outcome, CancellationToken ct) => outcome switch
    {
        JobOutcome.Again again => queue.RescheduleAsync(job, again.After, failed: true, ct),
        JobOutcome.Wait wait => queue.RescheduleAsync(job, wait.After, failed: false, ct),
        JobOutcome.Dead dead => BuryAsync(job, dead.Reason, ct),
        _ => Task.CompletedTask,
    };

    private async Task AfterFailureAsync(Job job, Exception failure, CancellationToken ct)
    {
        try
        {
            if (job.Attempts >= MaxFailures)
                await BuryAsync(job, $"failed {job.Attempts + 1} times, last with {failure.GetType().Name}", ct);
            else
                await queue.RescheduleAsync(job, AfterFailure * (1 << Math.Min(job.Attempts, 6)), failed: true, ct);
        }
        catch (StoreUnavailableException unavailable)
        {
            // The item stays due, so the next sweep tries again.
            LogJobFailed(log, job.Record.Kind, job.Target, job.Attempts, Failure.Of(unavailable));
        }
    }

    private async Task BuryAsync(Job job, string reason, CancellationToken ct)
    {
        // First, so that no end of the process lies between: told of twice is better than never.
        if (teller is not null)
            await teller(job, reason, ct);
        await queue.BuryAsync(job, reason, ct);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Job {Kind} {Target} failed (attempt {Attempt}): {Failure}")]
    private static partial void LogJobFailed(ILogger log, string kind, string target, int attempt, string failure);
}
