using System.Text.Json.Nodes;

namespace ReplyMint.Tests.Infra;

/// <summary>All that is asked of the template, for each of the forms that it can take.</summary>
internal static class TemplateChecks
{
    public static readonly string File = Path.Combine(HouseTests.Root, "infra", "template.yaml");

    private static readonly (string, string)[] s_common =
    [
        ("PackageBucket", "replymint-packages-111122223333-eu-central-1"), ("PackageKey", "packages/0123456789abcdef.zip"), ("DomainName", "api.example.com"),
        ("CertificateArn", "arn:aws:acm:eu-central-1:111122223333:certificate/1"), ("OperatorPrincipal", "arn:aws:iam::111122223333:role/people"),
        ("AlarmEmail", "ops@example.com"), ("MailFrom", "hello@example.com"),
    ];

    private static readonly Dictionary<string, Func<Stack, IEnumerable<string>>> s_checks = new()
    {
        ["settings"] = SettingsChecks.Problems, ["api"] = ApiChecks.Problems, ["waf"] = WafChecks.Problems, ["roles"] = RoleChecks.Problems, ["functions"] = FunctionChecks.Problems,
        ["storage"] = StorageChecks.Problems, ["network"] = NetworkChecks.Problems, ["watch"] = WatchChecks.Problems,
    };

    public static IEnumerable<string> Names => s_checks.Keys;

    public static IEnumerable<Stack> Stacks(JsonObject template) =>
    [
        new(template, [.. s_common, ("Stage", "production"), ("UseVpc", "no")]),
        new(template, [.. s_common, ("Stage", "staging"), ("UseVpc", "no"), ("HostedZoneId", "Z1")]),
        new(template, [.. s_common, ("Stage", "staging"), ("MailIn", "no"), ("MailOut", "mailgun"), ("MailgunApiKey", "store:mailgun-api-key")]),
    ];

    public static IReadOnlyList<string> Problems(JsonObject template, string? name = null) =>
        [.. Stacks(template).SelectMany(stack => s_checks.Where(check => name is null || check.Key == name).SelectMany(check => check.Value(stack).Select(problem => $"{stack.Stage}, {check.Key}: {problem}"))).Distinct()];
}
