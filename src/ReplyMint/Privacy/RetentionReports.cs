using System.Globalization;
using System.Text.Json;
using ReplyMint.Accounts;
using ReplyMint.Inbound;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Privacy;

/// <summary>What the system removed by itself, by UTC days; days without any are left out.</summary>
/// <param name="Removed">Items of all days together.</param>
internal sealed record RetentionReport(DateOnly From, DateOnly To, long Removed, IReadOnlyList<RemovedDay> Days);

internal sealed record RemovedDay(DateOnly Date, IReadOnlyList<RemovedKind> Kinds);

/// <param name="Kind">raw, text, draft, message, receipt, out, thread; other kinds are counters, states and the like.</param>
internal sealed record RemovedKind(string Kind, long Count);

/// <summary>A mail of which something is kept beyond its time, since a legal hold stands.</summary>
/// <param name="Id">The message.</param>
/// <param name="Over">What of it would be gone: raw, text, record.</param>
/// <param name="Holds">The holds that keep it.</param>
internal sealed record HeldMail(string Id, string Mailbox, DateTimeOffset ReceivedAt, IReadOnlyList<string> Over, IReadOnlyList<string> Holds);

/// <summary>Tells what retention did, and what a legal hold stops (GDPR-1). Ids, days and counts only.</summary>
internal sealed class RetentionReports(IStore store, LegalHolds holds, RetentionDesk desk, TimeProvider time)
{
    public const int MostDays = 366;

    private static readonly DateOnly Earliest = new(2020, 1, 1);

    /// <summary>Whole days, both included; the last thirty unless told.</summary>
    public async Task<(RetentionReport? Report, (string Member, string What)? Wrong)> ReadAsync(string tenant, DateOnly? from, DateOnly? to, CancellationToken ct)
    {
        var today = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        var last = to ?? today;
        if (last > today.AddDays(1) || last < Earliest || from < Earliest)
            return (null, (from < Earliest ? "from" : "to", "must be a day from 2020-01-01 to tomorrow"));
        var first = from ?? last.AddDays(-29);
        if (first > last || last.DayNumber - first.DayNumber >= MostDays)
            return (null, ("from", $"must not be later than to, nor {MostDays} days or more before it"));
        var days = new List<RemovedDay>();
        // Days sort as they follow each other. Kinds are some dozens, so a year is some thousands of counters.
        var range = new Storage.Range(RemovedItems.Prefix, Before: RemovedItems.Prefix + Name(last.AddDays(1)), Limit: 1_000);
        var found = new List<(DateOnly Day, RemovedKind Kind)>();
        for (string? cursor = RemovedItems.Prefix + Name(first); cursor is not null;)
        {
            var page = await store.QueryAsync(Table.Main, tenant, range, cursor, ct);
            foreach (var item in page.Items)
                if (item.Key.Sort[RemovedItems.Prefix.Length..].Split('/', 2) is [var day, var kind])
                    found.Add((DateOnly.ParseExact(day, "yyyy-MM-dd", CultureInfo.InvariantCulture), new(kind, item.Count)));
            cursor = page.Cursor;
        }
        foreach (var day in found.GroupBy(one => one.Day))
            days.Add(new(day.Key, [.. day.Select(one => one.Kind)]));
        return (new(first, last, found.Sum(one => one.Kind.Count), days), null);
    }

    /// <summary>Mails that would be gone in part or as a whole, the oldest first, behind a named one.</summary>
    public async Task<(IReadOnlyList<HeldMail> Mails, string? Next)> HeldAsync(string tenant, int limit, string? after, CancellationToken ct)
    {
        var periods = (await desk.ReadAsync(tenant, ct)).Value;
        var reading = await holds.ReadAsync(tenant, ct);
        var now = time.GetUtcNow();
        var mails = new List<HeldMail>();
        if (reading.Holds.Count == 0)
            return (mails, null);
        // What is not held has an end, so that only held ones are opened.
        var page = await store.PickAsync(tenant, Messages.KeyOf("", "").Sort, descending: false, limit, after, item => item.Expires is null, ct);
        foreach (var item in page.Items)
        {
            var record = JsonSerializer.Deserialize(item.Value.Span, InboundJson.Default.MessageRecord)!;
            var over = new List<string>();
            foreach (var (name, days) in ((string, int)[])[("raw", periods.RawDays), ("text", periods.TextDays), ("record", periods.RecordDays)])
                if (record.ReceivedAt.AddDays(days) <= now)
                    over.Add(name);
            if (over.Count > 0)
                mails.Add(new(record.Id, record.Mailbox, record.ReceivedAt, over, [.. reading.On(record.Person).Where(hold => hold.Scope != HoldScope.Mail || hold.Mail == record.Id).Select(hold => hold.Id)]));
        }
        return (mails, page.Next);
    }

    private static string Name(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
