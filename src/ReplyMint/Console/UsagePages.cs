using System.Globalization;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Limits;
using ReplyMint.Security;

namespace ReplyMint.Console;

/// <summary>What the organisation used, by month: figures, a plot, and the same as a table for those who don't see it.</summary>
internal static class UsagePages
{
    public const string Place = "usage";
    private const string Home = "/console/usage";

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPages(Permission.UsageRead).Costly().Show("/usage", ShowAsync);

    private static async Task ShowAsync(PageCall call)
    {
        var say = call.Say;
        var today = DateOnly.FromDateTime(call.Get<TimeProvider>().GetUtcNow().UtcDateTime);
        var month = DateOnly.TryParseExact(call.Query("month") + "-01", "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var asked) ? asked : new DateOnly(today.Year, today.Month, 1);
        var (report, wrong) = await call.Get<UsageReports>().ReadAsync(call.Caller.Tenant, month, month < today && month.AddMonths(1).AddDays(-1) is var end && end < today ? end : today, call.Stop, flush: false);
        if (report is null)
        {
            await call.RefuseAsync(wrong is { } what ? Problem.Of(what.Member, what.What) : Problem.NotFound);
            return;
        }
        var html = await call.BeginAsync(say["usage.title"], Place);
        html.Head(say["usage.title"]);
        Tabs(html, call, Home);
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
            html.Bars(say["usage.by-day"], BarsOf(month, report.Days));
            html.Add($"""</section>""");
            html.Table(say["usage.by-day"], say["usage.day"], say["usage.replies"], say["usage.calls"], say["usage.cost"]);
            foreach (var day in report.Days)
                html.Add($"""<tr><th scope="row">{Name(day.Date) + day.Date.ToString("-dd", CultureInfo.InvariantCulture)}</th><td class="number">{day.Replies.Text()}</td><td class="number">{day.Calls.Text()}</td><td class="number">{Money(day.CostMillionths)}</td></tr>""");
            html.EndTable();
        }
        html.Add($"""<p class="muted">{say["usage.note"]}</p>""");
        await call.ShowAsync(html);
    }

    /// <summary>What was used, beside it how good it was, and what there is to use.</summary>
    public static void Tabs(Html html, PageCall call, string current) =>
        html.Tabs(call.Say["usage.title"], current, (Home, call.Say["usage.title"]), (QualityPages.Home, call.Say["quality.title"]), (PlanPages.Home, call.Say["bill.title"]));

    private static List<PlotBar> BarsOf(DateOnly month, IReadOnlyList<UsageDay> days)
    {
        var bars = new List<PlotBar>();
        for (var day = 1; day <= DateTime.DaysInMonth(month.Year, month.Month); day++)
        {
            var replies = days.FirstOrDefault(one => one.Date.Day == day)?.Replies ?? 0;
            bars.Add(new(day % 5 == 1 ? day.ToString(CultureInfo.InvariantCulture) : "", $"{day}: {replies}", replies));
        }
        return bars;
    }

    private static string Name(DateOnly day) => day.ToString("yyyy-MM", CultureInfo.InvariantCulture);

    private static string Money(long millionths) => (millionths / 1_000_000m).ToString("0.00##", CultureInfo.InvariantCulture);
}
