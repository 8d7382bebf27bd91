using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ReplyMint.Security;

namespace ReplyMint.Tests.Product;

/// <summary>One operation of the API's description, and how to call it.</summary>
/// <param name="Path">With its parameters in braces.</param>
/// <param name="Permission">Null where no caller is needed.</param>
/// <param name="ForKeys">An API key may call it.</param>
internal sealed record ApiOperation(HttpMethod Method, string Path, Permission? Permission, bool ForKeys, JsonNode Described)
{
    /// <summary>The part behind /api/v1/ up to the first parameter, such as "drafts" or "me/sessions"; the kind of thing that the id names.</summary>
    public string Kind => Path[(RouteGroups.ApiRoot.Length + 1)..].Split("/{")[0];

    public bool HasId => Path.Contains('{', StringComparison.Ordinal);

    public string? MediaType => Described["requestBody"]?["content"]?.AsObject().First().Key;

    public JsonNode? Example => Described["requestBody"]?["content"]?[MediaType!]?["example"];

    public string With(string id) => Path[..(Path.IndexOf('{', StringComparison.Ordinal) is >= 0 and var at ? at : Path.Length)]
        + (HasId ? id + Path[(Path.IndexOf('}', StringComparison.Ordinal) + 1)..] : "");

    /// <summary>A request as the description wants it.</summary>
    public HttpRequestMessage Request(string id = "x0", HttpContent? body = null)
    {
        var request = new HttpRequestMessage(Method, new Uri(With(id), UriKind.Relative)) { Content = body ?? Body() };
        if (Method == HttpMethod.Put)
            request.Headers.IfMatch.Add(new EntityTagHeaderValue("\"1\""));
        return request;
    }

    public HttpContent? Body() => MediaType is not { } type ? null
        : type == "application/json" ? new StringContent(Example!.ToJsonString(), Encoding.UTF8, type) : new StringContent("text", new MediaTypeHeaderValue(type));

    public override string ToString() => $"{Method} {Path}";
}

/// <summary>The API's description as the running product gives it.</summary>
internal sealed class ApiDocument(JsonNode root)
{
    public static async Task<ApiDocument> ReadAsync(ProductHost host)
    {
        using var http = host.Client();
        return new((await JsonNode.ParseAsync(await http.GetStreamAsync(new Uri("/openapi/v1.json", UriKind.Relative))))!);
    }

    public JsonNode Root => root;

    public IReadOnlyList<ApiOperation> Operations { get; } =
    [
        .. root["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject().Select(operation => new ApiOperation(
            new HttpMethod(operation.Key.ToUpperInvariant()), path.Key, PermissionOf(operation.Value!),
            operation.Value!["security"]?.AsArray().Any(way => way!["apiKey"] is not null) == true, operation.Value!))),
    ];

    /// <summary>Those that need a caller.</summary>
    public IEnumerable<ApiOperation> Guarded => Operations.Where(operation => operation.Permission is not null);

    /// <summary>A schema, its reference followed.</summary>
    public JsonNode Schema(JsonNode schema) =>
        schema["$ref"]?.GetValue<string>() is { } reference ? root["components"]!["schemas"]![reference.Split('/')[^1]]! : schema;

    private static Permission? PermissionOf(JsonNode operation) => operation["security"]?.AsArray() is { Count: > 0 } ways
        ? Permissions.Find(ways[0]!.AsObject().First().Value![0]!.GetValue<string>()) : null;
}
