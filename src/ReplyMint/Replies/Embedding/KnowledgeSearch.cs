using ReplyMint.Knowledge;

namespace ReplyMint.Replies;

/// <summary>Finds a tenant's passages: by their words, and where an embedding model is configured and answers by what they mean, too.</summary>
internal sealed class KnowledgeSearch(KnowledgeIndexes indexes, KnowledgeSettings settings, EmbeddingWork work, Embedder? embedder = null)
{
    /// <param name="tenant">Whose knowledge.</param>
    /// <param name="text">A whole mail's newly written part or a bare question.</param>
    /// <param name="limit">1 to 50 hits.</param>
    /// <param name="subject">Looked at as one more sentence.</param>
    /// <param name="trial">Somebody tries something out.</param>
    /// <param name="ct">Calls it off.</param>
    public async Task<IReadOnlyList<PassageHit>> FindAsync(string tenant, string text, int limit, string subject, bool trial, CancellationToken ct)
    {
        var index = await indexes.OpenAsync(tenant, ct);
        if (embedder is null)
            return index.Search(text, limit, subject);
        await work.WantAsync(tenant, index, ct);
        if (index.VectorMark != Direction.MarkOf(embedder.Model) || await embedder.QuestionAsync(tenant, Asked(subject, text), trial, ct) is not { } question)
            return index.Search(text, limit, subject);
        var near = index.Near(question, HybridRanking.Depth);
        return HybridRanking.Fuse(index.Search(text, HybridRanking.Depth, subject), near, settings.Embedding.AnswersFrom, settings.Threshold, limit);
    }

    /// <summary>What leaves for the model: without secrets and numbers of cards and accounts, as for one that writes.</summary>
    private static string Asked(string subject, string text)
    {
        var question = SecretSigns.Mask(subject.Length > 0 ? subject + "\n" + text : text);
        return question.Length <= PassageVectors.MostText ? question : question[..PassageVectors.MostText];
    }
}
