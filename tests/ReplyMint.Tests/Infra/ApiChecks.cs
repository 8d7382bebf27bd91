using System.Text.Json.Nodes;
using System.Text.Json;
using ReplyMint.Guide;
using ReplyMint.Security;

namespace ReplyMint.Tests.Infra;

/// <summary>
/// The gateway leads to the product, and its own answers have the product's words; what controls promise of it the guide asks (GatewayTemplate).
/// </summary>
internal static class ApiChecks
{
    /// <summary>What is thrown at the gateway most, and has words of its own; 0 is any status.</summary>
    private static readonly Dictionary<string, int> s_answers = new()
    {
        ["DEFAULT_4XX"] = 0, ["DEFAULT_5XX"] = 0, ["WAF_FILTERED"] = 403, ["THROTTLED"] = 429, ["QUOTA_EXCEEDED"] = 429, ["REQUEST_TOO_LARGE"] = 413,
        ["MISSING_AUTHENTICATION_TOKEN"] = 404, ["INTEGRATION_FAILURE"] = 503, ["INTEGRATION_TIMEOUT"] = 504,
    };

    public static IEnumerable<string> Problems(Stack stack) => [.. Door(stack), .. Routes(stack), .. OwnAnswers(stack), .. Bounds(stack), .. Log(stack)];

    private static IEnumerable<string> Door(Stack stack)
    {
        var api = stack.Of("AWS::ApiGateway::RestApi").Single();
        if (Stack.TextsOf(api.Node("EndpointConfiguration.Types")).Single() != "REGIONAL")
            yield return "the API is not regional";
        if (!Stack.TextsOf(api.Node("BinaryMediaTypes")).Contains("*/*"))
            yield return "binary bodies are spoilt";
        if (stack.Of("AWS::ApiGateway::BasePathMapping").SingleOrDefault() is not { } mapping || mapping.Text("Stage") != stack.Stage || mapping.Node("BasePath") is not null)
            yield return "the domain does not lead to the stage's root";
    }

    private static IEnumerable<string> Routes(Stack stack)
    {
        var methods = stack.Of("AWS::ApiGateway::Method").ToList();
        var resources = stack.Of("AWS::ApiGateway::Resource").Select(resource => resource.Name).Append("Api.RootResourceId").ToList();
        if (stack.Of("AWS::ApiGateway::Resource").All(resource => resource.Text("PathPart") != "{proxy+}" || resource.Text("ParentId") != "Api.RootResourceId"))
            yield return "not every path leads to the product";
        foreach (var resource in resources)
        {
            var own = methods.Where(method => method.Text("ResourceId") == resource).ToDictionary(method => method.Text("HttpMethod"), StringComparer.Ordinal);
            if (!own.Keys.Order(StringComparer.Ordinal).SequenceEqual(["ANY", "OPTIONS"]))
                yield return $"{resource} has the methods {string.Join(", ", own.Keys)}";
            if (own.GetValueOrDefault("ANY") is { } any && (any.Text("Integration.Type") != "AWS_PROXY" || any.Text("Integration.IntegrationHttpMethod") != "POST"
                || !any.Text("Integration.Uri").Contains($":function:replymint-{stack.Stage}-api/", StringComparison.Ordinal)))
                yield return $"{any.Name} does not lead to the function api";
            if (own.GetValueOrDefault("OPTIONS") is { } options)
                foreach (var problem in Preflight(options))
                    yield return $"{options.Name}: {problem}";
        }
        var deployment = stack.Of("AWS::ApiGateway::Deployment").Single();
        var waited = Stack.TextsOf(deployment.All["DependsOn"]).ToHashSet(StringComparer.Ordinal);
        foreach (var late in methods.Concat(stack.Of("AWS::ApiGateway::GatewayResponse")).Where(one => !waited.Contains(one.Name)))
            yield return $"the deployment may be made before {late.Name}";
        if (stack.Of("AWS::ApiGateway::Stage").Single().Text("DeploymentId") != deployment.Name)
            yield return "the stage shows another deployment";
    }

