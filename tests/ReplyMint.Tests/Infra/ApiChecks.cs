using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using ReplyMint.Security;

namespace ReplyMint.Tests.Infra;

/// <summary>
/// The gateway (CORS, HDR, NET-3, NET-5, AWS-6, AWS-7): what it answers by itself carries what the product's own answers carry, which is
/// asked of the product, not written down again.
/// </summary>
internal static class ApiChecks
{
    private const string Trace = "context.requestId";

    /// <summary>What is thrown at the gateway most, and has words of its own; 0 is any status.</summary>
    private static readonly Dictionary<string, int> s_answers = new()
    {
        ["DEFAULT_4XX"] = 0, ["DEFAULT_5XX"] = 0, ["WAF_FILTERED"] = 403, ["THROTTLED"] = 429, ["QUOTA_EXCEEDED"] = 429, ["REQUEST_TOO_LARGE"] = 413,
        ["MISSING_AUTHENTICATION_TOKEN"] = 404, ["INTEGRATION_FAILURE"] = 503, ["INTEGRATION_TIMEOUT"] = 504,
    };

    private static readonly string[] s_secret = ["$context.identity", "$context.authorizer", "$context.requestOverride", "querystring", "header", "$input", "$context.apiKey"];

    public static IEnumerable<string> Problems(Stack stack) => [.. Door(stack), .. Routes(stack), .. OwnAnswers(stack), .. Bounds(stack), .. Log(stack)];

