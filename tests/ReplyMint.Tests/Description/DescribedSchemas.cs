using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using ReplyMint.Security;

namespace ReplyMint.Tests.Description;

/// <summary>Shows the rules of requests in the API's description, and bounds what has none of its own, such as answers.</summary>
internal static class DescribedSchemas
{
    // What an answer can hold at most: the text of a mail as it is kept.
    private const int MostCharacters = 1_048_576;
    private const int MostItems = 10_000;
    private const string IdPattern = "^[A-Za-z0-9_-]+$";

    public static Task BoundAsync(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken ct)
    {
        var rule = context.JsonPropertyInfo is { } property ? RequestShape.Attribute<RuleAttribute>(property) : null;
        var items = context.JsonPropertyInfo is { } list ? RequestShape.Attribute<ItemsAttribute>(list) : null;
        if (context.JsonPropertyInfo is { } shown && RequestShape.Attribute<ExampleAttribute>(shown) is { } example)
            schema.Examples = [Node(example.Value)];
        if (schema.Type?.HasFlag(JsonSchemaType.Array) == true)
        {
            schema.MaxItems ??= items?.Most ?? MostItems;
            if (items?.Least > 0)
                schema.MinItems = items.Least;
            Bound(schema.Items, rule);
        }
        else if (schema.AdditionalProperties is { } values)
        {
            schema.MaxProperties ??= items?.Most ?? MostItems;
            Bound(values, rule);
        }
        else
        {
            Bound(schema, rule);
        }
        return Task.CompletedTask;
    }

    public static void Bound(IOpenApiSchema? any, RuleAttribute? rule)
    {
        if (any is not OpenApiSchema schema)
            return;
        if (rule is not null)
            Describe(schema, rule);
        if (schema.Enum is { Count: > 0 })
        {
            schema.Type = schema.Enum.Any(word => word is null) ? JsonSchemaType.String | JsonSchemaType.Null : JsonSchemaType.String;
            return;
        }
        if (schema.Type?.HasFlag(JsonSchemaType.String) == true)
            schema.MaxLength ??= schema.Format is null ? MostCharacters : 64;
        if (schema.Type?.HasFlag(JsonSchemaType.Integer) == true)
        {
            var isLong = schema.Format == "int64";
            schema.Minimum ??= (isLong ? long.MinValue : int.MinValue).ToString(CultureInfo.InvariantCulture);
            schema.Maximum ??= (isLong ? long.MaxValue : int.MaxValue).ToString(CultureInfo.InvariantCulture);
        }
    }

    private static void Describe(OpenApiSchema schema, RuleAttribute rule)
    {
        if (rule is TextRule text)
            (schema.MinLength, schema.MaxLength) = (text.Least, text.Most);
        switch (rule)
        {
            case TextAttribute: schema.Pattern = "^[^\\u0000]*$"; break;
            case LineAttribute: schema.Pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]*$"; break;
            case IdAttribute: schema.Pattern = IdPattern; break;
            case TokenAttribute: schema.Pattern = "^[!-~]*$"; break;
            case AddressAttribute: (schema.MinLength, schema.Format) = (3, "email"); break;
            case WebUrlAttribute: schema.Format = "uri"; break;
            case WholeAttribute whole: (schema.Minimum, schema.Maximum) = (Text(whole.Least), Text(whole.Most)); break;
            case FractionAttribute part: (schema.Minimum, schema.Maximum) = (part.Least.ToString("R", CultureInfo.InvariantCulture), part.Most.ToString("R", CultureInfo.InvariantCulture)); break;
            case WordRule choice: schema.Enum = [.. choice.Words.Select(word => (JsonNode)word)]; break;
            default: throw new InvalidOperationException($"{rule.GetType().Name} has no words here yet.");
        }
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>Null members are left out of answers, so they are not required there; in a request they are where the record says so.</summary>
    public static void Loosen(OpenApiDocument document)
    {
        HashSet<string> sent = [];
        foreach (var body in document.Paths.Values.SelectMany(path => path.Operations ?? []).Select(operation => operation.Value.RequestBody?.Content).OfType<IDictionary<string, OpenApiMediaType>>())
            foreach (var type in body.Values)
                Reach(type.Schema, sent);
        foreach (var (name, schema) in document.Components?.Schemas ?? new Dictionary<string, IOpenApiSchema>())
            if (!sent.Contains(name) && schema is OpenApiSchema { Required.Count: > 0, Properties: not null } answer)
                answer.Required = answer.Required.Where(member => answer.Properties[member].Type?.HasFlag(JsonSchemaType.Null) != true && !IsNullable(answer.Properties[member])).ToHashSet();
    }

