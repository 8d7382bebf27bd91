using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using ReplyMint.Security;

namespace ReplyMint.Guide;

/// <summary>
/// The gateway (CORS, HDR, NET-3, NET-5, AWS-6, AWS-7): what it answers by itself carries what the product's own answers carry, which is
/// asked of the product, not written down again.
/// </summary>
internal static class GatewayTemplate
{
    private const string Trace = "context.requestId";

    private static readonly string[] s_secret = ["$context.identity", "$context.authorizer", "$context.requestOverride", "querystring", "header", "$input", "$context.apiKey"];
    private static readonly string[] s_bounds = ["ApiRate", "ApiBurst", "WebhookRate", "WebhookBurst", "AddressRate", "SignInRate"];

    public static IEnumerable<TemplateProblem> Problems(Stack stack) => [.. Door(stack), .. Preflights(stack), .. OwnAnswers(stack), .. Bounds(stack), .. Log(stack)];

    private static IEnumerable<TemplateProblem> Door(Stack stack)
    {
        if (stack.One("AWS::ApiGateway::RestApi")?.Text("DisableExecuteApiEndpoint") != "true")
            yield return new("AWS-7", "the API can be reached by AWS's own name, past host checks and TLS 1.2");
        if (stack.One("AWS::ApiGateway::DomainName")?.Text("SecurityPolicy") is not ("TLS_1_2" or "SecurityPolicy_TLS13_1_3_2025_09"))
            yield return new("AWS-7", "the domain takes TLS before 1.2");
        // The gateway itself speaks HTTPS only; these are the other doors.
        foreach (var listener in stack.Of("AWS::ElasticLoadBalancingV2::Listener").Where(one => one.Text("Protocol") == "HTTP"))
            yield return new("NET-3 AWS-7", $"{listener.Name} serves plain HTTP");
        foreach (var bucket in stack.Of("AWS::S3::Bucket").Where(one => one.Node("WebsiteConfiguration") is not null))
            yield return new("NET-3 AWS-7", $"{bucket.Name} serves pages by plain HTTP");
        foreach (var function in stack.Of("AWS::Lambda::Function"))
        {
            var environment = function.Text("Environment.Variables.REPLYMINT_ENVIRONMENT");
            if (environment.Length > 0 && DeploymentEnvironments.Parse(environment) is null or DeploymentEnvironment.Development)
                yield return new("NET-3", $"{function.Name} runs in {environment}, where plain HTTP is served");
            if (function.Text("Environment.Variables.REPLYMINT_HTTP__PUBLIC_URL") is { Length: > 0 } url && !url.StartsWith("https://", StringComparison.Ordinal))
                yield return new("NET-3", $"{function.Name} has the public address {url}");
        }
    }

    private static IEnumerable<TemplateProblem> Preflights(Stack stack)
    {
        var expected = HeadersOf(stack, preflight: true);
        foreach (var method in stack.Of("AWS::ApiGateway::Method").Where(method => method.Text("HttpMethod") == "OPTIONS" && method.Text("Integration.Type") == "MOCK"))
        {
            var given = Given(method.List("Integration.IntegrationResponses").FirstOrDefault());
            var declared = Given(method.List("MethodResponses").FirstOrDefault());
            foreach (var missing in given.Keys.Where(name => declared.GetValueOrDefault(name) != "true"))
                yield return new(ControlOf(missing.Split('.')[^1]), $"{method.Name}: {missing} is not declared, so it is not sent");
            foreach (var problem in Compare(given, "method.response.header.", expected, exactly: true))
                yield return problem with { Text = $"{method.Name}: {problem.Text}" };
        }
    }

    private static IEnumerable<TemplateProblem> OwnAnswers(Stack stack)
    {
        var (answers, expected) = (stack.Of("AWS::ApiGateway::GatewayResponse").ToList(), HeadersOf(stack, preflight: false));
        foreach (var missing in (string[])["DEFAULT_4XX", "DEFAULT_5XX"])
            if (answers.All(answer => answer.Text("ResponseType") != missing))
                yield return new("HDR-1 HDR-2 HDR-3 HDR-4 HDR-5 HDR-6 HDR-7 MON-2", $"the gateway answers {missing} in words of its own, without a header");
        foreach (var answer in answers)
            foreach (var problem in Compare(Given(answer.Properties), "gatewayresponse.header.", expected, exactly: false))
                yield return problem with { Text = $"{answer.Text("ResponseType")}: {problem.Text}" };
    }

