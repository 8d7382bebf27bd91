using System.Text.Json;
using System.Text.Json.Serialization;
using ReplyMint.Storage;

namespace ReplyMint.Audit;

/// <summary>The clear part of a record: that something was done, or is to be done. What it says is sealed.</summary>
/// <param name="Kind">One of <see cref="RecordKinds"/>.</param>
/// <param name="By">Who did it, or wants it done: a user's id, or a name of the audit log.</param>
/// <param name="DoneAt">Of a follow-up: since when it is settled.</param>
/// <param name="Incident">Of a follow-up: which incident it is of.</param>
internal sealed record RecordItem(int V, string Id, string Kind, DateTimeOffset At, string By, DateTimeOffset? DueAt, DateTimeOffset? DoneAt = null, string? Incident = null);

/// <param name="Note">What was done and found, in a person's words.</param>
/// <param name="Proof">A signed statement (JWS) that belongs to it, or null.</param>
internal sealed record RecordText(string Note, string? Proof);

/// <summary>A record, opened.</summary>
internal sealed record KeptRecord(RecordItem Item, string Note, string? Proof);

/// <summary>When something is due, with what is known of it: one item for each kind, and one for each open follow-up.</summary>
/// <param name="Record">The newest record of the kind, or the follow-up; null before the first.</param>
/// <param name="Told">An alert has said that this date is over.</param>
internal sealed record DueItem(int V, string Kind, string? Record, DateTimeOffset? LastAt, DateTimeOffset DueAt, bool Told);

internal enum DueState { InTime, Never, Overdue }

/// <summary>What is due next. Never and overdue are findings.</summary>
/// <param name="DueAt">Null when nobody has looked yet since the installation was made.</param>
internal sealed record Due(string Kind, string? Record, DateTimeOffset? LastAt, DateTimeOffset? DueAt, DueState State)
{
    public bool IsFinding => State != DueState.InTime;
}

/// <summary>
/// Dated records of what has to be done again and again: reviews, drills, tests, rotations, patches, training (SOC-5); and what an
/// incident left to do (IR-6). Each kind is due again so many days after its last record; whoever writes one need not know them.
/// </summary>
internal sealed class Records(IStore store, KeyRing keys, AuditLog audit, Alerts alerts, RecordSettings settings, TimeProvider time)
{
    public const int MaxNote = 2_000;
    public static readonly TimeSpan Kept = TimeSpan.FromDays(3_650);

    private const string Prefix = "record/";
    private const string DuePrefix = "record-due/";

    /// <summary>Writes that something was done, with its audit entry.</summary>
    /// <param name="kind">One of <see cref="RecordKinds.Repeated"/>.</param>
    /// <param name="by">A user's id, or a name of the audit log.</param>
    /// <param name="note">At most <see cref="MaxNote"/> characters.</param>
    /// <param name="dueIn">Until the next one; null takes the settings.</param>
    /// <param name="proof">A signed statement that belongs to it.</param>
    public Task<KeptRecord> AddAsync(string kind, string by, string note, TimeSpan? dueIn, CancellationToken ct, string? proof = null) => store.RetryAsync(async (commit, token) =>
    {
        var now = time.GetUtcNow();
        var days = settings.All.FirstOrDefault(one => one.Kind == kind).Days;
        var due = dueIn is { } span ? now + span : days > 0 ? now.AddDays(days) : (DateTimeOffset?)null;
        var record = new KeptRecord(new RecordItem(1, Ids.Timed(time), kind, now, by, due), note, proof);
        await PutAsync(commit, record, null, token);
        var at = DueKey(kind);
        if (due is { } next)
            commit.Put(at, Write(new DueItem(1, kind, record.Item.Id, now, next, false)), Condition.Any);
        else
            commit.Delete(at);
        await audit.AppendAsync(commit, KeyRing.Installation, new AuditEntry(new Actor(by), "record.add", record.Item.Id, Details(record.Item)), token);
        return record;
    }, ct);

