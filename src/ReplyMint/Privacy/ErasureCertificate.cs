using System.Text.Json;
using ReplyMint.Audit;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Privacy;

/// <summary>What is said of something that is not gone yet, or stays.</summary>
/// <param name="What">Which data.</param>
/// <param name="Why">Why it stays, or until when it is there.</param>
internal sealed record CertificateLine(string What, string Why);

/// <summary>The certificate of an erasure, signed by the installation (typ replymint-erasure+jws). Names nobody: who holds the address can have its keyed hash made again.</summary>
/// <param name="Installation">The store's id.</param>
/// <param name="Subject">A keyed hash of the correspondent, or an id.</param>
/// <param name="Unreadable">When the key was destroyed; absent for a single mail, whose correspondent's key stays.</param>
/// <param name="Gone">How many items of each kind were removed.</param>
/// <param name="Later">What goes by itself, and when.</param>
/// <param name="Stays">What stays, and why.</param>
/// <param name="OthersWithAddress">How many mails and settings of others hold the address: a person decides on them.</param>
internal sealed record ErasureCertificate(
    int V, string Installation, string Id, ErasureKind Kind, string? Tenant, string Subject, string RequestedBy, DateTimeOffset RequestedAt, DateTimeOffset? Unreadable, DateTimeOffset DoneAt,
    IReadOnlyDictionary<string, long> Gone, IReadOnlyList<CertificateLine> Later, IReadOnlyList<CertificateLine> Stays, int OthersWithAddress);

/// <summary>Makes certificates.</summary>
internal sealed class ErasureCertificates(ErasureCounts counts, Attestations attestations, OpenStore store)
{
    public const string Kind = "erasure";

    private static readonly CertificateLine Disk = new("blocks of the disk that were written before", "deleted data is overwritten in the database and its log is cut; what a disk keeps of overwritten blocks (as SSDs do) was sealed, and its key is gone with the last copy of the key");

    public async Task<string> SignAsync(Erasure erasure, CancellationToken ct)
    {
        var certificate = new ErasureCertificate(1, store.Id, erasure.Id, erasure.Kind, erasure.Tenant == KeyRing.Installation ? null : erasure.Tenant, erasure.Subject, erasure.By, erasure.At,
            erasure.Kind == ErasureKind.Mail ? null : erasure.ErasedAt, erasure.DoneAt!.Value, await counts.ReadAsync(erasure, ct), LaterOf(erasure.Kind), StaysOf(erasure.Kind), erasure.Found);
        return await attestations.SignAsync(Kind, certificate, PrivacyJson.Default.ErasureCertificate, ct);
    }

    /// <summary>What one of our own says; its signature is not asked.</summary>
    public static ErasureCertificate? Read(string signed) =>
        CompactJws.Parse(signed, Attestations.MaxLength) is { } parsed ? JsonSerializer.Deserialize(parsed.Payload, PrivacyJson.Default.ErasureCertificate) : null;

    private static IReadOnlyList<CertificateLine> LaterOf(ErasureKind kind) =>
    [
        kind == ErasureKind.Mail
            ? new("backups of the data", "hold this mail, sealed, until they are removed: the key of its correspondent stays")
            : new("backups of the data", "unreadable as soon as the last backup of the keys that holds this key is removed, at most 30 days after the erasure"),
        Disk,
        .. kind == ErasureKind.Correspondent ? (CertificateLine[])[new("counters of answers to this address, as keyed hashes", "one day"), new("deliveries to webhooks, with ids of mails only", "14 days"), new("logs, with ids of mails only", "as the operator keeps them, at most 30 days")] : [],
        .. kind == ErasureKind.User ? (CertificateLine[])[new("counters of mails to this address, as keyed hashes", "one hour"), new("logs, with his id only", "as the operator keeps them, at most 30 days")] : [],
    ];

    private static IReadOnlyList<CertificateLine> StaysOf(ErasureKind kind) =>
    [
        new("entries of the audit log", "ids only; who did what must stay provable"),
        new("a line of the erasure ledger", "keyed hashes and ids only; a restored backup is held to it"),
        .. kind is ErasureKind.Correspondent or ErasureKind.Mail ? (CertificateLine[])[new("hashes of the mails' contents, keyed", "up to 400 days; the same mail, sent again by a relay, is not taken again")] : [],
        .. kind == ErasureKind.Correspondent ? (CertificateLine[])[new("wishes not to be answered, complaints and bounces of this address, as keyed hashes", "so that the wish is kept; a bounce for 60 days")] : [],
        .. kind == ErasureKind.Tenant ? (CertificateLine[])[new("accounts of its people", "are the installation's; each is erased by itself")] : [],
        .. kind == ErasureKind.User ? (CertificateLine[])[new("his random id beside decisions on drafts and on who was made a member", "leads to nobody any more")] : [],
    ];
}
