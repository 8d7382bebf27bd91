using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Console;

/// <summary>How pages look and whether everybody can use them: three widths, both themes, judged by axe; pictures are kept as build output.</summary>
public sealed class ConsoleLookTests
{
    internal static readonly string Axe = Path.Combine(HouseTests.Root, "tools", "console", "node_modules", "axe-core", "axe.min.js");
    private static readonly string Pictures = Path.Combine(HouseTests.Root, "artifacts", "console");

    [Fact]
    public async Task No_page_breaks_a_rule_of_access_at_any_width_in_any_theme()
    {
        if (!File.Exists(Axe) && Environment.GetEnvironmentVariable("CI") is null)
            Assert.Skip("axe-core is not installed; run npm ci in tools/console.");
        await using var browser = await ConsoleBrowser.StartAsync();
        await using var host = await ConsoleJourneyTests.StartAsync();
        var mail = await host.DeliverAndDecideAsync(host.Mail("When are you open?\r\n\r\nOn Monday, Bob wrote:\r\n> We have moved.", subject: "Opening hours"));
        await host.DeliverAndDecideAsync(host.Mail("I am away.", from: "bob@robots.example", subject: "Out of office", extra: "Auto-Submitted: auto-replied"), "bob@robots.example");
        await host.DeliverAndDecideAsync(host.Mail("What does a very long subject look like on a phone?", from: "carla@customer.example", subject: "A question about something that has a rather long name and goes on for a while"), "carla@customer.example");
        await JudgeAsync(browser, new(host.Http, "/console/sign-in"), "sign-in");
        await browser.OpenAsync(await ConsoleJourneyTests.LinkAsync(host));
        await JudgeAsync(browser, null, "link");
        await browser.ClickAsync("button.main");
        await browser.SeeAsync("ol.mails");
        foreach (var (path, name) in ((string, string)[])[("/console/inbox", "inbox"), ("/console/inbox?view=all", "all"), ("/console/inbox?view=answered", "empty"), (ConsoleDecisionTests.MessagePath(mail), "message"), ("/console/view", "view"), ("/console/factor", "factor"), ("/console/nowhere", "error")])
            await JudgeAsync(browser, new(host.Http, path), name);
    }

    /// <summary>Keeps a picture, and sees that nothing stands out of the page.</summary>
    internal static async Task FitsAsync(ConsoleBrowser browser, string name, int width, bool dark)
    {
        await browser.LookAsync(width, dark);
        await browser.PictureAsync(Path.Combine(Pictures, $"{name}-{width}-{(dark ? "dark" : "light")}.png"));
        Assert.True((bool)(await browser.EvaluateAsync("document.documentElement.scrollWidth <= innerWidth"))!, $"{name} is wider than {width}");
    }

    internal static async Task JudgeAsync(ConsoleBrowser browser, Uri? address, string name, bool brief = false)
    {
        if (address is not null)
            await browser.OpenAsync(address);
        foreach (var width in (int[])[390, 820, 1280])
            foreach (var dark in (bool[])[false, true])
            {
                await FitsAsync(browser, name, width, dark);
                // Each page as a phone shows it by day and a desk by night; the rest are pictures.
                if (brief && (width, dark) is not ((390, false) or (1280, true)))
                    continue;
                var found = await browser.EvaluateAsync(await File.ReadAllTextAsync(Axe, TestContext.Current.CancellationToken)
                    + ";axe.run({ resultTypes: ['violations'] }).then(run => run.violations.map(one => one.id + ': ' + one.nodes.map(node => node.html + ' ' + node.failureSummary).join(' | ')))");
                Assert.True(found!.AsArray().Count == 0, $"{name} at {width}, {(dark ? "dark" : "light")}: {found.ToJsonString()}");
            }
    }
}