    /// <summary>Adds a record that is due never again to a commit, with its audit entry.</summary>
    public async Task<KeptRecord> AddAsync(Commit commit, string kind, string by, string note, CancellationToken ct)
    {
        var record = new KeptRecord(new RecordItem(1, Ids.Timed(time), kind, time.GetUtcNow(), by, null), note, null);
        await PutAsync(commit, record, null, ct);
        await audit.AppendAsync(commit, KeyRing.Installation, new AuditEntry(new Actor(by), "record.add", record.Item.Id, Details(record.Item)), ct);
        return record;
    }

    /// <summary>Adds something that is left to do to a commit; the caller adds the audit entry.</summary>
    public async Task<KeptRecord> AddFollowUpAsync(Commit commit, string incident, string by, string note, DateTimeOffset due, CancellationToken ct)
    {
        var record = new KeptRecord(new RecordItem(1, Ids.Timed(time), RecordKinds.FollowUp, time.GetUtcNow(), by, due, null, incident), note, null);
        await PutAsync(commit, record, null, ct);
        commit.Put(DueKey(FollowUpName(record.Item.Id)), Write(new DueItem(1, RecordKinds.FollowUp, record.Item.Id, null, due, false)), Condition.Absent);
        return record;
    }

    /// <summary>A follow-up is settled. False when there is no such open one.</summary>
    public Task<bool> SettleAsync(string id, Actor actor, CancellationToken ct) => store.RetryAsync(async (commit, token) =>
    {
        if (await store.GetAsync(KeyOf(id), token) is not { } item || await OpenAsync(item, token) is not { Item: { Kind: RecordKinds.FollowUp, DoneAt: null } } found)
            return false;
        await PutAsync(commit, found with { Item = found.Item with { DoneAt = time.GetUtcNow() } }, item, token);
        commit.Delete(DueKey(FollowUpName(id)));
        await audit.AppendAsync(commit, KeyRing.Installation, new AuditEntry(actor, "record.settle", id, Details(found.Item)), token);
        return true;
    }, ct);

    public async ValueTask<KeptRecord?> FindAsync(string id, CancellationToken ct) => await store.GetAsync(KeyOf(id), ct) is { } item ? await OpenAsync(item, ct) : null;

    /// <summary>The newest first.</summary>
    /// <param name="after">The last page's next.</param>
    public async Task<(IReadOnlyList<KeptRecord> Records, string? Next)> PageAsync(int limit, string? after, CancellationToken ct)
    {
        var page = await store.PickAsync(KeyRing.Installation, Prefix, descending: true, limit, after, null, ct);
        var records = new List<KeptRecord>(page.Items.Count);
        foreach (var item in page.Items)
            records.Add(await OpenAsync(item, ct));
        return (records, page.Next);
    }

    /// <summary>What is due, the findings first.</summary>
    public async Task<IReadOnlyList<Due>> DueAsync(CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var due = new List<Due>();
        await foreach (var item in store.AllAsync(Table.Main, KeyRing.Installation, DuePrefix, ct))
        {
            var read = Read(item);
            if (IsAsked(read.Kind))
                due.Add(new(read.Kind, read.Record, read.LastAt, read.DueAt, read.DueAt < now ? DueState.Overdue : read.Record is null ? DueState.Never : DueState.InTime));
        }
        foreach (var (kind, days) in settings.All)
            if (days > 0 && due.All(one => one.Kind != kind))
                due.Add(new(kind, null, null, null, DueState.Never));
        return [.. due.OrderByDescending(one => one.State).ThenBy(one => one.DueAt ?? DateTimeOffset.MaxValue).ThenBy(one => one.Kind, StringComparer.Ordinal)];
    }

