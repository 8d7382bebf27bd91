using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Replies;

/// <summary>What people arrange among themselves about a draft: who looks at it, and what he should know. Nothing of it is sent.</summary>
internal sealed class DraftTalk(IStore store, Messages messages, Drafts drafts, Members members, AuditLog audit, TimeProvider time)
{
    public const int MaxNotes = 20;
    public const int MaxNote = 1_000;

    /// <param name="user">Who is to look at it, or null to free it.</param>
    public Task<DeskOutcome> AssignAsync(string tenant, string id, string? user, Actor actor, CancellationToken ct) =>
        store.RetryAsync<DeskOutcome>(async (commit, token) =>
        {
            if (await drafts.FindAsync(tenant, id, token) is not { } draft)
                return new DeskOutcome.NotFound();
            if (draft.Record.State != DraftState.Waiting)
                return new DeskOutcome.NotWaiting(draft.Record.State);
            if (user is not null && !await MayDecideAsync(tenant, user, draft.Record.Mailbox, token))
                return new DeskOutcome.NotAMember();
            if (await messages.PersonAsync(tenant, draft.Record.Person, token) is not { } person)
                return new DeskOutcome.Gone();
            Drafts.Change(commit, person, draft.Record with { Assignee = user }, draft.Content, draft.Item, await drafts.EntryAsync(tenant, id, token));
            await audit.AppendAsync(commit, tenant, new AuditEntry(actor, "draft.assign", id, new Dictionary<string, string> { ["user"] = user ?? "nobody" }), token);
            return new DeskOutcome.Done();
        }, ct);

    /// <summary>Adds a note, to a decided draft too: why it was decided so is worth knowing.</summary>
    public Task<DeskOutcome> NoteAsync(string tenant, string id, string text, Actor actor, CancellationToken ct) =>
        store.RetryAsync<DeskOutcome>(async (commit, token) =>
        {
            if (await drafts.FindAsync(tenant, id, token) is not { } draft)
                return new DeskOutcome.NotFound();
            if (draft.Content.Notes.Count >= MaxNotes)
                return new DeskOutcome.TooManyNotes();
            if (await messages.PersonAsync(tenant, draft.Record.Person, token) is not { } person)
                return new DeskOutcome.Gone();
            var content = draft.Content with { Notes = [.. draft.Content.Notes, new DraftNote(actor.Id, time.GetUtcNow(), text)] };
            Drafts.Change(commit, person, draft.Record, content, draft.Item);
            await audit.AppendAsync(commit, tenant, new AuditEntry(actor, "draft.note", id), token);
            return new DeskOutcome.Done();
        }, ct);

    /// <summary>Whether somebody is a member who may decide drafts of a mailbox now.</summary>
    public async ValueTask<bool> MayDecideAsync(string tenant, string user, string mailbox, CancellationToken ct) =>
        await members.FindAsync(tenant, user, ct) is { } member && Permissions.Of(member.Role).Has(Permission.DraftsWrite)
            && (member.Mailboxes is null || member.Mailboxes.Contains(mailbox));
}
