using System.Buffers;
using System.Text.Json;
using ReplyMint.Knowledge;

namespace ReplyMint.Replies;

/// <summary>What an embedding model made of some texts, in their order.</summary>
/// <param name="Tokens">As its server counted them; null when it does not.</param>
internal sealed record Embedded(float[][] Vectors, long? Tokens);

/// <summary>Any server of the embeddings protocol.</summary>
internal sealed class EmbeddingClient(EmbeddingSettings settings, string? key) : IDisposable
{
    /// <summary>Texts of one request: a server's answer to more would pass its bound.</summary>
    public const int MostTexts = 64;

    /// <summary>As many texts of as many dimensions as are taken, written with all their digits.</summary>
    private const int MostAnswer = 8 * 1024 * 1024;

    private readonly ModelConnection _connection = new(settings.Endpoint, "/embeddings", settings.ApiKeyHeader, key, MostAnswer);

    /// <exception cref="ModelException">There is no answer, or none that can be used.</exception>
    public Task<Embedded> EmbedAsync(IReadOnlyList<string> texts, CancellationToken ct) =>
        _connection.PostAsync(Body(texts), json => Read(json, texts.Count), ct);

    public void Dispose() => _connection.Dispose();

    private byte[] Body(IReadOnlyList<string> texts)
    {
        var body = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(body))
        {
            writer.WriteStartObject();
            writer.WriteString("model", settings.Model);
            writer.WriteStartArray("input");
            foreach (var text in texts)
                writer.WriteStringValue(text);
            writer.WriteEndArray();
            writer.WriteString("encoding_format", "float");
            writer.WriteEndObject();
        }
        return body.WrittenSpan.ToArray();
    }

    private static Embedded Read(ReadOnlySpan<byte> json, int count)
    {
        try
        {
            var reader = new Utf8JsonReader(json);
            using var answer = JsonDocument.ParseValue(ref reader);
            var vectors = new float[count][];
            foreach (var one in answer.RootElement.GetProperty("data").EnumerateArray())
                vectors[one.GetProperty("index").GetInt32()] = [.. one.GetProperty("embedding").EnumerateArray().Select(part => part.GetSingle())];
            if (!Array.TrueForAll(vectors, vector => vector is { Length: > 0 and <= Direction.Most } && vector.Length == vectors[0].Length && Array.TrueForAll(vector, float.IsFinite) && Array.Exists(vector, part => part != 0)))
                throw new ModelException("the model's answer holds no vector for each text", retryable: false);
            return new(vectors, answer.RootElement.TryGetProperty("usage", out var usage) && usage.TryGetProperty("prompt_tokens", out var tokens) ? tokens.GetInt64() : null);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or IndexOutOfRangeException)
        {
            throw new ModelException("the model's answer is no list of embeddings", retryable: true, inner: e);
        }
    }
}