    private static bool IsNullable(IOpenApiSchema schema) => schema.OneOf?.Any(one => one.Type == JsonSchemaType.Null) == true;

    private static void Reach(IOpenApiSchema? schema, HashSet<string> reached)
    {
        if (schema is null || (schema is OpenApiSchemaReference { Reference.Id: { } id } && !reached.Add(id)))
            return;
        foreach (var inner in (schema.Properties?.Values ?? []).Concat(schema.OneOf ?? []).Append(schema.Items).Append(schema.AdditionalProperties))
            Reach(inner, reached);
    }

    /// <summary>A value that the schema allows, to show what one looks like.</summary>
    public static JsonNode? Example(IOpenApiSchema? schema, string name = "", int depth = 0)
    {
        if (schema is null || depth > 6)
            return null;
        if (schema.Examples is [{ } given, ..])
            return given.DeepClone();
        if (schema.Enum is { Count: > 0 } words)
            return words[0]?.DeepClone();
        if (schema.OneOf?.FirstOrDefault(one => one.Type != JsonSchemaType.Null) is { } real)
            return Example(real, name, depth);
        var type = schema.Type ?? JsonSchemaType.Object;
        if (type.HasFlag(JsonSchemaType.String))
            return Text(schema, name);
        if (type.HasFlag(JsonSchemaType.Integer) || type.HasFlag(JsonSchemaType.Number))
            return double.TryParse(schema.Maximum, CultureInfo.InvariantCulture, out var most) && most < 1 ? (JsonNode)most
                : double.TryParse(schema.Minimum, CultureInfo.InvariantCulture, out var least) && least > 1 ? (JsonNode)(long)least : 1;
        if (type.HasFlag(JsonSchemaType.Boolean))
            return true;
        if (type.HasFlag(JsonSchemaType.Array))
            return Example(schema.Items, name, depth + 1) is { } one ? new JsonArray(one) : new JsonArray();
        var example = new JsonObject();
        foreach (var (member, inner) in schema.Properties ?? new Dictionary<string, IOpenApiSchema>())
            if (Example(inner, member, depth + 1) is { } value)
                example[member] = value;
        return example;
    }

    /// <summary>Text, or a list or an object in JSON.</summary>
    private static JsonNode Node(string value) => value[0] is '[' or '{' ? JsonNode.Parse(value)! : JsonValue.Create(value);

    private static JsonValue Text(IOpenApiSchema schema, string name)
    {
        var text = schema.Format switch
        {
            "date-time" => "2026-11-24T12:00:00Z",
            "date" => "2026-11-24",
            "time" => "12:00:00",
            "email" => "anna@customer.example",
            "uri" => "https://app.example.com/hook",
            "uuid" => "0f8fad5b-d9cb-469f-a165-70867728950e",
            "byte" => "dGV4dA==",
            _ => schema.Pattern == IdPattern || name is "id" or "next" ? "m7k2q9x4v1c8b3n6t5z0w" : name.Length > 0 ? name : "text",
        };
        while (text.Length < (schema.MinLength ?? 0))
            text += text;
        return JsonValue.Create(text.Length > (schema.MaxLength ?? int.MaxValue) ? text[..(int)schema.MaxLength!] : text);
    }
}
