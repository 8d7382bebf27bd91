using System.Text.Json.Serialization;

namespace ReplyMint.Incidents;

/// <summary>Something went wrong, or may have: the clear part. What it is about is sealed.</summary>
/// <param name="By">Who opened it: a user's id, or a name of the audit log.</param>
internal sealed record Incident(int V, string Id, string By, DateTimeOffset OpenedAt, DateTimeOffset? ClosedAt = null);

/// <summary>An incident with the words of whoever opened it.</summary>
internal sealed record IncidentSeen(Incident Incident, string Text);

/// <summary>One line of an incident's timeline: what was done, when and by whom. A note's words are sealed beside it.</summary>
/// <param name="Act">As in the audit log, such as "contain.tenant".</param>
/// <param name="Target">The id of what it was done to.</param>
internal sealed record IncidentEvent(int V, DateTimeOffset At, string By, string Act, string Target, IReadOnlyDictionary<string, string>? Details = null);

/// <summary>A line with its note, where it has one.</summary>
internal sealed record IncidentLine(IncidentEvent Event, string? Note);

internal sealed record IncidentWords(string Text);

/// <summary>What is left to do.</summary>
internal sealed record FollowUp(string Note, DateTimeOffset Due);

/// <summary>How an act for an incident ended.</summary>
internal enum ActResult
{
    Done,
    /// <summary>It was so already.</summary>
    Already,
    /// <summary>What it was to be done to is not there.</summary>
    NotFound,
    /// <summary>The incident that was named is not there, or closed.</summary>
    NoIncident,
}

/// <summary>What the room stores or signs.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Incident))]
[JsonSerializable(typeof(IncidentEvent))]
[JsonSerializable(typeof(IncidentLine))]
[JsonSerializable(typeof(IncidentWords))]
[JsonSerializable(typeof(EvidenceManifest))]
[JsonSerializable(typeof(EvidenceAudit))]
[JsonSerializable(typeof(EvidenceKey))]
[JsonSerializable(typeof(EvidenceSession))]
[JsonSerializable(typeof(EvidenceOutbox))]
[JsonSerializable(typeof(EvidenceJob))]
[JsonSerializable(typeof(Limits.Containment))]
[JsonSerializable(typeof(Limits.WatchEvent))]
[JsonSerializable(typeof(Audit.Alert))]
[JsonSerializable(typeof(IncidentDrillReport))]
[JsonSerializable(typeof(KnownNetworks))]
internal sealed partial class IncidentsJson : JsonSerializerContext;
