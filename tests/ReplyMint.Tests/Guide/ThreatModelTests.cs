using System.Text.RegularExpressions;
using ReplyMint.Guide;
using Xunit;

namespace ReplyMint.Tests.Guide;

/// <summary>The threat model names nothing that holds nothing: each threat has a control or a test that there is, and each control a threat.</summary>
public sealed partial class ThreatModelTests
{
    private sealed record Threat(string Border, string Id, string Kind, IReadOnlyList<string> HeldBy);

    private static readonly string Page = File.ReadAllText(Path.Combine(HouseTests.Root, "docs", "threat-model.md"));

    private static readonly HashSet<string> Classes = [.. typeof(ThreatModelTests).Assembly.GetTypes().Where(type => type.Name.EndsWith("Tests", StringComparison.Ordinal)).Select(type => type.FullName!["ReplyMint.Tests.".Length..])];

    private static IReadOnlyList<Threat> Read(string page)
    {
        var (border, threats) = ("", new List<Threat>());
        foreach (var line in page.Split('\n'))
            if (line.StartsWith('#'))
                border = line.TrimStart('#', ' ');
            else if (Row().Match(line) is { Success: true } row)
                threats.Add(new(border, row.Groups[1].Value, row.Groups[2].Value, [.. Named().Matches(row.Groups[3].Value).Select(name => name.Groups[1].Value)]));
        return threats;
    }

    private static IEnumerable<string> Problems(string page)
    {
        var threats = Read(page);
        foreach (var twice in threats.GroupBy(threat => threat.Id, StringComparer.Ordinal).Where(group => group.Count() > 1))
            yield return $"{twice.Key} is there twice";
        foreach (var threat in threats.Where(threat => threat.HeldBy.Count == 0))
            yield return $"{threat.Id} is held by nothing";
        foreach (var threat in threats)
            foreach (var name in threat.HeldBy.Where(name => !Classes.Contains(name) && Catalogue.Find(name) is null))
                yield return $"{threat.Id}: there is no control and no test {name}";
        foreach (var control in Catalogue.All.Where(control => !threats.Any(threat => threat.HeldBy.Contains(control.Id))))
            yield return $"{control.Id} holds no threat";
        foreach (var border in threats.Where(threat => char.IsAsciiDigit(threat.Border[0])).GroupBy(threat => threat.Border))
            foreach (var kind in "STRIDE".Where(kind => border.All(threat => threat.Kind[0] != kind)))
                yield return $"{border.Key}: no threat of the kind {kind}";
    }

    [Fact]
    public void Each_threat_is_held_by_what_there_is_and_each_control_holds_one()
    {
        Assert.Empty(Problems(Page));
        Assert.True(Read(Page).Count > 40);
        Assert.Equal(7, Read(Page).Select(threat => threat.Border).Distinct().Count(border => char.IsAsciiDigit(border[0])));
    }

    [Theory]
    [InlineData("`INPUT-6`, ", "`INPUT-7`, ", "there is no control and no test INPUT-7")]
    [InlineData("`Security.OutsideAddressTests`", "`Security.OutsideTests`", "there is no control and no test Security.OutsideTests")]
    [InlineData("`AWS-5`, ", "", "AWS-5 holds no threat")]
    [InlineData("| M3 | T |", "| M2 | T |", "M2 is there twice")]
    [InlineData("| C1 | S |", "| C1 | E |", "no threat of the kind S")]
    [InlineData("| `SEC-3` |", "| |", "S7 is held by nothing")]
    public void What_is_missing_is_found(string find, string replace, string problem)
    {
        Assert.Contains(find, Page, StringComparison.Ordinal);
        Assert.Contains(Problems(Page.Replace(find, replace, StringComparison.Ordinal)), one => one.Contains(problem, StringComparison.Ordinal));
    }

    [GeneratedRegex(@"^\| ([A-Z]\d+) \| ([STRIDE]) \|[^|]*\|[^|]*\|([^|]*)\|$")]
    private static partial Regex Row();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Named();
}
