using System.Text.Json;
using ReplyMint.Storage;

namespace ReplyMint.Audit;

/// <summary>Something an operator should know of. Ids and counts only; never an address or text.</summary>
/// <param name="Kind">Stable and short, such as "breaker" or "uncertain-send": one open alert for each kind and subject.</param>
/// <param name="Subject">The id that it is about.</param>
internal sealed record Alert(string Id, string Kind, string Subject, string Text, DateTimeOffset At)
{
    public int V { get; init; } = 1;
    public DateTimeOffset? AcknowledgedAt { get; init; }
}

/// <summary>Adds to the commit that stores an alert what makes the operator hear of it; given by the room that sends notices.</summary>
internal delegate void AlertAnnouncer(Commit commit, Alert alert);

/// <summary>Alert records of the installation. Telling people is the work of the notices.</summary>
/// <param name="store">The store.</param>
/// <param name="time">The clock.</param>
/// <param name="announcer">Asked late, since who tells needs rooms that raise alerts themselves.</param>
internal sealed class Alerts(IStore store, TimeProvider time, Func<AlertAnnouncer>? announcer = null)
{
    private static readonly TimeSpan Kept = TimeSpan.FromDays(365);

    /// <summary>Raises an alert, or does nothing when the same one is open already.</summary>
    public async Task RaiseAsync(string kind, string subject, string text, CancellationToken ct)
    {
        var open = ItemKey.Main(KeyRing.Installation, $"alert-open/{kind}/{subject}");
        var alert = new Alert(Ids.Timed(time), kind, subject, text, time.GetUtcNow());
        var value = JsonSerializer.SerializeToUtf8Bytes(alert, AuditJson.Default.Alert);
        var commit = new Commit()
            .Put(KeyOf(alert.Id), value, Condition.Absent, expires: alert.At + Kept)
            .Put(open, value, Condition.Absent, expires: alert.At + Kept);
        announcer?.Invoke().Invoke(commit, alert);
        await store.CommitAsync(commit, ct);
    }

    public async Task<Alert?> FindAsync(string id, CancellationToken ct) =>
        await store.GetAsync(KeyOf(id), ct) is { } item ? Read(item) : null;

    public async Task<IReadOnlyList<Alert>> NewestAsync(int limit, CancellationToken ct)
    {
        var page = await store.QueryAsync(Table.Main, KeyRing.Installation, new Storage.Range("alert/", Descending: true, Limit: limit), null, ct);
        return [.. page.Items.Select(Read)];
    }

    /// <summary>Closes an alert, so that the same thing raises a new one. False when there is no such alert.</summary>
    public async Task<bool> AcknowledgeAsync(string id, CancellationToken ct) =>
        await store.RetryAsync(async (commit, token) =>
        {
            if (await store.GetAsync(KeyOf(id), token) is not { } item)
                return false;
            var alert = Read(item);
            if (alert.AcknowledgedAt is null)
            {
                alert = alert with { AcknowledgedAt = time.GetUtcNow() };
                commit.Put(item.Key, JsonSerializer.SerializeToUtf8Bytes(alert, AuditJson.Default.Alert), Condition.Same(item), expires: item.Expires);
                commit.Delete(ItemKey.Main(KeyRing.Installation, $"alert-open/{alert.Kind}/{alert.Subject}"));
            }
            return true;
        }, ct);

    private static Alert Read(Item item) => JsonSerializer.Deserialize(item.Value.Span, AuditJson.Default.Alert)!;

    private static ItemKey KeyOf(string id) => ItemKey.Main(KeyRing.Installation, "alert/" + id);
}
