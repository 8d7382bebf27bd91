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
    public string? AcknowledgedBy { get; init; }
    /// <summary>Whose administrators may see it, too; null is the operators' alone.</summary>
    public string? Tenant { get; init; }
    /// <summary>How often it was seen; null where nobody counts: such an alert tells of a state.</summary>
    public long? Count { get; init; }
    public DateTimeOffset? LastAt { get; init; }
    /// <summary>What was contained because of it, such as "key k123", by a detector that may.</summary>
    public string? Contained { get; init; }
}

/// <summary>What a detector saw.</summary>
/// <param name="Tenant">Whose; null where it is nobody's.</param>
/// <param name="Times">How often since it was told of last.</param>
internal sealed record Sighting(string Kind, string Subject, string Text, string? Tenant = null, string? Contained = null, long Times = 1);

/// <summary>Adds to the commit that stores an alert what makes the operator hear of it; given by the room that sends notices.</summary>
internal delegate void AlertAnnouncer(Commit commit, Alert alert);

/// <summary>Alert records of the installation. Telling people is the work of the notices.</summary>
/// <param name="store">The store.</param>
/// <param name="audit">Who acknowledged what.</param>
/// <param name="time">The clock.</param>
/// <param name="announcer">Asked late, since who tells needs rooms that raise alerts themselves.</param>
internal sealed class Alerts(IStore store, AuditLog audit, TimeProvider time, Func<AlertAnnouncer>? announcer = null)
{
    private const string Prefix = "alert/";
    private static readonly TimeSpan Kept = TimeSpan.FromDays(365);
    private static readonly TimeSpan Expected = TimeSpan.FromMinutes(5);

    /// <summary>Raises an alert, or does nothing when the same one is open already.</summary>
    public async Task RaiseAsync(string kind, string subject, string text, CancellationToken ct)
    {
        var alert = new Alert(Ids.Timed(time), kind, subject, text, time.GetUtcNow());
        var commit = new Commit();
        Add(commit, alert, null);
        await store.CommitAsync(commit, ct);
    }

    /// <summary>
    /// Raises what a detector saw, or counts it where the same is open already. What was acknowledged stays quiet while it goes on, and is new
    /// when it comes again after a pause.
    /// </summary>
    /// <param name="seen">What it is.</param>
    /// <param name="quiet">How long the pause has to be.</param>
    /// <param name="ct">Calls it off.</param>
    /// <returns>True when people are told.</returns>
    public Task<bool> SeeAsync(Sighting seen, TimeSpan quiet, CancellationToken ct) => store.RetryAsync(async (commit, token) =>
    {
        var now = time.GetUtcNow();
        var open = await store.GetAsync(OpenKey(seen.Kind, seen.Subject), token);
        if (open is not null && await store.GetAsync(KeyOf(Read(open).Id), token) is { } item && Read(item) is var known && (known.AcknowledgedAt is null || now - (known.LastAt ?? known.At) < quiet))
        {
            commit.Put(item.Key, Write(known with { Count = (known.Count ?? 1) + seen.Times, LastAt = now, Contained = seen.Contained ?? known.Contained }), Condition.Same(item), expires: item.Expires);
            return false;
        }
        var alert = new Alert(Ids.Timed(time), seen.Kind, seen.Subject, seen.Text, now) { Tenant = seen.Tenant, Count = seen.Times, LastAt = now, Contained = seen.Contained };
        Add(commit, alert, open);
        return true;
    }, ct);

    public async Task<Alert?> FindAsync(string id, CancellationToken ct) =>
        await store.GetAsync(KeyOf(id), ct) is { } item ? Read(item) : null;

    public async Task<IReadOnlyList<Alert>> NewestAsync(int limit, CancellationToken ct)
    {
        var page = await store.QueryAsync(Table.Main, KeyRing.Installation, new Storage.Range(Prefix, Descending: true, Limit: limit), null, ct);
        return [.. page.Items.Select(Read)];
    }

