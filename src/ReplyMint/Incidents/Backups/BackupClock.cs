using System.Globalization;
using Microsoft.Extensions.Logging;
using ReplyMint.Audit;
using ReplyMint.Jobs;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Incidents;

/// <summary>
/// Sees to it that backups are made when they are due, that old ones go, and that somebody hears of what is overdue. The work itself
/// is a job, so that it survives the end of the process.
/// </summary>
internal sealed partial class BackupClock(Backups backups, JobQueue jobs, Alerts alerts, TimeProvider time, ILogger<BackupClock> log) : PeriodicService(Every, time)
{
    public const string JobKind = "backup";
    /// <summary>The job's target: both parts, or the keys alone.</summary>
    public const string Both = "data", KeysOnly = "keys";

    private const int Tries = 5;
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(10);

    private BackupSettings Settings => backups.Settings;

    /// <summary>The job. A failure is told at once and tried again; after some tries the next one is waited for.</summary>
    public async Task<JobOutcome> RunAsync(Job job, CancellationToken ct)
    {
        try
        {
            var made = await backups.CreateAsync(null, job.Target == Both, Actor.System, job, ct);
            if (made.MissingBlobs > 0)
                await alerts.RaiseAsync("backup-incomplete", made.Data!.Name, $"The store lacks {made.MissingBlobs} files that its items name; the backup lacks them too.", ct);
            return JobOutcome.Finished;
        }
        catch (BackupFailedException failure)
        {
            await alerts.RaiseAsync("backup-failed", KeyRing.Installation, $"A backup could not be made: {failure.Message}.", ct);
            return job.Attempts < Tries ? new JobOutcome.Again(TimeSpan.FromMinutes(10 << job.Attempts)) : new JobOutcome.Dead(failure.Message);
        }
    }

    protected override async Task TickAsync(CancellationToken ct)
    {
        try
        {
            await QueueAsync(ct);
            await backups.PruneAsync(null, Actor.System, ct);
            await TellAsync(ct);
        }
        catch (Exception failure) when (failure is not OperationCanceledException || !ct.IsCancellationRequested)
        {
            LogFailed(log, Failure.Of(failure));
        }
    }

    private async Task QueueAsync(CancellationToken ct)
    {
        if (Settings.Folder is null)
            return;
        var now = Time.GetUtcNow();
        List<Job> added = [];
        await backups.ChangeAsync(state => Due(state with { Since = state.Since ?? now }, now), (commit, before, after, _) =>
        {
            added = [];
            if (after.DataQueued != before.DataQueued)
                added.Add(jobs.Add(commit, KeyRing.Installation, JobKind, Both));
            else if (after.KeysQueued != before.KeysQueued)
                added.Add(jobs.Add(commit, KeyRing.Installation, JobKind, KeysOnly));
            return Task.CompletedTask;
        }, ct);
        added.ForEach(jobs.Wake);
    }

    private BackupState Due(BackupState state, DateTimeOffset now)
    {
        if (IsDue(state.Data?.At, state.DataQueued, Settings.Every))
            return state with { DataQueued = now, KeysQueued = now };
        return IsDue(state.Keys?.At, state.KeysQueued, Settings.KeysEvery) ? state with { KeysQueued = now } : state;

        bool IsDue(DateTimeOffset? made, DateTimeOffset? queued, int hours) =>
            (made > queued || queued is null ? made : queued) is not { } last || now - last >= TimeSpan.FromHours(hours);
    }

    private async Task TellAsync(CancellationToken ct)
    {
        if (Settings.Folder is null)
            return;
        foreach (var problem in BackupAges.Of(await backups.StateAsync(ct), Settings, Time.GetUtcNow()).Overdue)
            await alerts.RaiseAsync($"{problem.Kind}-overdue", KeyRing.Installation, $"{problem.Text}.", ct);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Looking after backups failed: {failure}")]
    private static partial void LogFailed(ILogger log, string failure);
}

/// <param name="Kind">"backup" or "backup-keys".</param>
internal sealed record Overdue(string Kind, string Text);

/// <summary>How old the last backup and the last drill are. An overdue drill is told of by its record (<see cref="RecordKinds.RestoreDrill"/>).</summary>
internal sealed record BackupAges(TimeSpan? Data, TimeSpan? Keys, TimeSpan? Drill, bool DrillPassed, IReadOnlyList<Overdue> Overdue)
{
    public static BackupAges Of(BackupState state, BackupSettings settings, DateTimeOffset now)
    {
        var overdue = new List<Overdue>();
        // A backup takes its time, and a failed one is tried for hours: the half of another period is no reason to wake somebody.
        if (settings.Folder is not null && state.Since is { } since)
        {
            if (now - (state.Data?.At ?? since) > TimeSpan.FromHours(settings.Every) * 1.5)
                overdue.Add(new("backup", state.Data is null ? "No backup was made yet" : $"The last backup of the data is of {Day(state.Data.At)}"));
            if (now - (state.Keys?.At ?? since) > TimeSpan.FromHours(Math.Max(settings.KeysEvery, 2)) * 1.5)
                overdue.Add(new("backup-keys", state.Keys is null ? "No backup of the keys was made yet" : $"The last backup of the keys is of {Day(state.Keys.At)}"));
        }
        return new(now - state.Data?.At, now - state.Keys?.At, now - state.Drill, state.DrillPassed, overdue);
    }

    private static string Day(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);
}
