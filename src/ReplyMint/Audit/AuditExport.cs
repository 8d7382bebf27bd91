using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ReplyMint.Storage;

namespace ReplyMint.Audit;

/// <summary>The first line of an export.</summary>
/// <param name="Checkpoint">What allows the chain to start late, as it was signed.</param>
internal sealed record ExportHeader(int V, string Store, string Chain, string? Checkpoint);

/// <summary>What an export says of itself, signed.</summary>
/// <param name="Sha256">Hex, over the lines of all entries.</param>
internal sealed record ExportStatement(int V, string Store, string Chain, long First, long Last, long Entries, string Sha256, DateTimeOffset At)
{
    public const string Kind = "audit-export";
}

/// <summary>The last line: the signed statement, a root and the proof that it holds the chain's last entry. The proof names no other chain.</summary>
internal sealed record ExportManifest(int V, string Manifest, string Root, string Leaf, IReadOnlyList<string> Proof);

/// <summary>A chain as lines of JSON, that somebody who has the public keys and nothing else can verify.</summary>
internal sealed class AuditExport(IStore store, AuditRoots roots, Attestations attestations, TimeProvider time)
{
    /// <summary>False when there is no such chain.</summary>
    public async Task<bool> WriteAsync(string chain, Func<string, Task> line, CancellationToken ct)
    {
        // A root of now, so that it holds all that is written here.
        if (await roots.ProveAsync(chain, ct) is not { } proved)
            return false;
        var checkpoint = await store.GetAsync(RootNames.CheckpointKey(chain), ct) is { } item ? JsonSerializer.Deserialize(item.Value.Span, AuditJson.Default.CheckpointRecord)!.Jws : null;
        await line(JsonSerializer.Serialize(new ExportHeader(1, roots.Store, chain, checkpoint), AuditJson.Default.ExportHeader));
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var (first, entries) = (0L, 0L);
        var range = new Storage.Range(AuditLog.EntryPrefix, Before: AuditLog.KeyOf(chain, proved.Leaf.Sequence + 1).Sort, Limit: 500);
        for (string? cursor = null; ;)
        {
            var page = await store.QueryAsync(Table.Audit, chain, range, cursor, ct);
            foreach (var entry in page.Items)
            {
                hash.AppendData(entry.Value.Span);
                hash.AppendData("\n"u8);
                first = entries++ == 0 ? JsonSerializer.Deserialize(entry.Value.Span, AuditJson.Default.AuditRecord)!.Sequence : first;
                await line(Encoding.UTF8.GetString(entry.Value.Span));
            }
            if ((cursor = page.Cursor) is null)
                break;
        }
        var statement = new ExportStatement(1, roots.Store, chain, first, proved.Leaf.Sequence, entries, Convert.ToHexStringLower(hash.GetHashAndReset()), time.GetUtcNow());
        var signed = await attestations.SignAsync(ExportStatement.Kind, statement, AuditJson.Default.ExportStatement, ct);
        await line(JsonSerializer.Serialize(new ExportManifest(1, signed, proved.Jws, proved.Leaf.ToString(), proved.Proof), AuditJson.Default.ExportManifest));
        return true;
    }

    /// <summary>What is wrong with an export; nothing: it is whole.</summary>
    /// <param name="lines">All of it; one is held in memory.</param>
    /// <param name="keys">The installation's public keys.</param>
    public static async Task<(ExportStatement? Says, RootStatement? Root, IReadOnlyList<AuditFinding> Findings)> VerifyAsync(IAsyncEnumerable<string> lines, AttestationKeySet keys, CancellationToken ct)
    {
        var findings = new List<AuditFinding>();
        void Report(AuditFinding finding)
        {
            if (findings.Count < AuditVerifier.MostFindings)
                findings.Add(finding);
        }
        ExportHeader? header = null;
        ChainWalk? walk = null;
        string? held = null;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var (entries, last) = (0L, "");
        await foreach (var line in lines.WithCancellation(ct))
        {
            if (header is null)
            {
                header = Parse(line, AuditJson.Default.ExportHeader);
                if (header is null)
                    break;
                var checkpoint = header.Checkpoint is { } jws ? Attestations.Verify(CheckpointStatement.Kind, jws, AuditJson.Default.CheckpointStatement, keys) : null;
                if (header.Checkpoint is not null && (checkpoint is null || checkpoint.Chain != header.Chain || checkpoint.Store != header.Store))
                    Report(new(AuditFault.CheckpointAltered, header.Chain, 0, "it is not what this installation signed"));
                walk = new(header.Chain, checkpoint, 0, Report);
                continue;
            }
            if (held is not null)
            {
                var bytes = Encoding.UTF8.GetBytes(held);
                hash.AppendData(bytes);
                hash.AppendData("\n"u8);
                // A number that no entry has is none, and so says nothing of the one behind it.
                walk!.Next(Parse(held, AuditJson.Default.AuditRecord)?.Sequence is > 0 and <= AuditLog.MostEntries and var said ? said : walk.Last + 1, bytes);
                (entries, last) = (entries + 1, held);
            }
            held = line;
        }
        if (header is null || held is null || Parse(held, AuditJson.Default.ExportManifest) is not { Manifest: not null, Root: not null, Leaf: not null, Proof: not null } manifest)
            return (null, null, [new(AuditFault.CutOff, header?.Chain, (walk?.Last ?? 0) + 1, "it is no export, or its end is missing")]);
        var says = Attestations.Verify(ExportStatement.Kind, manifest.Manifest, AuditJson.Default.ExportStatement, keys);
        var root = Attestations.Verify(RootStatement.Kind, manifest.Root, AuditJson.Default.RootStatement, keys);
        if (says is null || says.Store != header.Store || says.Chain != header.Chain)
            Report(new(AuditFault.HeadAltered, header.Chain, walk!.Last, "the manifest is not what this installation signed"));
        else if (says.Entries > entries)
            Report(new(AuditFault.CutOff, header.Chain, walk!.Last + 1, $"the manifest says that there are {says.Entries} entries"));
        else if (says.Entries != entries || says.Last != walk!.Last || says.Sha256 != Convert.ToHexStringLower(hash.GetHashAndReset()))
            Report(new(AuditFault.Changed, header.Chain, walk!.Last, "the entries are not those that the manifest was signed for"));
        var hashOfLast = Parse(last, AuditJson.Default.AuditRecord)?.Hash;
        if (root is null || root.Store != header.Store || RootLeaf.Parse(manifest.Leaf) is not { } leaf || leaf.Chain != header.Chain || leaf.Sequence != walk!.Last || leaf.Hash != hashOfLast
            || MerkleTree.RootOf(leaf, manifest.Proof) != root.Tree)
            Report(new(AuditFault.RootAltered, header.Chain, root?.Number ?? 0, "the signed root does not hold the last entry"));
        return (says, root, findings);
    }

    private static T? Parse<T>(string line, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type) where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(line, type);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
