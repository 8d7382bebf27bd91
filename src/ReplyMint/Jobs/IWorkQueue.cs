using ReplyMint.Storage;

namespace ReplyMint.Jobs;

/// <summary>
/// Where hints of due jobs go: to the workers of this process (<see cref="JobTurns"/>), or by a queue to other processes. A hint may
/// be lost, late, or there twice. That costs time, never work: the sweep finds the job, and the job's own commit is what happens once.
/// </summary>
internal interface IWorkQueue
{
    /// <summary>Whether the sweep's hint of a job is wanted.</summary>
    bool Wants(ItemKey key, string tenant, string kind);

    /// <summary>Takes a hint, without a wait and without a failure.</summary>
    void Offer(Job job);

    /// <summary>Sends what was offered to where it goes; tells nobody of what got lost.</summary>
    Task FlushAsync(CancellationToken ct);
}

/// <summary>Jobs of this kind destroy keys; given by the room that runs them. Where workers have rights of their own, only few may.</summary>
internal sealed record ErasingKind(string Kind);
