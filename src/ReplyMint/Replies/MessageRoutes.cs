using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Limits;
using ReplyMint.Outbound;
using ReplyMint.Security;

namespace ReplyMint.Replies;

/// <summary>Messages and threads for those who read mail, receipts for those who only check what was decided.</summary>
internal static class MessageRoutes
{
    private const string Tag = "messages";

    public static void Map(IEndpointRouteBuilder routes)
    {
        var read = routes.MapApi(Permission.MessagesRead, Tag);
        read.MapGet("/messages", ListAsync).WithName("ListMessages").WithSummary("Messages, the newest first").Produces<Listing<MessageEntry>>();
        read.MapGet("/messages/{id}", GetAsync).WithName("GetMessage").WithSummary("A message with its text, while that is kept, and what became of its answer").Produces<MessageDetail>();
        read.MapGet("/messages/{id}/raw", RawAsync).WithName("DownloadMessage").WithSummary("The mail as it came, as a download").Produces<string>(200, "message/rfc822").Costly();
        read.MapGet("/threads/{id}", ThreadAsync).WithName("GetThread").WithSummary("The decided messages of a thread, the oldest first").Produces<ThreadDetail>();
        // What people asked is mail text, whatever its address says.
        routes.MapApi(Permission.MessagesRead, "knowledge").MapGet("/knowledge/missing", MissingAsync).WithName("ListMissingKnowledge")
            .WithSummary("Questions of mails that were held since no knowledge fitted, the most asked first; of 30 days unless told, and of mails whose text is kept").Produces<MissingReport>().Costly();

        var check = routes.MapApi(Permission.ReceiptsRead, "receipts");
        check.MapGet("/receipts", ReceiptsAsync).WithName("ListReceipts").WithSummary("What was decided of which message, the newest first; no mail text").Produces<Listing<ReceiptEntry>>();
        check.MapGet("/messages/{id}/receipt", ReceiptAsync).WithName("GetReceipt").WithSummary("Each rule that was asked and what it said; quotations only for callers who may read messages").Produces<ReceiptDetail>();

        var decide = routes.MapApi(Permission.DraftsWrite, Tag);
        decide.MapPost("/messages/{id}/answered", SaidAsync).WithName("AnsweredMessage").WithSummary("Say that a person answered it himself: drafts and answers that wait in its thread are taken back").Produces(204);
        decide.MapPost("/messages/{id}/own-answer", OwnAnswerAsync).WithName("TellOwnAnswer").WithSummary("The same, with what he answered: it is kept while the mailbox is in shadow mode, to be compared with the draft").Produces(204);
        decide.MapPost("/threads/{id}/close", CloseAsync).WithName("CloseThread").WithSummary("Answer nothing in the thread by itself any more, and take back what waits in it").Produces(204);
        decide.MapPost("/threads/{id}/reopen", ReopenAsync).WithName("ReopenThread").WithSummary("Decide on the thread's new mails as ever").Produces(204);
        decide.MapPost("/messages/{id}/retry", RetryAsync).WithName("RetryMessage")
            .WithSummary("Decide on a held message anew, such as after knowledge was added").Produces<MessageEntry>(202).Costly();
    }

    private static async Task<IResult> ListAsync(HttpContext context, Caller caller, [AsParameters] PageQuery page, [WordOf<MessageState>] string? state, [Id] string? mailbox, [FromServices] Messages messages, CancellationToken ct)
    {
        if (page.Problem() is { } wrong)
            return wrong;
        if (WireWord.Read<MessageState>("state", state, out var wanted) is { } unknown)
            return unknown;
        var (found, next) = await messages.ListAsync(caller.Tenant, record => Fits(record, caller, wanted, mailbox), page.Size, page.Cursor, ct);
        return TypedResults.Ok(new Listing<MessageEntry>([.. found.Select(MessageEntry.Of)], next).Linked(context));
    }

    private static async Task<IResult> ReceiptsAsync(HttpContext context, Caller caller, [AsParameters] PageQuery page, [WordOf<MessageState>] string? state, [Id] string? mailbox, [FromServices] Messages messages, CancellationToken ct)
    {
        if (page.Problem() is { } wrong)
            return wrong;
        if (WireWord.Read<MessageState>("state", state, out var wanted) is { } unknown)
            return unknown;
        var (found, next) = await messages.ListRecordsAsync(caller.Tenant, record => Fits(record, caller, wanted, mailbox), page.Size, page.Cursor, ct);
        return TypedResults.Ok(new Listing<ReceiptEntry>([.. found.Select(ReceiptEntry.Of)], next).Linked(context));
    }

    private static async Task<IResult> GetAsync(Caller caller, string id, [FromServices] Messages messages, [FromServices] MessageTexts texts, [FromServices] Outbox outbox, [FromServices] SecurityEvents events, CancellationToken ct) =>
        await ReadAsync(messages, events, caller, id, ct) is { } message
            ? TypedResults.Ok(MessageDetail.Of(message, await texts.FindAsync(message, ct), await outbox.FindAsync(caller.Tenant, id, ct))) : Problem.NotFound;

    private static async Task<IResult> MissingAsync(Caller caller, [Whole(1, MissingKnowledge.MostDays)] int? days, [FromServices] MissingKnowledge missing, [FromServices] SecurityEvents events, CancellationToken ct)
    {
        var report = await missing.ReadAsync(caller.Tenant, days ?? MissingKnowledge.UsualDays, caller.Sees, ct);
        events.Note(SecurityEventKind.MailRead, caller, report.Questions.Count);
        return TypedResults.Ok(report);
    }

