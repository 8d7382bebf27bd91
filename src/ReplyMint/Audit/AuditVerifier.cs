using System.Globalization;
using System.Text.Json;
using ReplyMint.Storage;

namespace ReplyMint.Audit;

/// <summary>
/// Verifies the log against itself, against this store's signed roots, and against those that lie elsewhere. It holds one page of
/// entries and one root's list in memory, and the newest head of each chain.
/// </summary>
internal sealed class AuditVerifier(IStore store, AuditRoots roots, RootWatch watch, AttestationKeys keys, Anchors anchors, TimeProvider time) : IDisposable
{
    /// <summary>So many faults are told one by one; whoever has more knows enough.</summary>
    public const int MostFindings = 200;

    // Of a reader's look: some seconds of work. Whoever has more asks the operator, whose command looks at all.
    private const long MostLookedAt = 200_000;
    private const int MostKept = 1_000;
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(1);

    private readonly SemaphoreSlim _one = new(1, 1);
    private readonly Dictionary<string, (DateTimeOffset At, AuditVerdict Verdict)> _kept = new(StringComparer.Ordinal);

    public void Dispose() => _one.Dispose();

    /// <summary>
    /// One chain for its readers over HTTP, whose calls must not cost more with each hour that passes: its newest 200,000 entries,
    /// compared with the newest root as <see cref="RootWatch"/> followed it. One look at a time, whoever asks, and one a minute for each chain.
    /// </summary>
    public async Task<AuditVerdict> LookAsync(string chain, CancellationToken ct)
    {
        await _one.WaitAsync(ct);
        try
        {
            var now = time.GetUtcNow();
            if (_kept.TryGetValue(chain, out var kept) && now - kept.At < Fresh)
                return kept.Verdict;
            if (_kept.Count >= MostKept)
                _kept.Clear();
            var verdict = await LookAloneAsync(chain, ct);
            _kept[chain] = (now, verdict);
            return verdict;
        }
        finally
        {
            _one.Release();
        }
    }

    private async Task<AuditVerdict> LookAloneAsync(string chain, CancellationToken ct)
    {
        var run = new AuditComparison(store, roots.Store, await keys.PublicAsync(ct), chain);
        var seen = await watch.SeenAsync(chain, ct);
        foreach (var finding in seen.Findings)
            run.Report(finding);
        if (seen.Leaf is { } leaf)
            await run.CheckAsync([leaf], seen.Says, ct);
        var (verdict, entries) = await WalkAsync(run, chain, MostLookedAt, ct);
        return Verdict(run.Findings, seen.Ours, seen.Theirs, seen.Silent, entries, [verdict]);
    }

    /// <param name="chain">One chain's id; null is all.</param>
    /// <param name="given">Roots that somebody brings, in the order of their names; null reads the places of the settings.</param>
    /// <param name="newest">Looks at so many entries of a chain, the newest; null is all.</param>
    public async Task<AuditVerdict> VerifyAsync(string? chain, IAsyncEnumerable<AnchoredDocument>? given, long? newest, CancellationToken ct)
    {
        var run = new AuditComparison(store, roots.Store, await keys.PublicAsync(ct), chain);
        var own = await run.FollowAsync(roots.StoredAsync(0, ct), fromFirst: true, ct);
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
        var theirs = elsewhere.Select(trail => trail.Last).OfType<RootStatement>().MaxBy(root => root.Number);
        return Verdict(run.Findings, own.Count > 0 ? own[0].Last : null, theirs, run.Silent, entries, verdicts);
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

    private async Task<(ChainVerdict Verdict, long Entries)> WalkAsync(AuditComparison run, string chain, long? newest, CancellationToken ct)
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

    private async Task<(ChainVerdict Verdict, long Entries)> WalkAsync(AuditComparison run, string chain, CheckpointStatement? checkpoint, long? newest, Action<AuditFinding> report, CancellationToken ct)
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
                walk.Next(AuditComparison.PlaceOf(item.Key), item.Value.Span);
            entries += page.Items.Count;
            cursor = page.Cursor;
        }
        while (cursor is not null);
        walk.End(head, AuditLog.ReadHead(await run.ReadAsync(AuditLog.Head(chain), ct)));
        return (new(chain, walk.First, walk.Last), entries);
    }

    private async Task<bool> LiesElsewhereAsync(AuditComparison run, string chain, ReadOnlyMemory<byte> checkpoint, CancellationToken ct)
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

    private static AuditVerdict Verdict(IReadOnlyList<AuditFinding> findings, RootStatement? ours, RootStatement? theirs, string? silent, long entries, IReadOnlyList<ChainVerdict> chains)
    {
        var (root, whole) = (theirs ?? ours, findings.Count == 0);
        var unread = silent is null ? "" : $" Not each place could be read: {silent}.";
        var says = !whole ? string.Create(CultureInfo.InvariantCulture, $"{findings.Count}{(findings.Count == MostFindings ? " or more" : "")} faults: the audit log was altered.{unread}")
            : theirs is not null ? string.Create(CultureInfo.InvariantCulture, $"complete up to the root of {theirs.At.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z (number {theirs.Number}), as it lies off this machine; what came after is chained only.{unread}")
            : ours is not null ? string.Create(CultureInfo.InvariantCulture, $"whole in itself up to this store's own root of {ours.At.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z (number {ours.Number}). No root was kept off this machine, so nobody can know whether whoever owns it wrote all of it anew, or took the newest part away with its roots.{unread}")
            : $"whole in itself. There is no signed root yet, so a cut at the end, or a log that was written anew, can't be seen.{unread}";
        return new(whole, whole ? root?.At : null, whole ? root?.Number : null, theirs is not null, says, entries, chains, findings);
    }
}
