using ReplyMint.Knowledge;
using ReplyMint.Security;

namespace ReplyMint.Replies;

/// <summary>A language model behind any address that speaks OpenAI's chat-completions protocol. No endpoint: no model.</summary>
internal sealed record ModelSettings
{
    // In millionths it still fits 64 bits.
    private const decimal MostCostPerDay = 1_000_000_000;

    /// <summary>The address before "/chat/completions", such as "http://127.0.0.1:11434/v1"; empty is no model.</summary>
    public string Endpoint { get; set; } = "";

    /// <summary>The model's name as the server knows it.</summary>
    public string Model { get; set; } = "";

    /// <summary>Where the key lies: "file:/absolute/path" or "credential:NAME"; empty for a server that asks for none.</summary>
    public string ApiKey { get; set; } = "";

    /// <summary>How the key is sent: "authorization" (Bearer) or "api-key" (Azure).</summary>
    public string ApiKeyHeader { get; set; } = "authorization";

    /// <summary>How long one answer may take, 1 to 300.</summary>
    public int TimeoutSeconds { get; set; } = 30;

    /// <summary>Tokens of one answer, 50 to 4,000.</summary>
    public int MaxOutputTokens { get; set; } = 700;

    /// <summary>What the limit is called: "max_tokens", or "max_completion_tokens" for models that refuse the former.</summary>
    public string OutputLimit { get; set; } = "max_tokens";

    /// <summary>0 to 2; null leaves it to the server.</summary>
    public double? Temperature { get; set; }

    /// <summary>Price of a million tokens read, to 1,000,000; 0 for a model of one's own.</summary>
    public decimal PricePerMillionIn { get; set; }

    /// <summary>Price of a million tokens written, to 1,000,000.</summary>
    public decimal PricePerMillionOut { get; set; }

    /// <summary>In the same currency, rolling 24 hours, to 1,000,000,000; over it mails are held without asking the model.</summary>
    public decimal MaxCostPerDay { get; set; } = 5;

    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsConfigured => Endpoint.Length > 0;

    public decimal CostOf(long input, long output) => (input * PricePerMillionIn + output * PricePerMillionOut) / 1_000_000m;

    public IEnumerable<string> Problems()
    {
        if (!IsConfigured)
        {
            if (Model.Length > 0 || ApiKey.Length > 0)
                yield return "model.endpoint: must be the server's address when model.model or model.apiKey is given.";
            yield break;
        }
        if (ModelAddress.Problem("model.endpoint", Endpoint, ApiKey.Length > 0) is { } address)
            yield return address;
        if (Model.Length is 0 or > 200)
            yield return "model.model: must be the model's name as the server knows it.";
        if (ApiKey.Length > 0 && SecretSource.Problem("model.apiKey", ApiKey) is { } problem)
            yield return problem;
        if (ApiKeyHeader is not ("authorization" or "api-key"))
            yield return $"model.apiKeyHeader: \"{ApiKeyHeader}\" is none of \"authorization\", \"api-key\".";
        if (TimeoutSeconds is < 1 or > 300)
            yield return "model.timeoutSeconds: must be a number from 1 to 300.";
        if (MaxOutputTokens is < 50 or > 4_000)
            yield return "model.maxOutputTokens: must be a number from 50 to 4000.";
        if (OutputLimit is not ("max_tokens" or "max_completion_tokens"))
            yield return $"model.outputLimit: \"{OutputLimit}\" is none of \"max_tokens\", \"max_completion_tokens\".";
        if (Temperature is < 0 or > 2)
            yield return "model.temperature: must be a number from 0 to 2.";
        if (!TokenPrice.Is(PricePerMillionIn) || !TokenPrice.Is(PricePerMillionOut))
            yield return "model.pricePerMillionIn and model.pricePerMillionOut: must be numbers from 0 to 1000000.";
        if (MaxCostPerDay is < 0 or > MostCostPerDay)
            yield return "model.maxCostPerDay: must be a number from 0 to 1000000000.";
    }
}
