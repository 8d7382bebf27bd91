using System.Text;
using ReplyMint.Jobs;
using ReplyMint.Limits;
using ReplyMint.Storage;

namespace ReplyMint.Outbound;

/// <summary>
/// What waits behind a stop switch, each mail by one item instead of a job: a stop of days writes nothing. The commit that
/// lifts a switch adds a job, which gives each its job back.
/// </summary>
internal sealed class StoppedSendings(IStore store, JobQueue jobs)
{
    /// <summary>The kind of the job that lets go on what a lifted switch held.</summary>
    public const string JobKind = "resume";

    // Stands for "no mailbox" in keys, where ids never do.
    private const string None = "-";
    // Two operations for each: below a commit's limit.
    private const int Page = 40;

    /// <summary>Ends the job (a sending, or a mail of an isolated tenant or mailbox that is still to be decided) until a switch is lifted; only while the switch still stands as it was read, else the lifting was before it.</summary>
    public static void Park(Commit commit, Job job, string? mailbox, SwitchState stop)
    {
        stop.Hold(commit);
        job.Complete(commit);
        commit.Put(ItemKey.Main(Partition(job.Target), $"{job.Tenant}/{mailbox ?? None}/{job.Target}"), job.Record.Kind == Outbox.JobKind ? ReadOnlyMemory<byte>.Empty : Encoding.ASCII.GetBytes(job.Record.Kind), Condition.Any);
    }

    /// <summary>Adds what follows to the commit that lifts a switch. Mails that another switch holds are parked anew.</summary>
    /// <param name="commit">The one that lifts it.</param>
    /// <param name="partition">The installation, or the tenant.</param>
    /// <param name="mailbox">The tenant's mailbox whose switch it is; null for the whole partition's.</param>
    public void Lift(Commit commit, string partition, string? mailbox) => jobs.Add(commit, partition, JobKind, mailbox ?? None);

    public async Task<JobOutcome> ResumeAsync(Job job, CancellationToken ct)
    {
        var prefix = job.Tenant == KeyRing.Installation ? "" : job.Target == None ? job.Tenant + "/" : $"{job.Tenant}/{job.Target}/";
        foreach (var partition in Partitions)
        {
            // One way through: what is parked anew meanwhile stands where we have been.
            string? cursor = null;
            do
                cursor = await ResumeAsync(partition, prefix, cursor, ct);
            while (cursor is not null);
        }
        var commit = new Commit();
        job.Complete(commit);
        await store.CommitAsync(commit, ct);
        return JobOutcome.Finished;
    }

    /// <summary>All of a tenant's whose mail a test names.</summary>
    public async IAsyncEnumerable<Item> FindAsync(string tenant, Func<string, bool> wanted, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        foreach (var partition in Partitions)
            await foreach (var item in store.AllAsync(Table.Main, partition, tenant + "/", ct))
                if (wanted(item.Key.Sort[(item.Key.Sort.LastIndexOf('/') + 1)..]))
                    yield return item;
    }

    /// <summary>A page of them; returns where to go on.</summary>
    private async Task<string?> ResumeAsync(string partition, string prefix, string? cursor, CancellationToken ct)
    {
        List<Job> woken = [];
        var next = await store.RetryAsync(async (commit, token) =>
        {
            woken = [];
            var page = await store.QueryAsync(Table.Main, partition, new Storage.Range(prefix, Limit: Page), cursor, token);
            foreach (var item in page.Items)
            {
                var parts = item.Key.Sort.Split('/');
                commit.Delete(item.Key, Condition.Same(item));
                woken.Add(jobs.Add(commit, parts[0], item.Value.IsEmpty ? Outbox.JobKind : Encoding.ASCII.GetString(item.Value.Span), parts[2]));
            }
            return page.Cursor;
        }, ct);
        foreach (var job in woken)
            jobs.Wake(job);
        return next;
    }

    // As many as due jobs have, for the same reason: a partition has a ceiling on DynamoDB.
    private static IEnumerable<string> Partitions => Enumerable.Range(0, JobQueue.Shards).Select(shard => $"stopped/{shard}");

    private static string Partition(string target) => $"stopped/{target[^1] % JobQueue.Shards}";
}
