using System.Text.Json;
using ReplyMint.Accounts;
using ReplyMint.Jobs;
using ReplyMint.Storage;

namespace ReplyMint.Inbound;

/// <summary>Reads and writes messages. A message's items lie under its tenant: message, raw mail, and what later rooms add.</summary>
internal sealed class Messages(IStore store, KeyRing keys, IBlobStore blobs, TimeProvider time)
{
    /// <summary>Above this the sealed raw mail lies in a blob: an item holds 400 KB, and other adapters store it as text.</summary>
    public const int MaxInlineRaw = 256 * 1024;

    /// <summary>The kind of the job that removes a blob.</summary>
    public const string BlobJob = "blob";

    private static readonly TimeSpan OneDay = TimeSpan.FromDays(1);
    private static readonly TimeSpan OneMinute = TimeSpan.FromMinutes(1);

    public static ItemKey KeyOf(string tenant, string id) => ItemKey.Main(tenant, "message/" + id);

    public static ItemKey RawKey(string tenant, string id) => ItemKey.Main(tenant, RawPrefix + id);

    /// <summary>What the sort keys of raw mails begin with.</summary>
    public const string RawPrefix = "raw/";

    /// <summary>Whether the bytes of a raw mail lie in a file of its id.</summary>
    public static bool LiesInBlob(Item raw) => JsonSerializer.Deserialize(raw.Value.Span, InboundJson.Default.RawRecord)!.Blob;

    /// <summary>The message, or null when it is gone or its person's key was destroyed.</summary>
    public async ValueTask<Message?> FindAsync(string tenant, string id, CancellationToken ct) =>
        await store.GetAsync(KeyOf(tenant, id), ct) is { } item ? await OpenAsync(item, ct) : null;

    /// <summary>Only what was decided; null when it is gone.</summary>
    public async ValueTask<MessageState?> StateAsync(string tenant, string id, CancellationToken ct) =>
        await store.GetAsync(KeyOf(tenant, id), ct) is { } item ? Read(item).State : null;

    /// <summary>The newest first, a page at a time.</summary>
    public async Task<(IReadOnlyList<Message> Messages, string? Cursor)> ListAsync(string tenant, int limit, string? cursor, CancellationToken ct)
    {
        var page = await store.QueryAsync(Table.Main, tenant, new Storage.Range("message/", Descending: true, Limit: limit), cursor, ct);
        var messages = new List<Message>(page.Items.Count);
        foreach (var item in page.Items)
            if (await OpenAsync(item, ct) is { } message)
                messages.Add(message);
        return (messages, page.Cursor);
    }

    /// <summary>A page of those that a test lets through, the newest first.</summary>
    public async Task<(IReadOnlyList<Message> Messages, string? Next)> ListAsync(string tenant, Func<MessageRecord, bool> wanted, int limit, string? after, CancellationToken ct)
    {
        var page = await PickAsync(tenant, wanted, limit, after, ct);
        var messages = new List<Message>(page.Items.Count);
        foreach (var item in page.Items)
            if (await OpenAsync(item, ct) is { } message)
                messages.Add(message);
        return (messages, page.Next);
    }

    /// <summary>The same, of the clear parts alone: for those who read no mail.</summary>
    public async Task<(IReadOnlyList<MessageRecord> Records, string? Next)> ListRecordsAsync(string tenant, Func<MessageRecord, bool> wanted, int limit, string? after, CancellationToken ct)
    {
        var page = await PickAsync(tenant, wanted, limit, after, ct);
        return ([.. page.Items.Select(Read)], page.Next);
    }

    // What was sealed never changes, only the clear part does: it stays sealed as it was in the item's first version.
    private const long SealedAt = 1;

    /// <summary>Adds a new message to a commit; returns it as it is once that is committed.</summary>
    public static Message Add(Commit commit, PersonKey person, MessageRecord record, MessageSummary summary, Keeping keep)
    {
        var key = KeyOf(person.Tenant, record.Id);
        var item = new Item(key, StoredJson.Write(record, InboundJson.Default.MessageRecord),
            StoredJson.Seal(person.AddTo(commit), key, SealedAt, summary, InboundJson.Default.MessageSummary), 1, 0, keep.Record(record.Person, record.Id, record.ReceivedAt));
        commit.Put(key, item.Value, Condition.Absent, item.Sealed, item.Expires);
        return new Message(record, summary, item);
    }

    /// <summary>Adds a changed message to a commit, on condition that it is as it was read.</summary>
    public static void Change(Commit commit, PersonKey person, Message before, MessageRecord record)
    {
        person.AddTo(commit);
        commit.Change(before.Item, StoredJson.Write(record, InboundJson.Default.MessageRecord), before.Item.Sealed);
    }

