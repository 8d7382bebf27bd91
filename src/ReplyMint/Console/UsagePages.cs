using System.Globalization;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Limits;
using ReplyMint.Security;

namespace ReplyMint.Console;

/// <summary>What the organisation used, by month: figures, a plot, and the same as a table for those who don't see it.</summary>
internal static class UsagePages
{
    private const string Home = "/console/usage";
    private const int Width = 960;
    private const int Height = 220;
    private const int Foot = 24;

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPages(Permission.UsageRead).Costly().Show("/usage", ShowAsync);

    private static async Task ShowAsync(PageCall call)
    {
        var say = call.Say;
        var today = DateOnly.FromDateTime(call.Get<TimeProvider>().GetUtcNow().UtcDateTime);
        var month = DateOnly.TryParseExact(call.Query("month") + "-01", "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var asked) ? asked : new DateOnly(today.Year, today.Month, 1);
        var (report, wrong) = await call.Get<UsageReports>().ReadAsync(call.Caller.Tenant, month, month.AddMonths(1).AddDays(-1) is var end && end < today ? end : today, call.Stop, flush: false);
        if (report is null)
        {
            await call.RefuseAsync(wrong is { } what ? Problem.Of(what.Member, what.What) : Problem.NotFound);
            return;
        }
        var html = await call.BeginAsync(say["usage.title"], "usage");
        html.Head(say["usage.title"]);
        html.Add($"""<nav class="acts" aria-label="{say["usage.month"]}"><a class="button" href="{Home}?month={Name(month.AddMonths(-1))}" rel="prev">{Name(month.AddMonths(-1))}</a> <strong aria-current="page">{Name(month)}</strong>""");
        if (month.AddMonths(1) <= today)
            html.Add($""" <a class="button" href="{Home}?month={Name(month.AddMonths(1))}" rel="next">{Name(month.AddMonths(1))}</a>""");
        html.Add($"""</nav><dl class="figures gap">""");
        html.Figure(say["usage.replies"], report.Replies.Text());
        html.Figure(say["usage.calls"], report.Calls.Text());
        html.Figure(say["usage.cost"], Money(report.CostMillionths));
        html.Figure(say["usage.per-reply"], Money(report.CostPerReplyMillionths));
        html.Add($"""</dl>""");
        if (report.Days.Count == 0)
            html.Empty(say, "usage.empty");
        else
        {
            html.Add($"""<section class="card"><h2>{say["usage.by-day"]}</h2>""");
            Plot(html, say["usage.by-day"], month, report.Days);
            html.Add($"""</section>""");
            html.Table(say["usage.by-day"], say["usage.day"], say["usage.replies"], say["usage.calls"], say["usage.cost"]);
            foreach (var day in report.Days)
                html.Add($"""<tr><th scope="row">{Name(day.Date) + day.Date.ToString("-dd", CultureInfo.InvariantCulture)}</th><td class="number">{day.Replies.Text()}</td><td class="number">{day.Calls.Text()}</td><td class="number">{Money(day.CostMillionths)}</td></tr>""");
            html.EndTable();
        }
        html.Add($"""<p class="muted">{say["usage.note"]}</p>""");
        await call.ShowAsync(html);
    }

    /// <summary>Bars by presentation attributes alone: the page's policy allows no style of its own.</summary>
    private static void Plot(Html html, string name, DateOnly month, IReadOnlyList<UsageDay> days)
    {
        var count = DateTime.DaysInMonth(month.Year, month.Month);
        var most = Math.Max(1, days.Max(day => day.Replies));
        var (step, floor) = (Width / count, Height - Foot);
        html.Add($"""<svg class="plot" viewBox="0 0 {Width} {Height}" role="img" aria-label="{name}"><line x1="0" y1="{floor}" x2="{Width}" y2="{floor}"/><text x="0" y="12">{most.Text()}</text>""");
        foreach (var day in days)
        {
            var tall = (long)Math.Round((double)day.Replies / most * (floor - 20));
            html.Add($"""<rect x="{(day.Date.Day - 1) * step + 2}" y="{floor - tall}" width="{step - 4}" height="{tall}" rx="2"><title>{day.Date.Day}: {day.Replies}</title></rect>""");
        }
        for (var day = 1; day <= count; day += 5)
            html.Add($"""<text x="{(day - 1) * step + 2}" y="{Height - 6}">{day}</text>""");
        html.Add($"""</svg>""");
    }

    private static string Name(DateOnly day) => day.ToString("yyyy-MM", CultureInfo.InvariantCulture);

    private static string Money(long millionths) => (millionths / 1_000_000m).ToString("0.00##", CultureInfo.InvariantCulture);
}