    /// <summary>Never inline: what a stranger wrote must not be opened in the API's own name.</summary>
    private static async Task<IResult> RawAsync(Caller caller, string id, [FromServices] Messages messages, [FromServices] DownloadGate downloads, [FromServices] SecurityEvents events, CancellationToken ct)
    {
        if (await ReadAsync(messages, events, caller, id, ct) is not { } message)
            return Problem.NotFound;
        return downloads.Send(caller.Id, async token => await messages.RawAsync(message, token), "message/rfc822", message.Id + ".eml",
            new Problem(410, "The raw mail was removed; it is kept for some days only."));
    }

    internal static async Task<IResult> ThreadAsync(
        Caller caller, string id, [FromServices] Threads threads, [FromServices] Messages messages, [FromServices] MessageTexts texts, [FromServices] Outbox outbox, [FromServices] SecurityEvents events, CancellationToken ct)
    {
        var shown = new List<MessageDetail>();
        string? mailbox = null;
        var thread = (await threads.ReadAsync(caller.Tenant, id, ct)).Record;
        foreach (var member in thread.Messages)
        {
            if (await ReadAsync(messages, events, caller, member, ct) is not { } message)
                continue;
            mailbox = message.Record.Mailbox;
            shown.Add(MessageDetail.Of(message, await texts.FindAsync(message, ct), await outbox.FindAsync(caller.Tenant, member, ct)));
        }
        return mailbox is null ? Problem.NotFound : TypedResults.Ok(new ThreadDetail(id, mailbox, thread.AnsweredAt, thread.ClosedAt, shown));
    }

    private static Task<IResult> SaidAsync(Caller caller, string id, [FromServices] Messages messages, [FromServices] ThreadDesk desk, CancellationToken ct) => AnsweredAsync(caller, id, null, messages, desk, ct);

    private static Task<IResult> OwnAnswerAsync(Caller caller, string id, AnsweredText answer, [FromServices] Messages messages, [FromServices] ThreadDesk desk, CancellationToken ct) => AnsweredAsync(caller, id, answer.Text, messages, desk, ct);

    private static async Task<IResult> AnsweredAsync(Caller caller, string id, string? text, Messages messages, ThreadDesk desk, CancellationToken ct)
    {
        if (await FindAsync(messages, caller, id, ct) is not { } message)
            return Problem.NotFound;
        await desk.AnsweredAsync(message, text, Actor.Of(caller), ct);
        return TypedResults.NoContent();
    }

    internal static Task<IResult> CloseAsync(Caller caller, string id, [FromServices] ThreadDesk desk, CancellationToken ct) => ChangeAsync(caller, id, desk, desk.CloseAsync, ct);

    internal static Task<IResult> ReopenAsync(Caller caller, string id, [FromServices] ThreadDesk desk, CancellationToken ct) => ChangeAsync(caller, id, desk, desk.ReopenAsync, ct);

    private static async Task<IResult> ChangeAsync(Caller caller, string id, ThreadDesk desk, Func<Message, Actor, CancellationToken, Task> act, CancellationToken ct)
    {
        if (await desk.FindAsync(caller.Tenant, id, message => caller.Sees(message.Record.Mailbox), ct) is not { } message)
            return Problem.NotFound;
        await act(message, Actor.Of(caller), ct);
        return TypedResults.NoContent();
    }

    private static async Task<IResult> ReceiptAsync(Caller caller, string id, [FromServices] Messages messages, [FromServices] Receipts receipts, CancellationToken ct) =>
        await FindAsync(messages, caller, id, ct) is { } message && await receipts.FindAsync(caller.Tenant, id, message.Record.Person, ct) is ({ } receipt, _)
            ? TypedResults.Ok(ReceiptDetail.Of(id, receipt, quoting: caller.May.Has(Permission.MessagesRead))) : Problem.NotFound;

    private static async Task<IResult> RetryAsync(HttpContext context, Caller caller, string id, [FromServices] Messages messages, [FromServices] DraftDesk desk, CancellationToken ct)
    {
        if (await FindAsync(messages, caller, id, ct) is not { } message)
            return Problem.NotFound;
        if (DeskAnswer.Of(await desk.RetryAsync(caller.Tenant, id, Actor.Of(caller), ct), caller) is { } refused)
            return refused;
        return !caller.May.Has(Permission.MessagesRead) ? TypedResults.StatusCode(202)
            : TypedResults.Accepted($"{RouteGroups.ApiRoot}/messages/{id}", MessageEntry.Of(message with { Record = message.Record with { State = MessageState.Received, Reasons = [], DecidedAt = null } }));
    }

    private static bool Fits(MessageRecord record, Caller caller, MessageState? state, string? mailbox) =>
        caller.Sees(record.Mailbox) && (state is null || record.State == state) && (mailbox is null || record.Mailbox == mailbox);

    /// <summary>A mail's text leaves: who takes very many is told of (MON-3).</summary>
    private static async ValueTask<Message?> ReadAsync(Messages messages, SecurityEvents events, Caller caller, string id, CancellationToken ct)
    {
        var found = await FindAsync(messages, caller, id, ct);
        if (found is not null)
            events.Note(SecurityEventKind.MailRead, caller, 1);
        return found;
    }

    private static async ValueTask<Message?> FindAsync(Messages messages, Caller caller, string id, CancellationToken ct) =>
        await messages.FindAsync(caller.Tenant, id, ct) is { } message && caller.Sees(message.Record.Mailbox) ? message : null;
}
