using System.Text.Json.Serialization;

namespace ReplyMint.Audit;

/// <summary>What is wrong with the audit log.</summary>
internal enum AuditFault
{
    /// <summary>An entry is not what was written, or does not follow from the one before.</summary>
    Changed,
    /// <summary>Entries between others, or at the beginning, are not there.</summary>
    Missing,
    /// <summary>An entry lies at another's place.</summary>
    Reordered,
    /// <summary>Entries at the end are not there.</summary>
    CutOff,
    /// <summary>The head does not name the last entry.</summary>
    HeadAltered,
    /// <summary>A root is not what was signed, or says other than the copy elsewhere.</summary>
    RootAltered,
    /// <summary>A root between others, or one that a place elsewhere has, is not there.</summary>
    RootMissing,
    /// <summary>What allows a chain to start late is not what was signed.</summary>
    CheckpointAltered,
}

/// <param name="Chain">A tenant's id or "installation"; null where it is about a root.</param>
/// <param name="Entry">The entry's number, or the root's.</param>
internal sealed record AuditFinding([property: JsonConverter(typeof(JsonStringEnumConverter<AuditFault>))] AuditFault Fault, string? Chain, long Entry, string Says);

/// <summary>One chain, as far as it was looked at.</summary>
/// <param name="First">The first entry that is there; 0: none.</param>
internal sealed record ChainVerdict(string Chain, long First, long Last);

/// <summary>What verification found.</summary>
/// <param name="CompleteUpTo">Time of the newest root that all of it agrees with; null when there is none, or something is wrong.</param>
/// <param name="Root">That root's number.</param>
/// <param name="Elsewhere">That root lies off this machine; without one nobody can know whether all of it was written anew.</param>
/// <param name="Says">In one sentence.</param>
internal sealed record AuditVerdict(
    bool Whole, DateTimeOffset? CompleteUpTo, long? Root, bool Elsewhere, string Says, long Entries, IReadOnlyList<ChainVerdict> Chains, IReadOnlyList<AuditFinding> Findings);
