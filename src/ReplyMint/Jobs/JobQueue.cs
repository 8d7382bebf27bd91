using System.Globalization;
using System.Text.Json;
using ReplyMint.Storage;

namespace ReplyMint.Jobs;

/// <summary>Jobs that are due.</summary>
internal sealed record QueueDepth(int Due, TimeSpan Oldest);

/// <summary>
/// Jobs are items, ordered by the time before which they must not run; wake-ups are only hints (<see cref="IWorkQueue"/>).
/// A lost hint costs time, never work: the sweeper finds the item.
/// </summary>
internal sealed class JobQueue(IStore store, IWorkQueue hints, TimeProvider time)
{
    /// <summary>Due jobs are spread over so many partitions, since one partition has a ceiling on DynamoDB.</summary>
    public const int Shards = 4;

    private const int MostCounted = 1_000;
    private const int StampLength = 14;
    private const string Form = "D14";

    /// <summary>Adds a job to a commit. Call <see cref="Wake"/> with it once that is committed.</summary>
    /// <param name="notBefore">When it may run; null is at once.</param>
    public Job Add(Commit commit, string tenant, string kind, string target, DateTimeOffset? notBefore = null) =>
        Add(commit, new JobRecord(1, tenant, kind, target, 0, Unhinted: notBefore > time.GetUtcNow()), notBefore ?? time.GetUtcNow());

    /// <summary>The same without a hint: whoever looks for due jobs comes for it, within seconds.</summary>
    public void AddUnhinted(Commit commit, string tenant, string kind, string target) =>
        Add(commit, new JobRecord(1, tenant, kind, target, 0, Unhinted: true), time.GetUtcNow());

    /// <summary>The same where no queue is, such as in a store that is being restored: the next start finds it.</summary>
    public static void Add(Commit commit, string tenant, string kind, string target, DateTimeOffset due) =>
        Add(commit, new JobRecord(1, tenant, kind, target, 0, Unhinted: true), due);

    /// <summary>Adds one that may stand there already, for the same time; then it is there once. Needs no hint: the sweeper comes for it.</summary>
    public static void AddAgain(Commit commit, string tenant, string kind, string target, DateTimeOffset notBefore) => Add(commit, new JobRecord(1, tenant, kind, target, 0, Unhinted: true), notBefore, Condition.Any);

    /// <summary>Hints that the job is there. Jobs of the future need no hint: the sweeper comes for them.</summary>
    public void Wake(Job job)
    {
        if (DueAt(job.Key) <= time.GetUtcNow())
            hints.Offer(job);
    }

    /// <summary>Puts a job off: the old item goes and the new one comes in one commit.</summary>
    public async Task RescheduleAsync(Job job, TimeSpan after, bool failed, CancellationToken ct)
    {
        var commit = new Commit();
        job.Complete(commit);
        // Later than now by at least the key's resolution: the old and the new item must not have one key.
        var due = time.GetUtcNow() + (after > TimeSpan.FromMilliseconds(1) ? after : TimeSpan.FromMilliseconds(1));
        Add(commit, job.Record with { Attempts = job.Attempts + (failed ? 1 : 0), Unhinted = true, Until = null }, due);
        await store.CommitAsync(commit, ct);
    }

    public async Task BuryAsync(Job job, string reason, CancellationToken ct)
    {
        var commit = new Commit();
        job.Complete(commit);
        Bury(commit, job, reason);
        await store.CommitAsync(commit, ct);
    }

    /// <summary>Adds a dead letter to a commit that also completes the job.</summary>
    public void Bury(Commit commit, Job job, string reason) =>
        commit.Put(DeadKey(job.Tenant, job.Record.Kind, job.Target),
            StoredJson.Write(new DeadJob(1, job.Record, reason, time.GetUtcNow()), JobsJson.Default.DeadJob), Condition.Any);

    /// <summary>A tenant's dead letters.</summary>
    public async Task<IReadOnlyList<DeadJob>> DeadAsync(string tenant, CancellationToken ct)
    {
        var dead = new List<DeadJob>();
        await foreach (var item in store.AllAsync(Table.Main, tenant, "dead/", ct))
            dead.Add(JsonSerializer.Deserialize(item.Value.Span, JobsJson.Default.DeadJob)!);
        return dead;
    }

    /// <summary>Gives a dead letter another life. False when there is none of that name.</summary>
    /// <param name="also">Adds the audit entry of the person who decided it.</param>
    public async Task<bool> ReplayAsync(string tenant, string kind, string target, Func<Commit, CancellationToken, Task> also, CancellationToken ct)
    {
        Job? job = null;
        var found = await store.RetryAsync(async (commit, token) =>
        {
            if (!await TakeDeadAsync(commit, tenant, kind, target, token))
                return false;
            job = Add(commit, tenant, kind, target);
            await also(commit, token);
            return true;
        }, ct);
        if (found)
            Wake(job!);
        return found;
    }

