using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using ReplyMint.Security;

namespace ReplyMint.Aws;

/// <summary>A request as a REST API hands it over. Who asks is what the gateway saw itself; no header field says so.</summary>
internal sealed class LambdaRequest : HttpRequestFeature
{
    // The gateway writes these, and behind it nobody may be believed in them; the last one is of a connection that is not ours.
    private static readonly string[] s_gateways = ["X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port", "Forwarded", "Transfer-Encoding"];

    public IPAddress Client { get; private init; } = IPAddress.None;

    public byte[] Content { get; private init; } = [];

    /// <summary>Null with the reason when it is no such request.</summary>
    public static (LambdaRequest? Request, string Why) Read(JsonElement root)
    {
        var (method, path, context) = (LambdaEvents.Text(root, "httpMethod"), LambdaEvents.Text(root, "path"), LambdaEvents.Member(root, "requestContext"));
        if (method.Length == 0 || !path.StartsWith('/') || context.ValueKind != JsonValueKind.Object)
            return (null, "It is no event of a REST API.");
        if (!IPAddress.TryParse(LambdaEvents.Text(LambdaEvents.Member(context, "identity"), "sourceIp"), out var client))
            return (null, "The event does not say who asks.");
        if (Decoded(root) is not { } body)
            return (null, "The event's body is not what it says that it is.");
        var request = new LambdaRequest { Client = client, Content = body, Method = method, Scheme = "https", Protocol = "HTTP/1.1", Headers = Fields(root) };
        foreach (var name in s_gateways)
            request.Headers.Remove(name);
        // What it says of its length was said of the bytes between the caller and the gateway.
        request.Headers.ContentLength = body.Length > 0 ? body.Length : null;
        request.RawTarget = path + (request.QueryString = Query(root));
        try
        {
            request.Path = PathString.FromUriComponent(path).Value!;
        }
        catch (InvalidOperationException)
        {
            request.Path = "";
        }
        return (request, "");
    }

    /// <summary>What Kestrel refuses by itself.</summary>
    public Problem? Refusal(HttpLimits limits)
    {
        var (count, bytes) = (0, 0);
        foreach (var (name, values) in Headers)
            foreach (var value in values)
            {
                if (value.AsSpan().ContainsAny('\r', '\n', '\0'))
                    return Refused(400);
                count++;
                bytes += name.Length + Encoding.UTF8.GetByteCount(value ?? "") + 4;
            }
        return Path.Length == 0 ? Refused(400)
            : Method.Length + RawTarget.Length > limits.MaxRequestLineBytes ? Refused(414)
            : count > limits.MaxHeaders || bytes > limits.MaxHeadBytes ? Refused(431) : null;

        static Problem Refused(int status) => new(status, ProblemAnswers.Detail(status));
    }

    private static byte[]? Decoded(JsonElement root)
    {
        if (LambdaEvents.Member(root, "body") is not { ValueKind: JsonValueKind.String } body)
            return [];
        if (LambdaEvents.Member(root, "isBase64Encoded").ValueKind != JsonValueKind.True)
            return Encoding.UTF8.GetBytes(body.GetString()!);
        return body.TryGetBytesFromBase64(out var bytes) ? bytes : null;
    }

    private static HeaderDictionary Fields(JsonElement root)
    {
        var fields = new HeaderDictionary();
        foreach (var (name, values) in Many(root, "multiValueHeaders", "headers"))
            // Names that differ in their case only are one field.
            fields[name] = StringValues.Concat(fields[name], values);
        return fields;
    }

    /// <summary>The gateway has taken the escapes away.</summary>
    private static string Query(JsonElement root)
    {
        var query = new StringBuilder();
        foreach (var (name, values) in Many(root, "multiValueQueryStringParameters", "queryStringParameters"))
            foreach (var value in values)
                query.Append(query.Length == 0 ? '?' : '&').Append(Uri.EscapeDataString(name)).Append('=').Append(Uri.EscapeDataString(value ?? ""));
        return query.ToString();
    }

    private static IEnumerable<(string Name, StringValues Values)> Many(JsonElement root, string many, string single)
    {
        var of = LambdaEvents.Member(root, many) is { ValueKind: JsonValueKind.Object } all ? all : LambdaEvents.Member(root, single);
        if (of.ValueKind == JsonValueKind.Object)
            foreach (var field in of.EnumerateObject())
                yield return (field.Name, field.Value.ValueKind == JsonValueKind.Array
                    ? new StringValues([.. field.Value.EnumerateArray().Where(value => value.ValueKind == JsonValueKind.String).Select(value => value.GetString())])
                    : new StringValues(field.Value.ValueKind == JsonValueKind.String ? field.Value.GetString() : null));
    }
}