    /// <summary>Raises an alert for each date that is over, once, and gives kinds that were never done their first date.</summary>
    public async Task LookAsync(CancellationToken ct)
    {
        var now = time.GetUtcNow();
        await store.RetryAsync(async (commit, token) =>
        {
            foreach (var (kind, days) in settings.All)
                if (days > 0 && await store.GetAsync(DueKey(kind), token) is null)
                    commit.Put(DueKey(kind), Write(new DueItem(1, kind, null, null, now.AddDays(days), false)), Condition.Absent);
            return true;
        }, ct);
        await foreach (var item in store.AllAsync(Table.Main, KeyRing.Installation, DuePrefix, ct))
            if (Read(item) is { Told: false } due && due.DueAt < now && IsAsked(due.Kind))
            {
                // The same one twice is one alert while it is open, so a crash between the two tells nobody twice.
                await alerts.RaiseAsync("record-overdue", item.Key.Sort[DuePrefix.Length..], $"{Words(due)} See `replymint record list`.", ct);
                await store.CommitAsync(new Commit().Put(item.Key, Write(due with { Told = true }), Condition.Same(item)), ct);
            }
    }

    /// <summary>A sentence without personal data.</summary>
    public static string Words(Due due) => due.State switch
    {
        DueState.Never => $"There is no record of the kind {due.Kind} yet.",
        _ => Words(new DueItem(1, due.Kind, due.Record, due.LastAt, due.DueAt!.Value, false)),
    };

    private static string Words(DueItem due) => due.Kind == RecordKinds.FollowUp
        ? $"A follow-up of an incident, record {due.Record}, was due on {due.DueAt:yyyy-MM-dd}."
        : due.LastAt is { } last ? $"A record of the kind {due.Kind} was due on {due.DueAt:yyyy-MM-dd}; the last one is of {last:yyyy-MM-dd}." : $"A first record of the kind {due.Kind} was due on {due.DueAt:yyyy-MM-dd}.";

    private bool IsAsked(string kind) => kind == RecordKinds.FollowUp || settings.All.Any(one => one.Kind == kind && one.Days > 0);

    private static Dictionary<string, string> Details(RecordItem item)
    {
        var details = new Dictionary<string, string> { ["kind"] = item.Kind };
        if (item.DueAt is { } due)
            details["due"] = due.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture);
        if (item.Incident is { } incident)
            details["incident"] = incident;
        return details;
    }

    private async Task PutAsync(Commit commit, KeptRecord record, Item? before, CancellationToken ct)
    {
        var own = await keys.RequireAsync(KeyRing.Installation, ct);
        var at = KeyOf(record.Item.Id);
        commit.Put(at, JsonSerializer.SerializeToUtf8Bytes(record.Item, RecordsJson.Default.RecordItem), Condition.Same(before),
            StoredJson.Seal(own, at, (before?.Version ?? 0) + 1, new RecordText(record.Note, record.Proof), RecordsJson.Default.RecordText), record.Item.At + Kept);
    }

    private async ValueTask<KeptRecord> OpenAsync(Item item, CancellationToken ct)
    {
        var text = JsonSerializer.Deserialize((await keys.RequireAsync(KeyRing.Installation, ct)).Open(item), RecordsJson.Default.RecordText)!;
        return new(JsonSerializer.Deserialize(item.Value.Span, RecordsJson.Default.RecordItem)!, text.Note, text.Proof);
    }

    private static string FollowUpName(string id) => $"{RecordKinds.FollowUp}-{id}";

    private static ItemKey KeyOf(string id) => ItemKey.Main(KeyRing.Installation, Prefix + id);

    private static ItemKey DueKey(string name) => ItemKey.Main(KeyRing.Installation, DuePrefix + name);

    private static byte[] Write(DueItem due) => JsonSerializer.SerializeToUtf8Bytes(due, RecordsJson.Default.DueItem);

    private static DueItem Read(Item item) => JsonSerializer.Deserialize(item.Value.Span, RecordsJson.Default.DueItem)!;
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(RecordItem))]
[JsonSerializable(typeof(RecordText))]
[JsonSerializable(typeof(DueItem))]
internal sealed partial class RecordsJson : JsonSerializerContext;
