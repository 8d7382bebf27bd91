using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ReplyMint.Cli.Reach;

[JsonConverter(typeof(JsonStringEnumConverter<FrameKind>))]
internal enum FrameKind { Run, File, Go, Out, Error, Ask, Answer, Exit, Save }

/// <summary>One message on the control socket. Client: Run, File..., Go, Answer. Server: Out, Error, Ask, Save, Exit.</summary>
internal sealed record Frame(FrameKind Kind)
{
    public int Protocol { get; set; }
    public IReadOnlyList<string>? Arguments { get; set; }
    public string? Text { get; set; }
    public byte[]? Bytes { get; set; }
    public int Code { get; set; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Frame))]
internal sealed partial class FrameJson : JsonSerializerContext;

/// <summary>Frames on a stream: four bytes of length (big-endian), then JSON. Nothing is read that is larger than agreed.</summary>
internal static class Frames
{
    public const int Protocol = 1;
    public const int MaxFrame = 32 * 1024 * 1024;
    public const int MaxFileBytes = 16 * 1024 * 1024;
    public const int MaxFiles = 5_000;
    public const long MaxTotal = 128L * 1024 * 1024;

    public static async Task WriteAsync(Stream stream, Frame frame, CancellationToken ct)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(frame, FrameJson.Default.Frame);
        var head = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(head, json.Length);
        await stream.WriteAsync(head, ct);
        await stream.WriteAsync(json, ct);
    }

    public static void Write(Stream stream, Frame frame)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(frame, FrameJson.Default.Frame);
        Span<byte> head = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(head, json.Length);
        stream.Write(head);
        stream.Write(json);
    }

    /// <summary>Null at the end of the stream.</summary>
    /// <exception cref="InvalidDataException">The peer doesn't keep to the protocol.</exception>
    public static async Task<Frame?> ReadAsync(Stream stream, CancellationToken ct)
    {
        var head = new byte[4];
        var got = await stream.ReadAtLeastAsync(head, 4, throwOnEndOfStream: false, ct);
        if (got == 0)
            return null;
        var length = got == 4 ? BinaryPrimitives.ReadInt32BigEndian(head) : -1;
        if (length is <= 0 or > MaxFrame)
            throw new InvalidDataException("A frame's length is out of bounds.");
        var json = new byte[length];
        await stream.ReadExactlyAsync(json, ct);
        try
        {
            return JsonSerializer.Deserialize(json, FrameJson.Default.Frame) ?? throw new InvalidDataException("A frame is null.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException("A frame is no JSON.", e);
        }
    }
}
