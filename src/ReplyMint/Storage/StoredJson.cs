using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace ReplyMint.Storage;

/// <summary>
/// Writes the JSON of items. No page ever shows it, so only what JSON itself needs is escaped: a quotation of an older
/// mail takes a sixth of the room for its marks, a German text half of it for its letters.
/// </summary>
internal static class StoredJson
{
    // Above this a buffer is not kept: a few large mails must not hold memory in each thread for good.
    private const int MaxKept = 64 * 1024;

    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    [ThreadStatic]
    private static Scratch? t_scratch;

    public static byte[] Write<T>(T value, JsonTypeInfo<T> type) => With(value, type, 0, static (json, _) => json.ToArray());

    /// <summary>Seals the value without a plain copy of its own.</summary>
    public static byte[] Seal<T>(SealingKey sealer, ItemKey key, long version, T value, JsonTypeInfo<T> type) =>
        With(value, type, (sealer, key, version), static (json, with) => with.sealer.Seal(with.key, with.version, json));

    private static byte[] With<T, TState>(T value, JsonTypeInfo<T> type, TState state, Func<ReadOnlySpan<byte>, TState, byte[]> use)
    {
        // Taken for the time of use: a converter may write another value meanwhile.
        var scratch = t_scratch ?? new Scratch();
        t_scratch = null;
        scratch.Begin();
        JsonSerializer.Serialize(scratch.Writer, value, type);
        scratch.Writer.Flush();
        var result = use(scratch.Buffer.WrittenSpan, state);
        if (scratch.Buffer.Capacity <= MaxKept)
            t_scratch = scratch;
        return result;
    }

    private sealed class Scratch
    {
        public Scratch() => Writer = new Utf8JsonWriter(Buffer, Options);

        public ArrayBufferWriter<byte> Buffer { get; } = new(4 * 1024);
        public Utf8JsonWriter Writer { get; }

        public void Begin()
        {
            Buffer.ResetWrittenCount();
            Writer.Reset(Buffer);
        }
    }
}
