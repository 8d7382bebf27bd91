using Microsoft.Extensions.Logging;
using ReplyMint.Knowledge;
using ReplyMint.Telemetry;

namespace ReplyMint.Replies;

/// <summary>
/// Asks the embedding model within its bounds of time and money. It never fails: without an answer there is none, and what is
/// searched is searched by its words.
/// </summary>
internal sealed partial class Embedder(EmbeddingClient client, EmbeddingSettings settings, ModelSettings model, ModelSpending spending, TimeProvider time, ILogger<Embedder> log)
{
    /// <summary>So long a server that failed is not asked a question: each mail would wait for it in vain.</summary>
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan PatienceForPassages = TimeSpan.FromMinutes(2);

    private long _restsUntil;

    public string Model => settings.Model;

    /// <summary>What a question means; null when nobody says so in time.</summary>
    /// <param name="tenant">Whose money it is.</param>
    /// <param name="question">Masked: it leaves for another machine.</param>
    /// <param name="trial">Somebody tries something out.</param>
    /// <param name="ct">Calls it off.</param>
    public async Task<float[]?> QuestionAsync(string tenant, string question, bool trial, CancellationToken ct)
    {
        if (time.GetUtcNow().Ticks < Volatile.Read(ref _restsUntil))
            return null;
        return (await AskAsync(tenant, [question], trial, TimeSpan.FromSeconds(settings.TimeoutSeconds), ct))?[0];
    }

    /// <summary>What passages mean, in their order; null when it can't be had now.</summary>
    public Task<float[][]?> PassagesAsync(string tenant, IReadOnlyList<Passage> passages, CancellationToken ct) =>
        AskAsync(tenant, [.. passages.Select(PassageVectors.TextOf)], trial: false, PatienceForPassages, ct);

    private async Task<float[][]?> AskAsync(string tenant, IReadOnlyList<string> texts, bool trial, TimeSpan patience, CancellationToken ct)
    {
        var characters = texts.Sum(text => (long)text.Length);
        ModelLease? lease = null;
        // A token has rarely fewer than two characters.
        if (settings.CostOf((characters / 2) + texts.Count) is var worst and > 0 && (lease = await spending.TakeAsync(tenant, trial, worst, model.MaxCostPerDay, ct)) is null)
            return null;
        // Who hangs up, or does not count, may have been at work: then it is estimated.
        var tokens = characters / 4;
        using var timeout = new CancellationTokenSource(patience, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(ct, timeout.Token);
        try
        {
            var answer = await client.EmbedAsync(texts, both.Token);
            tokens = answer.Tokens is >= 0 and <= TokenPrice.MostTokens and var said ? said : tokens;
            return answer.Vectors;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return Failed("it did not answer in time");
        }
        catch (ModelException e)
        {
            tokens = 0;
            return Failed(e.Message);
        }
        finally
        {
            Measures.ModelTokens.Add("input", tokens);
            Measures.ModelCost.Add((long)(settings.CostOf(tokens) * 1_000_000m));
            if (lease is not null)
                await spending.SettleAsync(lease, settings.CostOf(tokens));
        }
    }

    private float[][]? Failed(string reason)
    {
        Volatile.Write(ref _restsUntil, (time.GetUtcNow() + Rest).Ticks);
        LogSilent(settings.Model, reason);
        return null;
    }

    [LoggerMessage(LogLevel.Warning, "The embedding model {Model} was of no use ({Reason}); passages are found by their words.")]
    private partial void LogSilent(string model, string reason);
}
