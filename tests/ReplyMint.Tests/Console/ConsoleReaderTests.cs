using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Billing;
using ReplyMint.Outbound;
using ReplyMint.Security;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Console;

/// <summary>Each page as those hear it who don't see it, by the browser's own tree of access; and as those go through it who have no mouse.</summary>
public sealed partial class ConsoleReaderTests
{
    private static readonly string Style = File.ReadAllText(Path.Combine(HouseTests.Root, "src", "ReplyMint", "Console", "Assets", "console.css"));
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    /// <summary>What says itself where it stands: a name for each landmark, one first heading, none left out, and no two things to press that sound alike.</summary>
    [Fact]
    public async Task Every_page_can_be_heard_and_gone_through()
    {
        await using var browser = await ConsoleBrowser.StartAsync();
        await using var host = await StartAsync();
        await browser.ComeInAsync(host);
        await browser.AskAsync("Accessibility.enable");
        await browser.LookAsync(1280, dark: false);
        var (wrong, stops) = (new List<string>(), 0);
        foreach (var path in await PagesAsync(host))
        {
            await browser.OpenAsync(new(host.Http, path));
            await browser.SeeAsync("footer");
            wrong.AddRange((await HeardAsync(browser)).Select(what => $"{path}: {what}"));
            stops += await GoThroughAsync(browser, path, wrong);
        }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.True(stops > 500, $"{stops}");
    }

    /// <summary>A told line is there for who hears it before it says anything.</summary>
    [Fact]
    public async Task What_comes_is_said_aloud_and_a_page_that_keys_go_through_stays()
    {
        await using var browser = await ConsoleBrowser.StartAsync();
        await using var host = await StartAsync();
        await browser.ComeInAsync(host);
        await browser.PrepareAsync("window.EventSource = class extends EventTarget { constructor() { super(); window.live = this; } };");
        await browser.OpenAsync(new(host.Http, "/console/inbox"));
        await browser.SeeAsync("#live[role=status] p[hidden]");
        await browser.SeeAsync("#show-keys:not([hidden])");
        await browser.KeyAsync("k");
        await browser.SeeAsync("ol.mails a:focus");
        await browser.EvaluateAsync("document.activeElement.blur(); window.same = true; live.dispatchEvent(new Event('inbox'))");
        await browser.SeeAsync("#live p:not([hidden]) a");
        Assert.True((bool)(await browser.EvaluateAsync("window.same === true"))!);

        // Back from a mail the list is as it was left, at the mail.
        await browser.OpenAsync(new(host.Http, "/console/inbox?view=all"));
        await browser.SeeAsync("#show-keys:not([hidden])");
        await browser.KeyAsync("j");
        await browser.KeyAsync("j");
        var at = (string)(await browser.EvaluateAsync("document.activeElement.id"))!;
        await browser.KeyAsync("Enter");
        await browser.SeeAsync("a[data-key=u][href*='view=all']");
        await browser.KeyAsync("u");
        await browser.SeeAsync($"ol.mails a[id='{at}']:target");
        Assert.Equal("?view=all", (string)(await browser.EvaluateAsync("location.search"))!);
    }

