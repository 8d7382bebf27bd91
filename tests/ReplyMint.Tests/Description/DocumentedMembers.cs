using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using ReplyMint.Security;

namespace ReplyMint.Tests.Description;

/// <summary>What the code's own documentation says of a record and its members is what the API's description says of them.</summary>
internal static partial class DocumentedMembers
{
    private static readonly Dictionary<string, XElement> Members = XDocument.Load(Path.ChangeExtension(typeof(ApiDescription).Assembly.Location, ".xml"))
        .Descendants("member").ToDictionary(member => (string)member.Attribute("name")!);

    // A record's parameters are documented at its constructor, whose name ends with the types of them all.
    private static readonly ILookup<string, XElement> Constructors = Members.Where(member => member.Key.Contains(".#ctor(", StringComparison.Ordinal))
        .ToLookup(member => member.Key[2..member.Key.IndexOf(".#ctor(", StringComparison.Ordinal)], member => member.Value);

    public static Task DescribeAsync(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken ct)
    {
        schema.Description = Members.TryGetValue("T:" + NameOf(context.JsonTypeInfo.Type), out var type) ? Words(type.Element("summary")) : null;
        if (context.JsonPropertyInfo is not { } property || Of(property.DeclaringType, (property.AttributeProvider as MemberInfo)?.Name ?? "") is not { } words)
            return Task.CompletedTask;
        // A schema that many members share keeps its own words; the member's stand beside the reference to it.
        if (schema.Metadata?.TryGetValue("x-schema-id", out var id) == true && id is string { Length: > 0 })
            schema.Metadata["x-ref-description"] = words;
        else
            schema.Description = words;
        return Task.CompletedTask;
    }

    private static string? Of(Type declaring, string name)
    {
        var type = NameOf(declaring);
        return Members.TryGetValue($"P:{type}.{name}", out var member) && Words(member.Element("summary")) is { } summary ? summary
            : Constructors[type].SelectMany(constructor => constructor.Elements("param")).FirstOrDefault(parameter => (string?)parameter.Attribute("name") == name) is { } parameter ? Words(parameter) : null;
    }

    private static string NameOf(Type type) => (type.IsGenericType ? type.GetGenericTypeDefinition() : type).FullName!.Replace('+', '.');

    private static string? Words(XElement? element)
    {
        if (element is null)
            return null;
        foreach (var link in element.Descendants().Where(inner => inner.Name == "see" || inner.Name == "paramref").ToList())
            link.ReplaceWith(((string?)link.Attribute("cref") ?? (string?)link.Attribute("name") ?? (string?)link.Attribute("langword") ?? "").Split('.', ':')[^1]);
        return Blanks.Replace(element.Value, " ").Trim() is { Length: > 0 } words ? words : null;
    }

    [GeneratedRegex(@"\s+", RegexOptions.NonBacktracking)]
    private static partial Regex Blanks { get; }
}
