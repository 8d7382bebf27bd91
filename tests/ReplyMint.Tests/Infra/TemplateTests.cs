using System.Text.Json.Nodes;
using ReplyMint.Guide;

namespace ReplyMint.Tests.Infra;

/// <summary>The template of AWS says what the product and the controls ask for.</summary>
public sealed class TemplateTests
{
    public static TheoryData<string> Checks => [.. TemplateChecks.Names];

    [Theory]
    [MemberData(nameof(Checks))]
    public void Template_keeps_what_is_promised(string check) =>
        Assert.Empty(TemplateChecks.Problems(TemplateChecks.Read(File.ReadAllText(TemplateChecks.File)), check));

    /// <summary>A right that no row of the table needs would be noticed by nobody.</summary>
    [Fact]
    public void Table_of_access_asks_both_ways()
    {
        var rows = AccessTable.Rows("production");
        Assert.True(rows.Count(row => row.May) > 50 && rows.Count(row => !row.May) > 90, $"{rows.Count(row => row.May)} {rows.Count(row => !row.May)}");
    }

    /// <summary>tools/infra asks tools of others the same; ./test.sh says where they look.</summary>
    [Fact]
    public void Template_and_table_of_access_are_written_for_others()
    {
        var template = TemplateChecks.Read(File.ReadAllText(TemplateChecks.File));
        var stacks = new JsonArray([.. TemplateChecks.Stacks(template).Select(AccessExport.Of)]);
        Assert.All(stacks, stack => Assert.True(stack!["rows"]!.AsArray().Count > 400, stack["stage"]!.ToString()));
        if (Environment.GetEnvironmentVariable("REPLYMINT_TEST_INFRA") is not { Length: > 0 } folder)
            return;
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "access.json"), stacks.ToJsonString());
        File.WriteAllText(Path.Combine(folder, "template.json"), template.ToJsonString());
        File.WriteAllText(Path.Combine(folder, "bootstrap.json"), TemplateChecks.Read(File.ReadAllText(BootstrapChecks.File)).ToJsonString());
    }

    [Theory]
    [InlineData("a*c", "abc", true)]
    [InlineData("a*c", "ac", true)]
    [InlineData("a*c", "acb", false)]
    [InlineData("*", "", true)]
    [InlineData("a?c", "abc", true)]
    [InlineData("a?c", "ac", false)]
    [InlineData("a*b*c", "a-b-b-c", true)]
    public void Patterns_are_read_as_IAM_reads_them(string pattern, string text, bool expected) => Assert.Equal(expected, Iam.Matches(pattern, text));
}
