using System.Globalization;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Accounts;
using ReplyMint.Limits;
using ReplyMint.Replies;
using ReplyMint.Security;

namespace ReplyMint.Console;

/// <summary>What became of drafts and what people think of answers, by mailbox and day: figures, plots, and the same as a table.</summary>
internal static class QualityPages
{
    public const string Home = "/console/quality";

    private static readonly int[] Spans = [30, 90, 365];

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPages(Permission.UsageRead).Costly().Show("/quality", ShowAsync);

    private static async Task ShowAsync(PageCall call)
    {
        var (say, only) = (call.Say, call.Query("mailbox"));
        var span = Array.Find(Spans, days => days.ToString(CultureInfo.InvariantCulture) == call.Query("days")) is > 0 and var asked ? asked : Spans[0];
        var from = DateOnly.FromDateTime(call.Get<TimeProvider>().GetUtcNow().UtcDateTime).AddDays(1 - span);
        if (await call.ReadAsync<QualityReport>(QualityRoutes.ReadAsync(call.Caller, from, null, call.Get<QualityReports>(), call.Stop)) is not { } report)
            return;
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var box in await call.Get<Mailboxes>().ListAsync(call.Caller.Tenant, call.Stop))
            if (call.Caller.Sees(box.Id))
                names.Add(box.Id, box.Address);
        if (only.Length > 0 && !names.ContainsKey(only))
        {
            await call.RefuseAsync(Problem.NotFound);
            return;
        }
        var html = await call.BeginAsync(say["quality.title"], UsagePages.Place);
        html.Head(say["quality.title"]);
        UsagePages.Tabs(html, call, Home);
        SpanLinks(html, say, span, only);
        if (only.Length > 0)
            html.Add($"""<div class="head"><h2><bdi>{names[only]}</bdi></h2><a href="{Home}?days={span}">{say["quality.all"]}</a></div>""");
        var days = report.Days.Where(row => only.Length == 0 || row.Mailbox == only).ToList();
        if (days.Count == 0)
            html.Empty(say, "quality.empty");
        else
        {
            Figures(html, say, Sum(days));
            Plots(html, say, report.From, span, days);
            html.Table(say["quality.by-mailbox"], say["inbox.mailbox"], say["quality.drafted"], say["quality.alone"], say["quality.unchanged"], say["quality.distance"], say["quality.rejected"], say["thumb.up"], say["thumb.down"], say["quality.reasons"]);
            foreach (var row in report.Totals.Where(row => only.Length == 0 || row.Mailbox == only))
                Row(html, say, row, names.GetValueOrDefault(row.Mailbox, row.Mailbox), names.ContainsKey(row.Mailbox) && only.Length == 0 ? $"{Home}?days={span}&mailbox={row.Mailbox}" : "");
            html.EndTable();
        }
        html.Add($"""<p class="muted">{say["quality.note"]}</p>""");
        await call.ShowAsync(html);
    }

    private static void SpanLinks(Html html, Speech say, int current, string only)
    {
        html.Add($"""<nav class="acts" aria-label="{say["quality.span"]}">""");
        foreach (var span in Spans)
            if (span == current)
                html.Add($"""<strong aria-current="page">{say["quality.days", span]}</strong> """);
            else
                html.Add($"""<a class="button" href="{Home}?days={span}&mailbox={only}">{say["quality.days", span]}</a> """);
        html.Add($"""</nav>""");
    }

    private static void Figures(Html html, Speech say, QualityRow all)
    {
        html.Add($"""<dl class="figures">""");
        html.Figure(say["quality.drafted"], all.Drafted.Text());
        html.Figure(say["quality.alone"], Share(all.SentAlone, all.Drafted));
        html.Figure(say["quality.held"], Share(all.Drafted - all.SentAlone, all.Drafted));
        html.Figure(say["quality.unchanged"], Share(all.Unchanged, all.Unchanged + all.Edited));
        html.Figure(say["quality.distance"], Percent(all.EditDistance));
        html.Figure(say["thumb.up"], Share(all.ThumbsUp, all.ThumbsUp + all.ThumbsDown));
        html.Add($"""</dl>""");
    }

    private static void Plots(Html html, Speech say, DateOnly from, int span, List<QualityRow> days)
    {
        // A year by weeks: a day would be a hair.
        var size = span > 100 ? 7 : 1;
        var (drafts, edits) = (new List<PlotBar>(), new List<PlotBar>());
        var count = (span + size - 1) / size;
        for (var i = 0; i < count; i++)
        {
            var (begin, end) = (from.AddDays(i * size), from.AddDays((i + 1) * size));
            var sum = Sum(days.Where(row => row.Date >= begin && row.Date < end));
            var (day, held, changed) = (begin.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), sum.Drafted - sum.SentAlone, (long)Math.Round((sum.EditDistance ?? 0) * 100));
            var label = i % ((count + 5) / 6) == 0 ? day[5..] : "";
            drafts.Add(new(label, $"{day}: {sum.SentAlone} {say["quality.alone"]}, {held} {say["quality.held"]}", sum.SentAlone, held));
            edits.Add(new(label, $"{day}: {Percent(sum.EditDistance)}", changed));
        }
        html.Add($"""<div class="pair"><section class="card"><h2>{say["quality.drafts"]}</h2>""");
        html.Legend(say["quality.alone"], say["quality.held"]);
        html.Bars(say["quality.drafts"], drafts);
        html.Add($"""</section><section class="card"><h2>{say["quality.distance"]}</h2><p class="muted">{say["quality.distance-what"]}</p>""");
        html.Bars(say["quality.distance"], edits, 100, " %");
        html.Add($"""</section></div>""");
    }

    private static void Row(Html html, Speech say, QualityRow row, string name, string link)
    {
        html.Add($"""<tr><th scope="row">""");
        if (link.Length > 0)
            html.Add($"""<a href="{link}"><bdi>{name}</bdi></a>""");
        else
            html.Add($"""<bdi>{name}</bdi>""");
        html.Add($"""</th><td class="number">{row.Drafted.Text()}</td><td class="number">{row.SentAlone.Text()}</td><td class="number">{row.Unchanged.Text()}</td><td class="number">{Percent(row.EditDistance)}</td><td class="number">{row.Rejected.Text()}</td><td class="number">{row.ThumbsUp.Text()}</td><td class="number">{row.ThumbsDown.Text()}</td><td>""");
        foreach (var (reason, times) in row.Reasons)
            html.Add($"""<div>{say["thumb.reason." + reason]}: {times}</div>""");
        html.Add($"""</td></tr>""");
    }

    /// <summary>Of several mailboxes and days; a distance counts as often as a draft was approved.</summary>
    private static QualityRow Sum(IEnumerable<QualityRow> rows)
    {
        var (sum, distance) = (new QualityRow("", null, 0, 0, 0, 0, 0, 0, 0, 0, null, new Dictionary<string, long>()), 0.0);
        foreach (var row in rows)
        {
            distance += (row.EditDistance ?? 0) * (row.Unchanged + row.Edited);
            sum = sum with
            {
                Drafted = sum.Drafted + row.Drafted, SentAlone = sum.SentAlone + row.SentAlone, Unchanged = sum.Unchanged + row.Unchanged, Edited = sum.Edited + row.Edited,
                ThumbsUp = sum.ThumbsUp + row.ThumbsUp, ThumbsDown = sum.ThumbsDown + row.ThumbsDown,
            };
        }
        return sum.Unchanged + sum.Edited is > 0 and var approved ? sum with { EditDistance = distance / approved } : sum;
    }

    private static string Share(long part, long of) => Percent(of == 0 ? null : (double)part / of);

    private static string Percent(double? share) => share is { } known ? Math.Round(known * 100).ToString(CultureInfo.InvariantCulture) + " %" : "–";
}
