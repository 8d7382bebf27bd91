using System.Collections.Concurrent;
using ReplyMint.Guide;
using ReplyMint.Supply;
using ReplyMint.Tests.Cli;
using Xunit;

namespace ReplyMint.Tests.Guide;

/// <summary>The guide reads a copy of the project: ours passes, and each one that lacks something is named.</summary>
public sealed class RepositoryGuideTests : IDisposable
{
    private static readonly IReadOnlyList<Control> Kept = [.. Catalogue.All.Where(control => control.Checks.Any(check => check.AtRepository is not null))];
    private static readonly DateTimeOffset Now = new(2030, 1, 2, 0, 0, 0, TimeSpan.Zero);
    private static readonly RepositoryFiles Own = RepositoryFiles.Of(HouseTests.Root);

    /// <summary>Ours with less code, in memory, after a scan that found nothing: what all mutants change.</summary>
    private static readonly Lazy<RepositoryFiles> Good = new(() =>
    {
        var read = new ConcurrentDictionary<string, byte[]?>(StringComparer.Ordinal) { [SupplyRepository.Scan] = Bytes(ScanOf(true)) };
        return new(Own.Paths.Where(IsMeant), path => read.GetOrAdd(path, Own.Bytes));
    });

    private readonly CliRun _cli = new();

    public void Dispose() => _cli.Dispose();

    /// <summary>Of the code what exceptions name, and what lies beside it; of the tests one that holds a known secret.</summary>
    private static bool IsMeant(string path) => !path.EndsWith(".cs", StringComparison.Ordinal) && !path.StartsWith("tests/", StringComparison.Ordinal) && !path.StartsWith("docs/", StringComparison.Ordinal)
        || ((string[])["src/ReplyMint/Storage/", "src/ReplyMint.Aws/Dynamo", "src/ReplyMint/Security/CertificateFiles", "src/ReplyMint/Accounts/Factors/", RepositoryMutants.HoldsKnown]).Any(begin => path.StartsWith(begin, StringComparison.Ordinal));

    private static byte[] Bytes(string text) => System.Text.Encoding.UTF8.GetBytes(text);

    internal static string ScanOf(bool canary, params string[] findings) => System.Text.Encoding.UTF8.GetString(Advisories.Write(new(canary, findings), Now.AddDays(-1)));

    private static async Task<IReadOnlyList<Judgement>> LookAsync(RepositoryFiles files)
    {
        var outcomes = await GuideRun.AtRepositoryAsync(Kept, new("copy", files, Now), TestContext.Current.CancellationToken);
        return GuideRun.Judge(Kept, check => outcomes.GetValueOrDefault(check), _ => "not looked at");
    }

    private static string Shown(IEnumerable<Judgement> judged) => string.Join('\n', judged.SelectMany(one => one.Findings.Where(finding => finding.Look == Look.Repo).Select(finding => $"{one.Control.Id} {finding.Outcome}")));

    public static TheoryData<string> Names => [.. RepositoryMutants.All.Select(mutant => mutant.Name)];

