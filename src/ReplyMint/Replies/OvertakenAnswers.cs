using ReplyMint.Inbound;
using ReplyMint.Jobs;
using ReplyMint.Outbound;
using ReplyMint.Storage;

namespace ReplyMint.Replies;

/// <summary>
/// Takes back what a machine would still say in a thread where a person has answered, or that was closed: drafts that wait, and answers
/// whose sending has not begun. Each leaves a word in its receipt. What was done already is as it is, so this may run again at any time.
/// </summary>
internal sealed class OvertakenAnswers(IStore store, Messages messages, Threads threads, Drafts drafts, Receipts receipts, Outbox outbox, WebhookEvents webhooks, TimeProvider time)
{
    public async Task<JobOutcome> RunAsync(Job job, CancellationToken ct)
    {
        await TakeBackAsync(job.Tenant, job.Target, ct);
        var commit = new Commit();
        job.Complete(commit);
        await store.CommitAsync(commit, ct);
        return JobOutcome.Finished;
    }

    public async Task TakeBackAsync(string tenant, string thread, CancellationToken ct)
    {
        var record = (await threads.ReadAsync(tenant, thread, ct)).Record;
        foreach (var id in record.Messages)
            await store.RetryAsync((commit, token) => TakeBackAsync(commit, tenant, thread, id, token), ct);
    }

    private async Task<bool> TakeBackAsync(Commit commit, string tenant, string thread, string id, CancellationToken ct)
    {
        // Asked anew with each try: somebody may have opened it again.
        var reading = await threads.ReadAsync(tenant, thread, ct);
        if (await messages.FindAsync(tenant, id, ct) is not { } message || Why(reading.Record, message.Record) is not { } why
            || await messages.PersonAsync(tenant, message.Record.Person, ct) is not { } person)
            return false;
        switch (message.Record.State)
        {
            case MessageState.Held when await drafts.FindAsync(tenant, id, ct) is { Record.State: DraftState.Waiting } draft:
                Drafts.Change(commit, person, draft.Record with { State = DraftState.Cancelled, DecidedAt = time.GetUtcNow() }, draft.Content, draft.Item);
                Messages.Change(commit, person, message, message.Record with { State = MessageState.Ignored, Reasons = [why, .. message.Record.Reasons], DecidedAt = time.GetUtcNow() });
                await webhooks.RaiseAsync(commit, tenant, new WebhookEvent(WebhookEventKind.DraftDecided, id, draft.Record.Mailbox, "cancelled"), ct);
                break;
            case MessageState.Answered when await outbox.FindAsync(tenant, id, ct) is { Record: { State: OutboxState.Queued, ByPerson: false } } entry:
                outbox.Change(commit, entry, entry.Record with { State = OutboxState.Cancelled, Detail = why });
                break;
            default:
                return false;
        }
        commit.Check(reading.Key, Condition.Same(reading.Item));
        if (await receipts.FindAsync(tenant, id, message.Record.Person, ct) is ({ } receipt, { } item))
            Receipts.Change(commit, person, receipt with { Note = receipt.Note.Length == 0 ? Said(reading.Record, why) : $"{receipt.Note}; {Said(reading.Record, why)}" }, item);
        return true;
    }

    private static string? Why(ThreadRecord thread, MessageRecord message) =>
        thread.AnsweredAt >= message.ReceivedAt ? ReplyPolicy.PersonAnswered : thread.ClosedAt is not null ? ReplyPolicy.ThreadClosed : null;

    private static string Said(ThreadRecord thread, string why) => why == ReplyPolicy.PersonAnswered
        ? $"taken back: a person answered at {thread.AnsweredAt:u}" : $"taken back: the thread was closed at {thread.ClosedAt:u}";
}
