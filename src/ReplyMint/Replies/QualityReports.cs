using System.Globalization;
using ReplyMint.Limits;
using ReplyMint.Storage;

namespace ReplyMint.Replies;

/// <summary>What became of drafts, by mailbox and UTC day; days without any are left out.</summary>
/// <param name="Totals">One for each mailbox, all days together.</param>
/// <param name="Days">One for each day and mailbox.</param>
internal sealed record QualityReport(DateOnly From, DateOnly To, IReadOnlyList<QualityRow> Totals, IReadOnlyList<QualityRow> Days);

/// <param name="Date">Null where it is all days together.</param>
/// <param name="Drafted">Answers that a machine drafted.</param>
/// <param name="SentAlone">Of these, handed to the outbox without a person.</param>
/// <param name="Unchanged">Approved as they were drafted.</param>
/// <param name="Edited">Approved with another text.</param>
/// <param name="Written">Approved where no machine had a draft: a person wrote all of it.</param>
/// <param name="Rejected">Drafts that a person left unsent.</param>
/// <param name="EditDistance">How much of the drafts people changed before they sent them, on average: 0 nothing, 1 all of it; null where no draft was approved.</param>
/// <param name="Reasons">How often which was named with a thumb down: wrong, incomplete, offTopic, tone, language, length, needsPerson.</param>
internal sealed record QualityRow(string Mailbox, DateOnly? Date, long Drafted, long SentAlone, long Unchanged, long Edited, long Written, long Rejected, long ThumbsUp, long ThumbsDown, double? EditDistance,
    IReadOnlyDictionary<string, long> Reasons);

/// <summary>Adds up what was counted, for a call over HTTP, a command and a page.</summary>
internal sealed class QualityReports(IStore store, TimeProvider time)
{
    public const int MostDays = 366;
    private static readonly DateOnly Earliest = new(2020, 1, 1);

    /// <summary>Whole days, both included; of the last 30 unless told.</summary>
    /// <param name="sees">Which mailboxes the reader may see.</param>
    public async Task<(QualityReport? Report, (string Member, string What)? Wrong)> ReadAsync(string tenant, DateOnly? from, DateOnly? to, Func<string, bool> sees, CancellationToken ct)
    {
        var today = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        var last = to ?? today;
        if (last > today.AddDays(1) || last < Earliest || from < Earliest)
            return (null, (from < Earliest ? "from" : "to", "must be a day from 2020-01-01 to tomorrow"));
        var first = from ?? last.AddDays(-29);
        if (first > last || last.DayNumber - first.DayNumber >= MostDays)
            return (null, ("from", $"must not be later than to, nor {MostDays} days or more before it"));
        var (totals, days) = (new Dictionary<string, QualitySum>(StringComparer.Ordinal), new List<QualityRow>());
        (DateOnly Day, string Mailbox, QualitySum Sum)? open = null;
        var range = new Storage.Range(Quality.Prefix, Before: Quality.Prefix + Name(last.AddDays(1)), Limit: 1_000);
        for (string? cursor = Quality.Prefix + Name(first); cursor is not null;)
        {
            var page = await store.QueryAsync(Table.Main, tenant, range, cursor, ct);
            foreach (var item in page.Items)
            {
                if (item.Key.Sort[Quality.Prefix.Length..].Split('/') is not [var day, var mailbox, var what] || !sees(mailbox))
                    continue;
                // Days and mailboxes follow each other as they sort.
                var date = DateOnly.ParseExact(day, "yyyy-MM-dd", CultureInfo.InvariantCulture);
                if (open is not { } current || current.Day != date || current.Mailbox != mailbox)
                {
                    Close();
                    open = (date, mailbox, new QualitySum());
                }
                if (!totals.TryGetValue(mailbox, out var total))
                    totals[mailbox] = total = new();
                open!.Value.Sum.Count(what, item.Count);
                total.Count(what, item.Count);
            }
            cursor = page.Cursor;
        }
        Close();
        return (new(first, last, [.. totals.OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => one.Value.ToRow(one.Key, null))], days), null);

        void Close()
        {
            if (open is { } done)
                days.Add(done.Sum.ToRow(done.Mailbox, done.Day));
        }
    }

    private static string Name(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}

/// <summary>The counters of one mailbox, as they are added up.</summary>
internal sealed class QualitySum
{
    private readonly Dictionary<string, long> _reasons = new(StringComparer.Ordinal);
    private long _held, _alone, _unchanged, _edited, _written, _rejected, _up, _down, _distance;

    public void Count(string what, long count)
    {
        switch (what)
        {
            case Quality.Held: _held += count; break;
            case Quality.Alone: _alone += count; break;
            case Quality.Unchanged: _unchanged += count; break;
            case Quality.Edited: _edited += count; break;
            case Quality.Written: _written += count; break;
            case Quality.Rejected: _rejected += count; break;
            case Quality.Up: _up += count; break;
            case Quality.Down: _down += count; break;
            case Quality.Distance: _distance += count; break;
            // What was taken back is nothing any more.
            case var why when count > 0 && why.StartsWith(Quality.Why, StringComparison.Ordinal): _reasons[why[Quality.Why.Length..]] = _reasons.GetValueOrDefault(why[Quality.Why.Length..]) + count; break;
        }
    }

    public QualityRow ToRow(string mailbox, DateOnly? day) => new(mailbox, day, _held + _alone, _alone, _unchanged, _edited, _written, _rejected, _up, _down,
        _unchanged + _edited == 0 ? null : Math.Round(_distance / 1_000.0 / (_unchanged + _edited), 3),
        _reasons);
}
