using Microsoft.Extensions.Logging;
using ReplyMint.Audit;
using ReplyMint.Incidents;
using ReplyMint.Jobs;
using ReplyMint.Secrets;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Telemetry;

namespace ReplyMint.Monitoring;

/// <summary>Each minute: how the queue stands; each tenth time how old roots, backups and the program are (of keys <see cref="RotationClock"/> tells, which reads them anyway). Only where somebody wants metrics.</summary>
internal sealed partial class StateClock(IStore store, JobQueue jobs, AuditRoots roots, Backups backups, BuildTime build, TimeProvider time, ILogger<StateClock> log) : PeriodicService(Every, time)
{
    private const int SlowTimes = 10;
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);

    private int _ticks;

    protected override async Task TickAsync(CancellationToken ct)
    {
        try
        {
            await QueueAsync(ct);
            if (_ticks++ % SlowTimes == 0)
                await AgesAsync(ct);
        }
        catch (ObjectDisposedException)
        {
            // A start that was refused gives all back without stopping us first.
        }
        catch (Exception failure) when (failure is not OperationCanceledException || !ct.IsCancellationRequested)
        {
            LogFailed(log, Failure.Of(failure));
        }
    }

    private async Task QueueAsync(CancellationToken ct)
    {
        var depth = await jobs.DepthAsync(ct);
        Measures.QueueDepth.Set(depth.Due);
        Measures.QueueAge.Set(depth.Oldest.TotalSeconds);
    }

    private async Task AgesAsync(CancellationToken ct)
    {
        var now = Time.GetUtcNow();
        if (await roots.NewestAsync(ct) is { Statement: var root })
            Measures.RootAge.Set((now - root.At).TotalSeconds);
        // Not the file's own time: a copy that is deployed anew is young, and what is in it may be old.
        if (build.Committed is { } committed)
            Measures.BuildAge.Set(Math.Max(0, (now - committed).TotalSeconds));
        // There tables have backups of their own.
        if (store.IsShared)
            return;
        var state = await backups.StateAsync(ct);
        if (state.Data is { } data)
            Measures.BackupAge.Set((now - data.At).TotalSeconds, "data");
        if (state.Keys is { } keys)
            Measures.BackupAge.Set((now - keys.At).TotalSeconds, "keys");
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Looking how the service stands failed: {failure}")]
    private static partial void LogFailed(ILogger log, string failure);
}
