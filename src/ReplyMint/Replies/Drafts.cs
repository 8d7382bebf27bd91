using System.Text.Json;
using System.Text.Json.Serialization;
using ReplyMint.Inbound;
using ReplyMint.Knowledge;
using ReplyMint.Storage;

namespace ReplyMint.Replies;

[JsonConverter(typeof(JsonStringEnumConverter<DraftState>))]
internal enum DraftState
{
    Waiting, Approved, Rejected,
    /// <summary>Its mail was decided on anew, and only what people said of it is left; or a person answered in the thread, or closed it.</summary>
    Cancelled,
    /// <summary>Made while its mailbox was in shadow mode, to be compared and never to be sent.</summary>
    Shadow,
}

/// <summary>The clear part of a draft; it has its message's id.</summary>
internal sealed record DraftRecord
{
    public int V { get; init; } = 1;
    public required string Id { get; init; }
    public required string Mailbox { get; init; }
    public required string Person { get; init; }
    public DraftState State { get; init; }
    /// <summary>Why a person has to look: names of rules, "mode" or "no-knowledge".</summary>
    public IReadOnlyList<string> Reasons { get; init; } = [];
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? DecidedAt { get; init; }
    public string? DecidedBy { get; init; }
    /// <summary>The user who is to look at it, or nobody.</summary>
    public string? Assignee { get; set; }
    /// <summary>How far what was sent is from what the machine wrote, 0 to 1; null until it is approved, and where a person wrote all of it.</summary>
    public double? Distance { get; set; }
    /// <summary>Whether somebody took the approved answer into the knowledge, "admitted" or "declined"; null: nobody has decided.</summary>
    public string? Knowledge { get; set; }
}

/// <summary>An entry of the list of what waits; enough to tell whom it concerns.</summary>
internal sealed record WaitingRecord(int V, string Mailbox, string? Assignee);

/// <summary>What was drafted and on what it rests; sealed with the correspondent's key.</summary>
internal sealed record DraftContent
{
    /// <summary>The text as it would leave; empty when a person has to write it.</summary>
    public required string Text { get; init; }
    /// <summary>"extractive", "model", "fixed", "rule" or "person".</summary>
    public required string Drafter { get; init; }
    public required string Language { get; init; }
    public IReadOnlyList<PassageHit> Passages { get; init; } = [];
    /// <summary>On what each sentence of a model's rests; empty for others'.</summary>
    public IReadOnlyList<SupportedSentence> Support { get; init; } = [];
    /// <summary>What the machine wrote, while a person's text waits in its place; gone once that is decided.</summary>
    public string? Original { get; set; }
    /// <summary>What people told each other about it, the oldest first; never sent.</summary>
    public IReadOnlyList<DraftNote> Notes { get; set; } = [];
    /// <summary>What a person decided a moment ago and may still take back; null else.</summary>
    public PendingDecision? Pending { get; set; }
    /// <summary>Why what a person decided did not happen after all; null else.</summary>
    public string? Refused { get; set; }
}

/// <param name="By">A user's or key's id.</param>
internal sealed record DraftNote(string By, DateTimeOffset At, string Text);

/// <summary>A draft, opened.</summary>
internal sealed record Draft(DraftRecord Record, DraftContent Content, Item Item)
{
    public string Id => Record.Id;
    public string Tenant => Item.Key.Partition;
}

/// <summary>Stores drafts, and the short list of what waits for a person.</summary>
internal sealed class Drafts(IStore store, Messages messages)
{
    /// <summary>What the sort keys of the list of what waits begin with.</summary>
    internal const string WaitingPrefix = "waiting/";

    public static ItemKey KeyOf(string tenant, string id) => ItemKey.Main(tenant, "draft/" + id);

    public static ItemKey WaitingKey(string tenant, string id) => ItemKey.Main(tenant, WaitingPrefix + id);

    /// <summary>Adds a draft to a commit, and to the list of those that wait if it does.</summary>
    /// <param name="before">One that was taken back.</param>
    public static void Add(Commit commit, PersonKey person, DraftRecord record, DraftContent content, DateTimeOffset? expires, Item? before)
    {
        var key = KeyOf(person.Tenant, record.Id);
        if (before is not null)
            Change(commit, person, record, content, before);
        else
            commit.Put(key, StoredJson.Write(record, RepliesJson.Default.DraftRecord), Condition.Absent, StoredJson.Seal(person.AddTo(commit), key, 1, content, RepliesJson.Default.DraftContent), expires);
        if (record.State == DraftState.Waiting)
            commit.Put(WaitingKey(person.Tenant, record.Id), Waiting(record), Condition.Any, expires: expires);
    }

    /// <summary>
    /// Takes a draft back whose mail is decided on anew. What people said of it stays, for the next draft: <see cref="TalkedOf"/>.
    /// </summary>
    public static void Withdraw(Commit commit, PersonKey person, Draft draft)
    {
        if (draft.Record.Assignee is not null || draft.Content.Notes.Count > 0)
        {
            Change(commit, person, draft.Record with { State = DraftState.Cancelled }, draft.Content with { Text = "", Passages = [], Support = [] }, draft.Item);
            return;
        }
        commit.Delete(draft.Item.Key, Condition.Same(draft.Item));
        commit.Delete(WaitingKey(draft.Tenant, draft.Id));
    }