    /// <summary>Adds the raw mail to a commit; a large one is durable before this returns.</summary>
    internal async Task WriteRawAsync(Commit commit, PersonKey person, string id, ReadOnlyMemory<byte> raw, DateTimeOffset? expires, CancellationToken ct)
    {
        var key = RawKey(person.Tenant, id);
        var @sealed = person.AddTo(commit).Seal(key, 1, raw.Span);
        var inline = raw.Length <= MaxInlineRaw;
        if (!inline)
            await blobs.WriteAsync(person.Tenant, id, @sealed, ct);
        commit.Put(key, StoredJson.Write(new RawRecord(1, !inline), InboundJson.Default.RawRecord), Condition.Absent, inline ? @sealed : default, expires);
    }

    /// <summary>An item goes by itself when it expires, a file does not: this job comes after it.</summary>
    internal async Task<JobOutcome> RemoveBlobAsync(Job job, CancellationToken ct)
    {
        // Its time may have been moved since: a legal hold, another period. One that stays beyond its time waits to be moved.
        if (await store.GetAsync(RawKey(job.Tenant, job.Target), ct) is { } item)
            return new JobOutcome.Wait(item.Expires - time.GetUtcNow() is { } left && left < OneDay ? left > OneMinute ? left + TimeSpan.FromSeconds(1) : OneMinute : OneDay);
        await blobs.DeleteAsync(job.Tenant, job.Target, ct);
        var commit = new Commit();
        job.Complete(commit);
        await store.CommitAsync(commit, ct);
        return JobOutcome.Finished;
    }

    /// <summary>Removes the file of a mail that was not accepted after all, or whose time is over.</summary>
    internal Task DropBlobAsync(string tenant, string id, CancellationToken ct) => blobs.DeleteAsync(tenant, id, ct);

    /// <summary>The mail as it came, or null when it was removed by now.</summary>
    public async ValueTask<ReadOnlyMemory<byte>?> RawAsync(Message message, CancellationToken ct)
    {
        var key = RawKey(message.Tenant, message.Id);
        if (await store.GetAsync(key, ct) is not { } item)
            return null;
        var blob = JsonSerializer.Deserialize(item.Value.Span, InboundJson.Default.RawRecord)!.Blob;
        return (blob ? await blobs.ReadAsync(message.Tenant, message.Id, ct) : item.Sealed) is { } @sealed
            && await PersonAsync(message.Tenant, message.Record.Person, ct, @sealed) is { } person && person.Knows(@sealed.Span)
            ? person.Open(key, blob ? 1 : item.Version, @sealed.Span) ?? throw new System.Security.Cryptography.CryptographicException($"A mail of {message.Tenant} does not open: it was changed or moved.") : null;
    }

    /// <summary>Whoever works on a mail that is new ends with it as he began.</summary>
    internal static bool MayRewrite(Item item) => Read(item).State != MessageState.Received;

    /// <summary>What seals an item that has its message's id behind its kind.</summary>
    internal async ValueTask<SealingKey?> KeyOfAsync(Item item, CancellationToken ct) =>
        await store.GetAsync(KeyOf(item.Key.Partition, IdOf(item)), ct) is { } message ? await PersonAsync(item.Key.Partition, Read(message).Person, ct, item.Sealed) : null;

    /// <summary>Seals the file of a large mail in the form of now; false when it is. Not one that was removed meanwhile: it must not come back.</summary>
    internal async ValueTask<bool> ResealFileAsync(Item raw, CancellationToken ct)
    {
        var (tenant, id) = (raw.Key.Partition, IdOf(raw));
        if (!LiesInBlob(raw) || await blobs.ReadAsync(tenant, id, ct) is not { } before || await KeyOfAsync(raw, ct) is not { } key
            || SealingKey.FormOf(before) == key.Form || key.Open(raw.Key, 1, before) is not { } plain)
            return false;
        await blobs.WriteAsync(tenant, id, key.Seal(raw.Key, 1, plain), ct);
        if (await store.GetAsync(raw.Key, ct) is null)
            await blobs.DeleteAsync(tenant, id, ct);
        return true;
    }

    private static string IdOf(Item item) => item.Key.Sort[(item.Key.Sort.IndexOf('/') + 1)..];

    /// <param name="opens">What it is to open (<see cref="KeyRing.FindPersonAsync"/>).</param>
    public async ValueTask<PersonKey?> PersonAsync(string tenant, string person, CancellationToken ct, ReadOnlyMemory<byte> opens = default) =>
        await keys.TenantAsync(tenant, ct) is { } own ? await keys.FindPersonAsync(own, person, ct, opens) : null;

    private Task<Picked> PickAsync(string tenant, Func<MessageRecord, bool> wanted, int limit, string? after, CancellationToken ct) =>
        store.PickAsync(tenant, "message/", descending: true, limit, after, item => wanted(Read(item)), ct);

    private static MessageRecord Read(Item item) => JsonSerializer.Deserialize(item.Value.Span, InboundJson.Default.MessageRecord)!;

    private async ValueTask<Message?> OpenAsync(Item item, CancellationToken ct)
    {
        var record = Read(item);
        return await PersonAsync(item.Key.Partition, record.Person, ct, item.Sealed) is { } person && person.Knows(item.Sealed.Span)
            ? new Message(record, JsonSerializer.Deserialize(person.Open(item, SealedAt), InboundJson.Default.MessageSummary)!, item)
            : null;
    }
}
