using System.Globalization;
using System.Text.Json.Nodes;

namespace ReplyMint.Guide;

/// <summary>One resource of a stack, with all names put in.</summary>
/// <param name="Name">Its logical name in the template.</param>
/// <param name="All">Beside its properties, such as DeletionPolicy.</param>
internal sealed record Resource(string Name, string Type, JsonObject All)
{
    public JsonObject Properties { get; } = All[nameof(Properties)] as JsonObject ?? [];

    /// <param name="path">Members with dots between them; "" when there is none.</param>
    public string Text(string path) => Node(path) is JsonValue value ? value.GetValue<string>() : "";

    public JsonNode? Node(string path) => path.Split('.').Aggregate((JsonNode?)Properties, (node, part) => node switch
    {
        JsonObject some => some[part],
        JsonArray list when int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < list.Count => list[index],
        _ => null,
    });

    public IEnumerable<JsonNode> List(string path) => Stack.ListOf(Node(path));
}
