using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
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
/// An <see cref="IChatClient"/> for any server of the chat-completions protocol, by plain HTTP and source-generated
/// JSON. Answers are bounded; redirects are not followed, so the key goes nowhere else.
/// </summary>
internal sealed class ChatCompletionsClient : IChatClient
{
    /// <summary>Far above any answer that we ask for.</summary>
    private const int MaxAnswerBytes = 1024 * 1024;

    private readonly HttpClient _http;
    private readonly ModelSettings _settings;
    private readonly Uri _address;
    private readonly string? _key;

    public ChatCompletionsClient(ModelSettings settings, string? key, HttpMessageHandler? handler = null)
    {
        _settings = settings;
        _key = string.IsNullOrEmpty(key) ? null : key;
        _address = new Uri(settings.Endpoint.TrimEnd('/') + "/chat/completions");
        _http = new HttpClient(handler ?? new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ActivityHeadersPropagator = null,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            ConnectTimeout = TimeSpan.FromSeconds(10),
            MaxResponseHeadersLength = 64,
        }) { Timeout = Timeout.InfiniteTimeSpan };
    }

    public async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, _address) { Content = Body(messages, options) };
        if (_key is not null && _settings.ApiKeyHeader == "api-key")
            request.Headers.TryAddWithoutValidation("api-key", _key);
        else if (_key is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _key);
        try
        {
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (!response.IsSuccessStatusCode)
                throw Refused(response);
            var (bytes, length) = await ReadAsync(response.Content, cancellationToken);
            try
            {
                return Read(bytes.AsSpan(0, length));
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(bytes);
            }
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw new ModelException($"the model's server can't be reached ({e.GetType().Name})", retryable: true, inner: e);
        }
    }

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

    public void Dispose() => _http.Dispose();

    private ByteArrayContent Body(IEnumerable<ChatMessage> messages, ChatOptions? options)
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
        var content = new ByteArrayContent(StoredJson.Write(body, ChatJson.Default.ChatRequestBody));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return content;
    }

    // A server may name any time; a mail must not lie unseen for years since one did.
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(15);

    /// <summary>Only the status counts: an error's text may repeat what we sent, the key included.</summary>
    private static ModelException Refused(HttpResponseMessage response)
    {
        var status = (int)response.StatusCode;
        var retry = response.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout || status >= 500;
        var after = response.Headers.RetryAfter is { Delta: { } delta } ? (delta < LongestWait ? delta : LongestWait) : (TimeSpan?)null;
        return new ModelException($"the model's server answered {status}", retry, after);
    }

    private static async Task<(byte[] Bytes, int Length)> ReadAsync(HttpContent content, CancellationToken ct)
    {
        if (content.Headers.ContentLength > MaxAnswerBytes)
            throw new ModelException("the model's answer is too large", retryable: false);
        await using var stream = await content.ReadAsStreamAsync(ct);
        var buffer = ArrayPool<byte>.Shared.Rent(8 * 1024);
        var length = 0;
        try
        {
            while (true)
            {
                var read = await stream.ReadAsync(buffer.AsMemory(length), ct);
                if (read == 0)
                    return (buffer, length);
                length += read;
                if (length > MaxAnswerBytes)
                    throw new ModelException("the model's answer is too large", retryable: false);
                if (length < buffer.Length)
                    continue;
                var larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
                buffer.AsSpan(0, length).CopyTo(larger);
                ArrayPool<byte>.Shared.Return(buffer);
                buffer = larger;
            }
        }
        catch
        {
            ArrayPool<byte>.Shared.Return(buffer);
            throw;
        }
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
            Usage = body.Usage is { } u ? new UsageDetails { InputTokenCount = u.PromptTokens, OutputTokenCount = u.CompletionTokens, TotalTokenCount = u.PromptTokens + u.CompletionTokens } : null,
        };
    }
}
