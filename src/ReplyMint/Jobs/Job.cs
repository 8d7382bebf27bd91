using System.Text.Json.Serialization;
using ReplyMint.Storage;

namespace ReplyMint.Jobs;

/// <summary>A piece of durable work: which kind, for which tenant, on which record. Ids only.</summary>
/// <param name="Unhinted">Nobody is told of it when its time comes: whoever looks for due jobs should take it at once.</param>
/// <param name="Until">On a store that several processes share: until then it is whose claim this is.</param>
internal sealed record JobRecord(int V, string Tenant, string Kind, string Target, int Attempts,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool Unhinted = false,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? Until = null);

/// <summary>A job as it was read, with its place in the store.</summary>
internal sealed record Job(JobRecord Record, ItemKey Key, long Version)
{
    public string Tenant => Record.Tenant;
    public string Target => Record.Target;
    public int Attempts => Record.Attempts;

    /// <summary>
    /// The job is done in the same commit as its effect. Should another worker have done it, the commit fails: that is
    /// what keeps work from happening twice.
    /// </summary>
    public void Complete(Commit commit) => commit.Delete(Key, Condition.At(Version));

    /// <summary>
    /// The same where the commit happens once for another reason, and must not fail because another process has claimed the job meanwhile.
    /// </summary>
    public void End(Commit commit) => commit.Delete(Key);

    /// <summary>Completes the job with the last commit of its work. Where something moved, the job itself or what the commit rests on, nothing is written, and it looks once more.</summary>
    public async Task<JobOutcome> EndAsync(IStore store, Commit commit, CancellationToken ct)
    {
        Complete(commit);
        return await store.CommitAsync(commit, ct) == CommitResult.Committed ? JobOutcome.Finished : new JobOutcome.Wait(TimeSpan.Zero);
    }

    /// <summary>Whether it is there as it was read: neither done nor put off, nor claimed by another process.</summary>
    public async ValueTask<bool> StandsAsync(IStore store, CancellationToken ct) => await store.GetAsync(Key, ct) is { } item && item.Version == Version;

    /// <summary>Adds a claim to a commit; returns the job as it is once that is committed.</summary>
    internal Job Claim(Commit commit, DateTimeOffset until)
    {
        var record = Record with { Until = until };
        commit.Put(Key, StoredJson.Write(record, JobsJson.Default.JobRecord), Condition.At(Version));
        return new(record, Key, Version + 1);
    }
}

/// <summary>How a handler's work ended.</summary>
internal abstract record JobOutcome
{
    /// <summary>The handler has deleted the job in its own commit.</summary>
    public sealed record Done : JobOutcome;
    /// <summary>It failed; once more, not before so long.</summary>
    public sealed record Again(TimeSpan After) : JobOutcome;
    /// <summary>It waits, without counting as a failed attempt (a stop switch, a busy model).</summary>
    public sealed record Wait(TimeSpan After) : JobOutcome;
    /// <summary>It will never work; a person may replay it. The reason is for the operator: no personal data.</summary>
    public sealed record Dead(string Reason) : JobOutcome;

    public static JobOutcome Finished { get; } = new Done();
}

/// <summary>What runs jobs of one kind.</summary>
internal sealed record JobHandler(string Kind, Func<Job, CancellationToken, Task<JobOutcome>> RunAsync);

/// <summary>Makes somebody hear of a job that was buried; given by a room that can tell.</summary>
internal delegate Task BuriedTeller(Job job, string reason, CancellationToken ct);

/// <summary>A job that will never work by itself, kept for a person.</summary>
internal sealed record DeadJob(int V, JobRecord Job, string Reason, DateTimeOffset At);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(JobRecord))]
[JsonSerializable(typeof(DeadJob))]
internal sealed partial class JobsJson : JsonSerializerContext;
