using System.Text.Json.Nodes;

namespace ReplyMint.Guide;

/// <summary>A template in each of the forms that its parameters give it, and what each form lacks.</summary>
/// <param name="file">As the user named it.</param>
internal sealed class TemplateLook(string file, JsonObject template)
{
    private const int MostShown = 5;

    /// <summary>For parameters without a default: values as somebody deploys with.</summary>
    private static readonly (string, string)[] s_common =
    [
        ("PackageBucket", "replymint-packages-111122223333-eu-central-1"), ("PackageKey", "packages/0123456789abcdef.zip"), ("DomainName", "api.example.com"),
        ("CertificateArn", "arn:aws:acm:eu-central-1:111122223333:certificate/1"), ("OperatorPrincipal", "arn:aws:iam::111122223333:role/people"),
        ("AlarmEmail", "ops@example.com"), ("MailFrom", "hello@example.com"), ("ChangedBy", "arn:aws:sts::111122223333:assumed-role/builds/somebody"),
    ];

    private static readonly Func<Stack, IEnumerable<TemplateProblem>>[] s_checks =
        [GatewayTemplate.Problems, WafTemplate.Problems, RoleTemplate.Problems, NetworkTemplate.Problems, StorageTemplate.Problems, WatchTemplate.Problems];

    public static IEnumerable<TemplateProblem> Problems(Stack stack) => s_checks.SelectMany(check => check(stack));

    private readonly Lazy<(IReadOnlyList<Stack> Stacks, IReadOnlyList<TemplateProblem> Problems)> _found = new(() =>
    {
        var stacks = Stacks(template).ToList();
        return (stacks, [.. stacks.SelectMany(stack => Problems(stack).Select(problem => problem with { Text = $"{stack.Stage}: {problem.Text}" })).Distinct()]);
    });

    public string File => file;

    /// <summary>Production as open as its parameters allow, and both forms of staging.</summary>
    public static IEnumerable<Stack> Stacks(JsonObject template) =>
    [
        new(template, [.. s_common, ("Stage", "production"), ("UseVpc", "no"), ("ExportsForConsole", "yes")]),
        new(template, [.. s_common, ("Stage", "staging"), ("UseVpc", "no"), ("HostedZoneId", "Z1")]),
        new(template, [.. s_common, ("Stage", "staging"), ("MailIn", "no"), ("MailOut", "mailgun"), ("MailgunApiKey", "store:mailgun-api-key"), ("StripeReturnUrl", "https://app.example.com/billing"), ("TenantPlaces", "hooks.example.com:443,*:993"),
            ("BillingPlans", """[{"name":"starter","replies":200,"prices":[{"currency":"eur","amount":900,"stripe":"price_1"}]}]""")]),
    ];

    /// <summary>Null when it is a template for ReplyMint, else what it lacks.</summary>
    public static string? Missing(JsonObject template) =>
        ((string[])["AWS::ApiGateway::RestApi", "AWS::Lambda::Function", "AWS::DynamoDB::Table"]).FirstOrDefault(type => template["Resources"]!.AsObject().All(one => (string?)one.Value?["Type"] != type));

    /// <param name="control">Its id.</param>
    /// <param name="types">Of the resources that its promise rests on.</param>
    public Outcome Judge(string control, IReadOnlyList<string> types)
    {
        var (stacks, problems) = _found.Value;
        var wrong = problems.Where(problem => problem.Controls.Split(' ').Contains(control)).Select(problem => problem.Text).ToList();
        if (wrong.Count > 0)
            return Outcome.Fail($"{file}, {string.Join("; ", wrong.Take(MostShown))}{(wrong.Count > MostShown ? $"; and {wrong.Count - MostShown} more" : "")}");
        var rests = stacks.SelectMany(stack => stack.All).Where(resource => types.Contains(resource.Type)).Select(resource => resource.Name).Distinct().ToList();
        // Without any of them no check found anything wrong, since it found nothing.
        if (rests.Count == 0)
            return Outcome.NotChecked($"{file} holds none of what this rests on: {string.Join(", ", types)}");
        return Outcome.Pass($"{file}, as production and staging: {string.Join(", ", rests.Take(MostShown))}{(rests.Count > MostShown ? $" and {rests.Count - MostShown} more" : "")}");
    }
}
