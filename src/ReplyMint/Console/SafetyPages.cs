using Microsoft.AspNetCore.Routing;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Incidents;
using ReplyMint.Limits;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Console;

/// <summary>What somebody should look at, and the big red switch: an administrator's for his organisation, an operator's for all.</summary>
internal static class SafetyPages
{
    public const string Place = "safety";
    public const string Home = "/console/safety";

    private const int PageSize = 50;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPages(Permission.AlertsRead).Show("/safety", ShowAsync);
        routes.MapPages(Permission.AlertsWrite).Act("/safety/alerts/{id}", call => call.DoAsync(null, () => AlertRoutes.AcknowledgeAsync(call.Caller, call.Id(), call.Get<Alerts>(), call.Stop), Home + "?done=acknowledged"));
        // An operator's tenant is the installation, and he has no right to any tenant's settings.
        var own = routes.MapPages(Permission.SettingsWrite);
        own.Show("/safety/stop", call => AskAsync(call, "safety.stop-own-what", Home + "/stop"));
        own.Act("/safety/stop", call => SwitchAsync(call, stop: true));
        own.Act("/safety/start", call => SwitchAsync(call, stop: false));
        var all = routes.MapPages(Permission.IncidentsWrite);
        all.Show("/safety/stop-all", call => AskAsync(call, "safety.stop-all-what", Home + "/stop-all"));
        all.Act("/safety/stop-all", call => SwitchAllAsync(call, stop: true));
        all.Act("/safety/start-all", call => SwitchAllAsync(call, stop: false));
    }

    public static async Task<Html> BeginAsync(PageCall call, string current)
    {
        var say = call.Say;
        var html = await call.BeginAsync(say["safety.title"], Place);
        html.Head(say["safety.title"]);
        var tabs = new List<(string, string)> { (Home, say["safety.alerts"]) };
        if (call.May(Permission.MessagesWrite))
            tabs.Add((OutboxPages.Home, say["outbox.title"]));
        if (call.May(Permission.IncidentsRead))
            tabs.Add((IncidentPages.Home, say["incident.title"]));
        if (call.May(Permission.AuditRead))
        {
            tabs.Add((AuditPages.Home, say["audit.title"]));
            tabs.Add((GuidePages.Home, say["guide.title"]));
        }
        html.Tabs(say["safety.title"], current, [.. tabs]);
        return html;
    }

    private static async Task ShowAsync(PageCall call)
    {
        var say = call.Say;
        var operates = call.Caller.Tenant == KeyRing.Installation;
        var html = await BeginAsync(call, Home);
        await SwitchCardAsync(html, call, operates);
        var (alerts, next) = await call.Get<Alerts>().PageAsync(operates ? null : call.Caller.Tenant, PageSize, IdAttribute.IsId(call.Query("after")) ? call.Query("after") : null, call.Stop);
        if (alerts.Count == 0)
            html.Empty(say, "safety.empty");
        foreach (var alert in alerts)
        {
            html.Add($"""<article class="{(alert.AcknowledgedAt is null ? "card alert" : "card")}"><p class="muted"><span class="{(alert.AcknowledgedAt is null ? "chip bad" : "chip")}">{say[alert.AcknowledgedAt is null ? "safety.new" : "safety.seen"]}</span> """);
            html.Time(call, alert.LastAt ?? alert.At);
            html.Add($""" · {alert.Kind}</p><p lang="en"><bdi>{alert.Text}</bdi></p>""");
            if (alert.Count > 1)
                html.Add($"""<p class="muted">{say["safety.count", alert.Count.Value]}</p>""");
            if (alert.Contained is { } contained)
                html.Add($"""<p><span class="chip warn">{say["safety.contained", contained]}</span></p>""");
            if (alert.AcknowledgedAt is null && call.May(Permission.AlertsWrite))
                html.Button(call, $"{Home}/alerts/{alert.Id}", say["safety.acknowledge"], of: alert.Kind);
            html.Add($"""</article>""");
        }
        if (next is not null)
            html.Add($"""<p><a class="button" rel="next" href="{Home}?after={next}">{say["inbox.more"]}</a></p>""");
        await call.ShowAsync(html);
    }

    private static async Task SwitchCardAsync(Html html, PageCall call, bool operates)
    {
        var (say, switches) = (call.Say, call.Get<Switches>());
        var all = await switches.ReadAsync(KeyRing.Installation, null, call.Stop);
        var own = operates ? all : await switches.ReadAsync(call.Caller.Tenant, null, call.Stop);
        var stopped = all.Stopped || own.Stopped;
        html.Add($"""<section class="{(stopped ? "card alarm" : "card")}"><h2>{say[all.Stopped ? "safety.all-stopped" : own.Contained ? "safety.own-contained" : own.Stopped ? "safety.own-stopped" : "safety.running"]}</h2><p>{say[stopped ? "safety.stopped-what" : "safety.running-what"]}</p>""");
        // What an operator stopped for all, or isolated, an administrator doesn't start.
        if (operates && call.May(Permission.IncidentsWrite))
            SwitchButton(html, call, all.Stopped, Home + "/stop-all", Home + "/start-all", say["safety.stop-all"]);
        else if (!operates && call.May(Permission.SettingsWrite) && !own.Contained)
            SwitchButton(html, call, own.Stopped, Home + "/stop", Home + "/start", say["safety.stop-own"]);
        html.Add($"""</section>""");
    }

    private static void SwitchButton(Html html, PageCall call, bool stopped, string stop, string start, string label)
    {
        if (stopped)
            html.Button(call, start, call.Say["safety.start"], "main");
        else
            html.Add($"""<p><a class="button stop" href="{stop}">{label}</a></p>""");
    }

    private static Task AskAsync(PageCall call, string what, string action) => call.ConfirmAsync(Place, call.Say["safety.stop"], call.Say["safety.sure"], call.Say[what], action, Home);

    private static async Task SwitchAsync(PageCall call, bool stop)
    {
        await call.Get<SwitchDesk>().SetAsync(call.Caller.Tenant, null, stop, "", Actor.Of(call.Caller), call.Stop);
        await call.GoAsync(Home + (stop ? "?done=stopped" : "?done=started"));
    }

    private static Task SwitchAllAsync(PageCall call, bool stop)
    {
        var wish = new ContainmentWish(ContainedThing.Sending);
        return call.DoAsync(wish, () => stop ? IncidentActRoutes.ContainAsync(call.Caller, wish, call.Get<ContainmentDesk>(), call.Stop) : IncidentActRoutes.ReleaseAsync(call.Caller, wish, call.Get<ContainmentDesk>(), call.Stop),
            Home + (stop ? "?done=stopped" : "?done=started"));
    }
}
