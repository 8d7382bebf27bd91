using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Security;

namespace ReplyMint.Replies;

/// <summary>Where people and their programs decide drafts. The work and its audit entry are the desk's.</summary>
internal static class DraftRoutes
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        var read = routes.MapApi(Permission.DraftsRead, "drafts");
        read.MapGet("/drafts", ListAsync).WithName("ListDrafts").WithSummary("Drafts: what waits comes oldest first, decided ones newest first").Produces<Listing<DraftEntry>>();
        read.MapGet("/drafts/{id}", GetAsync).WithName("GetDraft").WithSummary("A draft with the mail that it answers and what it rests on").Produces<DraftDetail>();

        var write = routes.MapApi(Permission.DraftsWrite, "drafts");
        write.MapPut("/drafts/{id}", EditAsync).WithName("EditDraft").WithSummary("Replace the text, without sending it").Produces<DraftEntry>().Produces(204);
        write.MapPost("/drafts/{id}/approve", ApproveAsync).WithName("ApproveDraft").WithSummary("Send it, as it is or with another text; the guard checks either").Produces<DraftEntry>().Produces(204);
        write.MapPost("/drafts/{id}/reject", RejectAsync).WithName("RejectDraft").WithSummary("Leave the mail without an answer").Produces<DraftEntry>().Produces(204);
        write.MapPost("/drafts/{id}/assign", AssignAsync).WithName("AssignDraft").WithSummary("Say who is to look at it").Produces<DraftEntry>().Produces(204);
        write.MapPost("/drafts/{id}/note", NoteAsync).WithName("NoteDraft").WithSummary("Add a note for the others; it is never sent").Produces<DraftEntry>().Produces(204);
    }

    private static async Task<IResult> ListAsync(
        HttpContext context, Caller caller, [AsParameters] PageQuery page, [WordOf<DraftState>] string? state, [Id] string? mailbox, [Id] string? assignee, [FromServices] DraftDoor door, CancellationToken ct)
    {
        if (page.Problem() is { } wrong)
            return wrong;
        if (WireWord.Read<DraftState>("state", state, out var wanted) is { } unknown)
            return unknown;
        var (entries, next) = await door.ListAsync(caller, wanted ?? DraftState.Waiting, mailbox, assignee, page, ct);
        return TypedResults.Ok(new Listing<DraftEntry>(entries, next).Linked(context));
    }

    private static async Task<IResult> GetAsync(HttpContext context, Caller caller, string id, [FromServices] DraftDoor door, CancellationToken ct)
    {
        if (await door.DetailAsync(caller, id, ct) is not ({ } detail, var version))
            return Problem.NotFound;
        EntityTags.Tell(context, version);
        return TypedResults.Ok(detail);
    }

    private static Task<IResult> EditAsync(HttpContext context, Caller caller, string id, DraftEdit edit, [FromServices] DraftDoor door, [FromServices] DraftDesk desk, CancellationToken ct) =>
        EntityTags.Required(context, out var version) is { } missing ? Task.FromResult<IResult>(missing)
            : door.ActAsync(context, caller, id, actor => desk.EditAsync(caller.Tenant, id, edit.Text, version, actor, ct), ct);

    private static Task<IResult> ApproveAsync(HttpContext context, Caller caller, string id, DraftApproval approval, [FromServices] DraftDoor door, [FromServices] DraftDesk desk, CancellationToken ct) =>
        WireWord.Read<GuardRule>("overrides", approval.Overrides, out var overridden) is { } unknown ? Task.FromResult<IResult>(unknown)
            // What the guard holds leaves by a person's decision only; whoever has a key may be a program.
            : overridden.Count > 0 && caller.Kind != CallerKind.User ? Task.FromResult<IResult>(new Problem(403, "Only a person may override what the guard holds; a key may send another text."))
            : door.ActAsync(context, caller, id, actor => desk.ApproveAsync(caller.Tenant, id, approval.Text, overridden, EntityTags.Named(context), actor, ct), ct);

    private static Task<IResult> RejectAsync(HttpContext context, Caller caller, string id, [FromServices] DraftDoor door, [FromServices] DraftDesk desk, CancellationToken ct) =>
        door.ActAsync(context, caller, id, actor => desk.RejectAsync(caller.Tenant, id, actor, ct), ct);

    private static Task<IResult> AssignAsync(HttpContext context, Caller caller, string id, DraftAssignment to, [FromServices] DraftDoor door, [FromServices] DraftTalk talk, CancellationToken ct) =>
        door.ActAsync(context, caller, id, actor => talk.AssignAsync(caller.Tenant, id, to.User, actor, ct), ct);

    private static Task<IResult> NoteAsync(HttpContext context, Caller caller, string id, DraftNoteText note, [FromServices] DraftDoor door, [FromServices] DraftTalk talk, CancellationToken ct) =>
        door.ActAsync(context, caller, id, actor => talk.NoteAsync(caller.Tenant, id, note.Text, actor, ct), ct);
}

