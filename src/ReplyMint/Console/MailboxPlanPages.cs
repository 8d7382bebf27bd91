using System.Globalization;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Accounts;
using ReplyMint.Security;

namespace ReplyMint.Console;

/// <summary>A mailbox's own rules, and when which mode holds. A change sends the whole list, as the API takes it.</summary>
internal static class MailboxPlanPages
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        var read = routes.MapPages(Permission.MailboxesRead);
        read.Show("/mailboxes/{id}/rules", ShowRulesAsync);
        read.Show("/mailboxes/{id}/schedule", ShowScheduleAsync);
        var write = routes.MapPages(Permission.MailboxesWrite);
        write.Act("/mailboxes/{id}/rules", call => ChangeRulesAsync(call, rules => [.. rules, new RuleItem(
            call.Field("name"), WireWord.Find<RuleAction>(call.Field("action")) ?? (RuleAction)(-1), call.Field("from"), call.Field("subject"), call.Field("word"), call.Field("template"))]));
        write.Act("/mailboxes/{id}/rules/remove", call => ChangeRulesAsync(call, rules => [.. rules.Where(rule => rule.Name != call.Field("name"))]));
        write.Act("/mailboxes/{id}/schedule/span", call => ChangeScheduleAsync(call, plan => SpanOf(call) is { } span ? plan with { Spans = [.. plan.Spans, span] } : null));
        write.Act("/mailboxes/{id}/schedule/holiday", call => ChangeScheduleAsync(call, plan => HolidayOf(call) is { } day ? plan with { Holidays = [.. plan.Holidays, day] } : null));
        write.Act("/mailboxes/{id}/schedule/otherwise", call => ChangeScheduleAsync(call, plan => plan with { Otherwise = ModeOf(call) }));
        write.Act("/mailboxes/{id}/schedule/remove", call => ChangeScheduleAsync(call, plan => plan with
        {
            Spans = [.. plan.Spans.Where((_, i) => i != call.Number("span"))], Holidays = [.. plan.Holidays.Where((_, i) => i != call.Number("holiday"))],
        }));
    }

    private static async Task ShowRulesAsync(PageCall call)
    {
        if (await MailboxPages.FindAsync(call) is not { Value: var box } found)
            return;
        var (say, may, at) = (call.Say, call.May(Permission.MailboxesWrite), $"{MailboxPages.Home}/{box.Id}/rules");
        var html = await BeginAsync(call, box, say["plan.rules"], say["plan.rules-what"]);
        if (box.Rules.Count == 0)
            html.Empty(say, "plan.rules.empty");
        else
        {
            html.Table(say["plan.rules"], say["plan.name"], say["plan.if"], say["plan.then"], "");
            foreach (var rule in box.Rules)
            {
                html.Add($"""<tr><th scope="row"><bdi>{rule.Name}</bdi></th><td>""");
                foreach (var (word, value) in ((string, string)[])[("plan.from", rule.From), ("plan.subject", rule.Subject), ("plan.word", rule.Word)])
                    if (value.Length > 0)
                        html.Add($"""<div>{say[word]}: <bdi>{value}</bdi></div>""");
                html.Add($"""</td><td>{say["plan.action." + WireWord.Of(rule.Action)]}<div class="muted lines"><bdi>{rule.Template}</bdi></div></td><td class="acts">""");
                if (may)
                    Remove(html, call, at + "/remove", found.Version, "name", rule.Name, rule.Name);
                html.Add($"""</td></tr>""");
            }
            html.EndTable();
        }
        if (may)
        {
            Form(html, call, at, found.Version, say["plan.rule-add"]);
            html.Line("name", say["plan.name"], most: 100, needed: true);
            html.Add($"""<div class="pair"><div>""");
            html.Line("from", say["plan.from"], most: 254, help: say["plan.from-help"]);
            html.Line("subject", say["plan.subject"]);
            html.Line("word", say["plan.word"], most: 100, help: say["plan.word-help"]);
            html.Add($"""</div><div>""");
            html.Choice("action", say["plan.then"], "hold", Enum.GetValues<RuleAction>().Select(action => (WireWord.Of(action), say["plan.action." + WireWord.Of(action)])));
            html.Area("template", say["plan.template"], most: MailboxChecks.MaxTemplate, help: say["plan.template-help"]);
            html.Add($"""</div></div><button class="main">{say["plan.rule-add"]}</button></form>""");
        }
        await call.ShowAsync(html);
    }

    private static async Task ShowScheduleAsync(PageCall call)
    {
        if (await MailboxPages.FindAsync(call) is not { Value: var box } found)
            return;
        var (say, may, at, plan) = (call.Say, call.May(Permission.MailboxesWrite), $"{MailboxPages.Home}/{box.Id}/schedule", SchedulePlan.Of(box.Schedule));
        var html = await BeginAsync(call, box, say["plan.schedule"], say["plan.schedule-what"]);
        if (box.Mode != MailboxMode.Schedule)
            html.Add($"""<p class="card">{say["plan.schedule-off"]}</p>""");
        html.Table(say["plan.schedule"], say["plan.when"], say["mailbox.mode"], "");
        for (var i = 0; i < plan.Holidays.Count; i++)
        {
            var day = plan.Holidays[i];
            var date = day.Date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
            html.Add($"""<tr><th scope="row">{date}</th><td>{say["mailbox.mode." + WireWord.Of(day.Mode)]}<div class="muted lines"><bdi>{day.Answer}</bdi></div></td><td class="acts">""");
            if (may)
                Remove(html, call, at + "/remove", found.Version, "holiday", i.ToString(CultureInfo.InvariantCulture), date);
            html.Add($"""</td></tr>""");
        }
        for (var i = 0; i < plan.Spans.Count; i++)
        {
            var span = plan.Spans[i];
            var when = $"{string.Join(", ", span.Days.Select(day => say["plan.day." + WireWord.Of(day)]))}, {Clock(span.From)}–{Clock(span.To)}";
            html.Add($"""<tr><th scope="row">{when}</th><td>{say["mailbox.mode." + WireWord.Of(span.Mode)]}</td><td class="acts">""");
            if (may)
                Remove(html, call, at + "/remove", found.Version, "span", i.ToString(CultureInfo.InvariantCulture), when);
            html.Add($"""</td></tr>""");
        }
        html.Add($"""<tr><th scope="row">{say["plan.otherwise"]}</th><td>{say["mailbox.mode." + WireWord.Of(plan.Otherwise)]}</td><td></td></tr>""");
        html.EndTable();
        if (may)
        {
            html.Add($"""<div class="pair">""");
            Form(html, call, at + "/span", found.Version, say["plan.span-add"]);
            html.Add($"""<fieldset><legend>{say["plan.days"]}</legend>""");
            foreach (var day in Enum.GetValues<Weekday>().OrderBy(day => ((int)day + 6) % 7))
                html.Tick("days", say["plan.day." + WireWord.Of(day)], ticked: day is not (Weekday.Saturday or Weekday.Sunday), WireWord.Of(day));
            html.Add($"""</fieldset>""");
            html.Line("from", say["plan.begin"], "09:00", 5, type: "time", needed: true);
            html.Line("to", say["plan.end"], "17:00", 5, say["plan.end-help"], "time", needed: true);
            Modes(html, say, "span-mode");
            html.Add($"""<button class="main">{say["plan.span-add"]}</button></form><div>""");
            Form(html, call, at + "/holiday", found.Version, say["plan.holiday-add"]);
            html.Line("date", say["plan.date"], most: 10, type: "date", needed: true);
            Modes(html, say, "holiday-mode");
            html.Area("answer", say["mailbox.fixed"], most: 1000);
            html.Add($"""<button class="main">{say["plan.holiday-add"]}</button></form>""");
            Form(html, call, at + "/otherwise", found.Version, say["plan.otherwise"]);
            Modes(html, say, "mode");
            html.Add($"""<button class="main">{say["view.keep"]}</button></form></div></div>""");
        }
        await call.ShowAsync(html);
    }

    private static async Task<Html> BeginAsync(PageCall call, Mailbox box, string title, string what)
    {
        var html = await call.BeginAsync($"{title} · {box.Address}", MailboxPages.Place);
        html.Add($"""<p><a href="{MailboxPages.Home}/{box.Id}"><bdi>{box.Address}</bdi></a></p><h1>{title}</h1><p class="muted">{what}</p>""");
        return html;
    }

    private static void Form(Html html, PageCall call, string action, long version, string title)
    {
        html.Form(call, action, "card");
        html.Hidden(PageActs.Version, version.ToString(CultureInfo.InvariantCulture));
        html.Add($"""<h2>{title}</h2>""");
    }

    private static void Remove(Html html, PageCall call, string action, long version, string name, string value, string what)
    {
        html.Form(call, action, "inline");
        html.Hidden(PageActs.Version, version.ToString(CultureInfo.InvariantCulture));
        html.Hidden(name, value);
        html.Add($"""<button aria-label="{call.Say["knowledge.remove"]}: {what}">{call.Say["knowledge.remove"]}</button></form>""");
    }

    private static void Modes(Html html, Speech say, string name) =>
        html.Choice(name, say["mailbox.mode"], "draft", ((MailboxMode[])[MailboxMode.Off, MailboxMode.Draft, MailboxMode.Automatic]).Select(mode => (WireWord.Of(mode), say["mailbox.mode." + WireWord.Of(mode)])));

    private static string Clock(TimeOnly time) => time.ToString("HH:mm", CultureInfo.InvariantCulture);

    // What is none of the known values is refused by the API's own rules.
    private static MailboxMode ModeOf(PageCall call, string name = "mode") => WireWord.Find<MailboxMode>(call.Field(name)) ?? (MailboxMode)(-1);

    private static SpanPlan? SpanOf(PageCall call) => TimeOf(call.Field("from")) is { } from && TimeOf(call.Field("to")) is { } to
        ? new([.. call.Fields("days").Select(day => WireWord.Find<Weekday>(day) ?? (Weekday)(-1))], from, to, ModeOf(call, "span-mode")) : null;

    private static HolidayPlan? HolidayOf(PageCall call) =>
        DateOnly.TryParseExact(call.Field("date"), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date) ? new(date, ModeOf(call, "holiday-mode"), call.Field("answer")) : null;

    private static TimeOnly? TimeOf(string text) => TimeOnly.TryParseExact(text, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out var time) ? time : null;

    private static async Task ChangeRulesAsync(PageCall call, Func<IReadOnlyList<RuleItem>, IReadOnlyList<RuleItem>> change)
    {
        if (await MailboxPages.FindAsync(call) is not { Value: var box })
            return;
        var wish = new RulePlan(change(RulePlan.Of(box.Rules).Rules));
        await call.DoAsync(wish, () => MailboxRoutes.SetRulesAsync(call.Context, call.Caller, box.Id, wish, call.Get<Mailboxes>(), call.Stop), $"{MailboxPages.Home}/{box.Id}/rules?done=saved");
    }

    private static async Task ChangeScheduleAsync(PageCall call, Func<SchedulePlan, SchedulePlan?> change)
    {
        if (await MailboxPages.FindAsync(call) is not { Value: var box })
            return;
        if (change(SchedulePlan.Of(box.Schedule)) is not { } wish)
            await call.RefuseAsync(Problem.Of("from", "must be a time such as 09:00, and a date one such as 2026-12-24"));
        else
            await call.DoAsync(wish, () => MailboxRoutes.SetScheduleAsync(call.Context, call.Caller, box.Id, wish, call.Get<Mailboxes>(), call.Stop), $"{MailboxPages.Home}/{box.Id}/schedule?done=saved");
    }
}
