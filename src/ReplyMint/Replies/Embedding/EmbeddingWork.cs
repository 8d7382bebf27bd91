using System.Collections.Concurrent;
using ReplyMint.Jobs;
using ReplyMint.Knowledge;
using ReplyMint.Storage;

namespace ReplyMint.Replies;

/// <summary>
/// Embeds a tenant's passages that have no vector yet, as a job that a search asks for: nobody who adds a file waits for a model,
/// and a model that is set up later meets what was there before. Until it is done searches go by words.
/// </summary>
internal sealed class EmbeddingWork(IStore store, JobQueue jobs, KnowledgeStore knowledge, PassageVectors vectors, TimeProvider time, Embedder? embedder = null)
{
    /// <summary>The kind of the job.</summary>
    public const string JobKind = "embed";

    private const string Target = "passages";

    /// <summary>Requests of one turn, behind which other work comes in between.</summary>
    private const int MostRequests = 40;

    /// <summary>So long a process does not ask again for a tenant, be it done, failed or under way.</summary>
    private static readonly TimeSpan Between = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, DateTimeOffset> _wanted = new(StringComparer.Ordinal);

    /// <summary>Asks for what the index lacks.</summary>
    public async Task WantAsync(string tenant, KnowledgeIndex index, CancellationToken ct)
    {
        if (embedder is null || index.Passages == 0 || (index.HasAllVectors && index.VectorMark == Direction.MarkOf(embedder.Model)))
            return;
        var now = time.GetUtcNow();
        if (_wanted.TryGetValue(tenant, out var before) && now - before < Between)
            return;
        _wanted[tenant] = now;
        var commit = new Commit();
        var job = jobs.Add(commit, tenant, JobKind, Target);
        // Should another process have asked at the same moment, its job does.
        if (await store.CommitAsync(commit, ct) == CommitResult.Committed)
            jobs.Wake(job);
    }

    public async Task<JobOutcome> RunAsync(Job job, CancellationToken ct)
    {
        if (embedder is not null && await EmbedAsync(embedder, job.Tenant, ct))
            return new JobOutcome.Wait(TimeSpan.FromSeconds(1));
        var commit = new Commit();
        job.End(commit);
        await store.CommitAsync(commit, ct);
        return JobOutcome.Finished;
    }

    /// <summary>True when there is more to do.</summary>
    private async Task<bool> EmbedAsync(Embedder model, string tenant, CancellationToken ct)
    {
        var passages = new List<Passage>();
        await foreach (var passage in knowledge.PassagesAsync(tenant, ct))
            passages.Add(passage);
        await vectors.SweepAsync(tenant, knowledge.PassagesAsync(tenant, ct), model.Model, ct);
        var (missing, dimensions) = await vectors.MissingAsync(passages, tenant, model.Model, ct);
        var (requests, found) = (0, missing.Count == 0);
        foreach (var batch in missing.Chunk(EmbeddingClient.MostTexts))
        {
            if (requests++ == MostRequests)
                return true;
            // A model that fails is no error: a later search asks for the rest.
            if (await model.PassagesAsync(tenant, batch, ct) is not [var first, ..] meanings)
                break;
            if (dimensions > 0 && first.Length != dimensions)
            {
                // Its server has another one under this name now: what was embedded before can't be compared with it.
                await vectors.RemoveAllAsync(tenant, ct);
                return true;
            }
            if (!await vectors.AddAsync(tenant, model.Model, batch, meanings, ct))
                break;
            (dimensions, found) = (first.Length, true);
        }
        if (found)
            await knowledge.MoveAsync(tenant, ct);
        return false;
    }
}
