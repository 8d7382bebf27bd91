using Microsoft.Extensions.Hosting;

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
internal sealed class JobWorker(JobRunner runner, JobTurns turns, JobSweep sweep, JobClaims claims, JobsSettings settings, TimeProvider time) : BackgroundService
{
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
                    if (claims.MayBegin(job))
                        await runner.RunAsync(job, ct);
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
}
