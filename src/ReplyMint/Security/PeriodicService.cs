using Microsoft.Extensions.Hosting;

namespace ReplyMint.Security;

/// <summary>Work that is done again and again while the host runs. The next time waits until this one has ended.</summary>
/// <param name="every">Between two times.</param>
/// <param name="time">The clock.</param>
/// <param name="atOnce">The first time is at the start.</param>
internal abstract class PeriodicService(TimeSpan every, TimeProvider time, bool atOnce = true) : BackgroundService
{
    // A schedule that wakes us from outside is not exact to the second.
    private const double Early = 0.9;

    private DateTimeOffset? _last;

    protected TimeProvider Time => time;

    /// <summary>For who has no host and no timer, such as a function that a schedule wakes: does the work if it is due, the first time at once.</summary>
    public async Task TickIfDueAsync(CancellationToken ct)
    {
        var now = time.GetUtcNow();
        if (now - _last < every * Early)
            return;
        await TickAsync(ct);
        _last = now;
    }

    /// <summary>Does the work once. What it throws ends the host: it logs its failures itself.</summary>
    protected abstract Task TickAsync(CancellationToken ct);

    protected sealed override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(every, Time);
        try
        {
            // Elsewhere than where the start waits: the first time may find much to do.
            await Task.Yield();
            if (atOnce)
                await TickAsync(stoppingToken);
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await TickAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }
}
