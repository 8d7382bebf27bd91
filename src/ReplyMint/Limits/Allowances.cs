using System.Globalization;
using System.Text.Json;
using ReplyMint.Storage;

namespace ReplyMint.Limits;

/// <summary>How many replies a tenant may have in a period. Absent means unlimited; whoever manages plans writes this record.</summary>
/// <param name="Replies">Replies in the period.</param>
/// <param name="From">When the subscription's period began; null: the period is the calendar month in UTC.</param>
/// <param name="Until">When the next one begins. Behind it the next one counts, though nobody has told of it yet.</param>
/// <param name="Ends">From then on nothing is left, whatever was used: a trial is over, or a subscription.</param>
internal sealed record AllowanceRecord(int V, long Replies, DateTimeOffset? From = null, DateTimeOffset? Until = null, DateTimeOffset? Ends = null);

/// <summary>A tenant's quota at a moment, as it was read.</summary>
/// <param name="Period">Names the period's counter.</param>
/// <param name="Ended">There is none any more: the plan is over.</param>
internal sealed record Quota(string Period, long Replies, long Used, bool Ended)
{
    public long Left => Ended ? 0 : Math.Max(0, Replies - Used);

    /// <summary>How much is used, in per cent.</summary>
    public int Percent => Replies <= 0 || Used >= Replies ? 100 : (int)(100 * Used / Replies);
}

/// <summary>A period that is over, or runs.</summary>
/// <param name="Period">A month such as 2026-11, or the moment at which the subscription's period began.</param>
internal sealed record QuotaPeriod(string Period, long Used);

/// <summary>
/// The tenant's quota. A unit is taken in the same commit that queues a reply, from one counter with a bound, so that no number of processes
/// takes more than there are; and given back in the commit that says that the reply certainly did not leave.
/// </summary>
internal sealed class Allowances(IStore store, TimeProvider time)
{
    private const string CounterPrefix = "allowance-used/";

    // As long as usage, which it is a part of; the same for all of a period, so that counting moves no more than the count.
    private static readonly TimeSpan Kept = UsageKeys.Kept;

    /// <summary>The quota in force, or null when unlimited, with what is left of it.</summary>
    public async ValueTask<(Quota? Quota, long Left)> ReadAsync(string tenant, CancellationToken ct)
    {
        if (await store.GetAsync(KeyOf(tenant), ct) is not { } item)
            return (null, long.MaxValue);
        var now = time.GetUtcNow();
        var record = JsonSerializer.Deserialize(item.Value.Span, LimitsJson.Default.AllowanceRecord)!;
        var period = NameOf(record, now);
        var used = await store.GetAsync(CounterOf(tenant, period), ct);
        var quota = new Quota(period, record.Replies, Math.Max(0, used?.Count ?? 0), record.Ends <= now);
        return (quota, quota.Left);
    }

    /// <summary>Takes one reply; the commit fails when none is left. Returns whom to give it back to.</summary>
    public static string? Reserve(Commit commit, string tenant, Quota? quota)
    {
        if (quota is not null)
            commit.Add(CounterOf(tenant, quota.Period), 1, quota.Replies, ExpiryOf(quota.Period));
        return quota?.Period;
    }

    /// <summary>Gives one back, to the period that it was taken from.</summary>
    public static void GiveBack(Commit commit, string tenant, string period) => commit.Add(CounterOf(tenant, period), -1, expires: ExpiryOf(period));

    /// <summary>Adds a new allowance to a commit; null is unlimited.</summary>
    public static void Set(Commit commit, string tenant, AllowanceRecord? allowance)
    {
        if (allowance is null)
            commit.Delete(KeyOf(tenant));
        else
            commit.Put(KeyOf(tenant), JsonSerializer.SerializeToUtf8Bytes(allowance, LimitsJson.Default.AllowanceRecord), Condition.Any);
    }

    /// <summary>What was used by period, the newest first.</summary>
    public async Task<IReadOnlyList<QuotaPeriod>> HistoryAsync(string tenant, int limit, CancellationToken ct)
    {
        var page = await store.QueryAsync(Table.Main, tenant, new Storage.Range(CounterPrefix, Descending: true, Limit: limit), null, ct);
        return [.. page.Items.Select(item => new QuotaPeriod(item.Key.Sort[CounterPrefix.Length..], item.Count))];
    }

    private static string NameOf(AllowanceRecord record, DateTimeOffset now) =>
        record.From is not { } from ? now.UtcDateTime.ToString("yyyy-MM", CultureInfo.InvariantCulture)
        // What ends with its period has no next one.
        : NameOf(record.Until is { } until && now >= until && !(record.Ends <= until) ? until : from);

    private static string NameOf(DateTimeOffset began) => began.UtcDateTime.ToString("yyyy-MM-ddTHHmmssZ", CultureInfo.InvariantCulture);

    // By its name alone, which is all that is known of it when something is given back. No period is longer than a year.
    private static DateTimeOffset ExpiryOf(string period) =>
        new DateTimeOffset(int.Parse(period.AsSpan(0, 4), CultureInfo.InvariantCulture), int.Parse(period.AsSpan(5, 2), CultureInfo.InvariantCulture), 1, 0, 0, 0, TimeSpan.Zero).AddYears(1) + Kept;

    private static ItemKey KeyOf(string tenant) => ItemKey.Main(tenant, "allowance");

    private static ItemKey CounterOf(string tenant, string period) => ItemKey.Main(tenant, CounterPrefix + period);
}
