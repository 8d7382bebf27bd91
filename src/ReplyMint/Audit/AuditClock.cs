using Microsoft.Extensions.Logging;
using ReplyMint.Security;

namespace ReplyMint.Audit;

/// <summary>Each minute: a root where one is due, what waits for a place off the machine is tried again, and old entries go where the settings say so.</summary>
internal sealed partial class AuditClock(Anchors anchors, AuditRoots roots, RootWatch watch, AuditPruning pruning, TimeProvider time, ILogger<AuditClock> log) : PeriodicService(Every, time)
{
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);

    protected override async Task TickAsync(CancellationToken ct)
    {
        // Before a root is signed, so that it is compared with what was signed before it. A watch that fails must not stop what it
        // watches over: whoever blinds it would have no more roots to fear.
        await TryAsync(() => watch.FollowAsync(ct), ct);
        if (!await TryAsync(() => SignAsync(ct), ct))
            await TryAsync(() => anchors.FlushAsync(ct), ct);
        await TryAsync(() => pruning.RunAsync(ct), ct);
        await TryAsync(() => watch.RunAsync(ct), ct);
    }

    private async Task SignAsync(CancellationToken ct)
    {
        if (await roots.IsDueAsync(ct))
            await roots.WriteAsync(ct);
        else
            await anchors.FlushAsync(ct);
    }

    private async Task<bool> TryAsync(Func<Task> work, CancellationToken ct)
    {
        try
        {
            await work();
            return true;
        }
        catch (ObjectDisposedException)
        {
            // A start that was refused gives all back without stopping us first; the next start does what is due.
        }
        catch (Exception failure) when (failure is not OperationCanceledException || !ct.IsCancellationRequested)
        {
            LogFailed(log, Failure.Of(failure));
        }
        return false;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The audit log's hourly work failed: {failure}")]
    private static partial void LogFailed(ILogger log, string failure);
}