/// <summary>What a caller may see of the drafts: those of his tenant and his mailboxes; all others are not there.</summary>
internal sealed class DraftDoor(Drafts drafts, Messages messages, MessageTexts texts, DraftDesk desk)
{
    public async Task<(IReadOnlyList<DraftEntry> Entries, string? Next)> ListAsync(Caller caller, DraftState state, string? mailbox, string? assignee, PageQuery page, CancellationToken ct)
    {
        var (found, next) = await drafts.ListAsync(caller.Tenant, state,
            (of, to) => caller.Sees(of) && (mailbox is null || of == mailbox) && (assignee is null || to == assignee), page.Size, page.Cursor, ct);
        var entries = new List<DraftEntry>(found.Count);
        foreach (var draft in found)
            if (await messages.FindAsync(caller.Tenant, draft.Id, ct) is { } message)
                entries.Add(DraftEntry.Of(draft, message));
        return (entries, next);
    }

    public async Task<(DraftDetail? Detail, long Version)> DetailAsync(Caller caller, string id, CancellationToken ct)
    {
        if (await FindAsync(caller, id, ct) is not ({ } draft, { } message))
            return (null, 0);
        var text = await texts.FindAsync(message, ct);
        return (DraftDetail.Of(draft, message, text, await desk.FindingsAsync(draft, message, text, ct)), draft.Item.Version);
    }

    /// <summary>Does it, if the caller may see the draft, and shows how the draft is then; not to those who may only write.</summary>
    public async Task<IResult> ActAsync(HttpContext context, Caller caller, string id, Func<Actor, Task<DeskOutcome>> act, CancellationToken ct)
    {
        if (await FindAsync(caller, id, ct) is not ({ } draft, { } message))
            return Problem.NotFound;
        if (DeskAnswer.Of(await act(Actor.Of(caller)), caller) is { } problem)
            return problem;
        draft = await drafts.FindAsync(caller.Tenant, id, ct) ?? draft;
        EntityTags.Tell(context, draft.Item.Version);
        return caller.May.Has(Permission.DraftsRead) ? TypedResults.Ok(DraftEntry.Of(draft, message)) : TypedResults.NoContent();
    }

    private async Task<(Draft?, Message?)> FindAsync(Caller caller, string id, CancellationToken ct) =>
        await drafts.FindAsync(caller.Tenant, id, ct) is { } draft && caller.Sees(draft.Record.Mailbox)
            ? (draft, await messages.FindAsync(caller.Tenant, id, ct)) : (null, null);
}

/// <summary>The desk's outcomes as HTTP says them.</summary>
internal static class DeskAnswer
{
    /// <summary>Null when it was done.</summary>
    public static Problem? Of(DeskOutcome outcome, Caller caller) => outcome switch
    {
        DeskOutcome.Done => null,
        DeskOutcome.NotWaiting waiting => new(409, $"The draft does not wait any more: it is {WireWord.Of(waiting.State)}."),
        DeskOutcome.Guarded guarded => new(422,
            guarded.Findings.All(finding => finding.Overridable)
                ? "The guard holds the text for the reasons in errors. Change it, or name these rules in overrides." : "The guard holds the text for the reasons in errors. Some of them nobody may override: change the text.",
            guarded.Findings.GroupBy(finding => WireWord.Of(finding.Rule)).ToDictionary(rule => rule.Key,
                // What was found is a quotation from the draft.
                rule => rule.Select(finding => caller.May.Has(Permission.DraftsRead) ? finding.Found : "found").ToArray())),
        DeskOutcome.QuotaUsedUp => new(409, "The tenant's quota is used up; the draft still waits."),
        DeskOutcome.NotWanted => new(409, "The person wants no automatic answers, or has not consented to them. Write the answer yourself; the draft still waits."),
        DeskOutcome.InShadow => new(409, "The mailbox is in shadow mode: nothing that a machine wrote leaves. Write the answer yourself; the draft still waits."),
        DeskOutcome.DomainLost => new(409, "Another tenant has proved the domain of this mailbox, so nothing leaves from it; the draft still waits."),
        DeskOutcome.Gone => new(410, "The mail was removed, so there is nothing to answer."),
        DeskOutcome.Held => new(409, "A legal hold keeps the mail as it is, and what was decided on it; write the answer yourself."),
        DeskOutcome.Changed => EntityTags.Changed,
        DeskOutcome.NotAMember => Problem.Of("user", "is no member of the tenant who may decide drafts of this mailbox"),
        DeskOutcome.TooManyNotes => new(409, $"The draft has {DraftTalk.MaxNotes} notes already."),
        _ => Problem.NotFound,
    };
}
