using System.Net;
using System.Text.Json.Nodes;
using ReplyMint.Security;

namespace ReplyMint.Tests.Product;

/// <summary>What callers read of the API: every answer that is looked at, and which members stand in it with which values.</summary>
internal sealed class AnswerWalk(ApiDocument document, IReadOnlyDictionary<string, string> things)
{
    // Of the caller himself, and what counts these calls.
    private static readonly string[] Left = [RouteGroups.ApiRoot + "/me", RouteGroups.ApiRoot + "/usage"];

    /// <summary>The answers by their operations; what the caller may not read is left out.</summary>
    public async Task<Dictionary<string, string>> ReadAsync(HttpClient caller)
    {
        var read = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var operation in document.Guarded.Where(operation => operation.Method == HttpMethod.Get && !Left.Any(left => operation.Path == left || operation.Path.StartsWith(left + "/", StringComparison.Ordinal))))
        {
            if (operation.HasId && !things.ContainsKey(operation.Kind))
                continue;
            using var answer = await caller.GetAsync(new Uri(operation.With(operation.HasId ? things[operation.Kind] : ""), UriKind.Relative));
            Assert.True((int)answer.StatusCode < 500, operation.ToString());
            if (answer.StatusCode == HttpStatusCode.OK)
                read[operation.Path] = await answer.Content.ReadAsStringAsync();
        }
        return read;
    }

    /// <summary>Which members, by operation, one has and the other has not, or with other values; of answers that both may read.</summary>
    public static HashSet<(string Operation, string Member)> Differences(Dictionary<string, string> one, Dictionary<string, string> other)
    {
        var found = new HashSet<(string, string)>();
        foreach (var (operation, text) in one.Where(answer => other.ContainsKey(answer.Key) && answer.Value.StartsWith('{')))
        {
            var (mine, yours) = (MembersOf(text), MembersOf(other[operation]));
            found.UnionWith(mine.Keys.Union(yours.Keys).Where(member => !mine.TryGetValue(member, out var here) || !yours.TryGetValue(member, out var there) || !here.SequenceEqual(there)).Select(member => (operation, member)));
        }
        return found;
    }

    /// <summary>The values by their place, such as rules[].name.</summary>
    public static Dictionary<string, List<string>> MembersOf(string json)
    {
        var members = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        Add(JsonNode.Parse(json), "");
        return members;

        void Add(JsonNode? node, string at)
        {
            if (node is JsonObject value)
                foreach (var (name, inner) in value)
                    Add(inner, at.Length == 0 ? name : $"{at}.{name}");
            else if (node is JsonArray list)
                foreach (var inner in list)
                    Add(inner, at + "[]");
            else if (node is not null)
                (members.TryGetValue(at, out var there) ? there : members[at] = []).Add(node.ToString());
        }
    }
}
