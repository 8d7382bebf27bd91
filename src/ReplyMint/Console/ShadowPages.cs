using System.Globalization;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Accounts;
using ReplyMint.Limits;
using ReplyMint.Replies;
using ReplyMint.Security;

namespace ReplyMint.Console;

/// <summary>A mailbox's shadow mode: answers are drafted for some days and none is sent, and then the drafts are compared with what people answered.</summary>
internal static class ShadowPages
{
    private const int UsualDays = 14;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPages(Permission.MailboxesRead).Costly().Show("/mailboxes/{id}/shadow", ShowAsync);
        routes.MapPages(Permission.MailboxesWrite).Act("/mailboxes/{id}/shadow", call =>
        {
            var wish = new ShadowPlan(call.Number("days"));
            return call.DoAsync(wish, () => MailboxRoutes.SetShadowAsync(call.Context, call.Caller, call.Id(), wish, call.Get<Mailboxes>(), call.Get<TimeProvider>(), call.Stop), PathOf(call.Id()) + (wish.Days > 0 ? "?done=shadow-begun" : "?done=shadow-ended"));
        });
    }

    public static string PathOf(string mailbox) => $"{MailboxPages.Home}/{mailbox}/shadow";

    private static async Task ShowAsync(PageCall call)
    {
        if (await MailboxPages.FindAsync(call) is not { Value: var box } found)
            return;
        ShadowReport? report = null;
        // It quotes mail, so it is for those who read mail.
        if (box.Shadow is not null && call.May(Permission.MessagesRead)
            && (report = await call.ReadAsync<ShadowReport>(ShadowRoutes.ReadAsync(call.Caller, box.Id, call.Get<ShadowReports>(), call.Get<SecurityEvents>(), call.Stop))) is null)
            return;
        var (say, running) = (call.Say, box.IsInShadow(call.Get<TimeProvider>().GetUtcNow()));
        var html = await call.BeginAsync(say["shadow.title"], MailboxPages.Place);
        html.Add($"""<p><a href="{MailboxPages.Home}/{box.Id}"><bdi>{box.Address}</bdi></a></p>""");
        html.Head(say["shadow.title"]);
        State(html, call, box, running, found.Version);
        if (report is { Mails: > 0 })
            Report(html, say, report);
        else if (report is not null)
            html.Empty(say, "shadow.empty");
        await call.ShowAsync(html);
    }

    private static void State(Html html, PageCall call, Mailbox box, bool running, long version)
    {
        var say = call.Say;
        html.Add($"""<section class="card"><p><span class="{(running ? "chip warn" : "chip")}">{say[running ? "shadow.running" : box.Shadow is null ? "shadow.never" : "shadow.over"]}</span> """);
        if (box.Shadow is { } shadow)
        {
            html.Time(call, shadow.From);
            html.Add($""" – """);
            html.Time(call, shadow.Until);
        }
        html.Add($"""</p><p>{say["shadow.what"]}</p>""");
        if (call.May(Permission.MailboxesWrite))
        {
            html.Form(call, PathOf(box.Id));
            html.Hidden(PageActs.Version, version.ToString(CultureInfo.InvariantCulture));
            html.Number("days", say["shadow.days"], UsualDays, 1, MailboxChecks.MaxShadowDays, say[running ? "shadow.days-more" : "shadow.days-help"]);
            html.Add($"""<button class="main">{say[running ? "shadow.prolong" : "shadow.begin"]}</button></form>""");
        }
        if (running && call.May(Permission.MailboxesWrite))
        {
            html.Form(call, PathOf(box.Id), "gap");
            html.Hidden(PageActs.Version, version.ToString(CultureInfo.InvariantCulture));
            html.Hidden("days", "0");
            html.Add($"""<button>{say["shadow.end"]}</button></form><p class="muted">{say["shadow.end-what"]}</p>""");
        }
        html.Add($"""</section>""");
    }

    private static void Report(Html html, Speech say, ShadowReport report)
    {
        var style = report.Advice switch { ShadowAdvice.MayAnswer => "good", ShadowAdvice.HoldEverything => "bad", _ => "warn" };
        html.Add($"""<section class="card"><h2>{say["shadow.advice"]}</h2><p><span class="chip {style}">{say["shadow.advice." + WireWord.Of(report.Advice)]}</span></p><p lang="en">{report.Why}</p></section><dl class="figures">""");
        foreach (var (word, count) in ((string, int)[])
        [
            ("shadow.mails", report.Mails), ("shadow.drafted", report.Drafted), ("shadow.would-leave", report.WouldLeave), ("shadow.answered", report.Answered), ("shadow.compared", report.Compared),
            ("shadow.same-language", report.SameLanguage), ("shadow.contradicting", report.Contradicting), ("shadow.unsaid", report.Unsaid), ("shadow.left-out", report.LeftOut),
            ("shadow.ignored", report.IgnoredButAnswered), ("shadow.undrafted", report.UndraftedButAnswered),
        ])
            html.Figure(say[word], ((long)count).Text());
        html.Add($"""</dl><h2>{say["shadow.differences"]}</h2>""");
        if (report.Differences.Count == 0)
        {
            html.Add($"""<p class="card muted">{say["shadow.no-differences"]}</p>""");
            return;
        }
        html.Table(say["shadow.differences"], say["shadow.mail"], say["shadow.contradicting"], say["shadow.unsaid"], say["shadow.left-out"], say["shadow.languages"]);
        foreach (var one in report.Differences)
        {
            html.Add($"""<tr><th scope="row"><a href="{MessagePages.PathOf(one.Message)}">{say["shadow.look"]} <code>{one.Message}</code></a>""");
            if (one.Alone)
                html.Add($"""<div><span class="chip warn">{say["shadow.alone"]}</span></div>""");
            html.Add($"""</th><td><bdi>{string.Join(", ", one.Contradicts)}</bdi></td><td><bdi>{string.Join(", ", one.Unsaid)}</bdi></td><td><bdi>{string.Join(", ", one.LeftOut)}</bdi></td><td>{one.DraftLanguage} / {one.AnswerLanguage}</td></tr>""");
        }
        html.EndTable();
    }
}
