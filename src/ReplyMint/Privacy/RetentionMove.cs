using System.Text.Json;
using ReplyMint.Accounts;
using ReplyMint.Inbound;
using ReplyMint.Jobs;
using ReplyMint.Outbound;
using ReplyMint.Replies;
using ReplyMint.Storage;

namespace ReplyMint.Privacy;

/// <summary>
/// Moves the expiries of what is stored to what is asked of it now: another period, a legal hold that was set or lifted. Each commit
/// is a part of the work that would be done the same way twice, so an interrupted run goes on where its job says, or starts over.
/// </summary>
/// <remarks>
/// A mail that is being stored while the wish changes may still be written by the old one: therefore each run is followed by a second
/// one a minute later, over what came around that time.
/// </remarks>
internal sealed class RetentionMove(IStore store, JobQueue jobs, Retention retention, Messages messages, TimeProvider time)
{
    /// <summary>The kind of the job.</summary>
    public const string JobKind = "retention";

    /// <summary>What a run is about: everything of the tenant, the oldest first, since that goes first.</summary>
    public const string All = "all";

    // Eight items for each message, and the job: below a commit's limit.
    private const int MessagesACommit = 12;
    // So many commits a job, which then hands on to the next: an end of the process loses no more.
    private const int CommitsAJob = 50;

    private static readonly TimeSpan Behind = TimeSpan.FromMinutes(1);
    // Far longer than storing a mail takes.
    private static readonly TimeSpan Overlap = TimeSpan.FromMinutes(10);

    /// <summary>All mails of one correspondent.</summary>
    public static string Of(string person) => "person." + person;

    /// <summary>One mail.</summary>
    public static string Mail(string id) => "mail." + id;

    /// <summary>Adds the run to the commit that changes the wish, and the one that follows it. Wake the job once that is committed.</summary>
    public Job Add(Commit commit, string tenant, string what)
    {
        var now = time.GetUtcNow();
        jobs.Add(commit, tenant, JobKind, Named(what == All ? $"{All}.{Ids.At(now - Overlap)}" : what), now + Behind);
        return jobs.Add(commit, tenant, JobKind, Named(what));
    }

    public async Task<JobOutcome> RunAsync(Job job, CancellationToken ct)
    {
        var next = job.Target.Split('.') switch
        {
            ["person", var person, _] => await MovePersonAsync(job.Tenant, person, ct),
            ["mail", var id, _] => await MoveAsync(job.Tenant, [.. Found(await store.GetAsync(Messages.KeyOf(job.Tenant, id), ct))], inOrder: false, ct),
            [All, var after, _] => await MoveAllAsync(job.Tenant, after, ct),
            _ => await MoveAllAsync(job.Tenant, null, ct),
        };
        var commit = new Commit();
        job.Complete(commit);
        var following = next is null ? null : jobs.Add(commit, job.Tenant, JobKind, Named($"{All}.{next}"));
        if (await store.CommitAsync(commit, ct) == CommitResult.Committed && following is not null)
            jobs.Wake(following);
        return JobOutcome.Finished;
    }

    // Two wishes of one millisecond are two jobs.
    private static string Named(string what) => $"{what}.{Ids.Secret(6)}";

    /// <summary>Returns behind which message to go on, or null at the end.</summary>
    private async Task<string?> MoveAllAsync(string tenant, string? after, CancellationToken ct)
    {
        for (var commits = 0; commits < CommitsAJob; commits++)
        {
            var page = await store.PickAsync(tenant, Prefix, descending: false, MessagesACommit, after, null, ct);
            await MoveAsync(tenant, page.Items, inOrder: true, ct);
            if (page.Next is null)
                return null;
            after = page.Next;
        }
        return after;
    }

    private async Task<string?> MovePersonAsync(string tenant, string person, CancellationToken ct)
    {
        var seen = new List<ItemKey>(MessagesACommit);
        await foreach (var item in store.AllAsync(Table.Main, tenant, Inbox.SeenPrefix(person), ct))
        {
            seen.Add(Messages.KeyOf(tenant, JsonSerializer.Deserialize(item.Value.Span, InboundJson.Default.SeenRecord)!.Message));
            if (seen.Count == MessagesACommit)
                await MoveSeenAsync(tenant, seen, ct);
        }
        await MoveSeenAsync(tenant, seen, ct);
        return null;
    }

    private async Task MoveSeenAsync(string tenant, List<ItemKey> seen, CancellationToken ct)
    {
        if (seen.Count == 0)
            return;
        await MoveAsync(tenant, [.. (await store.GetAsync(seen, ct)).SelectMany(Found)], inOrder: false, ct);
        seen.Clear();
    }

    /// <param name="tenant">Whose.</param>
    /// <param name="items">Messages.</param>
    /// <param name="inOrder">All there are come, the oldest first: so a thread's last word is its newest mail's.</param>
    /// <param name="ct">Calls it off.</param>
    private async Task<string?> MoveAsync(string tenant, IReadOnlyList<Item> items, bool inOrder, CancellationToken ct)
    {
        if (items.Count == 0)
            return null;
        List<string> files = [];
        await store.RetryAsync(async (commit, token) =>
        {
            files = [];
            // Asked for each commit anew: a wish that comes meanwhile must not be undone by the one before it.
            var keep = await retention.ReadAsync(tenant, token);
            keep.AddTo(commit);
            foreach (var item in items.Reverse())
                Move(commit, keep, tenant, JsonSerializer.Deserialize(item.Value.Span, InboundJson.Default.MessageRecord)!, inOrder, files);
            return true;
        }, ct);
        foreach (var id in files)
            await messages.DropBlobAsync(tenant, id, ct);
        return null;
    }

    private void Move(Commit commit, Keeping keep, string tenant, MessageRecord record, bool inOrder, List<string> files)
    {
        var (raw, text, kept) = (keep.Raw(record.Person, record.Id, record.ReceivedAt), keep.Text(record.Person, record.Id, record.ReceivedAt), keep.Record(record.Person, record.Id, record.ReceivedAt));
        commit.Expire(Messages.RawKey(tenant, record.Id), raw);
        // A file does not go with the item that names it.
        if (raw <= time.GetUtcNow() && record.Size > Messages.MaxInlineRaw)
            files.Add(record.Id);
        foreach (var key in (ItemKey[])[MessageTexts.KeyOf(tenant, record.Id), Drafts.KeyOf(tenant, record.Id), Drafts.WaitingKey(tenant, record.Id)])
            commit.Expire(key, text);
        foreach (var key in (ItemKey[])[Messages.KeyOf(tenant, record.Id), Receipts.KeyOf(tenant, record.Id), Outbox.KeyOf(tenant, record.Id)])
            commit.Expire(key, kept);
        if ((inOrder || kept is null) && Threads.KeyOf(tenant, record.Thread) is var thread && !commit.Names(thread))
            commit.Expire(thread, kept);
    }

    private static IEnumerable<Item> Found(Item? item) => item is null ? [] : [item];

    private static string Prefix => Messages.KeyOf("", "").Sort;
}
