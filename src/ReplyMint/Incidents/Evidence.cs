using System.Security.Cryptography;

namespace ReplyMint.Incidents;

/// <summary>One file of a bundle: lines of JSON.</summary>
/// <param name="Sha256">Hex, of all its bytes, line ends included.</param>
internal sealed record EvidenceFile(string Name, long Lines, long Bytes, string Sha256);

/// <summary>What a bundle holds, signed by the installation.</summary>
/// <param name="Tenant">Only of this tenant; null: of all.</param>
internal sealed record EvidenceManifest(int V, string Incident, string? Tenant, DateTimeOffset Since, DateTimeOffset MadeAt, string By, IReadOnlyList<EvidenceFile> Files);

internal sealed record EvidenceAudit(string Chain, Audit.AuditRecord Entry);

/// <summary>A key without its name, secret and networks.</summary>
internal sealed record EvidenceKey(string Id, string Tenant, IReadOnlyList<string> Scopes, string Owner, DateTimeOffset CreatedAt, DateTimeOffset SecretAt, DateTimeOffset EndsAt, int Networks, DateTimeOffset? UsedAt);

/// <summary>A session without where its person sits.</summary>
internal sealed record EvidenceSession(string Id, string User, string Tenant, DateTimeOffset SignedInAt, DateTimeOffset LastSeenAt, DateTimeOffset? SecondFactorAt);

internal sealed record EvidenceOutbox(string Tenant, string Id, string Purpose, string? Mailbox, string State, int Attempts, DateTimeOffset CreatedAt, DateTimeOffset? ChangedAt);

/// <param name="DueAt">When it runs; null for a dead letter.</param>
internal sealed record EvidenceJob(string Tenant, string Kind, string Target, int Attempts, DateTimeOffset? DueAt, DateTimeOffset? DiedAt);

/// <summary>One line for one file, without its end.</summary>
internal readonly record struct EvidenceLine(string File, byte[] Json);

/// <summary>Counts and hashes what goes into each file, on either side: when a bundle is made, and when it is opened.</summary>
internal sealed class EvidenceHashes
{
    private readonly SortedDictionary<string, Counted> _files = new(StringComparer.Ordinal);

    public void Add(string file, ReadOnlySpan<byte> line)
    {
        if (!_files.TryGetValue(file, out var counted))
            _files[file] = counted = new Counted();
        counted.Hash.AppendData(line);
        counted.Hash.AppendData("\n"u8);
        counted.Lines++;
        counted.Bytes += line.Length + 1;
    }

    public IReadOnlyList<EvidenceFile> Files() =>
        [.. _files.Select(one => new EvidenceFile(one.Key, one.Value.Lines, one.Value.Bytes, Convert.ToHexStringLower(one.Value.Hash.GetCurrentHash())))];

    private sealed class Counted
    {
        public IncrementalHash Hash { get; } = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        public long Lines { get; set; }
        public long Bytes { get; set; }
    }
}
