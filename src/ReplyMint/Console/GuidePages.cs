using Microsoft.AspNetCore.Routing;
using ReplyMint.Guide;
using ReplyMint.Security;

namespace ReplyMint.Console;

/// <summary>What the server found of its own security when it looked last: what fails first, with what to do; and how to look at what it can't see of itself.</summary>
internal static class GuidePages
{
    public const string Home = "/console/guide";

    /// <summary>In the order of how much somebody should look.</summary>
    private static readonly string[] Verdicts = ["fail", "warn", "not checked", "pass", "not applicable"];

    /// <summary>Looks that are a command's, since the server has neither an outside nor the files, and does not act by itself.</summary>
    private static readonly (Look Look, string Command)[] Others =
    [
        (Look.Live, "replymint guide --url https://NAME"), (Look.Rehearse, "replymint guide --rehearse"),
        (Look.Template, "replymint guide --look template --template FILE"), (Look.Repo, "replymint guide --look repo --repo FOLDER"),
    ];

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPages(Permission.AuditRead).Show("/guide", ShowAsync);

    private static async Task ShowAsync(PageCall call)
    {
        if (await call.ReadAsync<GuideAnswer>(GuideFeature.GetAsync(call.Caller, call.Get<GuideBook>(), call.Stop)) is not { } guide)
            return;
        var say = call.Say;
        var html = await SafetyPages.BeginAsync(call, Home);
        html.Add($"""<p>{say["guide.what"]}</p>""");
        if (guide.At is { } at)
        {
            html.Add($"""<p class="muted">{say["guide.looked"]} """);
            html.Time(call, at);
            html.Add($""" · {guide.Version}</p><dl class="figures">""");
            foreach (var verdict in Verdicts)
                html.Figure(Word(say, verdict), ((long)guide.Controls.Count(control => control.Verdict == verdict)).Text());
            html.Add($"""</dl>""");
            var open = guide.Controls.Where(control => control.Remedy is not null).OrderBy(control => Array.IndexOf(Verdicts, control.Verdict)).ToList();
            foreach (var control in open)
                Open(html, say, control);
            if (open.Count == 0)
                html.Add($"""<p class="card told">{say["guide.all-hold"]}</p>""");
            Rest(html, say, guide);
        }
        else
            html.Empty(say, "guide.empty");
        Commands(html, say);
        await call.ShowAsync(html);
    }

    private static void Open(Html html, Speech say, GuideControlAnswer control)
    {
        var words = GuideWords.Of(say, control);
        html.Add($"""<article class="card alert"><p class="muted"><span class="{Chip(control.Verdict)}">{Word(say, control.Verdict)}</span> {control.Id}</p><div lang="{words.Language}"><h2>{words.Title}</h2><p>{words.Why}</p><p class="lines"><strong>{words.Remedy}</strong></p></div>""");
        Evidence(html, say, control);
        html.Add($"""</article>""");
    }

    private static void Rest(Html html, Speech say, GuideAnswer guide)
    {
        html.Table(say["guide.rest"], say["guide.verdict"], say["guide.promise"]);
        foreach (var verdict in Verdicts)
            foreach (var control in guide.Controls)
                if (control.Verdict == verdict && control.Remedy is null)
                {
                    var words = GuideWords.Of(say, control);
                    html.Add($"""<tr><td><span class="{Chip(verdict)}">{Word(say, verdict)}</span></td><th scope="row"><code>{control.Id}</code> <span lang="{words.Language}">{words.Title}</span>""");
                    Evidence(html, say, control);
                    html.Add($"""</th></tr>""");
                }
        html.EndTable();
    }

    /// <summary>Operators get it: it may name folders of the machine and other tenants.</summary>
    private static void Evidence(Html html, Speech say, GuideControlAnswer control)
    {
        if (control.Evidence is not { Count: > 0 } seen)
            return;
        html.Add($"""<details><summary>{say["guide.evidence"]}</summary><ul lang="en">""");
        foreach (var one in seen)
            html.Add($"""<li><bdi>{one}</bdi></li>""");
        html.Add($"""</ul></details>""");
    }

    private static void Commands(Html html, Speech say)
    {
        html.Add($"""<section class="card"><h2>{say["guide.more"]}</h2><p>{say["guide.more-what"]}</p><dl class="facts">""");
        foreach (var (look, command) in Others)
            html.Add($"""<dt>{say["guide.look." + look.Name()]} ({Catalogue.All.Count(control => control.Checks.Any(check => check.Look == look && check.Missing is null))})</dt><dd><code>{command}</code></dd>""");
        html.Add($"""</dl></section>""");
    }

    private static string Word(Speech say, string verdict) => say["guide.verdict." + verdict.Replace(' ', '-')];

    private static string Chip(string verdict) => verdict switch { "fail" => "chip bad", "warn" => "chip warn", "pass" => "chip good", _ => "chip" };
}
