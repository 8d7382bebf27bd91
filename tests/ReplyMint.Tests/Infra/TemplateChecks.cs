using System.Text.Json.Nodes;
using ReplyMint.Guide;

namespace ReplyMint.Tests.Infra;

/// <summary>All that is asked of the template, for each of the forms that it can take.</summary>
internal static class TemplateChecks
{
    public static readonly string File = Path.Combine(HouseTests.Root, "infra", "template.yaml");

    private static readonly Dictionary<string, Func<Stack, IEnumerable<string>>> s_checks = new()
    {
        ["settings"] = SettingsChecks.Problems, ["api"] = ApiChecks.Problems, ["waf"] = WafChecks.Problems, ["roles"] = RoleChecks.Problems, ["functions"] = FunctionChecks.Problems,
        ["storage"] = StorageChecks.Problems, ["watch"] = WatchChecks.Problems, ["controls"] = stack => TemplateLook.Problems(stack).Select(problem => $"{problem.Controls}: {problem.Text}"),
    };

    public static IEnumerable<string> Names => s_checks.Keys;

    public static IEnumerable<Stack> Stacks(JsonObject template) => TemplateLook.Stacks(template);

    public static JsonObject Read(string text) => TemplateText.Read(text) is ({ } template, _) ? template : throw new InvalidOperationException(TemplateText.Read(text).Wrong);

    public static IReadOnlyList<string> Problems(JsonObject template, string? name = null) =>
        [.. Stacks(template).SelectMany(stack => s_checks.Where(check => name is null || check.Key == name).SelectMany(check => check.Value(stack).Select(problem => $"{stack.Stage}, {check.Key}: {problem}"))).Distinct()];
}
