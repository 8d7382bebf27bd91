using ReplyMint.Storage;

namespace ReplyMint.Limits;

/// <summary>
/// The installation's answers of an hour: one counter, which each answer would move in its own commit. Where several processes share the
/// store those commits would wait for each other, so a process takes room for several answers at once, in a commit of its own, and gives it
/// out here: never more than the counter had room for, whoever takes at the same time and whoever ends meanwhile. A block holds what the
/// process used up within seconds, and one at first, so what is lost with a process, or with the hour, is some seconds of its own answers.
/// </summary>
internal sealed class InstallationRate(IStore store, RateSettings settings, TimeProvider time) : IDisposable
{
    private const long MostAtOnce = 100;
    private const int MaxTries = 5;

    /// <summary>Who uses up a block within this time gets twice as much.</summary>
    private static readonly TimeSpan Busy = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim _one = new(1, 1);
    private readonly Lock _lock = new();
    private Block _block = new(default, 0, default) { Left = 0 };

    public void Dispose() => _one.Dispose();

    /// <summary>Answers of the last hour, as they count for the breaker: room that this process holds is no reason to hold mail.</summary>
    /// <param name="counted">By the store.</param>
    public long Seen(long counted, DateTimeOffset now)
    {
        lock (_lock)
            return _block.Hour == RateWindows.Hour(KeyRing.Installation, now) && _block.Left > 0 ? Math.Min(counted, settings.InstallationHour - 1) : counted;
    }

    /// <summary>Counts one answer of a commit.</summary>
    /// <param name="now">As the rates of the answer were read.</param>
    /// <param name="always">A person's answer counts, and is refused by nothing here.</param>
    /// <returns>False when there is no room: the answer must be decided anew.</returns>
    public async ValueTask<bool> TakeAsync(Commit commit, DateTimeOffset now, bool always, CancellationToken ct)
    {
        var hour = RateWindows.Hour(KeyRing.Installation, now);
        if (store.IsShared && await FromBlockAsync(hour, now, ct))
            return true;
        if (store.IsShared && !always)
            return false;
        commit.Add(hour, 1, expires: RateWindows.EndOf(now));
        return true;
    }

    /// <summary>The commit certainly did not happen. Of one of which nobody knows the room is lost.</summary>
    public void GiveBack(DateTimeOffset now)
    {
        lock (_lock)
            if (_block.Hour == RateWindows.Hour(KeyRing.Installation, now))
                _block.Left++;
    }

    private async ValueTask<bool> FromBlockAsync(ItemKey hour, DateTimeOffset now, CancellationToken ct)
    {
        if (TryTake(hour))
            return true;
        await _one.WaitAsync(ct);
        try
        {
            if (TryTake(hour))
                return true;
            if (await NextAsync(hour, now, ct) is not { } next)
                return false;
            lock (_lock)
            {
                // What was given back meanwhile is as good as what was taken now.
                next.Left += (_block.Hour == hour ? _block.Left : 0) - 1;
                _block = next;
            }
            return true;
        }
        finally
        {
            _one.Release();
        }
    }

    private bool TryTake(ItemKey hour)
    {
        lock (_lock)
        {
            var block = _block;
            if (block.Hour != hour || block.Left <= 0)
                return false;
            block.Left--;
            return true;
        }
    }

    private async Task<Block?> NextAsync(ItemKey hour, DateTimeOffset now, CancellationToken ct)
    {
        var wanted = _block.Size > 0 && time.GetElapsedTime(_block.TakenAt) < Busy ? Math.Min(2 * _block.Size, MostAtOnce) : 1;
        for (var tries = 0; tries < MaxTries; tries++)
        {
            var most = settings.InstallationHour - await RateWindows.BeforeAsync(store, KeyRing.Installation, now, ct);
            var size = Math.Min(wanted, most - ((await store.GetAsync(hour, ct))?.Count ?? 0));
            if (size <= 0)
                return null;
            if (await store.CommitAsync(new Commit().Add(hour, size, limit: most, expires: RateWindows.EndOf(now)), ct) == CommitResult.Committed)
                return new(hour, size, time.GetTimestamp()) { Left = size };
        }
        return null;
    }

    /// <param name="Size">What was taken at once.</param>
    private sealed record Block(ItemKey Hour, long Size, long TakenAt)
    {
        public long Left { get; set; }
    }
}
