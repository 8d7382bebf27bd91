using System.Globalization;
using ReplyMint.Storage;

namespace ReplyMint.Limits;

/// <summary>What a tenant used, by UTC days; days without any are left out.</summary>
/// <param name="Replies">Answers that were handed to the outbox.</param>
/// <param name="Calls">Calls of this API by keys and people of the tenant.</param>
/// <param name="CostMillionths">What models cost, in millionths of the currency that the operator's prices are in.</param>
/// <param name="CostPerReplyMillionths">That for each answer, rounded up; 0 without answers.</param>
internal sealed record UsageReport(DateOnly From, DateOnly To, long Replies, long Calls, long CostMillionths, long CostPerReplyMillionths, IReadOnlyList<UsageDay> Days);

/// <param name="Mailboxes">Answers by mailbox; a removed one is still named.</param>
internal sealed record UsageDay(DateOnly Date, long Replies, long Calls, long CostMillionths, IReadOnlyList<UsageOfGroup> Groups, IReadOnlyList<UsageOfMailbox> Mailboxes);

/// <param name="Mailbox">Its id.</param>
internal sealed record UsageOfMailbox(string Mailbox, long Replies);

/// <param name="Group">Of routes, as this description names it.</param>
/// <param name="By">A key's id, or people: persons are not told apart.</param>
internal sealed record UsageOfGroup(string Group, string By, long Calls);

/// <summary>Adds up what was counted, for a call over HTTP and for a command.</summary>
internal sealed class UsageReports(UsageCounters counters, IStore store, TimeProvider time)
{
    private const int MostDays = 366;
    // Each day has one for every key and group that was used: a year of many keys is too much for one answer.
    private const int MostCounters = 20_000;
    private static readonly DateOnly Earliest = new(2020, 1, 1);

    /// <summary>Whole days, both included; of this month unless told.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="from">The first day.</param>
    /// <param name="to">The last day.</param>
    /// <param name="ct">Ends the wait.</param>
    /// <param name="flush">False leaves what was counted in the last moments in memory: then nothing is written.</param>
    public async Task<(UsageReport? Report, (string Member, string What)? Wrong)> ReadAsync(string tenant, DateOnly? from, DateOnly? to, CancellationToken ct, bool flush = true)
    {
        var today = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        var last = to ?? today;
        if (last > today.AddDays(1) || last < Earliest || from < Earliest)
            return (null, (from < Earliest ? "from" : "to", "must be a day from 2020-01-01 to tomorrow"));
        var first = from ?? new DateOnly(last.Year, last.Month, 1);
        if (first > last || last.DayNumber - first.DayNumber >= MostDays)
            return (null, ("from", $"must not be later than to, nor {MostDays} days or more before it"));
        if (flush)
            await counters.FlushAsync(ct);
        return await CountersAsync(tenant, first, last, ct) is { } found
            ? (Report(first, last, found), null) : (null, ("from", "leads to more than one answer holds: ask for fewer days"));
    }

    /// <summary>The counters of some days, as they are named behind the prefix; null when they are too many.</summary>
    private async Task<IReadOnlyList<(string[] Name, long Count)>?> CountersAsync(string tenant, DateOnly first, DateOnly last, CancellationToken ct)
    {
        var found = new List<(string[], long)>();
        // Days sort as they follow each other: everything behind the first day's bare name and before the bare name of the day after the last.
        var range = new Storage.Range(UsageKeys.Prefix, Before: UsageKeys.Prefix + Name(last.AddDays(1)), Limit: 1_000);
        for (string? cursor = UsageKeys.Prefix + Name(first); cursor is not null;)
        {
            var page = await store.QueryAsync(Table.Main, tenant, range, cursor, ct);
            foreach (var item in page.Items)
                found.Add((item.Key.Sort[UsageKeys.Prefix.Length..].Split('/'), item.Count));
            if (found.Count > MostCounters)
                return null;
            cursor = page.Cursor;
        }
        return found;
    }

    private static UsageReport Report(DateOnly first, DateOnly last, IReadOnlyList<(string[] Name, long Count)> counters)
    {
        var days = counters.GroupBy(counter => counter.Name[0]).Select(day => new UsageDay(
            DateOnly.ParseExact(day.Key, "yyyy-MM-dd", CultureInfo.InvariantCulture),
            day.Where(counter => counter.Name is [_, "replies"]).Sum(counter => counter.Count),
            day.Where(counter => counter.Name is [_, "calls", ..]).Sum(counter => counter.Count),
            day.Where(counter => counter.Name is [_, "cost"]).Sum(counter => counter.Count),
            [.. day.Where(counter => counter.Name is [_, "calls", _, _]).Select(counter => new UsageOfGroup(counter.Name[2], counter.Name[3], counter.Count))],
            [.. day.Where(counter => counter.Name is [_, "replies", _]).Select(counter => new UsageOfMailbox(counter.Name[2], counter.Count))])).ToList();
        var (replies, cost) = (days.Sum(day => day.Replies), days.Sum(day => day.CostMillionths));
        return new(first, last, replies, days.Sum(day => day.Calls), cost, replies == 0 ? 0 : (cost + replies - 1) / replies, days);
    }

    private static string Name(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
