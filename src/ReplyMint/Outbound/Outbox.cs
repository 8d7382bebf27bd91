using System.Text.Json;
using ReplyMint.Jobs;
using ReplyMint.Limits;
using ReplyMint.Storage;

namespace ReplyMint.Outbound;

/// <summary>A mail in the outbox, opened.</summary>
internal sealed record OutboxEntry(OutboxRecord Record, OutboundMail Mail, Item Item)
{
    public string Tenant => Item.Key.Partition;
}

/// <summary>What became of the wish to send a dead mail after all.</summary>
internal enum Replay { NotDead, QuotaUsedUp, Queued }

/// <summary>The stored side of the outbox: what waits, what left, what a person has to settle.</summary>
internal sealed class Outbox(IStore store, KeyRing keys, JobQueue jobs, Allowances allowances, WebhookEvents webhooks, TimeProvider time)
{
    /// <summary>The kind of the job that sends.</summary>
    public const string JobKind = "send";

    private const int MaxEvents = 20;
    // A mail never changes once it is written, only its state does: it stays sealed as it was in the item's first version.
    private const long SealedAt = 1;
    private static readonly TimeSpan Kept = TimeSpan.FromDays(365);
    // Long enough to look why a mail did not arrive.
    private static readonly TimeSpan KeptUseless = TimeSpan.FromDays(1);

    public static ItemKey KeyOf(string tenant, string id) => ItemKey.Main(tenant, Prefix + id);

    /// <summary>What the sort keys of mails on their way out begin with.</summary>
    internal const string Prefix = "out/";

    /// <summary>Adds a mail and its job to the commit that decides on it. Wake the job once that is committed.</summary>
    /// <param name="sealer">The correspondent's key for a reply, the tenant's for a notice.</param>
    public Job Enqueue(Commit commit, string tenant, SealingKey sealer, OutboxRecord record, OutboundMail mail, DateTimeOffset? notBefore = null)
    {
        Add(commit, tenant, sealer, record, mail);
        return jobs.Add(commit, tenant, JobKind, record.Id, notBefore);
    }

    /// <summary>Adds a mail to a commit; returns it as it is once that is committed.</summary>
    internal static OutboxEntry Add(Commit commit, string tenant, SealingKey sealer, OutboxRecord record, OutboundMail mail)
    {
        var key = KeyOf(tenant, record.Id);
        record = record with { Person = (sealer as PersonKey)?.AddTo(commit).Person };
        var @sealed = StoredJson.Seal(sealer, key, SealedAt, mail, OutboxJson.Default.OutboundMail);
        var item = new Item(key, StoredJson.Write(record, OutboxJson.Default.OutboxRecord), @sealed, 1, 0,
            record.Kept is { } kept ? kept.At : record.SendBefore is { } useless ? useless + KeptUseless : record.CreatedAt + Kept);
        commit.Put(key, item.Value, Condition.Absent, item.Sealed, item.Expires);
        return new OutboxEntry(record, mail, item);
    }

    public async ValueTask<OutboxEntry?> FindAsync(string tenant, string id, CancellationToken ct) =>
        await store.GetAsync(KeyOf(tenant, id), ct) is { } item ? await OpenAsync(item, ct) : null;

    /// <summary>Only the clear part: how far a message's answer got.</summary>
    public async ValueTask<OutboxRecord?> StateAsync(string tenant, string id, CancellationToken ct) =>
        await store.GetAsync(KeyOf(tenant, id), ct) is { } item ? Read(item) : null;

    /// <summary>The newest first.</summary>
    public async Task<(IReadOnlyList<OutboxEntry> Entries, string? Cursor)> ListAsync(string tenant, int limit, string? cursor, CancellationToken ct)
    {
        var page = await store.QueryAsync(Table.Main, tenant, new Storage.Range(Prefix, Descending: true, Limit: limit), cursor, ct);
        var entries = new List<OutboxEntry>(page.Items.Count);
        foreach (var item in page.Items)
            if (await OpenAsync(item, ct) is { } entry)
                entries.Add(entry);
        return (entries, page.Cursor);
    }

    /// <summary>Adds a change of state to a commit, on condition that the entry is as it was read; returns what it is once that is committed.</summary>
    internal OutboxEntry Change(Commit commit, OutboxEntry entry, OutboxRecord to)
    {
        var record = to with { ChangedAt = time.GetUtcNow() };
        // It certainly did not leave, so it costs nothing. Who can't tell (Uncertain) keeps what he took until somebody can.
        if (record is { State: OutboxState.Failed or OutboxState.Dead or OutboxState.Cancelled, Quota: { } period })
        {
            Allowances.GiveBack(commit, entry.Tenant, period);
            record = record with { Quota = null };
        }
        var item = entry.Item with { Value = StoredJson.Write(record, OutboxJson.Default.OutboxRecord), Version = entry.Item.Version + 1 };
        commit.Change(entry.Item, item.Value, item.Sealed);
        return entry with { Record = record, Item = item };
    }

    /// <summary>Adds to the commit that ends an answer's sending what its tenant's webhooks hear of it.</summary>
    internal ValueTask TellAsync(Commit commit, OutboxEntry before, OutboxState now, CancellationToken ct) =>
        now != before.Record.State && now is OutboxState.Sent or OutboxState.Failed or OutboxState.Dead && before.Record is { Purpose: OutboxPurpose.Reply, Mailbox: { } mailbox }
            ? webhooks.RaiseAsync(commit, before.Tenant, new(now == OutboxState.Sent ? WebhookEventKind.AnswerSent : WebhookEventKind.AnswerFailed, before.Record.Id, mailbox), ct)
            : default;

