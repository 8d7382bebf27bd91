using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.Logging;
using ReplyMint.Storage;

namespace ReplyMint.Limits;

/// <summary>Where usage lies: a counter for each UTC day, and of calls for each group of routes and key.</summary>
internal static class UsageKeys
{
    public const string Prefix = "usage/";

    /// <summary>In place of a key's id: persons are not told apart.</summary>
    public const string People = "people";

    public static readonly TimeSpan Kept = TimeSpan.FromDays(400);

    public static ItemKey Replies(string tenant, DateTimeOffset now) => ItemKey.Main(tenant, $"{Prefix}{Day(now)}/replies");

    public static ItemKey RepliesOf(string tenant, string mailbox, DateTimeOffset now) => ItemKey.Main(tenant, $"{Prefix}{Day(now)}/replies/{mailbox}");

    /// <summary>What models cost, in millionths of the currency of the settings' prices.</summary>
    public static ItemKey Cost(string tenant, DateTimeOffset now) => ItemKey.Main(tenant, $"{Prefix}{Day(now)}/cost");

    public static ItemKey Calls(string tenant, string day, string group, string who) => ItemKey.Main(tenant, $"{Prefix}{day}/calls/{group}/{who}");

    public static string Day(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}

/// <summary>Counts calls (MON-4) in memory and adds them to the store every few seconds and at the end: no request waits for it. A crash loses seconds.</summary>
internal sealed partial class UsageCounters(IStore store, TimeProvider time, ILogger<UsageCounters> log) : MemoryFlush(Every, time)
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<(string Tenant, int Day, string Group, string Who), Counter> _counts = new();

    private sealed class Counter
    {
        public long Value;
    }

    /// <param name="group">Of routes, as the API's description names it.</param>
    /// <param name="who">A key's id, or <see cref="UsageKeys.People"/>.</param>
    public void Count(string tenant, string group, string who) =>
        Interlocked.Increment(ref _counts.GetOrAdd((tenant, Today(), group, who), static _ => new Counter()).Value);

    /// <summary>Adds what was counted to the store; on a failure it is kept for the next time.</summary>
    protected override async Task StoreAsync(CancellationToken ct)
    {
        var today = Today();
        foreach (var counted in _counts)
            if (counted.Key.Day < today - 1 && Volatile.Read(ref counted.Value.Value) == 0)
                _counts.TryRemove(counted);
        foreach (var chunk in _counts.Where(counted => Volatile.Read(ref counted.Value.Value) > 0).Chunk(Commit.MaxOperations))
            await WriteAsync([.. chunk.Select(counted => (counted.Key, counted.Value, Interlocked.Exchange(ref counted.Value.Value, 0)))]);
    }

    private int Today() => (int)(Time.GetUtcNow().UtcTicks / TimeSpan.TicksPerDay);

    private async Task WriteAsync(IReadOnlyList<((string Tenant, int Day, string Group, string Who) Key, Counter Counter, long Taken)> counted)
    {
        var commit = new Commit();
        var expires = Time.GetUtcNow() + UsageKeys.Kept;
        foreach (var (key, _, taken) in counted)
            commit.Add(UsageKeys.Calls(key.Tenant, UsageKeys.Day(new DateTimeOffset(key.Day * TimeSpan.TicksPerDay, TimeSpan.Zero)), key.Group, key.Who), taken, expires: expires);
        try
        {
            // Not by the token of whoever asked: a write that was called off may have happened all the same.
            await store.CommitAsync(commit, CancellationToken.None);
        }
        catch (Exception e)
        {
            foreach (var (_, counter, taken) in counted)
                Interlocked.Add(ref counter.Value, taken);
            LogKept(log, e.GetType().Name);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Usage could not be stored ({Failure}); it is kept in memory and tried again")]
    private static partial void LogKept(ILogger log, string failure);
}
