using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace ReplyMint;

/// <summary>What a member of the settings is, read from the serializer's own metadata, so that there is no second list to keep.</summary>
internal sealed class SettingsShape
{
    private readonly JsonTypeInfo _type;

    private SettingsShape(string path, JsonTypeInfo type, bool nullable)
    {
        (Path, _type, Nullable) = (path, type, nullable);
    }

    public static SettingsShape Root { get; } = new("", SettingsJson.Default.ReplyMintSettings, false);

    /// <summary>Dotted, as in the file: "outbound.smtp.host"; empty for the whole.</summary>
    public string Path { get; }

    private bool Nullable { get; }

    private Type Plain => System.Nullable.GetUnderlyingType(_type.Type) ?? _type.Type;

    private bool IsObject => _type.Kind == JsonTypeInfoKind.Object;

    public IEnumerable<SettingsShape> Members => Properties.Select(Of);

    public SettingsShape? Member(string name) =>
        Properties.FirstOrDefault(p => p.Name == name) is { } found ? Of(found) : null;

    /// <summary>The metadata lists members that are never written, too.</summary>
    private IEnumerable<JsonPropertyInfo> Properties => IsObject ? _type.Properties.Where(p => p.Get is not null && p.Set is not null) : [];

    /// <summary>All members that hold a value and no further members.</summary>
    public IEnumerable<SettingsShape> Leaves => IsObject ? Members.SelectMany(m => m.Leaves) : [this];

    /// <summary>The variable that sets this member: REPLYMINT_OUTBOUND__SMTP__HOST, REPLYMINT_MASTER_KEY__FILE.</summary>
    public string Variable
    {
        get
        {
            var name = new StringBuilder(SettingsReader.Prefix);
            foreach (var c in Path)
                _ = c == '.' ? name.Append("__") : char.IsAsciiLetterUpper(c) ? name.Append('_').Append(c) : name.Append(char.ToUpperInvariant(c));
            return name.ToString();
        }
    }

    /// <summary>What is allowed here, to end the sentence "x must be ...".</summary>
    public string Allowed => (Expected, Plain) switch
    {
        (_, { IsEnum: true }) => "one of " + string.Join(", ", EnumNames),
        (JsonValueKind.Object, _) => "an object of members",
        (JsonValueKind.Array, _) => "a list",
        (JsonValueKind.True, _) => "true or false",
        (JsonValueKind.Number, var t) when t == typeof(double) || t == typeof(decimal) || t == typeof(float) => "a number",
        (JsonValueKind.Number, var t) when t == typeof(long) => "a whole number",
        (JsonValueKind.Number, _) => "a whole number up to 2147483647",
        (_, var t) when t == typeof(TimeSpan) => "a duration such as 00:00:30",
        (_, var t) when t == typeof(Uri) => "an address such as https://example.com/path",
        _ => "text",
    };

    private IEnumerable<string> EnumNames => Enum.GetNames(Plain).Select(JsonNamingPolicy.CamelCase.ConvertName);

    private JsonValueKind Expected => _type.Kind switch
    {
        JsonTypeInfoKind.Object or JsonTypeInfoKind.Dictionary => JsonValueKind.Object,
        JsonTypeInfoKind.Enumerable => JsonValueKind.Array,
        _ when Plain == typeof(bool) => JsonValueKind.True,
        _ when !Plain.IsEnum && Type.GetTypeCode(Plain) is >= TypeCode.SByte and <= TypeCode.Decimal => JsonValueKind.Number,
        _ => JsonValueKind.String,
    };

    /// <summary>Text from the environment or the command line as the JSON it stands for, or null when it can't be that.</summary>
    public JsonNode? FromText(string text)
    {
        switch (Expected)
        {
            case JsonValueKind.String:
                return JsonValue.Create(text);
            case JsonValueKind.Array when !text.TrimStart().StartsWith('['):
                var items = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
                return new JsonArray([.. items.Select(i => (JsonNode)JsonValue.Create(i))]);
            default:
                try
                {
                    return JsonNode.Parse(text.Trim(), documentOptions: SettingsReader.Strict);
                }
                catch (JsonException)
                {
                    return null;
                }
        }
    }

    /// <summary>Null when the value can stand here; otherwise what is wrong, without the value itself, which may be a secret in the wrong place.</summary>
    public string? Objection(JsonNode? value)
    {
        if (value is null)
            return Nullable ? null : $"{Path} must be {Allowed}, not null";
        if (Kind(value) != Expected)
            return $"{Path} must be {Allowed}, not {Name(value)}";
        if (IsObject)
            return null;
        try
        {
            // The last word is the serializer's: ranges of integers, names of enums, items of lists.
            return value.Deserialize(_type) is null ? $"{Path} must be {Allowed}" : null;
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            var items = _type.Kind == JsonTypeInfoKind.Enumerable ? " whose items have the right type" : "";
            return $"{Path} must be {Allowed}{items}; this {Name(value)} is not";
        }
    }

    private static JsonValueKind Kind(JsonNode value) =>
        value.GetValueKind() is JsonValueKind.False ? JsonValueKind.True : value.GetValueKind();

    private static string Name(JsonNode value) => Kind(value) switch
    {
        JsonValueKind.Object => "object",
        JsonValueKind.Array => "list",
        JsonValueKind.Number => "number",
        JsonValueKind.True => "true or false",
        _ => "text",
    };

    private SettingsShape Of(JsonPropertyInfo property) => new(
        Path.Length == 0 ? property.Name : Path + "." + property.Name,
        SettingsJson.Default.Options.GetTypeInfo(property.PropertyType),
        property.IsSetNullable || property.IsGetNullable);
}
