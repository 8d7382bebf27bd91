using System.Text;
using System.Text.Json.Nodes;

namespace ReplyMint.Tests.Aws;

/// <summary>A request as a REST API of API Gateway hands it to a function (proxy integration, payload 1.0).</summary>
internal sealed record RestEvent(string Method, string Path)
{
    public (string Name, string Value)[] Query { get; init; } = [];
    public (string Name, string Value)[] Headers { get; init; } = [];
    public byte[]? Body { get; init; }
    public bool AsText { get; init; }
    public string? Source { get; init; } = "203.0.113.9";
    public string Host { get; init; } = "api.shop.example";

    public string Json()
    {
        (string, string)[] headers = [("Host", Host), ("X-Forwarded-For", "192.0.2.66"), ("X-Forwarded-Port", "443"), ("X-Forwarded-Proto", "https"), .. Headers];
        return new JsonObject
        {
            ["resource"] = "/{proxy+}", ["path"] = Path, ["httpMethod"] = Method,
            ["headers"] = Single(headers), ["multiValueHeaders"] = Many(headers),
            ["queryStringParameters"] = Query.Length == 0 ? null : Single(Query), ["multiValueQueryStringParameters"] = Query.Length == 0 ? null : Many(Query),
            ["pathParameters"] = new JsonObject { ["proxy"] = Path.TrimStart('/') }, ["stageVariables"] = null,
            ["requestContext"] = new JsonObject { ["stage"] = "production", ["httpMethod"] = Method, ["path"] = "/production" + Path, ["protocol"] = "HTTP/1.1", ["identity"] = new JsonObject { ["sourceIp"] = Source, ["userAgent"] = "test" } },
            ["body"] = Body is null ? null : AsText ? Encoding.UTF8.GetString(Body) : Convert.ToBase64String(Body),
            ["isBase64Encoded"] = Body is not null && !AsText,
        }.ToJsonString();
    }

    private static JsonObject Single((string Name, string Value)[] pairs)
    {
        var all = new JsonObject();
        foreach (var (name, value) in pairs)
            all[name] = value;
        return all;
    }

    private static JsonObject Many((string Name, string Value)[] pairs)
    {
        var all = new JsonObject();
        foreach (var group in pairs.GroupBy(pair => pair.Name, pair => pair.Value))
            all[group.Key] = new JsonArray([.. group.Select(value => (JsonNode)value)]);
        return all;
    }
}

/// <summary>The same on its way back.</summary>
internal sealed record RestAnswer(JsonNode Json)
{
    public int Status => (int)Json["statusCode"]!;
    public bool IsBase64 => (bool)Json["isBase64Encoded"]!;
    public byte[] Body => IsBase64 ? Convert.FromBase64String((string)Json["body"]!) : Encoding.UTF8.GetBytes((string)Json["body"]!);
    public string Text => Encoding.UTF8.GetString(Body);

    public IReadOnlyList<string> All(string name) =>
        [.. Json["multiValueHeaders"]!.AsObject().Where(field => field.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).SelectMany(field => field.Value!.AsArray()).Select(value => (string)value!)];

    public string? Header(string name) => All(name) is { Count: > 0 } all ? string.Join(", ", all) : null;
}
