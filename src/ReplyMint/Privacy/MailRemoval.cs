using System.Text.Json;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Jobs;
using ReplyMint.Knowledge;
using ReplyMint.Outbound;
using ReplyMint.Replies;
using ReplyMint.Storage;

namespace ReplyMint.Privacy;

/// <summary>
/// Removes mails with all that hangs on them. A correspondent's are found by the hashes of what was seen; those that his present
/// key opens are of a later life and stay.
/// </summary>
internal sealed class MailRemoval(IStore store, KeyRing keys, IBlobStore blobs, SentFiles sent, JobQueue jobs, StoppedSendings stopped, KnowledgeStore knowledge, KnowledgeIndexes indexes)
{
    // A mail has eight items, its thread two and its hash one, and each kind a counter: within a commit's hundred operations.
    private const int PerCommit = 8;
    // Commits of a round are written together and share syncs.
    private const int PerRound = PerCommit * 8;
    private const int KeysPerCommit = 90;

    private static readonly string[] JobKinds = [Inbox.JobKind, Outbox.JobKind, Messages.BlobJob, Notices.DraftsJob, Notices.ReminderJob];

    /// <summary>The messages of a correspondent whose key was destroyed.</summary>
    public async Task<HashSet<string>> OfAsync(string tenant, string person, CancellationToken ct)
    {
        var ids = new HashSet<string>(StringComparer.Ordinal);
        string? cursor = null;
        do
        {
            var (seen, next) = await SeenAsync(tenant, person, cursor, ct);
            var live = await LiveAsync(tenant, person, [.. seen.Select(one => one.Message)], ct);
            ids.UnionWith(seen.Select(one => one.Message).Where(id => !live.Contains(id)));
            cursor = next;
        }
        while (cursor is not null);
        return ids;
    }

    /// <summary>Removes jobs, parked sendings and dead letters of mails.</summary>
    public async Task RemoveJobsAsync(Erasure erasure, HashSet<string> mails, CancellationToken ct)
    {
        var found = new List<Item>();
        await foreach (var item in jobs.FindAsync(job => job.Tenant == erasure.Tenant && mails.Contains(job.Target) && JobKinds.Contains(job.Kind), ct))
            found.Add(item);
        await foreach (var item in stopped.FindAsync(erasure.Tenant, mails.Contains, ct))
            found.Add(item);
        await foreach (var item in store.AllAsync(Table.Main, erasure.Tenant, "dead/", ct))
            if (mails.Contains(item.Key.Sort[(item.Key.Sort.LastIndexOf('/') + 1)..]))
                found.Add(item);
        // One that moved meanwhile is left: it finds nothing to do, and ends.
        foreach (var some in found.Chunk(KeysPerCommit))
            await store.CommitAsync(ErasureCounts.Delete(erasure, some, _ => "jobs"), ct);
    }

    /// <summary>Removes answers that are kept for who asks twice (Idempotency-Key): they quote mails, under the tenant's key. The claims stay, so that nothing is done twice.</summary>
    public async Task RemoveAnswersAsync(Erasure erasure, string tenant, CancellationToken ct)
    {
        var found = new List<Item>();
        await foreach (var item in store.AllAsync(Table.Main, tenant, "idempotency-answer/", ct))
            found.Add(item);
        foreach (var some in found.Chunk(KeysPerCommit))
            await store.CommitAsync(ErasureCounts.Delete(erasure, some, _ => "idempotency-answer"), ct);
    }

