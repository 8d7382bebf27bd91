namespace ReplyMint.Knowledge;

/// <summary>Settings of a tenant's knowledge.</summary>
internal sealed record KnowledgeSettings
{
    /// <summary>
    /// Score from which on a passage answers a mail, 0.05 to 1. At the default, of public test questions whose answer is not in the
    /// knowledge at least 95 % stay below it; higher is more silent.
    /// </summary>
    public double Threshold { get; init; } = 0.22;

    /// <summary>Passages a tenant may have, 1 to 50,000.</summary>
    public int MaxPassages { get; init; } = 20_000;

    /// <summary>Memory for opened indexes of all tenants, in MB, 8 to 4,096. The least used close first.</summary>
    public int CacheMegabytes { get; init; } = 64;

    /// <summary>A model that finds passages by what they mean, beside their words; without an endpoint none is asked.</summary>
    public EmbeddingSettings Embedding { get; init; } = new();

    public IEnumerable<string> Problems()
    {
        foreach (var problem in Embedding.Problems())
            yield return problem;
        if (!(Threshold is >= 0.05 and <= 1))
            yield return $"knowledge.threshold is {Threshold}; allowed is 0.05 to 1.";
        if (MaxPassages is < 1 or > 50_000)
            yield return $"knowledge.maxPassages is {MaxPassages}; allowed are whole numbers from 1 to 50000.";
        if (CacheMegabytes is < 8 or > 4_096)
            yield return $"knowledge.cacheMegabytes is {CacheMegabytes}; allowed are whole numbers from 8 to 4096.";
    }
}
