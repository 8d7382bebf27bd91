using System.Text.Json;
using System.Text.Json.Nodes;

namespace ReplyMint.Guide;

/// <summary>A template of CloudFormation, whether it is written as YAML or JSON, or comes from AWS (aws cloudformation get-template): each scalar is text, as CloudFormation takes it.</summary>
internal static class TemplateText
{
    /// <returns>The template, or what is wrong with the text.</returns>
    public static (JsonObject? Template, string Wrong) Read(string text)
    {
        try
        {
            var node = text.AsSpan().TrimStart() is ['{', ..] ? Texts(JsonNode.Parse(text)) : YamlReader.Read(text);
            // What AWS hands out: the template is a member, an object where it was JSON and a text where it was YAML.
            if (node is JsonObject handed && handed["TemplateBody"] is { } body)
                node = body is JsonValue written ? YamlReader.Read(written.GetValue<string>()) : body.DeepClone();
            return node is JsonObject template && template["Resources"] is JsonObject resources && resources.All(one => one.Value is JsonObject resource && resource["Type"] is JsonValue)
                ? (template, "") : (null, "it has no Resources with their types");
        }
        catch (Exception e) when (e is JsonException or FormatException)
        {
            return (null, e.Message);
        }
    }

    private static JsonNode? Texts(JsonNode? node) => node switch
    {
        JsonObject some => new JsonObject(some.Select(one => KeyValuePair.Create(one.Key, Texts(one.Value)))),
        JsonArray list => new JsonArray([.. list.Select(Texts)]),
        JsonValue value when value.GetValueKind() == JsonValueKind.String => JsonValue.Create(value.GetValue<string>()),
        null => JsonValue.Create(""),
        _ => JsonValue.Create(node.ToJsonString()),
    };
}
