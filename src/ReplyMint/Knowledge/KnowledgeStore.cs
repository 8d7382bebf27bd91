using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using ReplyMint.Audit;
using ReplyMint.Storage;

namespace ReplyMint.Knowledge;

/// <summary>
/// A tenant's sources and passages, sealed with the tenant's key. A change writes the new passages first, then switches the
/// source's record, then removes the old ones, so that a reader sees the old state or the new one, crash or not.
/// </summary>
internal sealed class KnowledgeStore(IStore store, KeyRing keys, PassageVectors vectors, AuditLog audit, TimeProvider time, KnowledgeSettings settings)
{
    /// <summary>One change of a tenant at a time: each removes what others have begun. In other processes, too (<see cref="StoreTurn"/>).</summary>
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _changes = new(StringComparer.Ordinal);

    /// <summary>Adds a file, or replaces the one of the same name. The same file again changes nothing.</summary>
    public async Task<AddResult> AddAsync(string tenant, SourceReading reading, Actor actor, CancellationToken ct)
    {
        var own = await keys.RequireAsync(tenant, ct);
        var id = own.Hash("source", reading.Name);
        var problems = new List<ReadProblem>(reading.Problems);
        var passages = reading.Passages.Where(passage => passage.Answer.Length > 0).ToList();
        if (passages.Count < reading.Passages.Count)
            problems.Add(new ReadProblem(reading.Name, 0, $"has {reading.Passages.Count - passages.Count} questions without an answer; they were left out."));
        if (passages.Count == 0)
            return new AddResult(AddOutcome.Refused, id, 0, problems);

        await using var change = await EnterAsync(tenant, ct);
        var before = await SourceAsync(own, id, ct);
        if (before?.Record.ContentHash == reading.ContentHash)
            return new AddResult(AddOutcome.Unchanged, id, before.Value.Record.Passages, problems);
        var others = (await ListAsync(tenant, ct)).Where(source => source.Id != id).Sum(source => source.Passages);
        if (others + passages.Count > settings.MaxPassages)
        {
            problems.Add(new ReadProblem(reading.Name, 0, $"has {passages.Count} passages; with the {others} of other files that is more than knowledge.maxPassages, {settings.MaxPassages}."));
            return new AddResult(AddOutcome.Refused, id, 0, problems);
        }

        await SweepAsync(tenant, id, before?.Record.Generation, ct);
        var record = new SourceRecord(1, reading.Name, reading.ContentHash, Ids.Timed(time), passages.Count, time.GetUtcNow());
        await WriteAsync(own, id, record.Generation, passages, ct);
        await store.RetryAsync(async (commit, token) =>
        {
            var item = await store.GetAsync(SourceKey(tenant, id), token);
            commit.Put(SourceKey(tenant, id), Clear(passages.Count), Condition.Same(item), own.Seal(SourceKey(tenant, id), (item?.Version ?? 0) + 1, JsonSerializer.SerializeToUtf8Bytes(record, KnowledgeJson.Default.SourceRecord)));
            commit.Add(VersionKey(tenant), 1);
            await audit.AppendAsync(commit, tenant, new AuditEntry(actor, before is null ? "knowledge.add" : "knowledge.replace", id, Details(passages.Count)), token);
            return true;
        }, ct);
        await SweepAsync(tenant, id, record.Generation, ct);
        if (before is not null)
            await vectors.SweepAsync(tenant, PassagesAsync(tenant, ct), null, ct);
        return new AddResult(before is null ? AddOutcome.Added : AddOutcome.Replaced, id, passages.Count, problems);
    }

    /// <summary>Removes a source by its name or id. False when there is none.</summary>
    public async Task<bool> RemoveAsync(string tenant, string nameOrId, Actor actor, CancellationToken ct)
    {
        var own = await keys.RequireAsync(tenant, ct);
        await using var change = await EnterAsync(tenant, ct);
        var sources = await ListAsync(tenant, ct);
        if ((sources.FirstOrDefault(source => source.Name == nameOrId) ?? sources.FirstOrDefault(source => source.Id == nameOrId)) is not { } found)
            return false;
        await store.RetryAsync(async (commit, token) =>
        {
            commit.Delete(SourceKey(own.Tenant, found.Id)).Add(VersionKey(tenant), 1);
            await audit.AppendAsync(commit, tenant, new AuditEntry(actor, "knowledge.remove", found.Id, Details(found.Passages)), token);
            return true;
        }, ct);
        await SweepAsync(tenant, found.Id, null, ct);
        await vectors.SweepAsync(tenant, PassagesAsync(tenant, ct), null, ct);
        return true;
    }

    /// <summary>All sources by name.</summary>
    public async Task<IReadOnlyList<KnowledgeSource>> ListAsync(string tenant, CancellationToken ct)
    {
        var own = await keys.RequireAsync(tenant, ct);
        var sources = new List<KnowledgeSource>();
        await foreach (var item in store.AllAsync(Table.Main, tenant, SourcePrefix, ct))
        {
            var record = Read(own, item);
            sources.Add(new KnowledgeSource(item.Key.Sort[SourcePrefix.Length..], record.Name, record.Passages, record.AddedAt));
        }
        sources.Sort(static (a, b) => string.CompareOrdinal(a.Name, b.Name));
        return sources;
    }

