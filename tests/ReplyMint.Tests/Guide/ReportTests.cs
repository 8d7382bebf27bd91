using System.Text;
using System.Text.Json.Nodes;
using ReplyMint.Cli.Commands;
using ReplyMint.Guide;
using Xunit;

namespace ReplyMint.Tests.Guide;

/// <summary>What a run found is told to people, programs and auditors, and accepted by name and day only.</summary>
public sealed class ReportTests
{
    private const string Hostile = "<script>alert(1)</script> \u001b[31m";
    private static readonly DateTimeOffset Now = new(2026, 11, 26, 12, 0, 0, TimeSpan.Zero);

    private static GuideReport Report()
    {
        var found = new Dictionary<string, Outcome>
        {
            ["HDR-1"] = Outcome.Fail(Hostile), ["HDR-2"] = Outcome.Pass("on 23 kinds of answers"), ["MAIL-3"] = Outcome.Warn("a person is taken for a machine"), ["NET-3"] = Outcome.NotApplicable("in development"),
        };
        var controls = Catalogue.All.Where(control => found.ContainsKey(control.Id) || control.Id == "AWS-1").ToList();
        return new(Now, "1.2.3", "https://api.example.com", GuideRun.Judge(controls, check => found.GetValueOrDefault(controls.First(control => control.Checks.Contains(check)).Id), _ => "nobody looked"));
    }

    private static IReadOnlyList<Acceptance>? Read(string json, out string problem) => Baseline.Read(Encoding.UTF8.GetBytes(json), out problem);

    [Fact]
    public void SARIF_has_a_rule_for_each_control_and_a_result_for_each_finding_with_its_place()
    {
        var report = Report();
        Baseline.Apply([new("mail-3", "anna", new(2026, 11, 26), "known")], report.Judgements, Now);
        var run = JsonNode.Parse(GuideSarif.Write(report))!["runs"]![0]!;
        var rules = run["tool"]!["driver"]!["rules"]!.AsArray();
        var results = run["results"]!.AsArray().ToDictionary(one => (string)one!["ruleId"]!, one => one!);
        Assert.Equal(report.Judgements.Count, rules.Count);
        Assert.Equal(["HDR-1", "MAIL-3"], results.Keys);
        Assert.Equal(("fail", "error"), ((string)results["HDR-1"]["kind"]!, (string)results["HDR-1"]["level"]!));
        Assert.Equal(("fail", "warning"), ((string)results["MAIL-3"]["kind"]!, (string)results["MAIL-3"]["level"]!));
        foreach (var (id, result) in results)
        {
            var place = result["locations"]![0]!["physicalLocation"]!;
            var page = File.ReadAllLines(Path.Combine(HouseTests.Root, (string)place["artifactLocation"]!["uri"]!));
            Assert.StartsWith($"### {id}: ", page[(int)place["region"]!["startLine"]! - 1], StringComparison.Ordinal);
        }
        Assert.Equal("accepted", (string)results["MAIL-3"]["suppressions"]![0]!["status"]!);
        Assert.Null(results["HDR-1"]["suppressions"]);
    }