    [Fact]
    public async Task Nothing_moves_for_who_wants_that_and_forced_colours_leave_what_is_chosen_in_sight()
    {
        // Outside of the one place that asks first nothing moves at all.
        Assert.DoesNotMatch("transition|animation|@keyframes|scroll-behavior", StillStyle().Replace(Style, ""));
        await using var browser = await ConsoleBrowser.StartAsync();
        await using var host = await StartAsync();
        await browser.ComeInAsync(host);
        await browser.OpenAsync(new(host.Http, "/console/plan"));
        await browser.SeeAsync("svg .track");
        async Task<string> OfAsync(string feature, string value, string selector, string property)
        {
            await browser.AskAsync("Emulation.setEmulatedMedia", new() { ["features"] = new JsonArray(new JsonObject { ["name"] = feature, ["value"] = value }) });
            return (string)(await browser.EvaluateAsync($"getComputedStyle(document.querySelector(\"{selector}\")).getPropertyValue('{property}')"))!;
        }
        // Once its style is there.
        await ProductHost.EventuallyAsync(async () => await OfAsync("prefers-reduced-motion", "no-preference", "button", "transition-duration") == "0.12s" ? "moves" : null);
        Assert.Equal("0.12s", await OfAsync("prefers-reduced-motion", "no-preference", "button", "transition-duration"));
        Assert.Equal("0s", await OfAsync("prefers-reduced-motion", "reduce", "button", "transition-duration"));
        var chosen = await OfAsync("forced-colors", "active", "nav [aria-current]", "background-color");
        Assert.NotEqual(chosen, await OfAsync("forced-colors", "active", "nav a:not([aria-current])", "background-color"));
        // A bar of which nothing is used is still a bar, by day and by night.
        foreach (var theme in (string[])["light", "dark"])
            Assert.True(Contrast(await OfAsync("prefers-color-scheme", theme, "svg .track", "stroke"), await OfAsync("prefers-color-scheme", theme, "section.card", "background-color")) >= 3, theme);
    }

    private static async Task<ProductHost> StartAsync()
    {
        var host = await ProductHost.StartAsync(m => m with { Mode = MailboxMode.Draft }, knowledge: ConsoleJourneyTests.Knowledge);
        await host.Get<PlanDesk>().SetAsync(host.Tenant.Id, "trial", Actor.Machine, Ct);
        await ConsoleGuideTests.LookAsync(host);
        await host.DeliverAndDecideAsync(host.Mail("When are you open?", subject: "Opening hours"));
        await host.DeliverAndDecideAsync(host.Mail("Do you repair old violins from Cremona?"));
        await ConsoleOutboxTests.PutAsync(host, "o1", OutboxState.Uncertain);
        await ConsoleOutboxTests.PutAsync(host, "o2", OutboxState.Dead);
        return host;
    }

    private static async Task<IReadOnlyList<string>> PagesAsync(ProductHost host)
    {
        var box = "/console/mailboxes/" + host.Mailbox.Id;
        var mail = (await host.ListAsync())[0];
        return
        [
            "/console/inbox", "/console/inbox?view=answered", ConsoleDecisionTests.MessagePath(mail), "/console/threads/" + mail.Record.Thread, "/console/knowledge", "/console/knowledge/missing", "/console/knowledge/add", "/console/mailboxes", box, box + "/settings", box + "/rules",
            box + "/schedule", box + "/way-in", box + "/way-out", box + "/shadow", "/console/mailboxes/add", "/console/people", "/console/people/invite", "/console/keys", "/console/keys/add", "/console/sessions", "/console/factors", "/console/usage", "/console/quality",
            "/console/plan", "/console/privacy", "/console/privacy/basis", "/console/privacy/consents", "/console/safety", "/console/outbox", "/console/audit", "/console/guide", "/console/view", "/console/inbox/nothing",
        ];
    }