    public async ValueTask<KnowledgeSource?> FindAsync(string tenant, string id, CancellationToken ct) =>
        await SourceAsync(await keys.RequireAsync(tenant, ct), id, ct) is { Record: var record } ? new(id, record.Name, record.Passages, record.AddedAt) : null;

    /// <summary>A page of sources, in the order of their ids.</summary>
    public async Task<(IReadOnlyList<KnowledgeSource> Sources, string? Next)> ListAsync(string tenant, int limit, string? after, CancellationToken ct)
    {
        var own = await keys.RequireAsync(tenant, ct);
        var page = await store.PickAsync(tenant, SourcePrefix, descending: false, limit, after, null, ct);
        return ([.. page.Items.Select(item => Read(own, item) is var record ? new KnowledgeSource(item.Key.Sort[SourcePrefix.Length..], record.Name, record.Passages, record.AddedAt) : null!)], page.Next);
    }

    /// <summary>Moves with every change; 0 when there never was any knowledge.</summary>
    public async ValueTask<long> VersionAsync(string tenant, CancellationToken ct) => (await store.GetAsync(VersionKey(tenant), ct))?.Count ?? 0;

    /// <summary>Says that searches have to look anew, though no passage has changed.</summary>
    public Task MoveAsync(string tenant, CancellationToken ct) => store.CommitAsync(new Commit().Add(VersionKey(tenant), 1), ct).AsTask();

    /// <summary>All passages that count, source by source. The reader asks <see cref="VersionAsync"/> before and after.</summary>
    public async IAsyncEnumerable<Passage> PassagesAsync(string tenant, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        var own = await keys.RequireAsync(tenant, ct);
        await foreach (var source in store.AllAsync(Table.Main, tenant, SourcePrefix, ct))
        {
            var prefix = PassagePrefix(source.Key.Sort[SourcePrefix.Length..]) + Read(own, source).Generation + "/";
            await foreach (var item in store.AllAsync(Table.Main, tenant, prefix, ct))
                yield return JsonSerializer.Deserialize(own.Open(item), KnowledgeJson.Default.Passage)!;
        }
    }

    private async Task WriteAsync(TenantKeys own, string id, string generation, List<Passage> passages, CancellationToken ct)
    {
        for (var start = 0; start < passages.Count; start += Commit.MaxOperations)
        {
            var commit = new Commit();
            for (var i = start; i < Math.Min(passages.Count, start + Commit.MaxOperations); i++)
            {
                var key = ItemKey.Main(own.Tenant, PassagePrefix(id) + generation + "/" + i.ToString("D6", CultureInfo.InvariantCulture));
                commit.Put(key, "{\"v\":1}"u8.ToArray(), Condition.Absent, own.Seal(key, 1, JsonSerializer.SerializeToUtf8Bytes(passages[i], KnowledgeJson.Default.Passage)));
            }
            if (await store.CommitAsync(commit, ct) != CommitResult.Committed)
                throw new StoreUnavailableException("Passages of a new generation were there already.");
        }
    }

    /// <summary>Removes the passages of all generations of a source but one.</summary>
    private async Task SweepAsync(string tenant, string id, string? keep, CancellationToken ct)
    {
        var prefix = PassagePrefix(id);
        var kept = keep is null ? null : prefix + keep + "/";
        var gone = new List<ItemKey>();
        await foreach (var item in store.AllAsync(Table.Main, tenant, prefix, ct))
            if (kept is null || !item.Key.Sort.StartsWith(kept, StringComparison.Ordinal))
                gone.Add(item.Key);
        foreach (var chunk in gone.Chunk(Commit.MaxOperations))
        {
            var commit = new Commit();
            foreach (var key in chunk)
                commit.Delete(key);
            await store.CommitAsync(commit, ct);
        }
    }

    private async ValueTask<(Item Item, SourceRecord Record)?> SourceAsync(TenantKeys own, string id, CancellationToken ct) =>
        await store.GetAsync(SourceKey(own.Tenant, id), ct) is { } item ? (item, Read(own, item)) : null;

    private async Task<IAsyncDisposable> EnterAsync(string tenant, CancellationToken ct)
    {
        var gate = _changes.GetOrAdd(tenant, static _ => new SemaphoreSlim(1));
        await gate.WaitAsync(ct);
        try
        {
            return new Leave(gate, store.IsShared ? await new StoreTurn(store, ItemKey.Main(tenant, "knowledge-change"), time).TakeAsync(ct) : null);
        }
        catch
        {
            gate.Release();
            throw;
        }
    }

    private const string SourcePrefix = "source/";

    private static string PassagePrefix(string id) => $"passage/{id}/";

    private static ItemKey SourceKey(string tenant, string id) => ItemKey.Main(tenant, SourcePrefix + id);

    private static ItemKey VersionKey(string tenant) => ItemKey.Main(tenant, "knowledge-version");

    private static SourceRecord Read(TenantKeys own, Item item) => JsonSerializer.Deserialize(own.Open(item), KnowledgeJson.Default.SourceRecord)!;

    private static byte[] Clear(int passages) => JsonSerializer.SerializeToUtf8Bytes(new ClearSource(1, passages), KnowledgeJson.Default.ClearSource);

    private static Dictionary<string, string> Details(int passages) => new() { ["passages"] = passages.ToString(CultureInfo.InvariantCulture) };

    private sealed class Leave(SemaphoreSlim gate, IAsyncDisposable? turn) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            gate.Release();
            if (turn is not null)
                await turn.DisposeAsync();
        }
    }
}