    /// <summary>
    /// Settles an uncertain mail: it left after all, or it did not and goes out again. False when it is not uncertain (any
    /// more). The caller adds the audit entry of a person's decision by <paramref name="also"/>.
    /// </summary>
    public async Task<bool> SettleAsync(string tenant, string id, bool sent, string detail, Func<Commit, CancellationToken, Task>? also, CancellationToken ct)
    {
        Job? job = null;
        var settled = await store.RetryAsync(async (commit, token) =>
        {
            job = null;
            if (await FindAsync(tenant, id, token) is not { Record.State: OutboxState.Uncertain } entry)
                return false;
            Change(commit, entry, entry.Record with { State = sent ? OutboxState.Sent : OutboxState.Queued, Detail = detail });
            await TellAsync(commit, entry, sent ? OutboxState.Sent : OutboxState.Queued, token);
            if (!sent)
                job = jobs.Add(commit, tenant, JobKind, id);
            if (also is not null)
                await also(commit, token);
            return true;
        }, ct);
        if (job is not null)
            jobs.Wake(job);
        return settled;
    }

    /// <summary>Gives a dead mail another life. A reply counts anew against the quota, which got its unit back.</summary>
    public async Task<Replay> ReplayAsync(string tenant, string id, Func<Commit, CancellationToken, Task> also, CancellationToken ct)
    {
        Job? job = null;
        var replayed = await store.RetryAsync(async (commit, token) =>
        {
            job = null;
            if (await FindAsync(tenant, id, token) is not { Record.State: OutboxState.Dead or OutboxState.Failed } entry)
                return Replay.NotDead;
            var (quota, left) = entry.Record.Purpose == OutboxPurpose.Reply ? await allowances.ReadAsync(tenant, token) : (null, 1);
            if (left <= 0)
                return Replay.QuotaUsedUp;
            Change(commit, entry, entry.Record with { State = OutboxState.Queued, Attempts = 0, Detail = "replayed", Quota = Allowances.Reserve(commit, tenant, quota) });
            job = jobs.Add(commit, tenant, JobKind, id);
            await also(commit, token);
            return Replay.Queued;
        }, ct);
        if (job is not null)
            jobs.Wake(job);
        return replayed;
    }

    /// <summary>A person leaves a mail unsent that could not be sent; false when it is none (any more).</summary>
    public Task<bool> DiscardAsync(string tenant, string id, Func<Commit, CancellationToken, Task> also, CancellationToken ct) => store.RetryAsync(async (commit, token) =>
    {
        if (await FindAsync(tenant, id, token) is not { } entry || entry.Record.State is not (OutboxState.Dead or OutboxState.Failed))
            return false;
        Change(commit, entry, entry.Record with { State = OutboxState.Cancelled, Detail = "left unsent by a person" });
        await also(commit, token);
        return true;
    }, ct);

    /// <summary>
    /// Stores an event on its mail, once, and settles an uncertain one: who tells of a delivery or a bounce has seen the
    /// mail. False when there is no such mail.
    /// </summary>
    public Task<bool> RecordEventAsync(string tenant, string id, DeliveryEvent happened, CancellationToken ct) =>
        store.RetryAsync(async (commit, token) =>
        {
            if (await FindAsync(tenant, id, token) is not { } entry)
                return false;
            var record = entry.Record;
            if (record.Events.Any(known => known.Id == happened.Id))
                return true;
            record = record with { Events = [.. record.Events.TakeLast(MaxEvents - 1), happened] };
            // Whose recipient has it must not get it once more, whatever was believed of the sending before.
            if (record.State is OutboxState.Uncertain || (record.State is OutboxState.Queued && happened.Kind is ("delivered" or "complained")))
                record = record with { State = OutboxState.Sent, Detail = $"settled by the event {happened.Kind}" };
            Change(commit, entry, record);
            await TellAsync(commit, entry, record.State, token);
            return true;
        }, ct);

    /// <summary>Whoever hands a mail over ends with the entry as he began.</summary>
    internal static bool MayRewrite(Item item) => Read(item).State != OutboxState.Sending;

    /// <summary>What sealed a mail.</summary>
    internal ValueTask<SealingKey?> KeyOfAsync(Item item, CancellationToken ct) => SealerAsync(item, Read(item).Person, ct);

    internal static OutboxRecord Read(Item item) => JsonSerializer.Deserialize(item.Value.Span, OutboxJson.Default.OutboxRecord)!;

    private async ValueTask<OutboxEntry?> OpenAsync(Item item, CancellationToken ct)
    {
        var record = Read(item);
        return await SealerAsync(item, record.Person, ct) is { } sealer && sealer.Knows(item.Sealed.Span)
            ? new OutboxEntry(record, JsonSerializer.Deserialize(sealer.Open(item, SealedAt), OutboxJson.Default.OutboundMail)!, item)
            : null;
    }

    private async ValueTask<SealingKey?> SealerAsync(Item item, string? person, CancellationToken ct)
    {
        if (await keys.TenantAsync(item.Key.Partition, ct) is not { } own)
            return null;
        return person is null ? own : await keys.FindPersonAsync(own, person, ct, item.Sealed);
    }
}