    [Fact]
    public void The_page_needs_nothing_else_and_runs_nothing_that_a_service_answered()
    {
        var page = GuideHtml.Write(Report());
        Assert.DoesNotContain("<script", page, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("&lt;script&gt;", page, StringComparison.Ordinal);
        foreach (var outside in (string[])["src=", "href=", "url(", "@import"])
            Assert.DoesNotContain(outside, page, StringComparison.OrdinalIgnoreCase);
        Assert.All(Report().Judgements, one => Assert.Contains(one.Control.Id, page, StringComparison.Ordinal));
        Assert.Contains("<p>To mend: HDR-1, MAIL-3</p>", page, StringComparison.Ordinal);
        Assert.Contains("<h2>HDR: Headers of answers</h2>", page, StringComparison.Ordinal);
    }

    /// <summary>On paper nobody opens what is folded, and an accepted finding is one still.</summary>
    [Fact]
    public void The_page_shows_all_on_paper_and_says_what_was_accepted()
    {
        var report = Report();
        Baseline.Apply([new("MAIL-3", "anna", new(2026, 11, 26), "known")], report.Judgements, Now);
        var page = GuideHtml.Write(report);
        Assert.Matches(@"@media print\{[^@]*details::details-content\{content-visibility:visible", page);
        Assert.Contains("<b>1</b> of the findings accepted", page, StringComparison.Ordinal);
        Assert.Contains(">warn, accepted</b> <b>MAIL-3</b>", page, StringComparison.Ordinal);
        Assert.Contains("<p>To mend: HDR-1</p>", page, StringComparison.Ordinal);
    }

    /// <summary>Each verdict with what it rests on, in a terminal of any width and for a program.</summary>
    [Fact]
    public void The_table_says_what_each_verdict_rests_on_and_fits_the_terminal()
    {
        using var narrow = new StringWriter();
        GuideTable.Write(Report(), narrow, 60);
        Assert.All(narrow.ToString().Split('\n'), line => Assert.InRange(line.TrimEnd('\r').Length, 0, 60));
        Assert.Matches(@"(?m)^HDR-2 +pass .*\n.*\n +live: on 23 kinds of answers", narrow.ToString());
        Assert.Matches(@"(?m)^MAIL-3 +WARN .*\n +config: a person is taken for a machine\n +mend: ", narrow.ToString());
        Assert.DoesNotContain('\u001b', narrow.ToString());
        using var piped = new StringWriter();
        GuideTable.Write(Report(), piped);
        Assert.Contains($"mend: {Catalogue.Find("HDR-1")!.Remedy}\n", piped.ToString().ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }

    [Fact]
    public void The_weightiest_look_stands_for_the_control()
    {
        var report = Report();
        Assert.Equal(Verdict.Fail, report.Judgements.Single(one => one.Control.Id == "HDR-1").Verdict);
        Assert.Equal(Verdict.Pass, report.Judgements.Single(one => one.Control.Id == "HDR-2").Verdict);
        Assert.Equal(Verdict.NotChecked, report.Judgements.Single(one => one.Control.Id == "AWS-1").Verdict);
        Assert.True(report.HasFindings);
    }

    [Fact]
    public void A_finding_is_accepted_up_to_its_day_and_counts_again_on_the_next()
    {
        var accepted = Read("""{"accepted":[{"control":"HDR-1","owner":"anna","until":"2026-11-26","reason":"the proxy is being changed"},{"control":"MAIL-3","owner":"ben","until":"2026-11-25","reason":"known"}]}""", out _)!;
        var report = Report();
        Baseline.Apply(accepted, report.Judgements, Now);
        Assert.Equal("until 2026-11-26 by anna: the proxy is being changed", report.Judgements.Single(one => one.Control.Id == "HDR-1").Accepted);
        var over = report.Judgements.Single(one => one.Control.Id == "MAIL-3");
        Assert.True(over.Counts);
        Assert.Equal("until 2026-11-25 by ben: known", over.Note);
        Assert.True(report.HasFindings);

        var later = Report();
        Baseline.Apply(accepted, later.Judgements, Now.AddDays(1));
        Assert.All(later.Judgements, one => Assert.Null(one.Accepted));
        var both = Report();
        Baseline.Apply(accepted, both.Judgements, Now.AddDays(-1));
        Assert.False(both.HasFindings);
    }

    [Theory]
    [InlineData("nonsense", "is no JSON")]
    [InlineData("[]", "is no JSON")]
    [InlineData("""{"accepted":[],"all":true}""", "is no JSON")]
    [InlineData("""{"accepted":[{"control":"HDR-1","owner":"a","until":"2030-01-01","reason":"x","for":"ever"}]}""", "is no JSON")]
    [InlineData("""{"accepted":[{"control":"HDR-99","owner":"a","until":"2030-01-01","reason":"x"}]}""", "there is no control HDR-99")]
    [InlineData("""{"accepted":[{"control":"HDR-1","until":"2030-01-01","reason":"x"}]}""", "needs an owner")]
    [InlineData("""{"accepted":[{"control":"HDR-1","owner":"a","until":"2030-01-01"}]}""", "needs an owner and a reason")]
    [InlineData("""{"accepted":[{"control":"HDR-1","owner":"a","reason":"x"}]}""", "needs until")]
    [InlineData("""{"accepted":[{"control":"HDR-1","owner":"a","until":"soon","reason":"x"}]}""", "needs until")]
    public void A_baseline_without_name_reason_or_day_accepts_nothing(string json, string message)
    {
        Assert.Null(Read(json, out var problem));
        Assert.Contains(message, problem, StringComparison.Ordinal);
    }
}
