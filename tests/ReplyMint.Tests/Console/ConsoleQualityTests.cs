using ReplyMint.Accounts;
using ReplyMint.Security;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Console;

/// <summary>How good answers are: what people say of one, and what all of them come to, by mailbox.</summary>
public sealed class ConsoleQualityTests
{
    private const string Home = "/console/quality";

    private static Task<ProductHost> StartAsync() => ProductHost.StartAsync(knowledge: "# How long does a parcel take?\n\nA parcel takes three days.\n");

    [Fact]
    public async Task Who_did_not_like_an_answer_says_why_and_others_read_it()
    {
        await using var host = await StartAsync();
        var mail = await host.DeliverAndDecideAsync(host.Mail("How long does a parcel take?"));
        var page = ConsoleDecisionTests.MessagePath(mail);
        using var browser = await ConsoleClient.SignedInAsync(host, Role.Member);
        Assert.DoesNotContain("What was wrong with it?", (await browser.GetAsync(page)).Expect(200).Html, StringComparison.Ordinal);
        (await browser.ActAsync(page, page + "/thumb", ("thumb", "down"))).Expect(303);
        Assert.Contains("What was wrong with it?", (await browser.GetAsync(page)).Html, StringComparison.Ordinal);
        (await browser.ActAsync(page, page + "/thumb", ("thumb", "down"), ("reasons", "incomplete"), ("reasons", "offTopic"))).Expect(303);
        Assert.Contains("""value="incomplete" checked""", (await browser.GetAsync(page)).Html, StringComparison.Ordinal);
        foreach (var (thumb, reason) in ((string, string)[])[("sideways", ""), ("down", "boring"), ("up", "wrong")])
            (await browser.ActAsync(page, page + "/thumb", [("thumb", thumb), .. reason.Length > 0 ? [("reasons", reason)] : ((string, string)[])[]])).Expect(400);

        using var other = await ConsoleClient.SignedInAsync(host, Role.Member);
        Assert.Contains("Something is missing, It misses the question", (await other.GetAsync(page)).Html, StringComparison.Ordinal);
        Assert.Contains("<div>Something is missing: 1</div>", (await other.GetAsync(Home)).Expect(200).Html, StringComparison.Ordinal);
        // Changed and taken back, it counts no more.
        (await browser.ActAsync(page, page + "/thumb", ("thumb", "down"), ("reasons", "tone"))).Expect(303);
        var changed = (await other.GetAsync(Home)).Html;
        Assert.Contains("<div>The tone: 1</div>", changed, StringComparison.Ordinal);
        Assert.DoesNotContain("Something is missing", changed, StringComparison.Ordinal);
        (await browser.ActAsync(page, page + "/thumb", ("thumb", "none"))).Expect(303);
        Assert.DoesNotContain("The tone", (await other.GetAsync(Home)).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Figures_plots_and_a_table_say_what_became_of_drafts_to_those_who_see_the_mailbox()
    {
        await using var host = await StartAsync();
        using var browser = await ConsoleClient.SignedInAsync(host, Role.Member);
        Assert.Contains("Nothing was drafted in this time.", (await browser.GetAsync(Home)).Expect(200).Html, StringComparison.Ordinal);
        await host.DeliverAndDecideAsync(host.Mail("How long does a parcel take?"));
        var page = (await browser.GetAsync(Home)).Expect(200).Html;
        Assert.Contains("2026-11-24: 1 Left by themselves, 0 Waited for a person", page, StringComparison.Ordinal);
        Assert.Contains("<dt>Left by themselves</dt><dd>100 %</dd>", page, StringComparison.Ordinal);
        Assert.Contains("<dt>Changed before sending</dt><dd>–</dd>", page, StringComparison.Ordinal);
        Assert.Contains($"?days=30&amp;mailbox={host.Mailbox.Id}", page, StringComparison.Ordinal);
        Assert.Contains(ProductHost.Address, (await browser.GetAsync($"{Home}?days=365&mailbox={host.Mailbox.Id}")).Expect(200).Html, StringComparison.Ordinal);
        (await browser.GetAsync(Home + "?mailbox=m-nobody")).Expect(404);
        (await browser.GetAsync(Home + "?days=never")).Expect(200);

        using var elsewhere = await ConsoleClient.SignedInAsync(host, Role.Member, mailboxes: ["mother"]);
        Assert.Contains("Nothing was drafted in this time.", (await elsewhere.GetAsync(Home)).Expect(200).Html, StringComparison.Ordinal);
        (await elsewhere.GetAsync($"{Home}?mailbox={host.Mailbox.Id}")).Expect(404);
    }
}
