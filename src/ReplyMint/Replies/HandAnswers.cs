using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Outbound;
using ReplyMint.Storage;

namespace ReplyMint.Replies;

/// <summary>
/// A person answers in his own mail program. What ReplyMint had for that thread is closed: a draft, a mail that nobody has decided on yet, an answer that has
/// not left. And the other way round: a draft is given to his program, to be finished and sent there.
/// </summary>
internal sealed class HandAnswers(
    IStore store, Messages messages, MessageTexts texts, Mailboxes mailboxes, Drafts drafts, Receipts receipts, Threads threads, Outbox outbox, ReplyLetters letters, Retention retention, WebhookEvents webhooks, AuditLog audit, TimeProvider time)
{
    /// <summary>What the reasons, receipt and audit log call it.</summary>
    public const string Reason = "answered-by-person";

    private static readonly Actor Owner = new("mailbox-owner");

    public async Task CloseAsync(string tenant, string id, DateTimeOffset at, CancellationToken ct)
    {
        if (await messages.FindAsync(tenant, id, ct) is not { } answered)
            return;
        var thread = await threads.ReadAsync(tenant, answered.Record.Thread, ct);
        foreach (var one in thread.Record.Messages.Append(id).Distinct(StringComparer.Ordinal))
            await store.RetryAsync((commit, token) => CloseAsync(commit, tenant, one, one == id ? DateTimeOffset.MaxValue : at, token), ct);
    }

    private async Task<bool> CloseAsync(Commit commit, string tenant, string id, DateTimeOffset before, CancellationToken ct)
    {
        if (await messages.FindAsync(tenant, id, ct) is not { } message || message.Record.ReceivedAt > before || await messages.PersonAsync(tenant, message.Record.Person, ct) is not { } person)
            return false;
        switch (message.Record.State)
        {
            case MessageState.Received or MessageState.Held:
                Messages.Change(commit, person, message, message.Record with { State = MessageState.Ignored, Reasons = [Reason], DecidedAt = time.GetUtcNow() });
                break;
            // An answer that has left, or is leaving, is the machine's; both were sent then.
            case MessageState.Answered when await outbox.FindAsync(tenant, id, ct) is { Record.State: OutboxState.Queued } queued:
                outbox.Change(commit, queued, queued.Record with { State = OutboxState.Cancelled, Detail = "a person answered" });
                Messages.Change(commit, person, message, message.Record with { State = MessageState.Ignored, Reasons = [Reason], DecidedAt = time.GetUtcNow() });
                break;
            default:
                return false;
        }
        if (await drafts.FindAsync(tenant, id, ct) is { Record.State: DraftState.Waiting } draft)
        {
            Drafts.Change(commit, person, draft.Record with { State = DraftState.Cancelled, DecidedAt = time.GetUtcNow(), DecidedBy = Owner.Id }, draft.Content, draft.Item);
            await webhooks.RaiseAsync(commit, tenant, new WebhookEvent(WebhookEventKind.DraftDecided, id, draft.Record.Mailbox, "cancelled"), ct);
        }
        if (await receipts.FindAsync(tenant, id, message.Record.Person, ct) is ({ } receipt, { } item))
            Receipts.Change(commit, person, receipt with { DecidedBy = Owner.Id, Note = Note(receipt.Note) }, item);
        else
            Receipts.Add(commit, person, message.Record, new Receipt { Verdict = Unasked, DecidedBy = Owner.Id, Note = Note("") }, await retention.ReadAsync(tenant, ct));
        await audit.AppendAsync(commit, tenant, new AuditEntry(Owner, "draft." + Reason, id), ct);
        return true;
    }

    public async Task<OutboundMail?> DraftAsync(string tenant, string id, CancellationToken ct)
    {
        if (await drafts.FindAsync(tenant, id, ct) is not { Record.State: DraftState.Waiting, Content.Text.Length: > 0 } draft || await messages.FindAsync(tenant, id, ct) is not { } message
            || await texts.FindAsync(message, ct) is not { } stored || await mailboxes.GetAsync(tenant, message.Record.Mailbox, ct) is not { } mailbox)
            return null;
        // What the guard found is for the list, which shows it.
        var mail = stored.ToMail(message.Summary);
        if (ApprovedDraft.From(Drafting.ToGuard(mail, mailbox, draft.Content.Text, draft)).Draft is not { } approved)
            return null;
        // A person sends it: it carries no mark of ours, by which it would be taken for a machine's when it is seen among the sent mail.
        return letters.Write(mail, mailbox, message, approved, new BasisRecord()) with { MessageId = $"draft.{id}@{Mail.AddressRules.Domain(mailbox.Address)}", Headers = [] };
    }

    /// <summary>It waits no more in the list; it still can be decided on there by whoever knows it.</summary>
    public static void HandOver(Commit commit, string tenant, string id) => commit.Delete(Drafts.WaitingKey(tenant, id));

    private static Verdict Unasked { get; } = new(Decision.Ignore, [new(16, "person-answered", RuleOutcome.Cancel, "a person answered already")]);

    private static string Note(string before) => before.Length > 0 ? before + "; a person answered in the mailbox itself" : "a person answered in the mailbox itself";
}
