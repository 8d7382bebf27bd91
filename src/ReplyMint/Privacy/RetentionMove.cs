using System.Text.Json;
using ReplyMint.Accounts;
using ReplyMint.Inbound;
using ReplyMint.Jobs;
using ReplyMint.Outbound;
using ReplyMint.Replies;
using ReplyMint.Storage;

namespace ReplyMint.Privacy;

/// <summary>Stored expiries are being moved to what is asked of them now. One for each tenant, however often he changes his mind.</summary>
/// <param name="At">When something was asked last.</param>
/// <param name="Began">When this pass over all messages began.</param>
/// <param name="After">Behind which message it goes on; null begins a pass.</param>
internal sealed record RetentionRun(int V, DateTimeOffset At, DateTimeOffset? Began = null, string? After = null);

/// <summary>
/// Moves the expiries of what is stored to what is asked of it now: another period, a legal hold that was set or lifted. Passes over
/// all messages, the oldest first. Each commit would be done the same way twice, so a pass that broke off goes on where the run says.
/// </summary>
/// <remarks>
/// A mail that is being stored while the wish changes may still be written by the old one: the run ends with a pass that began a
/// minute after the last wish. One that comes meanwhile makes the pass begin anew, and adds no second run.
/// From the commit that sets a hold until the end of the run nothing of the tenant's mail goes (<see cref="ExpiryPause"/>).
/// </remarks>
internal sealed class RetentionMove(IStore store, JobQueue jobs, Retention retention, TimeProvider time)
{
    /// <summary>The kind of the job.</summary>
    public const string JobKind = "retention";

    private const string Target = "all";
    // With each of them its items are read at once, and all that move are moved in one commit.
    private const int MessagesAtOnce = 10;
    // So many commits a turn, which then waits for the next: an end of the process loses no more, and other short work comes in between.
    private const int CommitsATurn = 200;

    private static readonly TimeSpan Behind = TimeSpan.FromMinutes(1);
    // What is moved here, and nothing else may outlive its time.
    private static readonly string[] Kinds = [.. ((ItemKey[])[.. RawKeys("", ""), .. TextKeys("", ""), .. RecordKeys("", ""), Threads.KeyOf("", "")]).Select(key => key.Sort.Split('/')[0])];

    /// <summary>Adds the run to the commit that changes the wish. Wake the job, if there is one, once that is committed.</summary>
    /// <param name="keeps">Something has to stay that may be due already: until it was moved nothing goes.</param>
    public async Task<Job?> AddAsync(Commit commit, string tenant, bool keeps, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var found = await store.GetAsync([KeyOf(tenant), ExpiryPause.KeyOf(tenant)], ct);
        commit.Put(KeyOf(tenant), StoredJson.Write(new RetentionRun(1, now), PrivacyJson.Default.RetentionRun), Condition.Same(found[0]));
        if (keeps)
            ExpiryPause.Add(commit, tenant, found[1], now, Kinds);
        return found[0] is null || await jobs.TakeDeadAsync(commit, tenant, JobKind, Target, ct) ? jobs.Add(commit, tenant, JobKind, Target) : null;
    }

    public async Task<JobOutcome> RunAsync(Job job, CancellationToken ct)
    {
        var item = await store.GetAsync(KeyOf(job.Tenant), ct);
        var run = item is null ? new(1, time.GetUtcNow()) : JsonSerializer.Deserialize(item.Value.Span, PrivacyJson.Default.RetentionRun)!;
        var began = run is { After: not null, Began: { } before } ? before : time.GetUtcNow();
        var next = await MoveAllAsync(job.Tenant, run.After, ct);
        var commit = new Commit();
        var done = item is not null && next is null && began >= run.At + Behind;
        if (done)
        {
            job.Complete(commit);
            commit.Delete(item!.Key, Condition.Same(item)).Delete(ExpiryPause.KeyOf(job.Tenant));
        }
        else
        {
            // A run without a job would be joined by all others and never end.
            commit.Check(job.Key, Condition.At(job.Version))
                .Put(KeyOf(job.Tenant), StoredJson.Write(run with { Began = began, After = next }, PrivacyJson.Default.RetentionRun), Condition.Same(item));
        }
        if (await store.CommitAsync(commit, ct) == CommitResult.Committed && next is null)
            return done ? JobOutcome.Finished : new JobOutcome.Wait(run.At + Behind - time.GetUtcNow());
        // There is more, or another wish came.
        return new JobOutcome.Wait(TimeSpan.Zero);
    }

