using System.Text.Json.Serialization;
using ReplyMint.Audit;
using ReplyMint.Storage;

namespace ReplyMint.Incidents;

/// <summary>What a part holds, signed by the installation as a statement of the kind "backup". Ids, counts and hashes only.</summary>
/// <param name="At">The instant that the part shows.</param>
/// <param name="Version">The ReplyMint that wrote it.</param>
/// <param name="Form">The database's form.</param>
/// <param name="Items">By table and kind; expired ones are not in it.</param>
/// <param name="Settings">Hex SHA-256 of the settings, or null.</param>
internal sealed record BackupManifest(
    int V, BackupPart Part, string StoreId, DateTimeOffset At, string Version, int Form, BackupContent Database, BackupBlobs Blobs,
    IReadOnlyDictionary<string, long> Items, BackupAudit Audit, string? Settings);

/// <param name="Sha256">Hex.</param>
internal sealed record BackupContent(long Bytes, string Sha256);

/// <param name="Sha256">Hex, over a line of name and hash for each, in the order in which they stand.</param>
/// <param name="Missing">Files that the store lacks though their items name them.</param>
internal sealed record BackupBlobs(long Count, long Bytes, string Sha256, long Missing);

/// <summary>Up to where the audit log is in it: one hash over the heads of all chains.</summary>
internal sealed record BackupAudit(long Chains, string Heads);

/// <summary>What a drill found, signed as a statement of the kind "backup-drill".</summary>
/// <param name="Items">Items that are the same to the byte in the store as it was copied and in what was restored.</param>
/// <param name="Opened">Sealed items that were opened in the restored store.</param>
/// <param name="Problems">Empty: passed.</param>
internal sealed record DrillReport(
    int V, string Id, DateTimeOffset At, string StoreId, double Seconds, long Items, long Blobs, long Opened, IReadOnlyList<string> Checked, IReadOnlyList<string> Problems)
{
    [JsonIgnore]
    public bool Passed => Problems.Count == 0;
}

/// <param name="File">The name, without its folder.</param>
internal sealed record BackupRun(DateTimeOffset At, string File, long Bytes);

/// <summary>What was done last; one item.</summary>
/// <param name="DataQueued">When the last job for it was added; null: never.</param>
/// <param name="Since">Since when backups are looked after: from then on a missing one is overdue.</param>
internal sealed record BackupState(
    int V, DateTimeOffset? Since = null, BackupRun? Data = null, BackupRun? Keys = null, DateTimeOffset? Drill = null, bool DrillPassed = false,
    DateTimeOffset? DataQueued = null, DateTimeOffset? KeysQueued = null);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UseStringEnumConverter = true)]
[JsonSerializable(typeof(BackupManifest))]
[JsonSerializable(typeof(DrillReport))]
[JsonSerializable(typeof(BackupState))]
[JsonSerializable(typeof(AttestationKeySet))]
internal sealed partial class BackupJson : JsonSerializerContext;
