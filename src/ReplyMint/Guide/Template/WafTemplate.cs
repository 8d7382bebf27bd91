using System.Globalization;
using System.Text.Json.Nodes;

namespace ReplyMint.Guide;

/// <summary>What stands in front of the gateway (AWS-5, NET-5), and what its log holds (MON-2).</summary>
internal static class WafTemplate
{
    private static readonly string[] s_managed = ["AWSManagedRulesAmazonIpReputationList", "AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet"];
    private static readonly string[] s_redacted = ["authorization", "x-api-key", "cookie"];

    public static IEnumerable<TemplateProblem> Problems(Stack stack)
    {
        if (stack.One("AWS::WAFv2::WebACL") is not { } waf)
        {
            yield return new("AWS-5 NET-5", "there is no WAF");
            yield break;
        }
        foreach (var url in stack.Of("AWS::Lambda::Url"))
            yield return new("AWS-5 NET-5", $"{url.Name} leads past the WAF and the gateway");
        var rules = waf.List("Rules").OfType<JsonObject>().ToList();
        foreach (var rule in rules.Where(rule => rule["Action"]?["Block"] is null && rule["OverrideAction"]?["None"] is null))
            yield return new("AWS-5", $"the WAF's rule {rule["Name"]} refuses nothing");
        foreach (var group in s_managed)
            if (rules.Select(rule => rule["Statement"]?["ManagedRuleGroupStatement"]).FirstOrDefault(one => (string?)one?["Name"] == group) is not { } found)
                yield return new("AWS-5", $"the WAF has no {group}");
            // Only bodies are spared, since they hold strangers' mail.
            else if (Stack.ListOf(found["RuleActionOverrides"]).FirstOrDefault(one => ((string?)one["Name"])?.EndsWith("_BODY", StringComparison.Ordinal) != true) is { } spared)
                yield return new("AWS-5", $"the WAF does not carry out {spared["Name"]}");
            else if (found["ScopeDownStatement"] is not null || Stack.ListOf(found["ExcludedRules"]).Any())
                yield return new("AWS-5", $"{group} does not look at everything");
        var rates = rules.Where(rule => rule["Statement"]?["RateBasedStatement"] is not null && rule["Action"]?["Block"] is not null).ToList();
        if (!rates.Any(rule => rule["Statement"]!["RateBasedStatement"]!["ScopeDownStatement"] is null && IsRate(rule, stack.Parameter("AddressRate"))))
            yield return new("AWS-5 NET-5", "the WAF bounds no address");
        if (!rates.Any(rule => (string?)rule["Statement"]!["RateBasedStatement"]!["ScopeDownStatement"]?["ByteMatchStatement"]?["SearchString"] == "/api/v1/sign-in" && IsRate(rule, stack.Parameter("SignInRate"))))
            yield return new("AWS-5 NET-5", "the WAF does not bound signing in");
        foreach (var problem in Blocked(stack, rules).Concat(Log(stack, waf)))
            yield return problem;
        if (stack.One("AWS::WAFv2::WebACLAssociation") is not { } association || !association.Text("ResourceArn").EndsWith($"/restapis/{stack.One("AWS::ApiGateway::RestApi")?.Name}/stages/{stack.Stage}", StringComparison.Ordinal)
            || !association.Text("WebACLArn").Contains($"/webacl/{waf.Text("Name")}/", StringComparison.Ordinal))
            yield return new("AWS-5 NET-5", "the WAF stands before nothing");
    }

    /// <summary>Addresses that an incident names are refused before anything else.</summary>
    private static IEnumerable<TemplateProblem> Blocked(Stack stack, List<JsonObject> rules)
    {
        var sets = stack.Of("AWS::WAFv2::IPSet").ToList();
        var first = rules.MinBy(rule => int.TryParse((string?)rule["Priority"], CultureInfo.InvariantCulture, out var priority) ? priority : int.MaxValue);
        if (sets.Count == 0 || first?["Action"]?["Block"] is null || sets.Any(set => !first.ToJsonString().Contains($"ipset/{set.Text("Name")}/1", StringComparison.Ordinal)))
            yield return new("AWS-5", "blocked addresses are not refused before anything else");
    }

    private static bool IsRate(JsonObject rule, string limit) =>
        (string?)rule["Statement"]!["RateBasedStatement"]!["Limit"] == limit && (string?)rule["Statement"]!["RateBasedStatement"]!["AggregateKeyType"] == "IP";

    private static IEnumerable<TemplateProblem> Log(Stack stack, Resource waf)
    {
        if (stack.One("AWS::WAFv2::LoggingConfiguration") is not { } log || !log.Text("ResourceArn").Contains($"/webacl/{waf.Text("Name")}/", StringComparison.Ordinal)
            || Stack.TextsOf(log.Node("LogDestinationConfigs")).FirstOrDefault() is not { } target || !target.Contains(":log-group:aws-waf-logs-", StringComparison.Ordinal))
        {
            yield return new("AWS-5", "the WAF writes no log");
            yield break;
        }
        var redacted = log.List("RedactedFields").Select(field => (string?)field["SingleHeader"]?["Name"] ?? (field["QueryString"] is null ? "" : "?")).ToList();
        foreach (var missing in s_redacted.Append("?").Except(redacted, StringComparer.Ordinal))
            yield return new("MON-2", $"the WAF's log holds {(missing == "?" ? "query strings" : missing)}");
        if (log.Text("LoggingFilter.DefaultBehavior") != "DROP")
            yield return new("MON-2", "the WAF's log holds addresses of honest callers");
    }
}