    /// <summary>Returns behind which message to go on, or null at the end.</summary>
    private async Task<string?> MoveAllAsync(string tenant, string? after, CancellationToken ct)
    {
        for (var commits = 0; commits < CommitsATurn; commits++)
        {
            var page = await store.PickAsync(tenant, Messages.KeyOf("", "").Sort, descending: false, MessagesAtOnce, after, null, ct);
            await MoveAsync(tenant, [.. page.Items.Select(item => JsonSerializer.Deserialize(item.Value.Span, InboundJson.Default.MessageRecord)!)], ct);
            if (page.Next is null)
                return null;
            after = page.Next;
        }
        return after;
    }

    private async Task MoveAsync(string tenant, IReadOnlyList<MessageRecord> records, CancellationToken ct)
    {
        if (records.Count == 0)
            return;
        await store.RetryAsync(async (commit, token) =>
        {
            // Asked for each commit anew: a wish that comes meanwhile must not be undone by the one before it.
            var keep = await retention.ReadAsync(tenant, token);
            var wanted = Wanted(tenant, records, keep);
            foreach (var item in await store.GetAsync([.. wanted.Keys], token))
            {
                if (item is null)
                    continue;
                var until = wanted[item.Key](item);
                // As exact as the store is.
                if (until?.ToUnixTimeMilliseconds() == item.Expires?.ToUnixTimeMilliseconds())
                    continue;
                commit.Expire(item.Key, until);
                // A file does not go with the item that names it.
                if (until is not null && item.Key.Sort.StartsWith(Messages.RawPrefix, StringComparison.Ordinal) && Messages.LiesInBlob(item))
                    JobQueue.AddAgain(commit, tenant, Messages.BlobJob, item.Key.Sort[Messages.RawPrefix.Length..], until.Value);
            }
            if (!commit.IsEmpty)
                keep.AddTo(commit);
            return true;
        }, ct);
    }

    /// <summary>What is stored of these mails, and when it is to go; null is never.</summary>
    private static Dictionary<ItemKey, Func<Item, DateTimeOffset?>> Wanted(string tenant, IReadOnlyList<MessageRecord> records, Keeping keep)
    {
        var wanted = new Dictionary<ItemKey, Func<Item, DateTimeOffset?>>();
        foreach (var record in records)
        {
            foreach (var key in RawKeys(tenant, record.Id))
                wanted[key] = _ => keep.Raw(record.Person, record.Id, record.ReceivedAt);
            foreach (var key in TextKeys(tenant, record.Id))
                wanted[key] = _ => keep.Text(record.Person, record.Id, record.ReceivedAt);
            foreach (var key in RecordKeys(tenant, record.Id))
                wanted[key] = _ => keep.Record(record.Person, record.Id, record.ReceivedAt);
            wanted[Threads.KeyOf(tenant, record.Thread)] = item => ThreadUntil(item, record.Person, keep);
        }
        return wanted;
    }

    // With its newest mail; never, when one of its mails stays.
    private static DateTimeOffset? ThreadUntil(Item item, string person, Keeping keep)
    {
        var mails = Threads.Read(item.Key, item).Record.Messages;
        return (mails.FirstOrDefault(one => keep.Holds(person, one)) ?? mails.Max(StringComparer.Ordinal)) is { } mail
            ? keep.Record(person, mail, DateTimeOffset.FromUnixTimeMilliseconds(Ids.TimeOf(mail)))
            : item.Expires;
    }

    private static ItemKey[] RawKeys(string tenant, string id) => [Messages.RawKey(tenant, id)];

    private static ItemKey[] TextKeys(string tenant, string id) => [MessageTexts.KeyOf(tenant, id), Drafts.KeyOf(tenant, id), Drafts.WaitingKey(tenant, id)];

    private static ItemKey[] RecordKeys(string tenant, string id) => [Messages.KeyOf(tenant, id), Receipts.KeyOf(tenant, id), Outbox.KeyOf(tenant, id)];

    private static ItemKey KeyOf(string tenant) => ItemKey.Main(tenant, "retention-run");
}
