using Microsoft.AspNetCore.Routing;
using ReplyMint.Inbound;
using ReplyMint.Limits;
using ReplyMint.Outbound;
using ReplyMint.Replies;
using ReplyMint.Security;

namespace ReplyMint.Console;

/// <summary>All mails of one thread with their answers, the oldest first, and whether anything in it is answered by itself.</summary>
internal static class ThreadPages
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPages(Permission.MessagesRead).Show("/threads/{id}", ShowAsync);
        var write = routes.MapPages(Permission.DraftsWrite);
        write.Act("/threads/{id}/close", call => call.DoAsync(null, () => MessageRoutes.CloseAsync(call.Caller, call.Id(), call.Get<ThreadDesk>(), call.Stop), PathOf(call.Id()) + "?done=thread-closed"));
        write.Act("/threads/{id}/reopen", call => call.DoAsync(null, () => MessageRoutes.ReopenAsync(call.Caller, call.Id(), call.Get<ThreadDesk>(), call.Stop), PathOf(call.Id()) + "?done=thread-opened"));
    }

    public static string PathOf(string id) => "/console/threads/" + id;

    private static async Task ShowAsync(PageCall call)
    {
        var look = MessageRoutes.ThreadAsync(call.Caller, call.Id(), call.Get<Threads>(), call.Get<Messages>(), call.Get<MessageTexts>(), call.Get<Outbox>(), call.Get<SecurityEvents>(), call.Stop);
        if (await call.ReadAsync<ThreadDetail>(look) is not { } thread)
            return;
        var say = call.Say;
        var subject = thread.Messages[0].Message.Subject is { Length: > 0 } named ? named : say["inbox.no-subject"];
        var html = await call.BeginAsync(subject, "inbox");
        html.Add($"""<p class="back"><a href="/console/inbox" data-key="u">{say["mail.back"]}</a></p><h1><bdi>{subject}</bdi></h1>""");
        State(html, call, thread);
        html.Add($"""<ol class="thread" data-keys="list">""");
        foreach (var one in thread.Messages)
        {
            Mail(html, call, one);
            if (one.Answer is { } answer)
                Answer(html, call, answer);
        }
        html.Add($"""</ol>""");
        await call.ShowAsync(html);
    }

    private static void State(Html html, PageCall call, ThreadDetail thread)
    {
        var say = call.Say;
        html.Add($"""<section class="card"><p>{say[thread.ClosedAt is null ? "thread.open" : "thread.closed"]}</p>""");
        if (thread.AnsweredAt is { } answered)
        {
            html.Add($"""<p class="muted">{say["thread.by-hand"]} """);
            html.Time(call, answered);
            html.Add($"""</p>""");
        }
        if (call.May(Permission.DraftsWrite))
            html.Button(call, PathOf(thread.Id) + (thread.ClosedAt is null ? "/close" : "/reopen"), say[thread.ClosedAt is null ? "thread.close" : "thread.reopen"]);
        html.Add($"""</section>""");
    }

    private static void Mail(Html html, PageCall call, MessageDetail one)
    {
        var (say, mail) = (call.Say, one.Message);
        html.Add($"""<li class="card"><div class="head"><h2><a href="{MessagePages.PathOf(mail.Id)}"><bdi>{(mail.From.Name.Length > 0 ? mail.From.Name : mail.From.Address)}</bdi></a></h2><span class="pill is-{Reasons.WordOf(mail.State)}">{say["state." + Reasons.WordOf(mail.State)]}</span> <span class="muted">""");
        html.Time(call, mail.ReceivedAt);
        html.Add($"""</span></div>""");
        if (one.Text is { } text)
            html.Add($"""<div class="text" dir="auto">{(text.Reply.Length > 0 ? text.Reply : say["mail.nothing-new"])}</div>""");
        else
            html.Add($"""<p class="muted">{say["mail.gone"]}</p>""");
        html.Add($"""</li>""");
    }

    private static void Answer(Html html, PageCall call, AnswerDetail answer)
    {
        html.Add($"""<li class="card reply"><div class="head"><h2>{call.Say["answer.title"]}</h2><span class="state">{call.Say["answer." + answer.State.ToString().ToLowerInvariant()]}</span> <span class="muted">""");
        html.Time(call, answer.ChangedAt ?? answer.CreatedAt);
        html.Add($"""</span></div><div class="text" dir="auto">{answer.Text}</div></li>""");
    }
}
