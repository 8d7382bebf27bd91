using System.Globalization;
using System.Text.Json;
using ReplyMint.Storage;

namespace ReplyMint.Audit;

/// <summary>
/// Verifies the log against itself, against this store's signed roots, and against those that lie elsewhere. It holds one page of
/// entries and one root's list in memory, and the newest head of each chain.
/// </summary>
internal sealed class AuditVerifier(IStore store, AuditRoots roots, AttestationKeys keys, Anchors anchors)
{
    /// <summary>So many faults are told one by one; whoever has more knows enough.</summary>
    public const int MostFindings = 200;

    /// <param name="chain">One chain's id; null is all.</param>
    /// <param name="given">Roots that somebody brings, in the order of their names; null reads the places of the settings.</param>
    /// <param name="newest">Looks at so many entries of a chain, the newest; null is all.</param>
    public async Task<AuditVerdict> VerifyAsync(string? chain, IAsyncEnumerable<AnchoredDocument>? given, long? newest, CancellationToken ct)
    {
        var run = new Run(store, roots.Store, await keys.PublicAsync(ct), chain);
        var own = await run.FollowAsync(roots.StoredAsync(ct), fromFirst: true, ct);
        var elsewhere = new List<RootTrail>();
        try
        {
            if (given is not null || anchors.Readable)
                elsewhere.AddRange(await run.FollowAsync(given ?? anchors.ReadAsync(RootNames.Folder, ct), fromFirst: false, ct));
        }
        catch (IOException failure)
        {
            run.Silent = failure.Message;
        }
        foreach (var trail in elsewhere)
            run.Compare(own, trail);
        var verdicts = new List<ChainVerdict>();
        var entries = 0L;
        await foreach (var one in ChainsAsync(chain, [.. own, .. elsewhere], ct))
        {
            var (verdict, count) = await WalkAsync(run, one, newest, ct);
            // Of a hundred thousand chains nobody reads the list.
            if (verdicts.Count < MostFindings)
                verdicts.Add(verdict);
            entries += count;
        }
        return Verdict(run.Findings, own, elsewhere, run.Silent, entries, verdicts);
    }

