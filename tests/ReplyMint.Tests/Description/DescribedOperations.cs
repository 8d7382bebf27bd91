using System.Text.Json;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using ReplyMint.Security;

namespace ReplyMint.Tests.Description;

/// <summary>
/// What every operation has in common, said in one place by what its route carries: who may call it, which errors it answers,
/// which headers go in and out. Whoever adds a route does nothing for it.
/// </summary>
internal static class DescribedOperations
{
    public const string AccessToken = "accessToken";
    public const string ApiKey = "apiKey";

    public static readonly string[] OnEveryAnswer = ["RateLimit", "RateLimit-Policy", "X-Trace-Id", "Access-Control-Allow-Origin"];

    private static readonly IdAttribute AnId = new();

    public static Task DescribeAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken ct)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        var protection = metadata.OfType<Protection>().FirstOrDefault() ?? Protection.Public;
        var (method, path) = (context.Description.HttpMethod ?? "GET", "/" + context.Description.RelativePath);
        operation.OperationId = operation.OperationId is { Length: > 0 } id ? JsonNamingPolicy.CamelCase.ConvertName(id) : IdOf(method, path);
        operation.Description ??= Words(protection);
        operation.Parameters ??= [];
        foreach (var parameter in operation.Parameters.OfType<OpenApiParameter>())
        {
            DescribedSchemas.Bound(parameter.Schema, RuleOf(metadata, parameter));
            parameter.Description ??= parameter.In == ParameterLocation.Path ? "An id, as a list or a creation gave it." : null;
        }
        AddHeaders(operation, protection, method);
        Protect(operation, protection, context.Document!);
        AddAnswers(operation, protection, method, path, context.Document!);
        return Task.CompletedTask;
    }

    private static RuleAttribute? RuleOf(IList<object> metadata, OpenApiParameter parameter)
    {
        var found = metadata.OfType<IParameterBindingMetadata>().FirstOrDefault(bound =>
            (bound.ParameterInfo.GetCustomAttributes(true).OfType<IFromQueryMetadata>().FirstOrDefault()?.Name ?? bound.Name) == parameter.Name);
        return found?.ParameterInfo.GetCustomAttributes(true).OfType<RuleAttribute>().FirstOrDefault() ?? (parameter.In == ParameterLocation.Path ? AnId : null);
    }

    private static string Words(Protection protection) => protection switch
    {
        { Permission: { } permission } => $"Needs {permission.Name()}." + (permission.NeedsSecondFactor() ? " A person needs a second factor that is not older than 15 minutes." : ""),
        { Group: "sign-in" } => "For those who have no session yet; limited by network.",
        { Group: "webhooks" } => "For a provider, who signs what he sends.",
        _ => "For everybody.",
    };

    private static void AddHeaders(OpenApiOperation operation, Protection protection, string method)
    {
        if (method == "POST" && protection.Permission is not null)
            operation.Parameters!.Add(new OpenApiParameter
            {
                Name = "Idempotency-Key", In = ParameterLocation.Header, Required = false,
                Description = "Makes it safe to send the call again: the same key with the same body has one effect and gets the same answer for 24 hours.",
                Schema = new OpenApiSchema { Type = JsonSchemaType.String, MinLength = 1, MaxLength = 255, Pattern = "^[!-~]+$" },
            });
        if (method == "PUT" && protection.Permission is not null)
            operation.Parameters!.Add(new OpenApiParameter
            {
                Name = "If-Match", In = ParameterLocation.Header, Required = true, Description = "The ETag of what is changed, as it was read.",
                Schema = new OpenApiSchema { Type = JsonSchemaType.String, MinLength = 3, MaxLength = 64, Pattern = "^\"[0-9]+\"$" },
            });
    }

    private static void Protect(OpenApiOperation operation, Protection protection, OpenApiDocument document)
    {
        operation.Security = [];
        if (protection.Permission is not { } permission)
            return;
        operation.Security.Add(new() { [new OpenApiSecuritySchemeReference(AccessToken, document)] = [permission.Name()] });
        if (Permissions.OfKeys.Has(permission))
            operation.Security.Add(new() { [new OpenApiSecuritySchemeReference(ApiKey, document)] = [permission.Name()] });
    }

    private static void AddAnswers(OpenApiOperation operation, Protection protection, string method, string path, OpenApiDocument document)
    {
        var answers = operation.Responses ??= [];
        var hasBody = operation.RequestBody is not null;
        var isApi = protection.Permission is not null;
        foreach (var status in (int[])
        [
            .. isApi || protection.Group == "sign-in" ? (int[])[400] : [],
            .. isApi || protection.Group == "sign-in" ? (int[])[401] : [],
            .. isApi ? (int[])[403] : [],
            .. isApi && path.Contains('{', StringComparison.Ordinal) ? (int[])[404] : [],
            .. isApi && method == "POST" ? (int[])[409, 422] : [],
            .. isApi && method == "PUT" ? (int[])[412, 428] : [],
            .. hasBody || protection.Group == "webhooks" ? (int[])[413, 415] : [],
            429, 500,
        ])
            answers.TryAdd(status.ToString(System.Globalization.CultureInfo.InvariantCulture), new OpenApiResponseReference("status" + status, document));
        foreach (var (status, answer) in answers)
            if (answer is OpenApiResponse own)
            {
                own.Headers ??= new Dictionary<string, IOpenApiHeader>();
                foreach (var header in (string[])[.. OnEveryAnswer, .. status == "201" ? (string[])["Location"] : []])
                    own.Headers.TryAdd(header, new OpenApiHeaderReference(header, document));
            }
    }

    /// <summary>POST /api/v1/keys/{id}/rotate is postKeysIdRotate.</summary>
    private static string IdOf(string method, string path)
    {
        var words = path.Replace(RouteGroups.ApiRoot, "", StringComparison.Ordinal).Split('/', '-', '.', '{', '}').Where(word => word.Length > 0);
        return method.ToLowerInvariant() + string.Concat(words.Select(word => char.ToUpperInvariant(word[0]) + word[1..]));
    }
}
