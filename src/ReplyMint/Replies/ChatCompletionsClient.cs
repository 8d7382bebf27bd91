using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.Extensions.AI;
using ReplyMint.Storage;

namespace ReplyMint.Replies;

/// <summary>Why a model did not answer.</summary>
/// <param name="retryable">A later try may succeed.</param>
internal sealed class ModelException(string reason, bool retryable, TimeSpan? retryAfter = null, Exception? inner = null) : Exception(reason, inner)
{
    public bool Retryable { get; } = retryable;
    public TimeSpan? RetryAfter { get; } = retryAfter;
}

/// <summary>
/// An <see cref="IChatClient"/> for any server of the chat-completions protocol, by plain HTTP (<see cref="ModelConnection"/>) and
/// source-generated JSON.
/// </summary>
internal sealed class ChatCompletionsClient : IChatClient
{
    /// <summary>Far above any answer that we ask for.</summary>
    private const int MaxAnswerBytes = 1024 * 1024;

    private readonly ModelConnection _connection;
    private readonly ModelSettings _settings;

    public ChatCompletionsClient(ModelSettings settings, string? key)
    {
        _settings = settings;
        _connection = new ModelConnection(settings.Endpoint, "/chat/completions", settings.ApiKeyHeader, key, MaxAnswerBytes);
    }

    public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        _connection.PostAsync(Body(messages, options), Read, cancellationToken);

    /// <summary>The whole answer at once: it is checked as a whole before anybody sees it.</summary>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        foreach (var update in (await GetResponseAsync(messages, options, cancellationToken)).ToChatResponseUpdates())
            yield return update;
    }

    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceKey is null && serviceType.IsInstanceOfType(this) ? this
        : serviceKey is null && serviceType == typeof(ChatClientMetadata) ? new ChatClientMetadata("openai", new Uri(_settings.Endpoint), _settings.Model) : null;

    public void Dispose() => _connection.Dispose();

    private byte[] Body(IEnumerable<ChatMessage> messages, ChatOptions? options)
    {
        var limit = options?.MaxOutputTokens ?? _settings.MaxOutputTokens;
        var named = _settings.OutputLimit == "max_tokens";
        var body = new ChatRequestBody
        {
            Model = options?.ModelId ?? _settings.Model,
            Messages = [.. messages.Select(m => new ChatTurn(m.Role.Value, m.Text))],
            MaxTokens = named ? limit : null,
            MaxCompletionTokens = named ? null : limit,
            Temperature = options?.Temperature ?? _settings.Temperature,
        };
        return StoredJson.Write(body, ChatJson.Default.ChatRequestBody);
    }

    private static ChatResponse Read(ReadOnlySpan<byte> json)
    {
        ChatResponseBody? body;
        try
        {
            body = JsonSerializer.Deserialize(json, ChatJson.Default.ChatResponseBody);
        }
        catch (JsonException e)
        {
            throw new ModelException("the model's answer is no chat completion", retryable: true, inner: e);
        }
        if (body?.Choices is not [{ Message: { } message } choice, ..])
            throw new ModelException("the model's answer holds no message", retryable: true);
        return new ChatResponse(new ChatMessage(ChatRole.Assistant, message.Content ?? ""))
        {
            ResponseId = body.Id,
            ModelId = body.Model,
            FinishReason = choice.FinishReason is { Length: > 0 } reason ? new ChatFinishReason(reason) : null,
            Usage = body.Usage is { } u ? new UsageDetails { InputTokenCount = u.PromptTokens, OutputTokenCount = u.CompletionTokens } : null,
        };
    }
}