    [Fact]
    public async Task The_project_itself_passes()
    {
        var judged = await LookAsync(new(Own.Paths, path => path == SupplyRepository.Scan ? Bytes(ScanOf(true)) : Own.Bytes(path)));
        Assert.Equal(["INPUT-2", "AWS-2", "SOC-4", "SOC-6"], judged.Select(one => one.Control.Id));
        Assert.True(judged.All(one => one.Verdict == Verdict.Pass), Shown(judged));
        judged = await LookAsync(Good.Value);
        Assert.True(judged.All(one => one.Verdict == Verdict.Pass), Shown(judged));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_copy_that_lacks_something_is_named(string name)
    {
        var mutant = RepositoryMutants.All.Single(one => one.Name == name);
        var judged = await LookAsync(mutant.In(Good.Value));
        Assert.True(judged.All(one => one.Verdict == (one.Control.Id == mutant.Control ? Verdict.Fail : Verdict.Pass)), Shown(judged));
    }

    /// <summary>A scan that can find nothing, an old one and none at all are no pass.</summary>
    [Theory]
    [InlineData(null, "no scan for known vulnerabilities was made in this copy")]
    [InlineData("{}", "is not what the scan writes")]
    [InlineData("{\"time\":\"2029-12-01T00:00:00Z\",\"canaryReported\":true,\"findings\":[]}", "is 32 days old")]
    [InlineData("{\"time\":\"2030-01-01T00:00:00Z\",\"canaryReported\":false,\"findings\":[]}", "it does not know the canary's")]
    public async Task Silence_of_a_scan_is_not_checked(string? scan, string why)
    {
        var judged = await LookAsync(new RepositoryMutant("SOC-4", "a scan", SupplyRepository.Scan, _ => scan).In(Good.Value));
        var one = judged.Single(one => one.Control.Id == "SOC-4");
        Assert.Equal(Verdict.NotChecked, one.Verdict);
        Assert.Contains(why, Shown([one]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Any_copy_can_be_looked_at_by_its_folder()
    {
        Assert.Equal(2, await _cli.RunAsync("guide", "--look", "repo"));
        Assert.Contains("the working folder is no copy of the project; name one with --repo", _cli.Error, StringComparison.Ordinal);
        _cli.Write("elsewhere/readme", "nothing");
        Assert.Equal(2, await _cli.RunAsync("guide", "--repo", "elsewhere"));
        Assert.Contains("--repo elsewhere: this is no copy of the project", _cli.Error, StringComparison.Ordinal);
        // A copy with little in it: what is not there is told, and nothing breaks.
        _cli.Write("copy/ReplyMint.slnx", "<Solution />");
        _cli.Write("copy/src/ReplyMint/One.cs", "var all = $\"SELECT v FROM {asked}\";\n");
        _cli.Write("copy/node_modules/other/settings.json", "{ \"password\": \"" + "9aQ2xK7vT4bZ" + "1mR8cW3nY6dL" + "\" }");
        Assert.Equal(1, await _cli.RunAsync("guide", "--repo", "copy", "--look", "repo", "--only", "INPUT-2,AWS-2,SOC-4,SOC-6"));
        Assert.Matches(@"(?m)^INPUT-2 +FAIL .*\n +repo: copy: .*src/ReplyMint/One\.cs:1: a query is joined with asked", _cli.Out);
        Assert.Matches(@"(?m)^AWS-2 +pass ", _cli.Out);
        Assert.Matches(@"(?m)^SOC-6 +FAIL .*\n(?: .*\n)*? +repo: copy: .*asks for no updates of nuget", _cli.Out);
        Assert.Contains("(reading the project in ", _cli.Error, StringComparison.Ordinal);
    }

    /// <summary>Texts of any form, what is put into them, and the code around them.</summary>
    [Theory]
    [InlineData("var a = \"x\"; // \"y\"", "x")]
    [InlineData("/* \"y\" */ var a = @\"x\"\"{y}\";", "x\"{y}")]
    [InlineData("var a = $\"x{y}{{z}}\";", "x{}{z}|y")]
    [InlineData("var a = '\"' + \"x\" + b;", "x|b")]
    [InlineData("var a = $\"\"\"x{y(\"z\")}\"\"\";", "z;x{}|y(\"z\")")]
    [InlineData("var a = $$\"\"\"{x}{{y}}\"\"\";", "{x}{}|y")]
    [InlineData("a += \"x\";", "x|a")]
    [InlineData("var a = \"x\" + \"y\";", "x;y")]
    public void Texts_are_read(string code, string texts) =>
        Assert.Equal(texts, string.Join(';', CodeTexts.Read(code).Texts.Select(text => string.Join('|', [text.Text, .. text.Parts]))));

    [Fact]
    public void What_is_left_of_code_has_its_lines() =>
        Assert.Equal(5, CodeTexts.Read("a\n/* b\n */ $\"\"\"\n {c(\n)}\"\"\"").Code.Split('\n').Length);
}
