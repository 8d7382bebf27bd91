using ReplyMint.Jobs;
using ReplyMint.Mail;
using ReplyMint.Storage;

namespace ReplyMint.Outbound;

/// <summary>
/// A mail of the house itself to one of its people: a notice, a way to sign in. Marked so that no machine answers it, and
/// without a way back, so that one that can't be delivered does not come in as mail for a mailbox.
/// </summary>
internal sealed class HouseMail(Outbox outbox, ReplyTokens tokens, TimeProvider time)
{
    /// <summary>The header of our signed mark; a mail that carries it is never answered.</summary>
    public const string LoopHeader = "X-ReplyMint-Loop";

    /// <summary>Adds the mail and its job to a commit. Wake the job once that is committed.</summary>
    /// <param name="sealer">Whose key seals it in the outbox: the tenant's or the person's.</param>
    /// <param name="sendBefore">After this it is of no use any more and does not leave; null is never.</param>
    /// <param name="purpose">A test leaves by the mailbox's own way, also in shadow mode: the person who asked for it gets it himself.</param>
    public Job Enqueue(
        Commit commit, string tenant, SealingKey sealer, string? mailbox, string from, string to, string subject, string text, DateTimeOffset? sendBefore = null, OutboxPurpose purpose = OutboxPurpose.Notice)
    {
        var now = time.GetUtcNow();
        var id = Ids.Timed(time);
        var subjectOf = new TokenSubject(tenant, id);
        var mail = new OutboundMail
        {
            MessageId = tokens.MessageId(subjectOf, AddressRules.Domain(from)),
            ReversePath = "",
            From = from,
            FromName = "ReplyMint",
            To = to,
            Subject = subject,
            Text = text,
            Date = now,
            Headers =
            [
                new("Auto-Submitted", "auto-generated"),
                new("X-Auto-Response-Suppress", "All"),
                new(LoopHeader, tokens.LoopMark(subjectOf)),
            ],
        };
        return outbox.Enqueue(commit, tenant, sealer, new OutboxRecord { Id = id, Purpose = purpose, Mailbox = mailbox, CreatedAt = now, SendBefore = sendBefore, ByPerson = purpose == OutboxPurpose.Test }, mail);
    }
}
