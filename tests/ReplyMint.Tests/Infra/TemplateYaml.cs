using System.Text.Json.Nodes;
using YamlDotNet.RepresentationModel;

namespace ReplyMint.Tests.Infra;

/// <summary>A template of CloudFormation as JSON: short forms (!Ref, !Sub) become long ones, and each scalar is text, as CloudFormation takes it.</summary>
internal static class TemplateYaml
{
    public static JsonObject Parse(string text)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        return Convert(stream.Documents[0].RootNode)!.AsObject();
    }

    private static JsonNode? Convert(YamlNode node)
    {
        JsonNode? value = node switch
        {
            YamlScalarNode scalar => JsonValue.Create(scalar.Value ?? ""),
            YamlSequenceNode sequence => new JsonArray([.. sequence.Children.Select(Convert)]),
            YamlMappingNode mapping => new JsonObject(mapping.Children.Select(child => KeyValuePair.Create(((YamlScalarNode)child.Key).Value!, Convert(child.Value)))),
            _ => throw new InvalidOperationException($"A template has no {node.NodeType}."),
        };
        if (node.Tag.IsEmpty || !node.Tag.Value.StartsWith('!') || node.Tag.IsNonSpecific)
            return value;
        var name = node.Tag.Value[1..];
        if (name == "GetAtt" && value is JsonValue path)
        {
            var (resource, attribute) = path.GetValue<string>().Split('.', 2) is [var first, var rest] ? (first, rest) : throw new InvalidOperationException($"!GetAtt {path} names no attribute.");
            value = new JsonArray(resource, attribute);
        }
        return new JsonObject { [name is "Ref" or "Condition" ? name : "Fn::" + name] = value };
    }
}
