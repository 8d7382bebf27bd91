using System.Globalization;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.OpenApi;
using ReplyMint.Security;

namespace ReplyMint.Tests.Description;

/// <summary>What stands around the operations: title, server, ways to prove who one is, errors and headers that many share.</summary>
internal static class DescriptionFrame
{
    private const string Conventions = """
        Times are RFC 3339 in UTC; ids are opaque. Lists come in pages: `limit` (1 to 200) and `cursor`; the answer's `next`, also as a Link header, leads on.
        A change of settings names the version that it changes: GET gives an ETag, PUT needs it in If-Match. A POST may be sent again safely with Idempotency-Key.
        Errors are problem details (RFC 9457) with the trace id that the log has; bad input names each member. Unknown members, repeated members and unknown parameters are refused.
        Lengths count Unicode code points. Every answer says what is left of the rate limits.
        """;

    private static readonly (int Status, string Words)[] Errors =
    [
        (400, "Not well-formed, or not valid: `errors` names each member."),
        (401, "No access token and no API key that is believed."),
        (403, "Known, but not allowed; or a second factor is missing or too old."),
        (404, "There is nothing at this address, or nothing that is this caller's."),
        (409, "It does not go with the present state, or a call with the same Idempotency-Key is running."),
        (412, "It was changed meanwhile: read it again."),
        (413, "The body is larger than this address takes."),
        (415, "The media type, its charset or its encoding is not taken."),
        (422, "The Idempotency-Key was used for another request."),
        (428, "If-Match is missing."),
        (429, "Too much was asked; Retry-After says when to come again."),
        (500, "Something failed here; the trace id leads to the log."),
    ];

    private static readonly (string Name, string Words, string Pattern, int Most)[] Headers =
    [
        ("RateLimit", "What is left, by policy: r requests, and all of them again after t seconds.", "^\".+$", 200),
        ("RateLimit-Policy", "The policies in force: q requests at once, all of them again after w seconds.", "^\".+$", 200),
        ("Retry-After", "Seconds to wait.", "^[0-9]+$", 20),
        ("X-Trace-Id", "Names the request in the log.", "^[0-9a-f]{32}$", 32),
        ("Access-Control-Allow-Origin", "The asking origin, if the operator named it; else absent.", "^https?://.+$", 300),
        ("ETag", "The version, for If-Match.", "^\"[0-9]+\"$", 64),
        ("Location", "Where the new thing is.", "^/.+$", 500),
        ("WWW-Authenticate", "How to prove who one is.", "^.+$", 200),
        ("Link", "The next page, rel=\"next\"; absent on the last.", "^<.+$", 500),
    ];

    public static async Task AddAsync(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken ct)
    {
        document.Info = new() { Title = "ReplyMint", Version = HealthEndpoints.Version, Description = Conventions };
        // Each installation says its own address.
        document.Servers = [];
        // HEAD is GET without the body; described twice it would give two operations one id.
        foreach (var path in document.Paths.Values)
            path.Operations?.Remove(HttpMethod.Head);
        var components = document.Components ??= new();
        components.Headers = Headers.ToDictionary(header => header.Name, header => (IOpenApiHeader)new OpenApiHeader
        {
            Description = header.Words, Schema = new OpenApiSchema { Type = JsonSchemaType.String, MaxLength = header.Most, Pattern = header.Pattern },
        });
        components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
        {
            [DescribedOperations.AccessToken] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http, Scheme = "bearer", BearerFormat = "JWT",
                Description = "A person's access token: a JWT signed with ES256, checked as RFC8725 says; 10 minutes. The names beside it are what the role must allow.",
            },
            [DescribedOperations.ApiKey] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.ApiKey, In = ParameterLocation.Header, Name = "X-API-Key", Description = "A program's key. The names beside it are the scopes that it needs.",
            },
        };
        var problem = await context.GetOrCreateSchemaAsync(typeof(ProblemBody), null, ct);
        if (components.Schemas?.ContainsKey("Problem") != true)
            document.AddComponent("Problem", problem);
        components.Responses = Errors.ToDictionary(error => "status" + error.Status, error => (IOpenApiResponse)Answer(error.Status, error.Words, document));
        document.Security = [new() { [new OpenApiSecuritySchemeReference(DescribedOperations.AccessToken, document)] = [] }, new() { [new OpenApiSecuritySchemeReference(DescribedOperations.ApiKey, document)] = [] }];
        document.Tags = document.Paths.Values.SelectMany(path => path.Operations ?? []).Select(pair => pair.Value).SelectMany(operation => operation.Tags ?? new HashSet<OpenApiTagReference>())
            .Select(tag => tag.Reference.Id!).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(name => new OpenApiTag { Name = name, Description = $"What concerns {name}." }).ToHashSet();
        // In one order, whichever route was described first.
        components.Schemas = components.Schemas!.OrderBy(schema => schema.Key, StringComparer.Ordinal).ToDictionary();
        DescribedSchemas.Loosen(document);
        Finish(document);
    }

    private static OpenApiResponse Answer(int status, string words, OpenApiDocument document)
    {
        string[] names = [.. DescribedOperations.OnEveryAnswer, .. status == 429 ? (string[])["Retry-After"] : status is 401 or 403 ? ["WWW-Authenticate"] : []];
        return new()
        {
            Description = words,
            Headers = names.ToDictionary(name => name, name => (IOpenApiHeader)new OpenApiHeaderReference(name, document)),
            Content = new Dictionary<string, OpenApiMediaType>
            {
                [Problem.ContentType] = new OpenApiMediaType
                {
                    Schema = new OpenApiSchemaReference("Problem", document),
                    Example = new System.Text.Json.Nodes.JsonObject
                    {
                        ["type"] = "about:blank", ["title"] = ReasonPhrases.GetReasonPhrase(status), ["status"] = status, ["detail"] = words,
                        ["traceId"] = string.Create(CultureInfo.InvariantCulture, $"4bf92f3577b34da6a3ce929d0e0e4{status}"),
                    },
                },
            },
        };
    }

    /// <summary>Versions where something can be changed, the next page where there are pages, an example for each body.</summary>
    private static void Finish(OpenApiDocument document)
    {
        foreach (var operations in document.Paths.Values.Select(path => path.Operations).OfType<Dictionary<HttpMethod, OpenApiOperation>>())
            foreach (var (method, operation) in operations)
            {
                foreach (var content in (operation.RequestBody?.Content ?? new Dictionary<string, OpenApiMediaType>()).Values)
                    content.Example ??= DescribedSchemas.Example(content.Schema);
                foreach (var answer in (operation.Responses ?? []).Values.OfType<OpenApiResponse>())
                {
                    if (answer.Headers is { } headers && (method == HttpMethod.Get || method == HttpMethod.Put) && operations.ContainsKey(HttpMethod.Put))
                        headers.TryAdd("ETag", new OpenApiHeaderReference("ETag", document));
                    foreach (var content in (answer.Content ?? new Dictionary<string, OpenApiMediaType>()).Values)
                    {
                        content.Example ??= DescribedSchemas.Example(content.Schema);
                        if (content.Schema is OpenApiSchemaReference { Reference.Id: { } id } && id.StartsWith("ListingOf", StringComparison.Ordinal))
                            answer.Headers?.TryAdd("Link", new OpenApiHeaderReference("Link", document));
                    }
                }
            }
    }
}