    /// <summary>A new draft with what people said of the one that was taken back.</summary>
    public static (DraftRecord Record, DraftContent Content) TalkedOf(DraftRecord record, DraftContent content, Draft? before) =>
        before is null ? (record, content) : (record with { Assignee = before.Record.Assignee }, content with { Notes = before.Content.Notes });

    /// <summary>Adds a changed draft to a commit, on condition that it is as it was read.</summary>
    /// <param name="waiting">Its entry in the list, when it may have to change there.</param>
    public static void Change(Commit commit, PersonKey person, DraftRecord record, DraftContent content, Item before, Item? waiting = null)
    {
        if (record.State != DraftState.Waiting)
            content = content with { Original = null };
        commit.Change(before, StoredJson.Write(record, RepliesJson.Default.DraftRecord), StoredJson.Seal(person.AddTo(commit), before.Key, before.Version + 1, content, RepliesJson.Default.DraftContent));
        if (record.State != DraftState.Waiting)
            commit.Delete(WaitingKey(person.Tenant, record.Id));
        else if (waiting is not null)
            commit.Change(waiting, Waiting(record), default);
    }

    private static byte[] Waiting(DraftRecord record) => JsonSerializer.SerializeToUtf8Bytes(new WaitingRecord(1, record.Mailbox, record.Assignee), RepliesJson.Default.WaitingRecord);

    public async ValueTask<Draft?> FindAsync(string tenant, string id, CancellationToken ct) =>
        await store.GetAsync(KeyOf(tenant, id), ct) is { } item ? await OpenAsync(item, ct) : null;

    /// <summary>What waits for a person, oldest first.</summary>
    public async Task<IReadOnlyList<Draft>> WaitingAsync(string tenant, CancellationToken ct)
    {
        var waiting = new List<Draft>();
        await foreach (var item in store.AllAsync(Table.Main, tenant, WaitingPrefix, ct))
            if (await FindAsync(tenant, item.Key.Sort[WaitingPrefix.Length..], ct) is { } draft)
                waiting.Add(draft);
        return waiting;
    }

    /// <summary>A page of those that a test lets through: what waits comes oldest first, all others newest first.</summary>
    /// <param name="wanted">Asked for the mailbox and the assignee, before anything else of a draft is read.</param>
    public async Task<(IReadOnlyList<Draft> Drafts, string? Next)> ListAsync(string tenant, DraftState state, Func<string, string?, bool> wanted, int limit, string? after, CancellationToken ct)
    {
        var drafts = new List<Draft>();
        if (state == DraftState.Waiting)
        {
            var waiting = await store.PickAsync(tenant, WaitingPrefix, descending: false, limit, after,
                item => JsonSerializer.Deserialize(item.Value.Span, RepliesJson.Default.WaitingRecord)! is var entry && wanted(entry.Mailbox, entry.Assignee), ct);
            foreach (var item in waiting.Items)
                if (await FindAsync(tenant, item.Key.Sort[WaitingPrefix.Length..], ct) is { Record.State: DraftState.Waiting } draft && wanted(draft.Record.Mailbox, draft.Record.Assignee))
                    drafts.Add(draft);
            return (drafts, waiting.Next);
        }
        var page = await store.PickAsync(tenant, "draft/", descending: true, limit, after, item => Read(item) is var record && record.State == state && wanted(record.Mailbox, record.Assignee), ct);
        foreach (var item in page.Items)
            if (await OpenAsync(item, ct) is { } draft)
                drafts.Add(draft);
        return (drafts, page.Next);
    }

    /// <summary>A page of the clear parts alone of those that a test lets through, whatever became of them, the newest first.</summary>
    public async Task<(IReadOnlyList<DraftRecord> Records, string? Next)> ListRecordsAsync(string tenant, Func<DraftRecord, bool> wanted, int limit, string? after, CancellationToken ct)
    {
        var page = await store.PickAsync(tenant, "draft/", descending: true, limit, after, item => wanted(Read(item)), ct);
        return ([.. page.Items.Select(Read)], page.Next);
    }

    internal static DraftRecord Read(Item item) => JsonSerializer.Deserialize(item.Value.Span, RepliesJson.Default.DraftRecord)!;

    private async ValueTask<Draft?> OpenAsync(Item item, CancellationToken ct)
    {
        var record = Read(item);
        return await messages.PersonAsync(item.Key.Partition, record.Person, ct, item.Sealed) is { } person && person.Knows(item.Sealed.Span)
            ? new Draft(record, JsonSerializer.Deserialize(person.Open(item), RepliesJson.Default.DraftContent)!, item)
            : null;
    }

    public async ValueTask<bool> IsWaitingAsync(string tenant, string id, CancellationToken ct) => await EntryAsync(tenant, id, ct) is not null;

    /// <summary>A draft's entry in the list of what waits, or null.</summary>
    public ValueTask<Item?> EntryAsync(string tenant, string id, CancellationToken ct) => store.GetAsync(WaitingKey(tenant, id), ct);
}
