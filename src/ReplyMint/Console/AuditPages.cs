using Microsoft.AspNetCore.Routing;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Limits;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Console;

/// <summary>Who did what, the newest first, and whether the log is whole.</summary>
internal static class AuditPages
{
    public const string Home = "/console/audit";

    private const int PageSize = 100;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPages(Permission.AuditRead).Show("/audit", ShowAsync);
        routes.MapPages(Permission.AuditRead).Costly().Show("/audit/verify", VerifyAsync);
    }

    private static async Task ShowAsync(PageCall call)
    {
        var say = call.Say;
        var (act, actor) = (Token(call.Query("act")), Token(call.Query("actor")));
        var query = new AuditQuery(actor, act, null, null, null);
        var (lines, next) = await AuditRoutes.PageAsync(call.Get<IStore>(), call.Get<AuditLog>(), call.Caller.Tenant, query, PageSize, IdAttribute.IsId(call.Query("after")) ? call.Query("after") : null, call.Stop);
        var html = await SafetyPages.BeginAsync(call, Home);
        html.Add($"""
            <form class="filters" action="{Home}">
            <p><label for="act">{say["audit.act"]}</label><input id="act" name="act" value="{act}" maxlength="64" placeholder="draft." spellcheck="false" aria-describedby="act-help"></p>
            <p><label for="actor">{say["audit.by"]}</label><input id="actor" name="actor" value="{actor}" maxlength="64" spellcheck="false"></p>
            <button>{say["inbox.look"]}</button> <a class="button" href="{Home}/verify">{say["audit.verify"]}</a></form>
            <p class="muted" id="act-help">{say["audit.act-help"]}</p>
            """);
        if (lines.Count == 0)
            html.Empty(say, "audit.empty");
        else
        {
            var names = new Dictionary<string, string>(StringComparer.Ordinal);
            html.Table(say["audit.title"], say["plan.when"], say["audit.by"], say["audit.act"], say["audit.of"]);
            foreach (var line in lines)
            {
                html.Add($"""<tr><td>""");
                html.Time(call, line.At);
                html.Add($"""</td><td>""");
                if (!names.TryGetValue(line.Actor, out var name))
                    names[line.Actor] = name = await NameAsync(call, line.Actor);
                html.Add($"""<bdi>{name}</bdi><div class="muted">{line.Network}</div></td><td><code>{line.Act}</code></td><td><code>{line.Target}</code>""");
                foreach (var (key, value) in line.Details ?? new Dictionary<string, string>())
                    html.Add($"""<div class="muted">{key}: {value}</div>""");
                html.Add($"""</td></tr>""");
            }
            html.EndTable();
        }
        if (next is not null)
            html.Add($"""<p><a class="button" rel="next" href="{Home}?act={Uri.EscapeDataString(act ?? "")}&amp;actor={Uri.EscapeDataString(actor ?? "")}&amp;after={next}">{say["inbox.more"]}</a></p>""");
        await call.ShowAsync(html);
    }

    /// <summary>Somebody is named only to those who see who belongs to the organisation.</summary>
    private static async ValueTask<string> NameAsync(PageCall call, string actor) =>
        call.May(Permission.MembersRead) && IdAttribute.IsId(actor) && await call.Get<Members>().GetAsync(call.Caller.Tenant, actor, call.Stop) is not null
            && await call.Get<Users>().FindAsync(actor, call.Stop) is { } user ? user.Address : actor;

    private static async Task VerifyAsync(PageCall call)
    {
        var say = call.Say;
        var verdict = await call.Get<AuditVerifier>().LookAsync(call.Caller.Tenant, call.Stop);
        var html = await call.BeginAsync(say["audit.verify"], SafetyPages.Place);
        html.Add($"""<p><a href="{Home}">{say["audit.title"]}</a></p><h1>{say["audit.verify"]}</h1>""");
        html.Add($"""
            <section class="{(verdict.Whole ? "card" : "card alarm")}"><p><span class="{(verdict.Whole ? "chip good" : "chip bad")}">{say[verdict.Whole ? "audit.whole" : "audit.broken"]}</span></p>
            <p lang="en">{verdict.Says}</p>
            <dl class="facts"><dt>{say["audit.entries"]}</dt><dd>{verdict.Entries.Text()}</dd><dt>{say["audit.up-to"]}</dt><dd>{say.Of(verdict.CompleteUpTo)}</dd></dl></section>
            """);
        await call.ShowAsync(html);
    }

    private static string? Token(string text) => text.Length is > 0 and <= 64 ? text : null;
}