    /// <summary>Takes a dead letter away with the commit that gives its work to another job. False when there is none.</summary>
    public async Task<bool> TakeDeadAsync(Commit commit, string tenant, string kind, string target, CancellationToken ct)
    {
        if (await store.GetAsync(DeadKey(tenant, kind, target), ct) is not { } item)
            return false;
        commit.Delete(item.Key, Condition.Same(item));
        return true;
    }

    /// <summary>The jobs of one shard that may run now, the longest due first.</summary>
    public async Task<IReadOnlyList<Job>> DueAsync(int shard, int limit, CancellationToken ct) =>
        [.. (await DueAsync(shard, limit, null, ct)).Items.Select(Read)];

    /// <summary>How much waits, counted up to a bound in each shard, and for how long the first of it has.</summary>
    public async Task<QueueDepth> DepthAsync(CancellationToken ct)
    {
        var (count, oldest) = (0, TimeSpan.Zero);
        for (var shard = 0; shard < Shards; shard++)
        {
            var due = (await DueAsync(shard, MostCounted, null, ct)).Items;
            count += due.Count;
            if (due.Count > 0 && time.GetUtcNow() - DueAt(due[0].Key) is var age && age > oldest)
                oldest = age;
        }
        return new(count, oldest);
    }

    /// <summary>The same as items, behind a cursor.</summary>
    public async ValueTask<Page> DueAsync(int shard, int limit, string? cursor, CancellationToken ct) =>
        await store.QueryAsync(Table.Main, Partition(shard), new Storage.Range("", Before: Stamp(time.GetUtcNow().AddMilliseconds(1)), Limit: limit), cursor, ct);

    /// <summary>Whose job it is and of which kind, without a look into it.</summary>
    public static (string Tenant, string Kind) Of(ItemKey key)
    {
        var parts = key.Sort.Split('/', 4);
        return (parts[1], parts[2]);
    }

    /// <summary>The job that a hint from elsewhere names, which was due by the clock of whoever sent it; null when it is gone: done, or put off.</summary>
    public async Task<Job?> FindAsync(WakeUp hint, CancellationToken ct) =>
        await store.GetAsync(ItemKey.Main(Partition(hint.Shard), hint.Key), ct) is { } item ? Read(item) : null;

    /// <summary>Whether such a job may lie there.</summary>
    public static bool IsKey(string key, string tenant, string kind, string target) =>
        key.Length > StampLength && !key.AsSpan(0, StampLength).ContainsAnyExceptInRange('0', '9') && key[StampLength..] == $"/{tenant}/{kind}/{target}";

    public static int ShardOf(string target) => target.Length == 0 ? 0 : target[^1] % Shards;

    public static Job Read(Item item) => new(JsonSerializer.Deserialize(item.Value.Span, JobsJson.Default.JobRecord)!, item.Key, item.Version);

    /// <summary>All jobs, due or not, with when each runs.</summary>
    public static async IAsyncEnumerable<(JobRecord Job, DateTimeOffset DueAt)> AllAsync(IStore store, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        for (var shard = 0; shard < Shards; shard++)
            await foreach (var item in store.AllAsync(Table.Main, Partition(shard), "", ct))
                yield return (JsonSerializer.Deserialize(item.Value.Span, JobsJson.Default.JobRecord)!, DueAt(item.Key));
    }

    /// <summary>All jobs that a test names, due or not; a look through everything.</summary>
    public async IAsyncEnumerable<Item> FindAsync(Func<JobRecord, bool> wanted, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        for (var shard = 0; shard < Shards; shard++)
            await foreach (var item in store.AllAsync(Table.Main, Partition(shard), "", ct))
                if (wanted(JsonSerializer.Deserialize(item.Value.Span, JobsJson.Default.JobRecord)!))
                    yield return item;
    }

    private static Job Add(Commit commit, JobRecord record, DateTimeOffset due) => Add(commit, record, due, Condition.Absent);

    private static Job Add(Commit commit, JobRecord record, DateTimeOffset due, Condition condition)
    {
        var key = ItemKey.Main(Partition(ShardOf(record.Target)), $"{Stamp(due)}/{record.Tenant}/{record.Kind}/{record.Target}");
        commit.Put(key, StoredJson.Write(record, JobsJson.Default.JobRecord), condition);
        return new Job(record, key, 1);
    }

    private static ItemKey DeadKey(string tenant, string kind, string target) => ItemKey.Main(tenant, $"dead/{kind}/{target}");

    private static string Partition(int shard) => string.Create(CultureInfo.InvariantCulture, $"due/{shard}");

    private static string Stamp(DateTimeOffset at) => at.ToUnixTimeMilliseconds().ToString(Form, CultureInfo.InvariantCulture);

    public static DateTimeOffset DueAt(ItemKey key) =>
        DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(key.Sort.AsSpan(0, StampLength), CultureInfo.InvariantCulture));
}
