using System.Text.Json.Nodes;

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

    private static bool IsNoticed(string template)
    {
        JsonObject parsed;
        try
        {
            parsed = TemplateYaml.Parse(template);
        }
        catch (YamlDotNet.Core.YamlException wrong)
        {
            // That would be the mutant's fault, and show nothing.
            throw new InvalidOperationException("A mutant is no YAML.", wrong);
        }
        return TemplateChecks.Problems(parsed).Count > 0;
    }
}