    private static IEnumerable<string> Door(Stack stack)
    {
        var api = stack.Of("AWS::ApiGateway::RestApi").Single();
        if (Stack.TextsOf(api.Node("EndpointConfiguration.Types")).Single() != "REGIONAL")
            yield return "the API is not regional";
        if (api.Text("DisableExecuteApiEndpoint") != "true")
            yield return "the API can be reached by AWS's own name, past host checks and TLS 1.2";
        if (!Stack.TextsOf(api.Node("BinaryMediaTypes")).Contains("*/*"))
            yield return "binary bodies are spoilt";
        var domain = stack.Of("AWS::ApiGateway::DomainName").Single();
        if (domain.Text("SecurityPolicy") is not ("TLS_1_2" or "SecurityPolicy_TLS13_1_3_2025_09"))
            yield return "the domain takes TLS before 1.2";
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
                foreach (var problem in Preflight(stack, options))
                    yield return $"{options.Name}: {problem}";
        }
        var deployment = stack.Of("AWS::ApiGateway::Deployment").Single();
        var waited = Stack.TextsOf(deployment.All["DependsOn"]).ToHashSet(StringComparer.Ordinal);
        foreach (var late in methods.Concat(stack.Of("AWS::ApiGateway::GatewayResponse")).Where(one => !waited.Contains(one.Name)))
            yield return $"the deployment may be made before {late.Name}";
        if (stack.Of("AWS::ApiGateway::Stage").Single().Text("DeploymentId") != deployment.Name)
            yield return "the stage shows another deployment";
    }

    private static IEnumerable<string> Preflight(Stack stack, Resource method)
    {
        if (method.Text("Integration.Type") != "MOCK")
            yield return "is not answered by the gateway";
        // Without these a MOCK answers 500, since every type counts as binary.
        if (method.Text("Integration.ContentHandling") != "CONVERT_TO_TEXT" || method.Text("Integration.RequestTemplates.application/json") != """{"statusCode": 204}""")
            yield return "can't be answered";
        if (method.List("Integration.IntegrationResponses").Single() is var answer && (string?)answer["StatusCode"] != "204")
            yield return "is not answered by 204";
        var given = (answer["ResponseParameters"] as JsonObject ?? []).ToDictionary(one => one.Key, one => (string)one.Value!, StringComparer.Ordinal);
        var declared = method.List("MethodResponses").Single()["ResponseParameters"] as JsonObject ?? [];
        foreach (var missing in given.Keys.Where(name => (string?)declared[name] != "true"))
            yield return $"{missing} is not declared";
        foreach (var problem in Compare(given, "method.response.header.", HeadersOf(stack, preflight: true), exactly: true))
            yield return problem;
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
            foreach (var problem in Compare(given, "gatewayresponse.header.", HeadersOf(stack, preflight: false), exactly: false))
                yield return $"{type}: {problem}";
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

    /// <summary>What the product itself would send.</summary>
    private static Dictionary<string, string> HeadersOf(Stack stack, bool preflight)
    {
        var origin = DeploymentEnvironments.Parse(stack.Stage)!.Value.DefaultOrigins().Single();
        var cors = new Cors([origin]);
        var context = new DefaultHttpContext();
        context.Request.Headers.Origin = origin;
        if (preflight)
            cors.AnswerPreflight(context);
        new SecurityHeaders(cors).Apply(context.Response.Headers, context.Request.Headers, Trace, https: true);
        return context.Response.Headers.ToDictionary(header => header.Key, header => header.Key == SecurityHeaders.TraceId ? Trace : $"'{header.Value}'", StringComparer.OrdinalIgnoreCase);
    }

    private static IEnumerable<string> Compare(Dictionary<string, string> given, string prefix, Dictionary<string, string> expected, bool exactly)
    {
        foreach (var (name, value) in expected)
            if (given.Where(one => one.Key.Equals(prefix + name, StringComparison.OrdinalIgnoreCase)).Select(one => one.Value).FirstOrDefault() is var found && found != value)
                yield return $"{name} is {found ?? "not there"}, not {value}";
        foreach (var name in given.Keys.Select(key => key[prefix.Length..]).Where(name => !expected.ContainsKey(name) && (exactly || name is not ("Content-Type" or "Retry-After"))))
            yield return $"{name} is no header of ours";
    }

    private static IEnumerable<string> Bounds(Stack stack)
    {
        var stage = stack.Of("AWS::ApiGateway::Stage").Single();
        var settings = stage.List("MethodSettings").ToList();
        if (settings.All(one => (string?)one["ResourcePath"] != "/*" || (string?)one["HttpMethod"] != "*"))
            yield return "the stage as a whole is not throttled";
        if (settings.Count < 2)
            yield return "no route has limits of its own";
        foreach (var one in settings)
        {
            if (!double.TryParse((string?)one["ThrottlingRateLimit"], out var rate) || rate <= 0 || !double.TryParse((string?)one["ThrottlingBurstLimit"], out var burst) || burst <= 0)
                yield return $"{one["ResourcePath"]} is not throttled";
            if ((string?)one["DataTraceEnabled"] != "false")
                yield return $"{one["ResourcePath"]} writes bodies into logs";
            if ((string?)one["MetricsEnabled"] != "true")
                yield return $"{one["ResourcePath"]} is not measured";
            if ((string?)one["CachingEnabled"] != "false")
                yield return $"{one["ResourcePath"]} may be cached";
        }
        foreach (var name in new[] { "ApiRate", "ApiBurst", "WebhookRate", "WebhookBurst", "AddressRate", "SignInRate" })
            if (!stack.TemplateText.Contains($$"""{"Ref":"{{name}}"}""", StringComparison.Ordinal))
                yield return $"{name} can be set and bounds nothing";
    }

    private static IEnumerable<string> Log(Stack stack)
    {
        var stage = stack.Of("AWS::ApiGateway::Stage").Single();
        var group = stack.Find("AccessLogs");
        if (group is null || stage.Text("AccessLogSetting.DestinationArn") != $"arn:aws:logs:{Stack.Region}:{Stack.Account}:log-group:{group.Text("LogGroupName")}:*")
            yield return "the gateway writes no access log";
        var format = stage.Text("AccessLogSetting.Format");
        if (!IsJson(format) || new[] { "$context.requestId", "$context.status", "$context.httpMethod", "$context.path", "$context.requestTime" }.Any(one => !format.Contains(one, StringComparison.Ordinal)))
            yield return "the access log does not say what was asked and answered";
        foreach (var secret in s_secret.Where(one => format.Contains(one, StringComparison.Ordinal)))
            yield return $"the access log holds {secret}";
        if (stack.Of("AWS::ApiGateway::Account").SingleOrDefault() is not { } account || account.Text("CloudWatchRoleArn").Length == 0 || !Stack.TextsOf(stage.All["DependsOn"]).Contains(account.Name))
            yield return "the gateway may not write logs";
    }

    private static bool IsJson(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return document.RootElement.ValueKind == JsonValueKind.Object;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
