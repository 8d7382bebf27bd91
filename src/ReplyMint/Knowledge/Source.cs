namespace ReplyMint.Knowledge;

/// <summary>A file of a tenant's knowledge, as listed.</summary>
/// <param name="Id">Keyed hash of the name: the same name is the same source.</param>
internal sealed record KnowledgeSource(string Id, string Name, int Passages, DateTimeOffset AddedAt);

internal enum AddOutcome
{
    Added,
    Replaced,
    /// <summary>The same file again: nothing was written.</summary>
    Unchanged,
    /// <summary>Nothing was written; the problems say why.</summary>
    Refused,
}

/// <param name="Problems">What of the file was lost or read otherwise than written.</param>
internal sealed record AddResult(AddOutcome Outcome, string SourceId, int Passages, IReadOnlyList<ReadProblem> Problems);

/// <summary>The stored form of a source, sealed: its name and its content's hash say something about the tenant.</summary>
/// <param name="Generation">Names the passages that count; others are left over from a change or a crash.</param>
internal sealed record SourceRecord(int V, string Name, string ContentHash, string Generation, int Passages, DateTimeOffset AddedAt);

/// <summary>What lies open beside a sealed source or passage.</summary>
internal sealed record ClearSource(int V, int Passages);