    /// <summary>The newest first.</summary>
    /// <param name="tenant">Only those of this tenant; null is all.</param>
    /// <param name="after">The last page's next.</param>
    public async Task<(IReadOnlyList<Alert> Alerts, string? Next)> PageAsync(string? tenant, int limit, string? after, CancellationToken ct)
    {
        var prefix = tenant is null ? Prefix : TenantPrefix(tenant);
        var page = await store.PickAsync(KeyRing.Installation, prefix, descending: true, limit, after, null, ct);
        if (tenant is null)
            return ([.. page.Items.Select(Read)], page.Next);
        var found = await store.GetAsync([.. page.Items.Select(item => KeyOf(item.Key.Sort[prefix.Length..]))], ct);
        return ([.. found.OfType<Item>().Select(Read)], page.Next);
    }

    /// <summary>
    /// Closes an alert, so that the same thing raises a new one; what a detector saw, when it comes again after a pause. False when there is none.
    /// </summary>
    /// <param name="tenant">Whose it has to be; null is anybody's.</param>
    public async Task<bool> AcknowledgeAsync(string id, Actor actor, string? tenant, CancellationToken ct) =>
        await store.RetryAsync(async (commit, token) =>
        {
            if (await store.GetAsync(KeyOf(id), token) is not { } item || Read(item) is not { } alert || (tenant is not null && alert.Tenant != tenant))
                return false;
            if (alert.AcknowledgedAt is not null)
                return true;
            commit.Put(item.Key, Write(alert with { AcknowledgedAt = time.GetUtcNow(), AcknowledgedBy = actor.Id }), Condition.Same(item), expires: item.Expires);
            if (alert.Count is null)
                commit.Delete(OpenKey(alert.Kind, alert.Subject));
            var entry = new AuditEntry(actor, "alert.acknowledge", id, new Dictionary<string, string> { ["kind"] = alert.Kind });
            await audit.AppendAsync(commit, KeyRing.Installation, entry, token);
            if (tenant is not null)
                await audit.AppendAsync(commit, tenant, entry, token);
            return true;
        }, ct);

    /// <summary>Somebody on the machine is about to bring an alert about on purpose: it is kept as any other, and for a while nobody is told of exactly this one.</summary>
    public Task ExpectAsync(string kind, string subject, CancellationToken ct) =>
        store.CommitAsync(new Commit().Put(ExpectedKey(kind, subject), "{\"v\":1}"u8.ToArray(), Condition.Any, expires: time.GetUtcNow() + Expected), ct).AsTask();

    public async Task<bool> IsExpectedAsync(Alert alert, CancellationToken ct) => await store.GetAsync(ExpectedKey(alert.Kind, alert.Subject), ct) is not null;

    /// <summary>Closes the alert of something that is over; does nothing where none is open.</summary>
    public async Task CloseAsync(string kind, string subject, CancellationToken ct)
    {
        if (await store.GetAsync(OpenKey(kind, subject), ct) is { } open)
            await AcknowledgeAsync(Read(open).Id, Actor.System, null, ct);
    }

    private void Add(Commit commit, Alert alert, Item? before)
    {
        var (value, until) = (Write(alert), alert.At + Kept);
        commit.Put(KeyOf(alert.Id), value, Condition.Absent, expires: until);
        commit.Put(OpenKey(alert.Kind, alert.Subject), value, Condition.Same(before), expires: until);
        if (alert.Tenant is { } tenant)
            commit.Put(ItemKey.Main(KeyRing.Installation, TenantPrefix(tenant) + alert.Id), "{\"v\":1}"u8.ToArray(), Condition.Absent, expires: until);
        announcer?.Invoke().Invoke(commit, alert);
    }

    private static byte[] Write(Alert alert) => JsonSerializer.SerializeToUtf8Bytes(alert, AuditJson.Default.Alert);

    private static Alert Read(Item item) => JsonSerializer.Deserialize(item.Value.Span, AuditJson.Default.Alert)!;

    private static ItemKey ExpectedKey(string kind, string subject) => ItemKey.Main(KeyRing.Installation, $"alert-expected/{kind}/{subject}");

    private static string TenantPrefix(string tenant) => $"alert-of/{tenant}/";

    private static ItemKey OpenKey(string kind, string subject) => ItemKey.Main(KeyRing.Installation, $"alert-open/{kind}/{subject}");

    private static ItemKey KeyOf(string id) => ItemKey.Main(KeyRing.Installation, Prefix + id);
}
