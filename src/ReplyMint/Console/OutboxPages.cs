using Microsoft.AspNetCore.Routing;
using ReplyMint.Audit;
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
        if (found.Count == 0)
            html.Empty(say, "outbox.empty");
        foreach (var (record, mail, _) in found)
        {
            html.Add($"""<article class="card"><p class="muted"><span class="{(record.State == OutboxState.Uncertain ? "chip warn" : "chip bad")}">{say["outbox.state." + WireWord.Of(record.State)]}</span> """);
            html.Time(call, record.ChangedAt ?? record.CreatedAt);
            html.Add($"""</p><h2><bdi>{mail.Subject}</bdi></h2><p><bdi>{mail.To}</bdi></p><p class="muted" lang="en">{record.Detail}</p><p>{say["outbox.explain." + WireWord.Of(record.State)]}</p><div class="acts">""");
            if (record.State == OutboxState.Uncertain)
            {
                html.Button(call, $"{Home}/{record.Id}/sent", say["outbox.sent"]);
                html.Button(call, $"{Home}/{record.Id}/again", say["outbox.again"]);
            }
            else
                html.Button(call, $"{Home}/{record.Id}/replay", say["outbox.replay"]);
            html.Add($"""</div></article>""");
        }
        if (cursor is not null)
            html.Add($"""<p class="muted">{say["outbox.newest", MostLooked]}</p>""");
        await call.ShowAsync(html);
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
