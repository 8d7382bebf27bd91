using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ReplyMint.Incidents;

/// <summary>What differs between two texts, for a record of a change: members where both are JSON, else lines.</summary>
internal static class ChangeText
{
    private const int MostValue = 200;

    /// <summary>One line each, "PATH: before -> after"; empty when nothing differs.</summary>
    public static IReadOnlyList<string> Of(string before, string after)
    {
        if (Parse(before) is { } old && Parse(after) is { } now)
        {
            var (was, becomes) = (Leaves(old), Leaves(now));
            return [.. was.Keys.Union(becomes.Keys).Order(StringComparer.Ordinal).Where(path => was.GetValueOrDefault(path) != becomes.GetValueOrDefault(path))
                .Select(path => $"{path}: {was.GetValueOrDefault(path, "(none)")} -> {becomes.GetValueOrDefault(path, "(none)")}")];
        }
        var (lines, others) = (before.Split('\n'), after.Split('\n'));
        return [.. lines.Except(others).Where(line => line.Length > 0).Select(line => "- " + Short(line)), .. others.Except(lines).Where(line => line.Length > 0).Select(line => "+ " + Short(line))];
    }

    /// <summary>As many lines as there is room for, and how many more there are.</summary>
    public static string Fit(IEnumerable<string> lines, int room)
    {
        // For the sentence at the end.
        const int Spare = 30;
        var all = lines.ToList();
        var text = new StringBuilder();
        for (var i = 0; i < all.Count; i++)
        {
            if (text.Length + all[i].Length + 1 > room - Spare)
                return text.Append(System.Globalization.CultureInfo.InvariantCulture, $"(and {all.Count - i} more)").ToString();
            text.Append(all[i]).Append('\n');
        }
        return text.ToString().TrimEnd('\n');
    }

    private static JsonObject? Parse(string text)
    {
        try
        {
            return JsonNode.Parse(text, documentOptions: new() { MaxDepth = 32, CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true }) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static Dictionary<string, string> Leaves(JsonObject root)
    {
        var leaves = new Dictionary<string, string>(StringComparer.Ordinal);
        Add(root, "");
        return leaves;

        void Add(JsonNode? node, string path)
        {
            if (node is JsonObject inner && inner.Count > 0)
                foreach (var (name, value) in inner)
                    Add(value, path.Length == 0 ? name : $"{path}.{name}");
            else
                leaves[path] = Short(node?.ToJsonString() ?? "null");
        }
    }

    private static string Short(string value) => value.Length <= MostValue ? value : value[..MostValue] + "...";
}
