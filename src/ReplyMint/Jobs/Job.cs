using System.Text.Json.Serialization;
using ReplyMint.Storage;

namespace ReplyMint.Jobs;

/// <summary>A piece of durable work: which kind, for which tenant, on which record. Ids only.</summary>
internal sealed record JobRecord(int V, string Tenant, string Kind, string Target, int Attempts);

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