    private static IEnumerable<string> Preflight(Resource method)
    {
        if (method.Text("Integration.Type") != "MOCK")
            yield return "is not answered by the gateway";
        // Without these a MOCK answers 500, since every type counts as binary.
        if (method.Text("Integration.ContentHandling") != "CONVERT_TO_TEXT" || method.Text("Integration.RequestTemplates.application/json") != """{"statusCode": 204}""")
            yield return "can't be answered";
        if (method.List("Integration.IntegrationResponses").Single() is var answer && (string?)answer["StatusCode"] != "204")
            yield return "is not answered by 204";
    }

    private static IEnumerable<string> OwnAnswers(Stack stack)
    {
        var answers = stack.Of("AWS::ApiGateway::GatewayResponse").ToDictionary(answer => answer.Text("ResponseType"), StringComparer.Ordinal);
        foreach (var missing in s_answers.Keys.Except(answers.Keys, StringComparer.Ordinal))
            yield return $"the gateway answers {missing} in words of its own";
        foreach (var (type, answer) in answers)
        {
            var status = s_answers.GetValueOrDefault(type);
            if (status > 0 && answer.Text("StatusCode") != status.ToString(System.Globalization.CultureInfo.InvariantCulture))
                yield return $"{type} has the status {answer.Text("StatusCode")}";
            foreach (var problem in Words(answer, status))
                yield return $"{type}: {problem}";
            var given = (answer.Node("ResponseParameters") as JsonObject ?? []).ToDictionary(one => one.Key, one => (string)one.Value!, StringComparer.Ordinal);
            if (given.GetValueOrDefault("gatewayresponse.header.Content-Type") != $"'{Problem.ContentType}'")
                yield return $"{type} is not said to be problem details";
            if ((status is 429 or 503 || type == "DEFAULT_5XX") && !given.ContainsKey("gatewayresponse.header.Retry-After"))
                yield return $"{type} does not say when to come again";
        }
    }

    /// <summary>RFC 9457, with the members of the product's own.</summary>
    private static IEnumerable<string> Words(Resource answer, int status)
    {
        JsonElement body;
        try
        {
            body = JsonDocument.Parse((answer.Node("ResponseTemplates") as JsonObject)?["application/json"]?.GetValue<string>() ?? "").RootElement;
        }
        catch (JsonException)
        {
            return ["has no words in JSON"];
        }
        var wrong = new List<string>();
        string[] members = ["type", "title", "detail", "traceId"];
        wrong.AddRange(members.Where(member => !body.TryGetProperty(member, out var value) || value.GetString() is not { Length: > 0 }).Select(member => $"says no {member}"));
        if (status > 0 && !(body.TryGetProperty("status", out var said) && said.GetInt32() == status))
            wrong.Add("says another status in its words");
        if (body.EnumerateObject().Any(member => member.Value.ToString() is var text && text.Contains('$', StringComparison.Ordinal) && text != "$context.requestId"))
            wrong.Add("shows what is internal");
        return wrong;
    }

    private static IEnumerable<string> Bounds(Stack stack)
    {
        var stage = stack.Of("AWS::ApiGateway::Stage").Single();
        var settings = stage.List("MethodSettings").ToList();
        if (settings.Count < 2)
            yield return "no route has limits of its own";
        foreach (var one in settings)
        {
            if ((string?)one["CachingEnabled"] != "false")
                yield return $"{one["ResourcePath"]} may be cached";
        }
    }

    private static IEnumerable<string> Log(Stack stack)
    {
        if (stack.Of("AWS::ApiGateway::Account").SingleOrDefault() is not { } account || !Stack.TextsOf(stack.Of("AWS::ApiGateway::Stage").Single().All["DependsOn"]).Contains(account.Name))
            yield return "the stage may be made before the gateway may write logs";
    }
}
