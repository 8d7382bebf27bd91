using System.Runtime.CompilerServices;
using System.Text.Json;
using ReplyMint.Storage;

namespace ReplyMint.Audit;

/// <summary>
/// Signs, each hour, one statement over the heads of all chains, and copies it off the machine: what was written before it can't be
/// changed any more without that showing. A process knows which chains got entries since its last root; its first one lists all. Where
/// other processes write, too, it looks at the heads of all chains each time, and lists all when the newest root is another's.
/// </summary>
/// <param name="id">The store's, which no other installation's roots name.</param>
internal sealed class AuditRoots(IStore store, string id, AuditLog log, Attestations attestations, Anchors anchors, TimeProvider time) : IDisposable
{
    public static readonly TimeSpan Every = TimeSpan.FromHours(1);

    /// <summary>The name of this store among the places that hold roots.</summary>
    public const string Here = "this store";

    private readonly SemaphoreSlim _one = new(1, 1);
    // As of the root of that number.
    private SortedDictionary<string, RootLeaf>? _leaves;
    private long _number;

    public string Store => id;

    public void Dispose() => _one.Dispose();

    /// <summary>The newest root's statement as it was signed; null while there is none. Its signature is not asked here, and what is none is passed over.</summary>
    public async Task<(string Jws, RootStatement Statement)?> NewestAsync(CancellationToken ct) => (await LastAsync(ct)).Newest;

    /// <summary>The newest is an hour old, or an hour ahead: a clock that was set back, or a root that nobody here signed, must not end the signing.</summary>
    public async Task<bool> IsDueAsync(CancellationToken ct) =>
        await NewestAsync(ct) is not { } newest || (time.GetUtcNow() - newest.Statement.At).Duration() >= Every;

