using ReplyMint.Guide;

namespace ReplyMint.Tests.Infra;

/// <summary>Takes each protection out of the template, and demands that a check notices.</summary>
public sealed class TemplateMutantTests
{
    /// <summary>Which controls the guide names of each: a template is long, so it is read once for both tests.</summary>
    private static readonly Lazy<IReadOnlyList<(TemplateMutant Mutant, IReadOnlyList<string> Named, bool IsNoticed)>> s_found = new(() =>
    {
        var template = File.ReadAllText(TemplateChecks.File);
        return [.. TemplateMutants.All.AsParallel().Select(mutant =>
        {
            var changed = TemplateChecks.Read(mutant.ApplyTo(template));
            var named = Named(changed);
            return (mutant, named, named.Count > 0 || TemplateChecks.Problems(changed).Count > 0);
        })];
    });

    [Fact]
    public void Each_protection_that_is_taken_away_is_noticed()
    {
        Assert.True(TemplateMutants.All.Count >= 50, $"Only {TemplateMutants.All.Count} mutants.");
        Assert.Equal(TemplateMutants.All.Count, TemplateMutants.All.Select(mutant => mutant.Name).Distinct(StringComparer.Ordinal).Count());
        Assert.Empty(s_found.Value.Where(one => !one.IsNoticed).Select(one => one.Mutant.Name));
    }

    /// <summary>The guide names the controls whose promise is broken, and no other.</summary>
    [Fact]
    public void The_guide_names_the_control_of_each_protection_that_is_taken_away()
    {
        var wrong = s_found.Value.Where(one => !one.Named.ToHashSet(StringComparer.Ordinal).SetEquals(one.Mutant.Controls)).Select(one => $"{one.Mutant.Name}\t{string.Join(' ', one.Named)}").ToList();
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.Empty(Named(TemplateChecks.Read(File.ReadAllText(TemplateChecks.File))));
    }

    private static List<string> Named(System.Text.Json.Nodes.JsonObject template)
    {
        var look = new TemplateLook("template.yaml", template);
        return [.. Catalogue.All.Where(control => control.Checks.Any(check => check.AtTemplate?.Invoke(look, control.Id).Verdict == Verdict.Fail)).Select(control => control.Id)];
    }
}
