using ReplyMint.Guide;

namespace ReplyMint.Tests.Infra;

/// <summary>The WAF is such as AWS takes; what is promised of it the guide asks (WafTemplate).</summary>
internal static class WafChecks
{
    public static IEnumerable<string> Problems(Stack stack)
    {
        var waf = stack.Of("AWS::WAFv2::WebACL").Single();
        var rules = waf.List("Rules").ToList();
        if (waf.Text("Scope") != "REGIONAL")
            yield return "the WAF can't stand before a regional API";
        if (rules.Select(rule => (string?)rule["Priority"]).Distinct().Count() != rules.Count)
            yield return "rules of the WAF share a priority";
        if (stack.Of("AWS::WAFv2::IPSet").Count() != 2 || stack.Of("AWS::WAFv2::IPSet").Any(set => set.List("Addresses").Any()))
            yield return "blocked addresses stand in the template";
    }
}