    private async IAsyncEnumerable<string> ChainsAsync(string? chain, IReadOnlyList<RootTrail> trails, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        if (chain is not null)
        {
            yield return chain;
            yield break;
        }
        var seen = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var one in roots.ChainsAsync(ct))
            if (seen.Add(one))
                yield return one;
        // One that is listed nowhere any more, but was once signed for.
        foreach (var one in trails.SelectMany(trail => trail.Chains))
            if (seen.Add(one))
                yield return one;
    }

    private async Task<(ChainVerdict Verdict, long Entries)> WalkAsync(Run run, string chain, long? newest, CancellationToken ct)
    {
        while (true)
        {
            var (faults, checkpoint) = (new List<AuditFinding>(), await run.ReadAsync(RootNames.CheckpointKey(chain), ct));
            var statement = run.Read(checkpoint, chain, faults.Add);
            var found = await WalkAsync(run, chain, statement, newest, faults.Add, ct);
            // Old entries were removed meanwhile: what was missed is no fault.
            if (checkpoint?.Version != (await run.ReadAsync(RootNames.CheckpointKey(chain), ct))?.Version)
                continue;
            if (statement is not null && found.Verdict.First != 1 && newest is null && anchors.Readable && !await LiesElsewhereAsync(run, chain, checkpoint!.Value, ct))
                faults.Add(new(AuditFault.CheckpointAltered, chain, statement.Sequence, "no place off this machine has this checkpoint"));
            faults.ForEach(run.Report);
            return found;
        }
    }

    private async Task<(ChainVerdict Verdict, long Entries)> WalkAsync(Run run, string chain, CheckpointStatement? checkpoint, long? newest, Action<AuditFinding> report, CancellationToken ct)
    {
        var head = AuditLog.ReadHead(await run.ReadAsync(AuditLog.Head(chain), ct));
        var from = newest is { } some && head?.Sequence > some ? head.Sequence - some + 1 : 0;
        var walk = new ChainWalk(chain, checkpoint, from, report);
        var (entries, cursor) = (0L, from > 0 ? AuditLog.KeyOf(chain, from - 1).Sort : null);
        do
        {
            // Reads of the store don't wait: others get their turn between pages.
            await Task.Yield();
            var page = await store.QueryAsync(Table.Audit, chain, new Storage.Range(AuditLog.EntryPrefix, Limit: 1_000), cursor, ct);
            foreach (var item in page.Items)
                walk.Next(Run.PlaceOf(item.Key), item.Value.Span);
            entries += page.Items.Count;
            cursor = page.Cursor;
        }
        while (cursor is not null);
        walk.End(head, AuditLog.ReadHead(await run.ReadAsync(AuditLog.Head(chain), ct)));
        return (new(chain, walk.First, walk.Last), entries);
    }

    private async Task<bool> LiesElsewhereAsync(Run run, string chain, ReadOnlyMemory<byte> checkpoint, CancellationToken ct)
    {
        try
        {
            await foreach (var document in anchors.ReadAsync($"{RootNames.CheckpointFolder}{chain}/", ct))
                if (document.Bytes.AsSpan().SequenceEqual(checkpoint.Span))
                    return true;
            return false;
        }
        catch (IOException failure)
        {
            // Not known is no fault; the verdict says it.
            run.Silent = failure.Message;
            return true;
        }
    }

    private static AuditVerdict Verdict(IReadOnlyList<AuditFinding> findings, IReadOnlyList<RootTrail> own, List<RootTrail> elsewhere, string? silent, long entries, IReadOnlyList<ChainVerdict> chains)
    {
        var (theirs, ours) = (elsewhere.Select(trail => trail.Last).OfType<RootStatement>().MaxBy(root => root.Number), own.Count > 0 ? own[0].Last : null);
        var (root, whole) = (theirs ?? ours, findings.Count == 0);
        var unread = silent is null ? "" : $" A place could not be read: {silent}.";
        var says = !whole ? string.Create(CultureInfo.InvariantCulture, $"{findings.Count}{(findings.Count == MostFindings ? " or more" : "")} faults: the audit log was altered.{unread}")
            : theirs is not null ? string.Create(CultureInfo.InvariantCulture, $"complete up to the root of {theirs.At.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z (number {theirs.Number}), as it lies off this machine; what came after is chained only.{unread}")
            : ours is not null ? string.Create(CultureInfo.InvariantCulture, $"whole in itself up to this store's own root of {ours.At.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z (number {ours.Number}). No root was kept off this machine, so nobody can know whether whoever owns it wrote all of it anew, or took the newest part away with its roots.{unread}")
            : $"whole in itself. There is no signed root yet, so a cut at the end, or a log that was written anew, can't be seen.{unread}";
        return new(whole, whole ? root?.At : null, whole ? root?.Number : null, theirs is not null, says, entries, chains, findings);
    }

    /// <summary>One verification: what it compares with, and what it found.</summary>
    private sealed class Run(IStore store, string id, AttestationKeySet keys, string? only)
    {
        private readonly List<AuditFinding> _findings = [];

        public IReadOnlyList<AuditFinding> Findings => _findings;

        /// <summary>What a place off this machine said instead of its documents; null: each gave them.</summary>
        public string? Silent { get; set; }

        public void Report(AuditFinding finding)
        {
            // The head and a root may both say that the end is missing.
            if (_findings.Count < MostFindings && !_findings.Exists(known => (known.Fault, known.Chain, known.Entry) == (finding.Fault, finding.Chain, finding.Entry)))
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
                    trails.Add(new(id, keys, document.Place, fromFirst, Report));
                var trail = trails[^1];
                await CheckAsync(trail.Next(document).Where(leaf => only is null || leaf.Chain == only), trail, ct);
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

        private async Task CheckAsync(IEnumerable<RootLeaf> leaves, RootTrail trail, CancellationToken ct)
        {
            foreach (var leaf in leaves)
            {
                if (await ReadAsync(AuditLog.KeyOf(leaf.Chain, leaf.Sequence), ct) is not { } item)
                    await MissingAsync(leaf, trail, ct);
                else if (AuditRecord.Genuine(item.Value.Span) is { } record && record.Hash != leaf.Hash && !_findings.Exists(known => known.Chain == leaf.Chain && known.Fault == AuditFault.Changed))
                    Report(new(AuditFault.Changed, leaf.Chain, leaf.Sequence, $"{SaysOf(trail)} names another one: this entry, or one before it, was written anew"));
            }
        }

        /// <summary>The entry that a root names is not there: was it pruned, is it a gap (the walk tells), or was the end cut off?</summary>
        private async Task MissingAsync(RootLeaf leaf, RootTrail trail, CancellationToken ct)
        {
            var page = await store.QueryAsync(Table.Audit, leaf.Chain, new Storage.Range(AuditLog.EntryPrefix, Descending: true, Limit: 1), null, ct);
            var checkpoint = Read(await ReadAsync(RootNames.CheckpointKey(leaf.Chain), ct), leaf.Chain, Report);
            var last = page.Items is [var newest] ? PlaceOf(newest.Key) : checkpoint?.Sequence ?? 0;
            if (last < leaf.Sequence)
                Report(new(AuditFault.CutOff, leaf.Chain, last + 1, string.Create(CultureInfo.InvariantCulture, $"{SaysOf(trail)} says that there were {leaf.Sequence} entries; the last one is {last}")));
            else if (checkpoint?.Sequence == leaf.Sequence && checkpoint.Hash != leaf.Hash)
                Report(new(AuditFault.CheckpointAltered, leaf.Chain, leaf.Sequence, $"{SaysOf(trail)} names another entry than the checkpoint"));
        }

        private static string SaysOf(RootTrail trail) =>
            string.Create(CultureInfo.InvariantCulture, $"the root of {trail.Last!.At.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z (number {trail.Last.Number}, {trail.Place})");
    }
}
