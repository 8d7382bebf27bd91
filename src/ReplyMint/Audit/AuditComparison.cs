using System.Globalization;
using System.Text.Json;
using ReplyMint.Storage;

namespace ReplyMint.Audit;

/// <summary>One verification: what it compares with, and what it found.</summary>
/// <param name="store">Where the log lies.</param>
/// <param name="id">The installation's, which all that is signed has to name.</param>
/// <param name="keys">Its public keys of all times.</param>
/// <param name="only">The chain that is looked at; null is all.</param>
internal sealed class AuditComparison(IStore store, string id, AttestationKeySet keys, string? only)
{
    private readonly List<AuditFinding> _findings = [];

    public IReadOnlyList<AuditFinding> Findings => _findings;

    /// <summary>What a place off this machine said instead of its documents; null: each gave them.</summary>
    public string? Silent { get; set; }

    public void Report(AuditFinding finding)
    {
        // The head and a root may both say that the end is missing.
        if (_findings.Count < AuditVerifier.MostFindings && !_findings.Exists(known => (known.Fault, known.Chain, known.Entry) == (finding.Fault, finding.Chain, finding.Entry)))
            _findings.Add(finding);
    }

    /// <summary>As it lies in the file: what is kept in memory would hide what somebody changed there.</summary>
    public async Task<Item?> ReadAsync(ItemKey key, CancellationToken ct) =>
        (await store.QueryAsync(key.Table, key.Partition, new Storage.Range(key.Sort, Limit: 1), null, ct)).Items is [var item] && item.Key.Sort == key.Sort ? item : null;

    public static long PlaceOf(ItemKey key) => long.Parse(key.Sort.AsSpan(AuditLog.EntryPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture);

    /// <summary>Follows the roots of one place after another, and looks each head up that they name.</summary>
    public async Task<IReadOnlyList<RootTrail>> FollowAsync(IAsyncEnumerable<AnchoredDocument> documents, bool fromFirst, CancellationToken ct)
    {
        var trails = new List<RootTrail>();
        await foreach (var document in documents.WithCancellation(ct))
        {
            if (trails.Count == 0 || trails[^1].Place != document.Place)
                trails.Add(new(id, document.Place, fromFirst, Report));
            var trail = trails[^1];
            await CheckAsync(trail.Next(document, keys).Where(leaf => only is null || leaf.Chain == only), SaysOf(trail), ct);
        }
        foreach (var trail in trails)
            trail.End();
        return trails;
    }

    public void Compare(IReadOnlyList<RootTrail> own, RootTrail other)
    {
        var ours = own.Count == 0 ? [] : own[0].Hashes;
        foreach (var (number, hash) in other.Hashes)
            if (!ours.TryGetValue(number, out var mine))
                Report(new(AuditFault.RootMissing, null, number, $"it lies in {other.Place}, and this store has none of this number that is genuine"));
            else if (mine != hash)
                Report(new(AuditFault.RootAltered, null, number, $"this store's root is another one than that in {other.Place}"));
    }

    /// <summary>What allows the chain to start late; null: nothing does.</summary>
    public CheckpointStatement? Read(Item? item, string chain, Action<AuditFinding> report)
    {
        if (item is null)
            return null;
        try
        {
            if (JsonSerializer.Deserialize(item.Value.Span, AuditJson.Default.CheckpointRecord) is { Jws: { } jws }
                && Attestations.Verify(CheckpointStatement.Kind, jws, AuditJson.Default.CheckpointStatement, keys) is { } checkpoint && checkpoint.Store == id && checkpoint.Chain == chain)
                return checkpoint;
        }
        catch (JsonException)
        {
            // No JSON at all is not what was signed either.
        }
        report(new(AuditFault.CheckpointAltered, chain, 0, "it is not what this installation signed"));
        return null;
    }

    /// <summary>Looks each head up that a root names.</summary>
    /// <param name="leaves">The heads.</param>
    /// <param name="root">The root, in words.</param>
    public async Task CheckAsync(IEnumerable<RootLeaf> leaves, string root, CancellationToken ct)
    {
        foreach (var leaf in leaves)
        {
            if (await ReadAsync(AuditLog.KeyOf(leaf.Chain, leaf.Sequence), ct) is not { } item)
                await MissingAsync(leaf, root, ct);
            else if (AuditRecord.Genuine(item.Value.Span) is { } record && record.Hash != leaf.Hash && !_findings.Exists(known => known.Chain == leaf.Chain && known.Fault == AuditFault.Changed))
                Report(new(AuditFault.Changed, leaf.Chain, leaf.Sequence, $"{root} names another one: this entry, or one before it, was written anew"));
        }
    }

    /// <summary>The entry that a root names is not there: was it pruned, is it a gap (the walk tells), or was the end cut off?</summary>
    private async Task MissingAsync(RootLeaf leaf, string root, CancellationToken ct)
    {
        var page = await store.QueryAsync(Table.Audit, leaf.Chain, new Storage.Range(AuditLog.EntryPrefix, Descending: true, Limit: 1), null, ct);
        var checkpoint = Read(await ReadAsync(RootNames.CheckpointKey(leaf.Chain), ct), leaf.Chain, Report);
        var last = page.Items is [var newest] ? PlaceOf(newest.Key) : checkpoint?.Sequence ?? 0;
        if (last < leaf.Sequence)
            Report(new(AuditFault.CutOff, leaf.Chain, last + 1, string.Create(CultureInfo.InvariantCulture, $"{root} says that there were {leaf.Sequence} entries; the last one is {last}")));
        else if (checkpoint?.Sequence == leaf.Sequence && checkpoint.Hash != leaf.Hash)
            Report(new(AuditFault.CheckpointAltered, leaf.Chain, leaf.Sequence, $"{root} names another entry than the checkpoint"));
    }

    public static string SaysOf(RootTrail trail) =>
        string.Create(CultureInfo.InvariantCulture, $"the root of {trail.Last!.At.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z (number {trail.Last.Number}, {trail.Place})");
}