    /// <summary>What is wrong with the page as it is heard.</summary>
    private static async Task<IReadOnlyList<string>> HeardAsync(ConsoleBrowser browser)
    {
        var nodes = (await browser.AskAsync("Accessibility.getFullAXTree"))["nodes"]!.AsArray().Where(node => node!["ignored"]?.GetValue<bool>() != true)
            .Select(node => (Role: (string?)node!["role"]?["value"] ?? "", Name: ((string?)node["name"]?["value"] ?? "").Trim(), Level: node["properties"]?.AsArray().FirstOrDefault(one => (string)one!["name"]! == "level")?["value"]?["value"]?.GetValue<int>() ?? 0)).ToList();
        var wrong = new List<string>();
        foreach (var only in (string[])["main", "banner", "contentinfo"])
            if (nodes.Count(node => node.Role == only) != 1)
                wrong.Add($"{nodes.Count(node => node.Role == only)} {only}");
        foreach (var role in (string[])["navigation", "region", "search"])
            wrong.AddRange(nodes.Where(node => node.Role == role).GroupBy(node => node.Name).Where(same => same.Count() > 1 || (same.Key.Length == 0 && role != "search")).Select(same => $"{role} \"{same.Key}\" {same.Count()} times"));
        var levels = nodes.Where(node => node.Role == "heading").Select(node => node.Level).ToList();
        if (levels.Count(level => level == 1) != 1 || levels[0] != 1 || levels.Zip(levels.Skip(1)).Any(two => two.Second > two.First + 1))
            wrong.Add("headings " + string.Join(' ', levels));
        foreach (var role in (string[])["button", "link", "textbox", "searchbox", "combobox", "checkbox", "radio", "spinbutton", "heading", "image"])
            wrong.AddRange(nodes.Where(node => node.Role == role && node.Name.Length == 0).Select(_ => $"a {role} without a name"));
        // Heard one by one, without what stands around them; a way on at the end of each of several forms may sound like the others.
        wrong.AddRange(nodes.Where(node => node.Role == "button").GroupBy(node => node.Name).Where(same => same.Count() > 1 && !Alike.Contains(same.Key)).Select(same => $"{same.Count()} buttons \"{same.Key}\""));
        return wrong;
    }

    /// <summary>Ends of forms, each of which has a heading of its own; and what the browser itself puts into each field for a time.</summary>
    private static readonly string[] Alike = ["Add knowledge", "Take this way", "Show time picker Show time picker"];

    /// <summary>Goes from stop to stop as the keys do; tells where the way leads back up, or nothing shows where one is.</summary>
    private static async Task<int> GoThroughAsync(ConsoleBrowser browser, string path, List<string> wrong)
    {
        const string Look = """
            (() => {
              const at = document.activeElement, box = at.getBoundingClientRect(), parts = at.matches("input[type=date], input[type=time]"), seen = parts || [at, at.closest("li")].some(one => one && getComputedStyle(one).outlineStyle !== "none" && parseFloat(getComputedStyle(one).outlineWidth) >= 2);
              return at === document.body ? null : { name: at.outerHTML.slice(0, 90), seen, main: !!at.closest("main"), top: box.top + scrollY, bottom: box.bottom + scrollY, left: box.left, right: box.right };
            })()
            """;
        static double Of(JsonNode node, string side) => node[side]!.GetValue<double>();
        var stops = new List<JsonNode>();
        while (true)
        {
            await browser.KeyAsync("Tab");
            if (await browser.EvaluateAsync(Look) is not { } now || stops.Count > 120)
                return stops.Count;
            if (!(bool)now["seen"]!)
                wrong.Add($"{path}: nothing shows that the keys are at {now["name"]}");
            // Upwards only into a column further right.
            if (stops.LastOrDefault() is { } before && (bool)now["main"]! && (bool)before["main"]! && Of(now, "bottom") <= Of(before, "top") && Of(now, "left") < Of(before, "right"))
                wrong.Add($"{path}: from {before["name"]} up to {now["name"]}");
            stops.Add(now);
        }
    }

    /// <summary>As WCAG counts it.</summary>
    private static double Contrast(string one, string other)
    {
        static double Light(string colour)
        {
            var parts = Number().Matches(colour).Take(3).Select(part => double.Parse(part.Value, System.Globalization.CultureInfo.InvariantCulture) / 255).Select(part => part <= 0.04045 ? part / 12.92 : Math.Pow((part + 0.055) / 1.055, 2.4)).ToArray();
            return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
        }
        var (a, b) = (Light(one), Light(other));
        return (Math.Max(a, b) + 0.05) / (Math.Min(a, b) + 0.05);
    }

    [GeneratedRegex(@"@media \(prefers-reduced-motion: no-preference\) \{.*\}")]
    private static partial Regex StillStyle();

    [GeneratedRegex(@"\d+(\.\d+)?")]
    private static partial Regex Number();
}
