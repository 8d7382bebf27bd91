using ReplyMint.Guide;

namespace ReplyMint.Tests.Infra;

/// <summary>Takes each protection out of the template, and demands that a check notices.</summary>
public sealed class TemplateMutantTests
{
    [Fact]
    public void Each_protection_that_is_taken_away_is_noticed()
    {
        var template = File.ReadAllText(TemplateChecks.File);
        Assert.True(TemplateMutants.All.Count >= 50, $"Only {TemplateMutants.All.Count} mutants.");
        Assert.Equal(TemplateMutants.All.Count, TemplateMutants.All.Select(mutant => mutant.Name).Distinct(StringComparer.Ordinal).Count());
        Assert.Empty(TemplateMutants.All.AsParallel().Where(mutant => !IsNoticed(mutant.ApplyTo(template))).Select(mutant => mutant.Name));
    }

    /// <summary>The guide names the controls whose promise is broken, and no other.</summary>
    [Fact]
    public void The_guide_names_the_control_of_each_protection_that_is_taken_away()
    {
        var template = File.ReadAllText(TemplateChecks.File);
        var wrong = TemplateMutants.All.AsParallel().Select(mutant => (mutant, found: Named(mutant.ApplyTo(template)))).Where(one => !one.found.ToHashSet(StringComparer.Ordinal).SetEquals(one.mutant.Controls))
            .Select(one => $"{one.mutant.Name}\t{string.Join(' ', one.found)}").ToList();
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.Empty(Named(template));
    }

    private static List<string> Named(string template)
    {
        var look = new TemplateLook("template.yaml", TemplateChecks.Read(template));
        return [.. Catalogue.All.Where(control => control.Checks.Any(check => check.AtTemplate?.Invoke(look, control.Id).Verdict == Verdict.Fail)).Select(control => control.Id)];
    }

    private static bool IsNoticed(string template) => TemplateChecks.Problems(TemplateChecks.Read(template)).Count > 0;
}
