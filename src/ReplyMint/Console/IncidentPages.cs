using Microsoft.AspNetCore.Routing;
using ReplyMint.Incidents;
using ReplyMint.Limits;
using ReplyMint.Security;

namespace ReplyMint.Console;

/// <summary>An operator's incidents with their timelines, and what is isolated just now.</summary>
internal static class IncidentPages
{
    public const string Home = "/console/incidents";

    private const int PageSize = 50;
    // More of a timeline stands in the bundle of evidence.
    private const int MostLines = 1_000;
    private const int UsualDays = 14;

    public static void Map(IEndpointRouteBuilder routes)
    {
        var read = routes.MapPages(Permission.IncidentsRead);
        read.Show("/incidents", ShowAsync);
        read.Show("/incidents/{id}", ShowOneAsync);
        var write = routes.MapPages(Permission.IncidentsWrite);
        write.Act("/incidents", call =>
        {
            var wish = new NewIncident(call.Field("text"));
            return call.DoAsync(wish, () => IncidentRoutes.OpenAsync(call.Caller, wish, call.Get<IncidentBook>(), call.Stop), Home + "?done=incident-opened");
        });
        write.Act("/incidents/{id}/notes", call =>
        {
            var wish = new IncidentNote(call.Field("text"));
            return call.DoAsync(wish, () => IncidentRoutes.NoteAsync(call.Caller, call.Id(), wish, call.Get<IncidentBook>(), call.Stop), $"{Home}/{call.Id()}?done=saved");
        });
        write.Act("/incidents/{id}/close", call =>
        {
            var wish = new IncidentClosing(call.Field("left").Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries), call.Number("days"));
            return call.DoAsync(wish, () => IncidentRoutes.CloseAsync(call.Caller, call.Id(), wish, call.Get<IncidentBook>(), call.Get<TimeProvider>(), call.Stop), $"{Home}/{call.Id()}?done=incident-closed");
        });
        write.Act("/incidents/release", call => WireWord.Find<ContainedThing>(call.Field("kind")) is not { } kind ? call.RefuseAsync(Problem.NotFound) : ReleaseAsync(call, kind));
    }

    private static Task ReleaseAsync(PageCall call, ContainedThing kind)
    {
        var wish = new ContainmentWish(kind, call.Filled("of"), call.Filled("tenant"));
        return call.DoAsync(wish, () => IncidentActRoutes.ReleaseAsync(call.Caller, wish, call.Get<ContainmentDesk>(), call.Stop), Home + "?done=released");
    }

    private static async Task ShowAsync(PageCall call)
    {
        var (say, may) = (call.Say, call.May(Permission.IncidentsWrite));
        var (incidents, next) = await call.Get<IncidentBook>().PageAsync(PageSize, IdAttribute.IsId(call.Query("after")) ? call.Query("after") : null, call.Stop);
        var html = await SafetyPages.BeginAsync(call, Home);
        if (incidents.Count == 0)
            html.Empty(say, "incident.empty");
        else
        {
            html.Table(say["incident.title"], say["incident.what"], say["incident.opened"], say["incident.closed"]);
            foreach (var seen in incidents)
            {
                html.Add($"""<tr><th scope="row"><a href="{Home}/{seen.Incident.Id}"><bdi>{Begin(seen.Text)}</bdi></a></th><td>""");
                html.Time(call, seen.Incident.OpenedAt);
                html.Add($"""</td><td>""");
                if (seen.Incident.ClosedAt is { } closed)
                    html.Time(call, closed);
                else
                    html.Add($"""<span class="chip bad">{say["incident.open"]}</span>""");
                html.Add($"""</td></tr>""");
            }
            html.EndTable();
        }
        if (next is not null)
            html.Add($"""<p><a class="button" rel="next" href="{Home}?after={next}">{say["inbox.more"]}</a></p>""");
        var contained = await call.Get<Containments>().ListAsync(call.Stop);
        if (contained.Count > 0)
        {
            html.Add($"""<h2>{say["incident.contained"]}</h2>""");
            html.Table(say["incident.contained"], say["incident.thing"], say["people.since"], say["audit.by"], "");
            foreach (var one in contained)
            {
                html.Add($"""<tr><th scope="row">{WireWord.Of(one.Kind)} <code>{one.Id}</code></th><td>""");
                html.Time(call, one.At);
                html.Add($"""</td><td><code>{one.By}</code></td><td class="acts">""");
                if (may)
                {
                    html.Form(call, Home + "/release", "inline");
                    html.Hidden("kind", WireWord.Of(one.Kind));
                    html.Hidden("of", one.Id);
                    html.Hidden("tenant", one.Tenant ?? "");
                    html.Add($"""<button aria-label="{say["incident.release"]}: {one.Id}">{say["incident.release"]}</button></form>""");
                }
                html.Add($"""</td></tr>""");
            }
            html.EndTable();
        }
        if (may)
        {
            html.Form(call, Home, "card");
            html.Add($"""<h2>{say["incident.begin"]}</h2>""");
            html.Area("text", say["incident.what"], most: IncidentBook.MaxText, needed: true);
            html.Add($"""<button class="main">{say["incident.begin"]}</button></form>""");
        }
        await call.ShowAsync(html);
    }

    private static async Task ShowOneAsync(PageCall call)
    {
        if (call.Id() is not { Length: > 0 } id || await call.Get<IncidentBook>().FindAsync(id, call.Stop) is not { } seen)
        {
            await call.RefuseAsync(Problem.NotFound);
            return;
        }
        var say = call.Say;
        var html = await call.BeginAsync(say["incident.title"], SafetyPages.Place);
        html.Add($"""<p><a href="{Home}">{say["incident.title"]}</a></p><h1><bdi>{Begin(seen.Text)}</bdi></h1><p class="lines"><bdi>{seen.Text}</bdi></p>""");
        html.Table(say["incident.timeline"], say["plan.when"], say["audit.act"], say["audit.by"]);
        var lines = 0;
        await foreach (var (line, note) in call.Get<IncidentBook>().TimelineAsync(id, call.Stop))
        {
            if (lines++ == MostLines)
                break;
            html.Add($"""<tr><td>""");
            html.Time(call, line.At);
            html.Add($"""</td><td>{line.Act} <code>{line.Target}</code><div class="lines"><bdi>{note}</bdi></div></td><td><code>{line.By}</code></td></tr>""");
        }
        html.EndTable();
        if (call.May(Permission.IncidentsWrite) && seen.Incident.ClosedAt is null)
        {
            html.Add($"""<div class="pair">""");
            html.Form(call, $"{Home}/{id}/notes", "card");
            html.Area("text", say["incident.note"], most: Audit.Records.MaxNote, needed: true);
            html.Add($"""<button class="main">{say["view.keep"]}</button></form>""");
            html.Form(call, $"{Home}/{id}/close", "card");
            html.Area("left", say["incident.left"], help: say["incident.left-help"]);
            html.Number("days", say["incident.days"], UsualDays, 1, Audit.RecordSettings.MostDays);
            html.Add($"""<button class="bad">{say["incident.close"]}</button></form></div>""");
        }
        await call.ShowAsync(html);
    }

    private static string Begin(string text) => text.ReplaceLineEndings("\n").Split('\n')[0] is { Length: > 100 } line ? line[..100] + "…" : text.ReplaceLineEndings("\n").Split('\n')[0];
}
