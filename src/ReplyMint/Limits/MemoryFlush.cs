using ReplyMint.Security;

namespace ReplyMint.Limits;

/// <summary>What is gathered in memory and stored every few seconds and at the end, so that no request waits for it; a crash loses seconds of it.</summary>
/// <param name="every">How often.</param>
/// <param name="time">The clock.</param>
internal abstract class MemoryFlush(TimeSpan every, TimeProvider time) : PeriodicService(every, time, atOnce: false)
{
    private readonly SemaphoreSlim _one = new(1, 1);

    /// <summary>Stores what was gathered, one at a time.</summary>
    public async Task FlushAsync(CancellationToken ct)
    {
        await _one.WaitAsync(ct);
        try
        {
            await StoreAsync(ct);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Nobody else is storing.</summary>
    protected abstract Task StoreAsync(CancellationToken ct);

    protected override Task TickAsync(CancellationToken ct) => FlushAsync(ct);

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await FlushAsync(CancellationToken.None);
    }

    public override void Dispose()
    {
        _one.Dispose();
        base.Dispose();
    }
}
