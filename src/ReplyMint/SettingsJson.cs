using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    WriteIndented = true,
    Converters = [typeof(LowerCaseEnum<DeploymentEnvironment>), typeof(LowerCaseEnum<StoreKind>)])]
[JsonSerializable(typeof(ReplyMintSettings))]
internal sealed partial class SettingsJson : JsonSerializerContext
{
    /// <summary>The settings as the file would say them.</summary>
    public static string Show(ReplyMintSettings settings) =>
        Readable(JsonSerializer.SerializeToNode(settings, Default.ReplyMintSettings)!);

    /// <summary>The schema that editors and pipelines check replymint.json against; shipped as replymint.schema.json.</summary>
    public static string Schema()
    {
        var schema = Default.Options.GetJsonSchemaAsNode(typeof(ReplyMintSettings), new() { TreatNullObliviousAsNonNullable = true }).AsObject();
        AddDefaults(schema, JsonSerializer.SerializeToNode(new ReplyMintSettings(), Default.ReplyMintSettings)!.AsObject());
        schema["properties"]!.AsObject().Insert(0, "$schema", new JsonObject { ["type"] = "string" });
        schema.Insert(0, "$schema", "https://json-schema.org/draft/2020-12/schema");
        schema.Insert(1, "title", "ReplyMint settings (replymint.json)");
        return Readable(schema);
    }

    /// <summary>For people's eyes: a plus-sign stays a plus-sign.</summary>
    private static string Readable(JsonNode node)
    {
        using var bytes = new MemoryStream();
        using (var writer = new Utf8JsonWriter(bytes, new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            node.WriteTo(writer);
        return Encoding.UTF8.GetString(bytes.ToArray()) + "\n";
    }

    private static void AddDefaults(JsonObject schema, JsonObject defaults)
    {
        foreach (var (name, value) in defaults)
        {
            var member = schema["properties"]![name]!.AsObject();
            if (value is JsonObject inner && member.ContainsKey("properties"))
                AddDefaults(member, inner);
            else if (value is not null)
                member["default"] = value.DeepClone();
        }
    }
}

/// <summary>Enums are written as the file's other words are: "production".</summary>
internal sealed class LowerCaseEnum<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.CamelCase, allowIntegerValues: false)
    where T : struct, Enum;