    /// <summary>What the product itself would send to the stage's origin.</summary>
    private static Dictionary<string, string> HeadersOf(Stack stack, bool preflight)
    {
        var own = stack.Of("AWS::Lambda::Function").Select(function => function.Text("Environment.Variables.REPLYMINT_HTTP__ORIGINS").Split(',')[0]).FirstOrDefault(origin => origin.StartsWith("https://", StringComparison.Ordinal));
        var origin = own ?? (DeploymentEnvironments.Parse(stack.Stage) ?? DeploymentEnvironment.Production).DefaultOrigins()[0];
        var cors = new Cors([origin]);
        var context = new DefaultHttpContext();
        context.Request.Headers.Origin = origin;
        if (preflight)
            cors.AnswerPreflight(context);
        new SecurityHeaders(cors).Apply(context.Response.Headers, context.Request.Headers, Trace, https: true);
        return context.Response.Headers.ToDictionary(header => header.Key, header => header.Key == SecurityHeaders.TraceId ? Trace : $"'{header.Value}'", StringComparer.OrdinalIgnoreCase);
    }

    private static Dictionary<string, string> Given(JsonNode? answer) =>
        (answer?["ResponseParameters"] as JsonObject ?? []).ToDictionary(one => one.Key, one => one.Value is JsonValue value ? value.GetValue<string>() : "", StringComparer.OrdinalIgnoreCase);

    private static IEnumerable<TemplateProblem> Compare(Dictionary<string, string> given, string prefix, Dictionary<string, string> expected, bool exactly)
    {
        foreach (var (name, value) in expected)
            if (given.GetValueOrDefault(prefix + name) is var found && found != value)
                yield return new(ControlOf(name), $"{name} is {found ?? "not there"}, not {value}");
        foreach (var name in given.Keys.Select(key => key[prefix.Length..]).Where(name => !expected.ContainsKey(name) && (exactly || name is not ("Content-Type" or "Retry-After"))))
            yield return new(ControlOf(name), $"{name} is no header of ours");
    }

    private static string ControlOf(string header) => header.ToUpperInvariant() switch
    {
        "ACCESS-CONTROL-ALLOW-ORIGIN" => "CORS-1",
        "ACCESS-CONTROL-ALLOW-METHODS" => "CORS-2",
        "ACCESS-CONTROL-ALLOW-HEADERS" or "ACCESS-CONTROL-EXPOSE-HEADERS" => "CORS-3",
        "ACCESS-CONTROL-ALLOW-CREDENTIALS" => "CORS-4",
        "ACCESS-CONTROL-MAX-AGE" => "CORS-5",
        "VARY" => "CORS-6",
        "X-CONTENT-TYPE-OPTIONS" => "HDR-1",
        "X-FRAME-OPTIONS" => "HDR-2",
        "X-XSS-PROTECTION" => "HDR-3",
        "REFERRER-POLICY" => "HDR-4",
        "PERMISSIONS-POLICY" => "HDR-5",
        "X-TRACE-ID" => "MON-2",
        _ => "HDR-6",
    };

    private static IEnumerable<TemplateProblem> Bounds(Stack stack)
    {
        var settings = stack.One("AWS::ApiGateway::Stage")?.List("MethodSettings").ToList() ?? [];
        if (settings.All(one => (string?)one["ResourcePath"] != "/*" || (string?)one["HttpMethod"] != "*"))
            yield return new("NET-5", "the stage as a whole is not throttled");
        foreach (var one in settings)
        {
            var path = (string?)one["ResourcePath"];
            if (!IsPositive(one["ThrottlingRateLimit"]) || !IsPositive(one["ThrottlingBurstLimit"]))
                yield return new("NET-5", $"{path} is not throttled");
            if ((string?)one["DataTraceEnabled"] != "false")
                yield return new("MON-2", $"{path} writes bodies into logs");
            if ((string?)one["MetricsEnabled"] != "true")
                yield return new("MON-4", $"{path} is not measured");
        }
        foreach (var name in s_bounds.Where(name => !stack.TemplateText.Contains($$"""{"Ref":"{{name}}"}""", StringComparison.Ordinal)))
            yield return new("NET-5", $"{name} bounds nothing");
    }

    private static bool IsPositive(JsonNode? node) => double.TryParse((string?)node, CultureInfo.InvariantCulture, out var number) && number > 0;

    private static IEnumerable<TemplateProblem> Log(Stack stack)
    {
        var stage = stack.One("AWS::ApiGateway::Stage");
        var (to, format) = (stage?.Text("AccessLogSetting.DestinationArn") ?? "", stage?.Text("AccessLogSetting.Format") ?? "");
        if (stack.Find("AccessLogs") is not { } group || to != $"arn:aws:logs:{Stack.Region}:{Stack.Account}:log-group:{group.Text("LogGroupName")}:*")
            yield return new("AWS-6", "the gateway writes no access log");
        if (!IsJson(format) || new[] { "$context.requestId", "$context.status", "$context.httpMethod", "$context.path", "$context.requestTime" }.Any(one => !format.Contains(one, StringComparison.Ordinal)))
            yield return new("AWS-6", "the access log does not say what was asked and answered");
        foreach (var secret in s_secret.Where(one => format.Contains(one, StringComparison.Ordinal)))
            yield return new("MON-2", $"the access log holds {secret}");
        if (stack.One("AWS::ApiGateway::Account") is not { } account || account.Text("CloudWatchRoleArn").Length == 0)
            yield return new("AWS-6", "the gateway may not write logs");
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
