using ReplyMint.Security;

namespace ReplyMint.Knowledge;

/// <summary>An embedding model behind any address that speaks OpenAI's embeddings protocol. No endpoint: passages are found by their words alone.</summary>
internal sealed record EmbeddingSettings
{
    /// <summary>The address before "/embeddings", such as "http://127.0.0.1:11434/v1"; empty is no model.</summary>
    public string Endpoint { get; init; } = "";

    /// <summary>The model's name as the server knows it.</summary>
    public string Model { get; init; } = "";

    /// <summary>Where the key lies: "file:/absolute/path" or "credential:NAME"; empty for a server that asks for none.</summary>
    public string ApiKey { get; init; } = "";

    /// <summary>How the key is sent: "authorization" (Bearer) or "api-key" (Azure).</summary>
    public string ApiKeyHeader { get; init; } = "authorization";

    /// <summary>How long a question may take, 1 to 30; then it is searched by its words alone.</summary>
    public int TimeoutSeconds { get; init; } = 3;

    /// <summary>Price of a million tokens, to 1,000,000, in the currency of the model's; 0 for a model of one's own. Counts against model.maxCostPerDay.</summary>
    public decimal PricePerMillion { get; init; }

    /// <summary>The nearness in meaning (cosine) from which the best passage answers whatever its words, 0.3 to 1; 0 is never.</summary>
    public double AnswersFrom { get; init; }

    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsConfigured => Endpoint.Length > 0;

    public decimal CostOf(long tokens) => tokens * PricePerMillion / 1_000_000m;

    public IEnumerable<string> Problems()
    {
        if (!IsConfigured)
        {
            if (Model.Length > 0 || ApiKey.Length > 0)
                yield return "knowledge.embedding.endpoint: must be the server's address when knowledge.embedding.model or knowledge.embedding.apiKey is given.";
            yield break;
        }
        if (ModelAddress.Problem("knowledge.embedding.endpoint", Endpoint, ApiKey.Length > 0) is { } address)
            yield return address;
        if (Model.Length is 0 or > 200)
            yield return "knowledge.embedding.model: must be the model's name as the server knows it.";
        if (ApiKey.Length > 0 && SecretSource.Problem("knowledge.embedding.apiKey", ApiKey) is { } problem)
            yield return problem;
        if (ApiKeyHeader is not ("authorization" or "api-key"))
            yield return $"knowledge.embedding.apiKeyHeader: \"{ApiKeyHeader}\" is none of \"authorization\", \"api-key\".";
        if (TimeoutSeconds is < 1 or > 30)
            yield return "knowledge.embedding.timeoutSeconds: must be a number from 1 to 30.";
        if (!TokenPrice.Is(PricePerMillion))
            yield return "knowledge.embedding.pricePerMillion: must be a number from 0 to 1000000.";
        if (!(AnswersFrom is 0 or >= 0.3 and <= 1))
            yield return "knowledge.embedding.answersFrom: must be 0, or a number from 0.3 to 1.";
    }
}