    /// <summary>Signs a root now, whether or not anything changed: time passes, too.</summary>
    public async Task<RootStatement> WriteAsync(CancellationToken ct)
    {
        await _one.WaitAsync(ct);
        IReadOnlyList<string> moved = [];
        try
        {
            // Made before anything is read: it may make a key, whose entry belongs into this root.
            await attestations.ReadyAsync(ct);
            moved = log.TakeMoved();
            var statement = await SignAsync(moved, ct);
            await anchors.FlushAsync(ct);
            return statement;
        }
        catch
        {
            log.PutBackMoved(moved);
            _leaves = null;
            throw;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>A root of now with the proof that it holds a chain's head; null when there is no such chain.</summary>
    public async Task<(string Jws, RootLeaf Leaf, IReadOnlyList<string> Proof)?> ProveAsync(string chain, CancellationToken ct)
    {
        await WriteAsync(ct);
        await _one.WaitAsync(ct);
        try
        {
            if (_leaves is not { } leaves || !leaves.TryGetValue(chain, out var leaf) || await NewestAsync(ct) is not { } newest || newest.Statement.Number != _number)
                return null;
            var index = 0;
            foreach (var other in leaves.Keys)
                if (other == chain)
                    break;
                else
                    index++;
            return (newest.Jws, leaf, MerkleTree.Proof(leaves.Values, index));
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>What this store holds of its roots, in the form and order of a place off the machine.</summary>
    /// <param name="after">The roots behind this one; 0: all.</param>
    public async IAsyncEnumerable<AnchoredDocument> StoredAsync(long after, [EnumeratorCancellation] CancellationToken ct)
    {
        var cursor = after > 0 ? RootNames.RootKey(after).Sort : null;
        do
        {
            var roots = await store.QueryAsync(Table.Audit, RootNames.Partition, new Storage.Range(RootNames.RootPrefix), cursor, ct);
            foreach (var item in roots.Items)
            {
                var name = item.Key.Sort[RootNames.RootPrefix.Length..];
                await foreach (var page in store.AllAsync(Table.Audit, RootNames.Partition, $"changes/{name}-", ct))
                    yield return new(Here, RootNames.Folder + page.Key.Sort["changes/".Length..] + ".json", page.Value.ToArray());
                yield return new(Here, RootNames.Folder + name + ".json", item.Value.ToArray());
            }
            cursor = roots.Cursor;
        }
        while (cursor is not null);
    }

    /// <summary>The number of the newest root that lists all chains; 0 when there is none. Its signature is not asked here.</summary>
    public async Task<long> NewestFullAsync(CancellationToken ct)
    {
        string? cursor = null;
        do
        {
            var page = await store.QueryAsync(Table.Audit, RootNames.Partition, new Storage.Range(RootNames.RootPrefix, Descending: true), cursor, ct);
            foreach (var item in page.Items)
                if (StatementOf(item) is { Statement: { Full: true, Number: var number } })
                    return number;
            cursor = page.Cursor;
        }
        while (cursor is not null);
        return 0;
    }

    /// <summary>The newest root, and the highest number that is taken: what lies in a root's place and is none keeps its number, for somebody to look at.</summary>
    private async Task<(long Taken, (string Jws, RootStatement Statement)? Newest)> LastAsync(CancellationToken ct)
    {
        var (taken, cursor) = (0L, (string?)null);
        do
        {
            var page = await store.QueryAsync(Table.Audit, RootNames.Partition, new Storage.Range(RootNames.RootPrefix, Descending: true, Limit: 1), cursor, ct);
            foreach (var item in page.Items)
            {
                if (RootNames.NumberOf(item.Key) is not { } number)
                    continue;
                taken = Math.Max(taken, number);
                if (StatementOf(item) is { } newest)
                    return (taken, newest);
            }
            cursor = page.Cursor;
        }
        while (cursor is not null);
        return (taken, null);
    }

    private async Task<RootStatement> SignAsync(IReadOnlyList<string> moved, CancellationToken ct)
    {
        // First: who signs one from here on moves the number that this one needs.
        var (taken, newest) = await LastAsync(ct);
        var full = _leaves is null || (store.IsShared && newest?.Statement.Number != _number);
        var leaves = full ? new(StringComparer.Ordinal) : _leaves!;
        _leaves = null;
        var changed = new List<string>();
        await foreach (var leaf in HeadsAsync(full || store.IsShared ? ChainsAsync(ct) : moved.ToAsyncEnumerable(), ct))
            if (!leaves.TryGetValue(leaf.Chain, out var before) || before != leaf)
            {
                leaves[leaf.Chain] = leaf;
                changed.Add(leaf.ToString());
            }
        changed.Sort(StringComparer.Ordinal);
        var (number, changes) = (taken + 1, RootStatement.HashOf(changed));
        var pages = changed.Count > RootStatement.PageSize ? (changed.Count + RootStatement.PageSize - 1) / RootStatement.PageSize : 0;
        var statement = new RootStatement(1, id, number, time.GetUtcNow(), newest is null ? AuditRecord.Start : RootStatement.HashOf(newest.Value.Jws),
            full, leaves.Count, MerkleTree.Root(leaves.Values), changed.Count, changes, pages);
        for (var page = 1; page <= pages; page++)
            await PutPageAsync(RootNames.Page(number, page, changes), changed.GetRange((page - 1) * RootStatement.PageSize, Math.Min(RootStatement.PageSize, changed.Count - (page - 1) * RootStatement.PageSize)), ct);
        var jws = await attestations.SignAsync(RootStatement.Kind, statement, AuditJson.Default.RootStatement, ct);
        var document = StoredJson.Write(new RootDocument(1, jws, pages == 0 ? changed : null), AuditJson.Default.RootDocument);
        var commit = new Commit().Put(RootNames.RootKey(number), document, Condition.Absent);
        await anchors.AddAsync(commit, $"{RootNames.Folder}{RootNames.Root(number)}.json", document, ct);
        if (await store.CommitAsync(commit, ct) != CommitResult.Committed)
            throw new StoreUnavailableException("Somebody else signed a root at the same moment.");
        (_leaves, _number) = (leaves, number);
        return statement;
    }

    private async Task PutPageAsync(string name, List<string> lines, CancellationToken ct)
    {
        var document = StoredJson.Write(new RootPage(1, lines), AuditJson.Default.RootPage);
        var commit = new Commit().Put(RootNames.PageKey(name), document, Condition.Any);
        await anchors.AddAsync(commit, $"{RootNames.Folder}{name}.json", document, ct);
        await store.CommitAsync(commit, ct);
    }

    internal async IAsyncEnumerable<string> ChainsAsync([EnumeratorCancellation] CancellationToken ct)
    {
        await foreach (var item in store.AllAsync(Table.Audit, AuditLog.ListPartition, AuditLog.ListPrefix, ct))
            yield return item.Key.Sort[AuditLog.ListPrefix.Length..];
    }

    private async IAsyncEnumerable<RootLeaf> HeadsAsync(IAsyncEnumerable<string> chains, [EnumeratorCancellation] CancellationToken ct)
    {
        await foreach (var some in chains.Chunk(Commit.MaxOperations))
        {
            var items = await store.GetAsync([.. some.Select(AuditLog.Head)], ct);
            for (var i = 0; i < some.Length; i++)
                if (AuditLog.ReadHead(items[i]) is { } head)
                    yield return new(some[i], head.Sequence, head.Hash);
        }
    }

    /// <summary>A stored root; null for what is none. Its signature is not asked here.</summary>
    internal static (string Jws, RootStatement Statement)? StatementOf(Item item)
    {
        try
        {
            return JsonSerializer.Deserialize(item.Value.Span, AuditJson.Default.RootDocument) is { Jws: { } text } && Security.CompactJws.Parse(text) is { } jws
                && JsonSerializer.Deserialize(jws.Payload, AuditJson.Default.RootStatement) is { } statement ? (text, statement) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