    /// <summary>Takes what was admitted of answers out of the knowledge: of a correspondent's or of one mail. What leads to it goes last, so that it may be done again.</summary>
    public async Task RemoveAdmittedAsync(Erasure erasure, CancellationToken ct)
    {
        var (prefix, mail) = erasure.Kind == ErasureKind.Correspondent ? (PastAnswers.PrefixOf(erasure.Subject), (string?)null) : (PastAnswers.Prefix, erasure.Subject);
        await foreach (var item in store.AllAsync(Table.Main, erasure.Tenant, prefix, ct))
        {
            var id = item.Key.Sort[(item.Key.Sort.LastIndexOf('/') + 1)..];
            // What came after the erasure began is of a later life.
            if (mail is null ? Ids.TimeOf(id) > erasure.At.ToUnixTimeMilliseconds() : id != mail)
                continue;
            await knowledge.RemoveAsync(erasure.Tenant, PastAnswers.SourceOf(id), Actor.System, ct);
            // The file is sealed with the tenant's key, and is of before until somebody searches again.
            indexes.Remove(erasure.Tenant);
            await store.CommitAsync(ErasureCounts.Delete(erasure, [item], _ => "knowledge"), ct);
        }
    }

    /// <summary>What he agreed to goes with his key; that he wants no answers stays, as a hash.</summary>
    public Task<bool> RemoveConsentAsync(Erasure erasure, CancellationToken ct) =>
        store.RetryAsync(async (commit, token) =>
        {
            if (await store.GetAsync(Consents.KeyOf(erasure.Tenant, erasure.Subject), token) is not { } item)
                return false;
            // What his present key opens is of a later life; the one in memory may be the one that another process has destroyed.
            keys.Forget(erasure.Tenant, erasure.Subject);
            if (await keys.TenantAsync(erasure.Tenant, token) is { } own && await keys.FindPersonAsync(own, erasure.Subject, token) is { } person && person.Knows(item.Sealed.Span))
                return false;
            commit.Delete(item.Key, Condition.Same(item));
            ErasureCounts.Add(commit, erasure, new Dictionary<string, int> { ["consent"] = 1 });
            return true;
        }, ct);

    /// <summary>A round of a correspondent's mails; returns where to go on, or null when none is left.</summary>
    public async Task<string?> RemoveRoundAsync(Erasure erasure, string? cursor, CancellationToken ct)
    {
        var (seen, next) = await SeenAsync(erasure.Tenant, erasure.Subject, cursor, ct);
        var live = await LiveAsync(erasure.Tenant, erasure.Subject, [.. seen.Select(one => one.Message)], ct);
        await RemoveAsync(erasure, [.. seen.Where(one => !live.Contains(one.Message))], ct);
        return next;
    }

    /// <summary>Removes mails; their hashes stay, and name them no more.</summary>
    public async Task RemoveAsync(Erasure erasure, IReadOnlyList<SeenMail> mails, CancellationToken ct)
    {
        // Two mails of one thread are counted in one commit, else the second conflicts with the first.
        var commits = mails.Chunk(PerCommit).Select(some => RemoveSomeAsync(erasure, some, ct));
        await Task.WhenAll(commits);
    }

    private Task<bool> RemoveSomeAsync(Erasure erasure, SeenMail[] mails, CancellationToken ct) =>
        store.RetryAsync(async (commit, token) =>
        {
            var removed = new Dictionary<string, int>();
            var ids = mails.Select(mail => mail.Message).ToHashSet(StringComparer.Ordinal);
            var messages = await store.GetAsync([.. mails.Select(mail => Messages.KeyOf(erasure.Tenant, mail.Message))], token);
            var threads = messages.OfType<Item>().Select(item => Read(item).Thread).Distinct(StringComparer.Ordinal).ToList();
            var hashes = mails.Where(mail => mail.Hash is not null).Select(mail => mail.Hash!.Value).ToList();
            ItemKey[] parts = [.. mails.SelectMany(mail => PartsOf(erasure.Tenant, mail.Message))];
            ItemKey[] rates = [.. threads.Select(thread => ItemKey.Main(erasure.Tenant, "rate/thread/" + thread))];
            var read = await ReadAsync([.. parts, .. rates, .. threads.Select(thread => Threads.KeyOf(erasure.Tenant, thread)), .. hashes], token);
            foreach (var item in messages.OfType<Item>())
                Delete(commit, item, removed);
            foreach (var item in read.Take(parts.Length + rates.Length).OfType<Item>())
            {
                // The file before the item that leads to it: a crash between them leaves nothing that nobody names.
                if (item.Key.Sort.StartsWith("raw/", StringComparison.Ordinal) && Messages.LiesInBlob(item))
                    await blobs.DeleteAsync(erasure.Tenant, item.Key.Sort["raw/".Length..], token);
                if (item.Key.Sort.StartsWith("out/", StringComparison.Ordinal))
                    sent.Delete(item.Key.Sort["out/".Length..]);
                Delete(commit, item, removed);
            }
            foreach (var item in read.Skip(parts.Length + rates.Length).Take(threads.Count).OfType<Item>())
                Threads.Read(item.Key, item).Remove(commit, ids.Contains);
            foreach (var item in read.Skip(parts.Length + rates.Length + threads.Count).OfType<Item>())
                commit.Change(item, StoredJson.Write(new SeenRecord(1, ""), InboundJson.Default.SeenRecord), default);
            ErasureCounts.Add(commit, erasure, removed);
            return true;
        }, ct);

