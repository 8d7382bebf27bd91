using System.Globalization;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Accounts;
using ReplyMint.Inbound;
using ReplyMint.Replies;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Console;

/// <summary>The day's mails: what waits for a person, and everything else with what was decided.</summary>
internal static class InboxPages
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapPages(Permission.MessagesRead).Show("/inbox", ShowAsync);

    private static async Task ShowAsync(PageCall call)
    {
        var filter = InboxFilter.Of(call);
        var found = await call.Get<InboxSearch>().FindAsync(call.Caller, filter, call.Stop);
        var mailboxes = (await call.Get<Mailboxes>().ListAsync(call.Caller.Tenant, call.Stop)).Where(mailbox => call.Caller.Sees(mailbox.Id)).ToDictionary(mailbox => mailbox.Id, StringComparer.Ordinal);
        if (filter.Words.Length > 0)
            call.Get<SecurityEvents>().Note(SecurityEventKind.MailRead, call.Caller, found.Messages.Count);
        var say = call.Say;
        var html = await call.BeginAsync(say["inbox.title"], "inbox");
        await DecidedAsync(html, call);
        html.Add($"""<div role="status" id="live"><p class="told" hidden><a href="">{say["inbox.news"]}</a></p></div>""");
        html.Add($"""<div class="head"><h1>{say["inbox.title"]}</h1></div><nav aria-label="{say["inbox.views"]}"><ul class="tabs">""");
        foreach (var view in InboxFilter.Views)
        {
            html.Add($"""<li><a href="{filter.With(view)}" """);
            if (view == filter.View)
                html.Add($"""aria-current="true" """);
            html.Add($""">{say["inbox.view." + view]}</a></li>""");
        }
        html.Add($"""</ul></nav>""");
        Filters(html, say, filter, mailboxes.Values);
        if (found.Messages.Count == 0)
            Empty(html, say, filter, mailboxes.Count == 0);
        else
            List(html, call, found.Messages, mailboxes);
        if (found.LookedBackTo is { } back)
            html.Add($"""<p class="muted" role="status">{say["inbox.looked-back", say.Time(back)]}</p>""");
        if (found.Next is { } next)
            html.Add($"""<p><a class="button" rel="next" href="{filter.With(after: next)}">{say[filter.Words.Length > 0 ? "inbox.go-on" : "inbox.more"]}</a></p>""");
        await call.ShowAsync(html);
    }

    /// <summary>Where a mail stands in the list, for whoever comes back from it.</summary>
    public static string MarkOf(string mail) => "mail-" + mail;

    /// <summary>What was decided just now, while it can be taken back.</summary>
    private static async Task DecidedAsync(Html html, PageCall call)
    {
        var (say, rejected) = (call.Say, call.Query("rejected"));
        var id = rejected.Length > 0 ? rejected : call.Query("approved");
        if (!Ids.IsTimed(id) || await call.Get<Drafts>().FindAsync(call.Caller.Tenant, id, call.Stop) is not { } draft || !call.Caller.Sees(draft.Record.Mailbox))
            return;
        html.Add($"""<div class="told" role="status" tabindex="-1" autofocus><p>{say[draft.Content.Pending is null ? "draft.over" : rejected.Length > 0 ? "draft.rejects-soon" : "draft.sends-soon"]}</p>""");
        if (draft.Content.Pending is not null)
            html.Button(call, MessagePages.PathOf(id) + "/undo", say["draft.undo"]);
        html.Add($"""</div>""");
    }

    private static void Filters(Html html, Speech say, InboxFilter filter, IEnumerable<Mailbox> mailboxes)
    {
        html.Add($"""
            <form class="filters" role="search" action="/console/inbox"><input type="hidden" name="view" value="{filter.View}">
            <p><label for="q">{say["inbox.search"]}</label><input id="q" name="q" type="search" value="{filter.Words}" maxlength="200"></p>
            <button>{say["inbox.look"]}</button><details
            """);
        if (filter.Mailbox.Length > 0 || filter.Reason.Length > 0 || filter.Until is not null || filter.From.Length > 0)
            html.Add($""" open""");
        html.Add($"""
            ><summary>{say["inbox.filters"]}</summary><div>
            <p><label for="mailbox">{say["inbox.mailbox"]}</label><select id="mailbox" name="mailbox"><option value="">{say["inbox.every"]}</option>
            """);
        foreach (var mailbox in mailboxes)
        {
            html.Add($"""<option value="{mailbox.Id}" """);
            if (mailbox.Id == filter.Mailbox)
                html.Add($"""selected""");
            html.Add($""">{mailbox.Address}</option>""");
        }
        html.Add($"""</select></p><p><label for="reason">{say["inbox.reason"]}</label><select id="reason" name="reason"><option value="">{say["inbox.every"]}</option>""");
        foreach (var reason in Reasons.Filtered)
        {
            html.Add($"""<option value="{reason}" """);
            if (reason == filter.Reason)
                html.Add($"""selected""");
            html.Add($""">{Reasons.Of(say, reason)}</option>""");
        }
        html.Add($"""
            </select></p>
            <p><label for="until">{say["inbox.until"]}</label><input id="until" name="until" type="date" value="{filter.Until?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}"></p>
            <p><label for="from">{say["inbox.from"]}</label><input id="from" name="from" type="email" value="{filter.From}" maxlength="254" autocomplete="off"></p>
            <p class="end"><button>{say["inbox.filter"]}</button></p></div></details></form>
            """);
    }

    private static void List(Html html, PageCall call, IReadOnlyList<Message> messages, Dictionary<string, Mailbox> mailboxes)
    {
        html.Add($"""<ol class="mails" data-keys="list">""");
        foreach (var message in messages)
        {
            var (record, summary) = (message.Record, message.Summary);
            html.Add($"""
                <li class="{Reasons.StyleOf(record.State)}"><a id="{MarkOf(record.Id)}" href="/console/inbox/{record.Id}">
                <span class="who"><bdi>{(summary.From.Name.Length > 0 ? summary.From.Name : summary.From.Address)}</bdi></span>
                <span class="subject"><bdi>{(summary.Subject.Length > 0 ? summary.Subject : call.Say["inbox.no-subject"])}</bdi></span></a>
                <span class="why"><span class="state">{call.Say["state." + Reasons.WordOf(record.State)]}</span> {(record.Reasons is [{ } first, ..] ? Reasons.Of(call.Say, first) : "")}</span>
                <span class="when">
                """);
            html.Time(call, record.ReceivedAt);
            if (mailboxes.Count > 1 && mailboxes.TryGetValue(record.Mailbox, out var mailbox))
                html.Add($""" · {mailbox.Address}""");
            html.Add($"""</span></li>""");
        }
        html.Add($"""</ol>""");
    }

    private static void Empty(Html html, Speech say, InboxFilter filter, bool noMailbox)
    {
        var word = noMailbox ? "inbox.empty.no-mailbox" : filter.IsNarrow || filter.Mailbox.Length > 0 ? "inbox.empty.filtered" : filter.View == "waiting" ? "inbox.empty.waiting" : "inbox.empty.all";
        html.Add($"""<section class="card empty"><p>{say[word]}</p><p class="muted">{say[word + ".do"]}</p></section>""");
    }
}
