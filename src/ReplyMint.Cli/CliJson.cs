using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using ReplyMint.Cli.Commands;

namespace ReplyMint.Cli;

[JsonSerializable(typeof(ExplainedMail))]
internal sealed partial class CliJson : JsonSerializerContext
{
    private static readonly CliJson Relaxed = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });

    /// <summary>One object on one line, other scripts' letters as they are. Line ends and control characters are escaped, as JSON demands.</summary>
    public static string Line<T>(T value) => JsonSerializer.Serialize(value, typeof(T), Relaxed);
}