    /// <summary>Where a mail's parts lie, the message itself apart.</summary>
    public static IEnumerable<ItemKey> PartsOf(string tenant, string id) =>
    [
        MessageTexts.KeyOf(tenant, id), Messages.RawKey(tenant, id), Receipts.KeyOf(tenant, id), Drafts.KeyOf(tenant, id),
        Drafts.WaitingKey(tenant, id), Outbox.KeyOf(tenant, id), Notices.PendingKey(tenant, id),
    ];

    private async Task<IReadOnlyList<Item?>> ReadAsync(IReadOnlyList<ItemKey> wanted, CancellationToken ct)
    {
        var items = new List<Item?>(wanted.Count);
        foreach (var some in wanted.Chunk(100))
            items.AddRange(await store.GetAsync(some, ct));
        return items;
    }

    private async Task<(IReadOnlyList<SeenMail> Seen, string? Next)> SeenAsync(string tenant, string person, string? cursor, CancellationToken ct)
    {
        var page = await store.QueryAsync(Table.Main, tenant, new Storage.Range(Inbox.SeenPrefix(person), Limit: PerRound), cursor, ct);
        return ([.. page.Items.Select(item => new SeenMail(JsonSerializer.Deserialize(item.Value.Span, InboundJson.Default.SeenRecord)!.Message, item.Key)).Where(seen => seen.Message.Length > 0)], page.Cursor);
    }

    /// <summary>Those of a later life, which his present key opens.</summary>
    private async Task<HashSet<string>> LiveAsync(string tenant, string person, IReadOnlyList<string> ids, CancellationToken ct)
    {
        keys.Forget(tenant, person);
        if (await keys.TenantAsync(tenant, ct) is not { } own || await keys.FindPersonAsync(own, person, ct) is not { } key)
            return [];
        var items = await ReadAsync([.. ids.Select(id => Messages.KeyOf(tenant, id))], ct);
        return [.. items.OfType<Item>().Where(item => key.Knows(item.Sealed.Span)).Select(item => Read(item).Id)];
    }

    private static void Delete(Commit commit, Item item, Dictionary<string, int> removed)
    {
        commit.Delete(item.Key, Condition.Same(item));
        var kind = item.Key.Sort[..item.Key.Sort.IndexOf('/', StringComparison.Ordinal)];
        removed[kind] = removed.GetValueOrDefault(kind) + 1;
    }

    private static MessageRecord Read(Item item) => JsonSerializer.Deserialize(item.Value.Span, InboundJson.Default.MessageRecord)!;
}

/// <summary>A mail that is to go.</summary>
/// <param name="Message">Its id.</param>
/// <param name="Hash">Where the hash lies that says it was seen; null when that is not known.</param>
internal sealed record SeenMail(string Message, ItemKey? Hash);
