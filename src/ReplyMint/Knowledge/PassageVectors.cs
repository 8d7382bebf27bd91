using ReplyMint.Storage;

namespace ReplyMint.Knowledge;

/// <summary>
/// What an embedding model made of a tenant's passages, each under the keyed hash of its text, so that a passage is embedded once
/// however often its file is replaced. Sealed: a vector says much of what its text said.
/// </summary>
internal sealed class PassageVectors(IStore store, KeyRing keys)
{
    /// <summary>Characters of a passage that are embedded; models cut what is longer.</summary>
    public const int MostText = 2_000;

    private const string All = "vector/";

    /// <summary>What is embedded of a passage.</summary>
    public static string TextOf(Passage passage)
    {
        var text = passage.Question.Length > 0 ? passage.Question + "\n" + passage.Answer : passage.Answer;
        return text.Length <= MostText ? text : text[..MostText];
    }

    /// <summary>A tenant's directions of one model by the hashes of their texts.</summary>
    public async Task<Dictionary<string, sbyte[]>> ReadAsync(TenantKeys own, string model, CancellationToken ct)
    {
        var prefix = Prefix(own, model);
        var vectors = new Dictionary<string, sbyte[]>(StringComparer.Ordinal);
        await foreach (var item in store.AllAsync(Table.Main, own.Tenant, prefix, ct))
            // The same eight bits, as they were written.
            vectors[item.Key.Sort[prefix.Length..]] = Array.ConvertAll(own.Open(item), part => unchecked((sbyte)part));
        return vectors;
    }

    public static string HashOf(TenantKeys own, Passage passage) => own.Hash("vector", TextOf(passage));

    /// <summary>The passages that have none of this model, one of each text, and how many dimensions the others have; 0 when there are none.</summary>
    public async Task<(IReadOnlyList<Passage> Passages, int Dimensions)> MissingAsync(IReadOnlyList<Passage> passages, string tenant, string model, CancellationToken ct)
    {
        var own = await keys.RequireAsync(tenant, ct);
        var vectors = await ReadAsync(own, model, ct);
        var known = vectors.Keys.ToHashSet(StringComparer.Ordinal);
        return ([.. passages.Where(passage => known.Add(HashOf(own, passage)))], vectors.Values.FirstOrDefault()?.Length ?? 0);
    }

    /// <summary>False when somebody else has just added one of them.</summary>
    public async Task<bool> AddAsync(string tenant, string model, IReadOnlyList<Passage> passages, IReadOnlyList<float[]> vectors, CancellationToken ct)
    {
        var own = await keys.RequireAsync(tenant, ct);
        var commit = new Commit();
        foreach (var (passage, vector) in passages.Zip(vectors))
        {
            var key = ItemKey.Main(tenant, Prefix(own, model) + HashOf(own, passage));
            // The same eight bits, without a sign.
            commit.Put(key, "{\"v\":1}"u8.ToArray(), Condition.Absent, own.Seal(key, 1, Array.ConvertAll(Direction.Of(vector), part => unchecked((byte)part))));
        }
        return await store.CommitAsync(commit, ct) == CommitResult.Committed;
    }

    /// <summary>Removes those of passages that are gone: what a text meant goes with it.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="passages">Those that are there; read only where there are vectors.</param>
    /// <param name="model">Those of others go, too; null leaves them.</param>
    /// <param name="ct">Calls it off.</param>
    public async Task SweepAsync(string tenant, IAsyncEnumerable<Passage> passages, string? model, CancellationToken ct)
    {
        var there = await KeysAsync(tenant, ct);
        if (there.Count == 0)
            return;
        var own = await keys.RequireAsync(tenant, ct);
        var kept = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var passage in passages.WithCancellation(ct))
            kept.Add(HashOf(own, passage));
        var prefix = model is null ? All : Prefix(own, model);
        await RemoveAsync(there.Where(key => !kept.Contains(key.Sort[(key.Sort.LastIndexOf('/') + 1)..]) || !key.Sort.StartsWith(prefix, StringComparison.Ordinal)), ct);
    }

    public async Task RemoveAllAsync(string tenant, CancellationToken ct) => await RemoveAsync(await KeysAsync(tenant, ct), ct);

    private async Task<List<ItemKey>> KeysAsync(string tenant, CancellationToken ct)
    {
        var found = new List<ItemKey>();
        await foreach (var item in store.AllAsync(Table.Main, tenant, All, ct))
            found.Add(item.Key);
        return found;
    }

    private async Task RemoveAsync(IEnumerable<ItemKey> gone, CancellationToken ct)
    {
        foreach (var chunk in gone.Chunk(Commit.MaxOperations))
        {
            var commit = new Commit();
            foreach (var key in chunk)
                commit.Delete(key);
            await store.CommitAsync(commit, ct);
        }
    }

    private static string Prefix(TenantKeys own, string model) => $"{All}{own.Hash("vector-model", model)}/";
}
