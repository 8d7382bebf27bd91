using System.Text.Json.Serialization;

namespace ReplyMint.Replies;

/// <summary>The chat-completions protocol as far as we speak it.</summary>
internal sealed record ChatRequestBody
{
    public required string Model { get; init; }
    public required IReadOnlyList<ChatTurn> Messages { get; init; }
    public int? MaxTokens { get; init; }
    public int? MaxCompletionTokens { get; init; }
    public double? Temperature { get; init; }
    public bool Stream { get; init; }
}

internal sealed record ChatTurn(string Role, string? Content);

internal sealed record ChatResponseBody
{
    public string? Id { get; init; }
    public string? Model { get; init; }
    public IReadOnlyList<ChatChoice>? Choices { get; init; }
    public ChatUsage? Usage { get; init; }
}

internal sealed record ChatChoice(ChatTurn? Message, string? FinishReason);

internal sealed record ChatUsage(long PromptTokens, long CompletionTokens);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ChatRequestBody))]
[JsonSerializable(typeof(ChatResponseBody))]
internal sealed partial class ChatJson : JsonSerializerContext;
