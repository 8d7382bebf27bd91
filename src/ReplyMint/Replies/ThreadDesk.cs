using ReplyMint.Audit;
using ReplyMint.Inbound;

namespace ReplyMint.Replies;

/// <summary>What people say of a thread: that they answered in it themselves, or that it is over. What was to leave by itself is taken back at once, and each such word is in the audit log.</summary>
internal sealed class ThreadDesk(Messages messages, Threads threads, HumanAnswers answers, ShadowAnswers shadow, OvertakenAnswers overtaken, AuditLog audit, TimeProvider time)
{
    /// <summary>Somebody answered a message himself: all that came in its thread until now is his business.</summary>
    /// <param name="text">What he answered, where he says so; kept in shadow mode only.</param>
    public async Task AnsweredAsync(Message message, string? text, Actor actor, CancellationToken ct)
    {
        if (text is not null)
            await shadow.NoteAsync(message, text, ct);
        await ChangeAsync(message, thread => HumanAnswers.Answered(thread, time.GetUtcNow()), "message.answered", message.Id, actor, ct);
    }

    /// <summary>Nothing in the thread is answered by itself any more, until it is opened again.</summary>
    public Task CloseAsync(Message message, Actor actor, CancellationToken ct) =>
        ChangeAsync(message, thread => thread.ClosedAt is null ? thread with { ClosedAt = time.GetUtcNow() } : thread, "thread.close", message.Record.Thread, actor, ct);

    /// <summary>What comes from now on is decided as ever.</summary>
    public Task ReopenAsync(Message message, Actor actor, CancellationToken ct) =>
        ChangeAsync(message, thread => thread.ClosedAt is null ? thread : thread with { ClosedAt = null }, "thread.reopen", message.Record.Thread, actor, ct);

    /// <summary>A decided message of a thread, for which a test holds; null when there is none.</summary>
    public async ValueTask<Message?> FindAsync(string tenant, string thread, Func<Message, bool> wanted, CancellationToken ct)
    {
        foreach (var id in (await threads.ReadAsync(tenant, thread, ct)).Record.Messages)
            if (await messages.FindAsync(tenant, id, ct) is { } message && wanted(message))
                return message;
        return null;
    }

    private async Task ChangeAsync(Message message, Func<ThreadRecord, ThreadRecord> change, string act, string subject, Actor actor, CancellationToken ct)
    {
        await answers.ChangeAsync(message.Tenant, message.Record.Thread, change, (commit, token) => audit.AppendAsync(commit, message.Tenant, new AuditEntry(actor, act, subject), token), ct);
        // The job does it too; who says so sees it done.
        await overtaken.TakeBackAsync(message.Tenant, message.Record.Thread, ct);
    }
}
