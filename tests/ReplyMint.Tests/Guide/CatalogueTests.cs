using System.CommandLine;
using System.Text.RegularExpressions;
using ReplyMint.Cli;
using ReplyMint.Guide;
using ReplyMint.Tests.Infra;
using Xunit;

namespace ReplyMint.Tests.Guide;

/// <summary>The guide holds the whole catalogue, says honestly what it can't look at, and every look of it can fail.</summary>
public sealed partial class CatalogueTests
{
    /// <summary>The catalogue's ids, in its order.</summary>
    private static readonly string[] Ids =
    [
        "CORS-1", "CORS-2", "CORS-3", "CORS-4", "CORS-5", "CORS-6", "HDR-1", "HDR-2", "HDR-3", "HDR-4", "HDR-5", "HDR-6", "HDR-7", "NET-1", "NET-2", "NET-3", "NET-4", "NET-5",
        "AUTH-1", "AUTH-2", "AUTH-3", "AUTH-4", "AUTH-5", "AUTH-6", "AUTH-7", "INPUT-1", "INPUT-2", "INPUT-3", "INPUT-4", "INPUT-5", "INPUT-6", "MON-1", "MON-2", "MON-3", "MON-4",
        "AWS-1", "AWS-2", "AWS-3", "AWS-4", "AWS-5", "AWS-6", "AWS-8", "AWS-7", "SEC-1", "SEC-2", "SEC-3", "IR-1", "IR-2", "IR-3", "IR-4", "IR-5", "IR-6", "GDPR-1", "GDPR-2", "GDPR-3", "GDPR-4",
        "SOC-1", "SOC-2", "SOC-3", "SOC-4", "SOC-5", "SOC-6", "MAIL-1", "MAIL-2", "MAIL-3", "MAIL-4", "MAIL-5", "MAIL-6", "MAIL-7", "MAIL-8",
    ];

    [Fact]
    public void Each_row_of_the_catalogue_is_a_control() => Assert.Equal(Ids, Catalogue.All.Select(control => control.Id));

    [Fact]
    public void Each_control_says_what_why_and_how_to_mend()
    {
        foreach (var control in Catalogue.All)
        {
            foreach (var text in (string[])[control.Title, control.Why, control.Remedy, control.Sources])
                Assert.False(string.IsNullOrWhiteSpace(text), control.Id);
            Assert.NotEmpty(control.Checks);
            Assert.All(control.Checks, check => Assert.Single(new object?[] { check.AtService, check.AtStore, check.AtTemplate, check.AtRepository, check.AtStage, check.Missing }.OfType<object>()));
        }
    }

    [Fact]
    public async Task The_page_in_the_documentation_is_what_the_guide_writes()
    {
        using var cli = new Cli.CliRun();
        Assert.Equal(0, await cli.RunAsync("guide", "write"));
        var file = Path.Combine(HouseTests.Root, "docs", "security-guide.md");
        Assert.True(cli.Out == await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken), "docs/security-guide.md is stale: ./run.sh guide write > docs/security-guide.md");
    }

    /// <summary>Who is told to do something finds the command and the page.</summary>
    [Fact]
    public void Remedies_name_commands_and_pages_that_there_are()
    {
        var named = 0;
        foreach (var control in Catalogue.All)
        {
            foreach (Match match in Named().Matches(control.Remedy))
            {
                Command command = CommandTree.Build(CommandHost.Nowhere);
                foreach (var word in match.Groups[1].Value.Split(' '))
                    command = command.Subcommands.FirstOrDefault(one => one.Name == word) ?? command;
                Assert.True(command.Subcommands.Count == 0, $"{control.Id}: {match.Value}");
                named++;
            }
            foreach (Match match in Page().Matches(control.Remedy))
                Assert.True(File.Exists(Path.Combine(HouseTests.Root, match.Value)), $"{control.Id}: {match.Value}");
        }
        Assert.InRange(named, 15, 1_000);
    }

    [GeneratedRegex("replymint ((?:[a-z-]+ ?)+)")]
    private static partial Regex Named();

    [GeneratedRegex(@"(?:docs/)?[\w-]+\.md")]
    private static partial Regex Page();

    [Fact]
    public void Each_control_that_something_looks_at_has_a_mutant()
    {
        var live = LiveMutants.All.SelectMany(mutant => mutant.Controls).ToHashSet(StringComparer.Ordinal);
        var store = StoreMutants.All.Select(mutant => (mutant.Controls[0], mutant.At)).ToHashSet();
        var template = TemplateMutants.All.SelectMany(mutant => mutant.Controls).ToHashSet(StringComparer.Ordinal);
        Assert.Empty(Catalogue.All.Where(control => control.Checks.Any(check => check.AtTemplate is not null) && !template.Contains(control.Id)).Select(control => control.Id));
        Assert.Empty(Catalogue.All.Where(control => control.Checks.Any(check => check.AtService is not null) && !live.Contains(control.Id)).Select(control => control.Id));
        Assert.Empty(Catalogue.All.SelectMany(control => control.Checks.Where(check => check.AtStore is not null && !store.Contains((control.Id, check.Look))).Select(check => $"{control.Id} {check.Look}")));
        var repository = RepositoryMutants.All.Select(mutant => mutant.Control).ToHashSet(StringComparer.Ordinal);
        Assert.Empty(Catalogue.All.Where(control => control.Checks.Any(check => check.AtRepository is not null) && !repository.Contains(control.Id)).Select(control => control.Id));
        var rehearsed = RehearsalMutants.Proxies.Concat(RehearsalMutants.Hosts).SelectMany(mutant => mutant.Controls).ToHashSet(StringComparer.Ordinal);
        Assert.Empty(Catalogue.All.Where(control => control.Checks.Any(check => check.AtStage is not null) && !rehearsed.Contains(control.Id)).Select(control => control.Id));
    }
}
