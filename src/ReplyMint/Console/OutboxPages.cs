using Microsoft.AspNetCore.Routing;
using ReplyMint.Audit;
using ReplyMint.Jobs;
using ReplyMint.Outbound;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Console;

/// <summary>Mails that did not leave, and those of which nobody knows: a person decides on each, since nothing is sent twice by itself.</summary>
internal static class OutboxPages
{
    public const string Home = "/console/outbox";

    private const int Portion = 200;
    // Newest first: of an outbox of very many the page looks at so many, and goes on when it is asked to.
    private const int MostLooked = 2_000;

    public static void Map(IEndpointRouteBuilder routes)
    {
        var write = routes.MapPages(Permission.MessagesWrite);
        write.Show("/outbox", ShowAsync);
        write.Act("/outbox/{id}/replay", call => DecideAsync(call, "outbox.replay", async (id, also) => await call.Get<Outbox>().ReplayAsync(call.Caller.Tenant, id, also, call.Stop) switch
        {
            Replay.Queued => null,
            Replay.QuotaUsedUp => new Problem(409, "The quota is used up."),
            _ => Problem.NotFound,
        }));
        write.Act("/outbox/work/{kind}/{id}", ReplayWorkAsync);
        write.Act("/outbox/{id}/discard", call => DecideAsync(call, "outbox.discard", async (id, also) => await call.Get<Outbox>().DiscardAsync(call.Caller.Tenant, id, also, call.Stop) ? null : Problem.NotFound));
        write.Act("/outbox/{id}/sent", call => DecideAsync(call, "outbox.settle-sent", (id, also) => SettleAsync(call, id, sent: true, also)));
        write.Act("/outbox/{id}/again", call => DecideAsync(call, "outbox.settle-again", (id, also) => SettleAsync(call, id, sent: false, also)));
    }

    private static async Task ShowAsync(PageCall call)
    {
        var say = call.Say;
        var found = new List<OutboxEntry>();
        string? cursor = null;
        for (var looked = 0; looked < MostLooked; looked += Portion)
        {
            (var entries, cursor) = await call.Get<Outbox>().ListAsync(call.Caller.Tenant, Portion, cursor, call.Stop);
            found.AddRange(entries.Where(entry => IsOpen(entry.Record.State)));
            if (cursor is null)
                break;
        }
        var html = await SafetyPages.BeginAsync(call, Home);
        var dead = await call.Get<JobQueue>().DeadAsync(call.Caller.Tenant, call.Stop);
        if (found.Count == 0 && dead.Count == 0)
            html.Empty(say, "outbox.empty");
        foreach (var (record, mail, _) in found)
        {
            html.Add($"""<article class="card"><p class="muted"><span class="{(record.State == OutboxState.Uncertain ? "chip warn" : "chip bad")}">{say["outbox.state." + WireWord.Of(record.State)]}</span> """);
            html.Time(call, record.ChangedAt ?? record.CreatedAt);
            html.Add($"""</p><h2><bdi>{mail.Subject}</bdi></h2><p><bdi>{mail.To}</bdi></p><p class="muted" lang="en">{record.Detail}</p><p>{say["outbox.explain." + WireWord.Of(record.State)]}</p><div class="acts">""");
            if (record.State == OutboxState.Uncertain)
            {
                html.Button(call, $"{Home}/{record.Id}/sent", say["outbox.sent"], of: mail.Subject);
                html.Button(call, $"{Home}/{record.Id}/again", say["outbox.again"], of: mail.Subject);
            }
            else
            {
                html.Button(call, $"{Home}/{record.Id}/replay", say["outbox.replay"], of: mail.Subject);
                html.Button(call, $"{Home}/{record.Id}/discard", say["outbox.discard"], "bad", mail.Subject);
            }
            html.Add($"""</div></article>""");
        }
        if (cursor is not null)
            html.Add($"""<p class="muted">{say["outbox.newest", MostLooked]}</p>""");
        if (dead.Count > 0)
            Work(html, call, dead);
        await call.ShowAsync(html);
    }

    /// <summary>Other work that was given up, such as a decision on a mail: it is tried again when a person says so, and lost by nobody.</summary>
    private static void Work(Html html, PageCall call, IReadOnlyList<DeadJob> dead)
    {
        var say = call.Say;
        html.Add($"""<h2>{say["outbox.work"]}</h2><p class="muted">{say["outbox.work-what"]}</p>""");
        html.Table(say["outbox.work"], say["outbox.kind"], say["outbox.why"], say["plan.when"], "");
        foreach (var one in dead)
        {
            html.Add($"""<tr><th scope="row">{one.Job.Kind} <code>{one.Job.Target}</code></th><td lang="en">{one.Reason}</td><td>""");
            html.Time(call, one.At);
            html.Add($"""</td><td class="acts">""");
            html.Button(call, $"{Home}/work/{one.Job.Kind}/{one.Job.Target}", say["outbox.replay"], of: one.Job.Target);
            html.Add($"""</td></tr>""");
        }
        html.EndTable();
    }

    private static async Task ReplayWorkAsync(PageCall call)
    {
        var (kind, target) = (call.Route("kind"), call.Route("id"));
        // Only what stands on the page is asked for by its name.
        if ((await call.Get<JobQueue>().DeadAsync(call.Caller.Tenant, call.Stop)).Any(dead => dead.Job.Kind == kind && dead.Job.Target == target)
            && await call.Get<JobQueue>().ReplayAsync(call.Caller.Tenant, kind, target, (commit, token) => call.Get<AuditLog>().AppendAsync(commit, call.Caller.Tenant, new(Actor.Of(call.Caller), "job.replay", target), token), call.Stop))
            await call.GoAsync(Home + "?done=settled");
        else
            await call.RefuseAsync(Problem.NotFound);
    }

    private static bool IsOpen(OutboxState state) => state is OutboxState.Dead or OutboxState.Failed or OutboxState.Uncertain;

    private static async Task<Problem?> SettleAsync(PageCall call, string id, bool sent, Func<Commit, CancellationToken, Task> also) =>
        await call.Get<Outbox>().SettleAsync(call.Caller.Tenant, id, sent, "settled by a person", also, call.Stop) ? null : Problem.NotFound;

    private static async Task DecideAsync(PageCall call, string act, Func<string, Func<Commit, CancellationToken, Task>, Task<Problem?>> decide)
    {
        var id = call.Id();
        if (await decide(id, (commit, token) => call.Get<AuditLog>().AppendAsync(commit, call.Caller.Tenant, new(Actor.Of(call.Caller), act, id), token)) is { } problem)
            await call.RefuseAsync(problem);
        else
            await call.GoAsync(Home + "?done=settled");
    }
}
