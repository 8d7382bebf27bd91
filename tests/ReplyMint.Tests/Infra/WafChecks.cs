using System.Text.Json.Nodes;

namespace ReplyMint.Tests.Infra;

/// <summary>What stands in front of the gateway (AWS-5, NET-5).</summary>
internal static class WafChecks
{
    private static readonly string[] s_managed = ["AWSManagedRulesAmazonIpReputationList", "AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet"];
    private static readonly string[] s_redacted = ["authorization", "x-api-key", "cookie"];

    public static IEnumerable<string> Problems(Stack stack)
    {
        if (stack.Of("AWS::WAFv2::WebACL").SingleOrDefault() is not { } waf)
        {
            yield return "there is no WAF";
            yield break;
        }
        var rules = waf.List("Rules").OfType<JsonObject>().ToList();
        if (waf.Text("Scope") != "REGIONAL")
            yield return "the WAF can't stand before a regional API";
        if (rules.Select(rule => (string?)rule["Priority"]).Distinct().Count() != rules.Count)
            yield return "rules of the WAF share a priority";
        foreach (var rule in rules.Where(rule => rule["Action"]?["Block"] is null && rule["OverrideAction"]?["None"] is null))
            yield return $"the WAF's rule {rule["Name"]} refuses nothing";
        foreach (var group in s_managed)
            if (rules.SingleOrDefault(rule => (string?)rule["Statement"]?["ManagedRuleGroupStatement"]?["Name"] == group)?["Statement"]!["ManagedRuleGroupStatement"] is not { } found)
                yield return $"the WAF has no {group}";
            // Only bodies are spared, since they hold strangers' mail.
            else if (Stack.ListOf(found["RuleActionOverrides"]).FirstOrDefault(one => !((string)one["Name"]!).EndsWith("_BODY", StringComparison.Ordinal)) is { } spared)
                yield return $"the WAF does not carry out {spared["Name"]}";
            else if (found["ScopeDownStatement"] is not null || Stack.ListOf(found["ExcludedRules"]).Any())
                yield return $"{group} does not look at everything";
        var rates = rules.Where(rule => rule["Statement"]?["RateBasedStatement"] is not null).ToList();
        if (!rates.Any(rule => rule["Statement"]!["RateBasedStatement"]!["ScopeDownStatement"] is null && IsRate(rule, stack.Parameter("AddressRate"))))
            yield return "the WAF bounds no address";
        if (!rates.Any(rule => (string?)rule["Statement"]!["RateBasedStatement"]!["ScopeDownStatement"]?["ByteMatchStatement"]?["SearchString"] == "/api/v1/sign-in" && IsRate(rule, stack.Parameter("SignInRate"))))
            yield return "the WAF does not bound signing in";
        var sets = stack.Of("AWS::WAFv2::IPSet").ToList();
        var first = rules.OrderBy(rule => int.Parse((string)rule["Priority"]!, System.Globalization.CultureInfo.InvariantCulture)).First();
        if (sets.Count != 2 || sets.Any(set => !first.ToJsonString().Contains($"ipset/{set.Text("Name")}/1", StringComparison.Ordinal)) || first["Action"]?["Block"] is null)
            yield return "blocked addresses are not refused before anything else";
        if (sets.Any(set => set.List("Addresses").Any()))
            yield return "addresses stand in the template";
        if (stack.Of("AWS::WAFv2::WebACLAssociation").SingleOrDefault() is not { } association || !association.Text("ResourceArn").EndsWith($"/restapis/Api/stages/{stack.Stage}", StringComparison.Ordinal)
            || !association.Text("WebACLArn").Contains($"/webacl/{waf.Text("Name")}/", StringComparison.Ordinal))
            yield return "the WAF stands before nothing";
        foreach (var problem in Log(stack, waf))
            yield return problem;
    }

    private static bool IsRate(JsonObject rule, string limit) =>
        (string?)rule["Statement"]!["RateBasedStatement"]!["Limit"] == limit && (string?)rule["Statement"]!["RateBasedStatement"]!["AggregateKeyType"] == "IP";

    private static IEnumerable<string> Log(Stack stack, Resource waf)
    {
        if (stack.Of("AWS::WAFv2::LoggingConfiguration").SingleOrDefault() is not { } log || !log.Text("ResourceArn").Contains($"/webacl/{waf.Text("Name")}/", StringComparison.Ordinal)
            || Stack.TextsOf(log.Node("LogDestinationConfigs")).SingleOrDefault() is not { } target || !target.Contains(":log-group:aws-waf-logs-", StringComparison.Ordinal))
        {
            yield return "the WAF writes no log";
            yield break;
        }
        var redacted = log.List("RedactedFields").Select(field => (string?)field["SingleHeader"]?["Name"] ?? (field["QueryString"] is null ? "" : "?")).ToList();
        foreach (var missing in s_redacted.Append("?").Except(redacted, StringComparer.Ordinal))
            yield return $"the WAF's log holds {(missing == "?" ? "query strings" : missing)}";
        if (log.Text("LoggingFilter.DefaultBehavior") != "DROP")
            yield return "the WAF's log holds addresses of honest callers";
    }
}
