using System.Text.Json;
using ReplyMint.Audit;
using ReplyMint.Storage;

namespace ReplyMint.Incidents;

/// <summary>
/// Incidents with their timelines (IR-6). Whatever is done for one names it and stands in its timeline, written in the same commit as
/// the act and its audit entry; what is left to do when it is closed becomes records with a date.
/// </summary>
internal sealed class IncidentBook(IStore store, KeyRing keys, AuditLog audit, Records records, TimeProvider time)
{
    public const int MaxText = 1_000;
    public const int MostFollowUps = 20;

    private const string Prefix = "incident/";
    private static readonly TimeSpan Kept = Records.Kept;

    public Task<Incident> OpenAsync(string text, Actor actor, CancellationToken ct) => store.RetryAsync(async (commit, token) =>
    {
        var incident = new Incident(1, Ids.Timed(time), actor.Id, time.GetUtcNow());
        await PutAsync(commit, incident, text, null, token);
        await RecordAsync(commit, incident.Id, null, actor, "incident.open", incident.Id, null, token);
        return incident;
    }, ct);

    public async ValueTask<IncidentSeen?> FindAsync(string id, CancellationToken ct) => await store.GetAsync(KeyOf(id), ct) is { } item ? await OpenAsync(item, ct) : null;

    /// <summary>The newest first.</summary>
    /// <param name="after">The last page's next.</param>
    public async Task<(IReadOnlyList<IncidentSeen> Incidents, string? Next)> PageAsync(int limit, string? after, CancellationToken ct)
    {
        var page = await store.PickAsync(KeyRing.Installation, Prefix, descending: true, limit, after, null, ct);
        var seen = new List<IncidentSeen>(page.Items.Count);
        foreach (var item in page.Items)
            seen.Add(await OpenAsync(item, ct));
        return (seen, page.Next);
    }

    /// <summary>All lines, the oldest first.</summary>
    public async IAsyncEnumerable<IncidentLine> TimelineAsync(string id, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        var own = await keys.RequireAsync(KeyRing.Installation, ct);
        await foreach (var item in store.AllAsync(Table.Main, KeyRing.Installation, EventPrefix(id), ct))
            yield return new(JsonSerializer.Deserialize(item.Value.Span, IncidentsJson.Default.IncidentEvent)!,
                item.Sealed.IsEmpty ? null : JsonSerializer.Deserialize(own.Open(item), IncidentsJson.Default.IncidentWords)!.Text);
    }

    /// <summary>Adds an act's audit entries to its commit (the installation's, and the tenant's whose it is), and its line to the incident's timeline.</summary>
    /// <param name="incident">Must be open (<see cref="IsOpenAsync"/>); null when the act is for none.</param>
    /// <param name="details">Ids and counts only.</param>
    public async Task RecordAsync(Commit commit, string? incident, string? tenant, Actor actor, string act, string target, IReadOnlyDictionary<string, string>? details, CancellationToken ct, string? note = null)
    {
        var entry = new AuditEntry(actor, act, target, incident is null ? details : new Dictionary<string, string>(details ?? new Dictionary<string, string>()) { ["incident"] = incident });
        await audit.AppendAsync(commit, KeyRing.Installation, entry, ct);
        if (tenant is not null && tenant != KeyRing.Installation)
            await audit.AppendAsync(commit, tenant, entry, ct);
        if (incident is null)
            return;
        var now = time.GetUtcNow();
        var at = ItemKey.Main(KeyRing.Installation, EventPrefix(incident) + Ids.Timed(time));
        commit.Put(at, JsonSerializer.SerializeToUtf8Bytes(new IncidentEvent(1, now, actor.Id, act, target, details), IncidentsJson.Default.IncidentEvent), Condition.Absent,
            note is null ? default : StoredJson.Seal(await keys.RequireAsync(KeyRing.Installation, ct), at, 1, new IncidentWords(note), IncidentsJson.Default.IncidentWords), now + Kept);
    }

    /// <summary>Whether acts may name it; the commit holds that it is open. Null names none, which is fine.</summary>
    public async ValueTask<bool> IsOpenAsync(Commit commit, string? incident, CancellationToken ct)
    {
        if (incident is null)
            return true;
        if (await store.GetAsync(KeyOf(incident), ct) is not { } item || (await OpenAsync(item, ct)).Incident.ClosedAt is not null)
            return false;
        if (!commit.Names(item.Key))
            commit.Check(item.Key, Condition.Same(item));
        return true;
    }

    /// <summary>A person's words for the timeline. False when it is not there or closed.</summary>
    public Task<bool> NoteAsync(string id, string text, Actor actor, CancellationToken ct) => store.RetryAsync(async (commit, token) =>
    {
        if (!await IsOpenAsync(commit, id, token))
            return false;
        await RecordAsync(commit, id, null, actor, "incident.note", id, null, token, text);
        return true;
    }, ct);

    /// <summary>It is over; what is left to do gets a date and is a finding when it is late. False when it is not there, or closed already.</summary>
    /// <param name="left">At most <see cref="MostFollowUps"/>.</param>
    public Task<bool> CloseAsync(string id, IReadOnlyList<FollowUp> left, Actor actor, CancellationToken ct) => store.RetryAsync(async (commit, token) =>
    {
        if (await store.GetAsync(KeyOf(id), token) is not { } item || await OpenAsync(item, token) is not { Incident.ClosedAt: null } seen)
            return false;
        await PutAsync(commit, seen.Incident with { ClosedAt = time.GetUtcNow() }, seen.Text, item, token);
        var ids = new List<string>(left.Count);
        foreach (var one in left)
            ids.Add((await records.AddFollowUpAsync(commit, id, actor.Id, one.Note, one.Due, token)).Item.Id);
        await RecordAsync(commit, id, null, actor, "incident.close", id, new Dictionary<string, string> { ["followUps"] = string.Join(' ', ids) }, token);
        return true;
    }, ct);

    private async Task PutAsync(Commit commit, Incident incident, string text, Item? before, CancellationToken ct)
    {
        var at = KeyOf(incident.Id);
        commit.Put(at, JsonSerializer.SerializeToUtf8Bytes(incident, IncidentsJson.Default.Incident), Condition.Same(before),
            StoredJson.Seal(await keys.RequireAsync(KeyRing.Installation, ct), at, (before?.Version ?? 0) + 1, new IncidentWords(text), IncidentsJson.Default.IncidentWords), incident.OpenedAt + Kept);
    }

    private async ValueTask<IncidentSeen> OpenAsync(Item item, CancellationToken ct) =>
        new(JsonSerializer.Deserialize(item.Value.Span, IncidentsJson.Default.Incident)!,
            JsonSerializer.Deserialize((await keys.RequireAsync(KeyRing.Installation, ct)).Open(item), IncidentsJson.Default.IncidentWords)!.Text);

    private static ItemKey KeyOf(string id) => ItemKey.Main(KeyRing.Installation, Prefix + id);

    private static string EventPrefix(string id) => $"incident-event/{id}/";
}
