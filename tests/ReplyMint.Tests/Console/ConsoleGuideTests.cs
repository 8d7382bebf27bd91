using ReplyMint.Guide;
using ReplyMint.Security;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Console;

/// <summary>Today's verdicts of the security guide, as a page: what fails first, and evidence for operators only.</summary>
public sealed class ConsoleGuideTests
{
    private const string Home = "/console/guide";
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_fails_comes_first_with_its_remedy_and_only_operators_read_the_evidence()
    {
        await using var host = await ProductHost.StartAsync();
        using var auditor = await ConsoleClient.SignedInAsync(host, Role.Auditor);
        var before = (await auditor.GetAsync(Home)).Expect(200).Html;
        Assert.Contains("The server has not looked yet.", before, StringComparison.Ordinal);
        Assert.Contains("replymint guide --rehearse", before, StringComparison.Ordinal);

        var (holds, fails) = await LookAsync(host);
        var page = (await auditor.GetAsync(Home)).Expect(200).Html;
        Assert.True(page.IndexOf($">Fails</span> {fails.Id}", StringComparison.Ordinal) is > 0 and var bad && page.IndexOf($"<code>{holds.Id}</code>", StringComparison.Ordinal) > bad, page);
        Assert.DoesNotContain("keys lie at", page, StringComparison.Ordinal);
        using var operates = await ConsoleClient.SignedInAsync(host, Role.Operator, factor: true);
        Assert.Contains("config: keys lie at &lt;folder&gt;", (await operates.GetAsync(Home)).Expect(200).Html, StringComparison.Ordinal);
        using var member = await ConsoleClient.SignedInAsync(host, Role.Member);
        (await member.GetAsync(Home)).Expect(403);
    }

    /// <summary>As if the server had looked at two controls.</summary>
    internal static async Task<(Control Holds, Control Fails)> LookAsync(ProductHost host)
    {
        var two = Catalogue.All.Where(control => control.Checks.Any(check => check.Look == Look.Config)).Take(2).ToList();
        Check Of(Control control) => control.Checks.First(check => check.Look == Look.Config);
        var found = new Dictionary<Check, Outcome> { [Of(two[0])] = Outcome.Pass("it is so"), [Of(two[1])] = Outcome.Fail("keys lie at <folder>") };
        await host.Get<GuideBook>().EndAsync(GuideResult.Of(host.Time.GetUtcNow(), "1.0", found, null), "test", Ct);
        return (two[0], two[1]);
    }
}
