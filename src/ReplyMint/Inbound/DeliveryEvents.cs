using ReplyMint.Accounts;
using ReplyMint.Outbound;

namespace ReplyMint.Inbound;

/// <summary>What a provider tells of a mail that we sent: stored on it, once; an uncertain one is settled; who must not be written to is remembered.</summary>
internal sealed class DeliveryEvents(Outbox outbox, Suppressions suppressions)
{
    /// <param name="owner">The channel's: a tenant's channel speaks of that tenant's mails only.</param>
    /// <param name="subject">From a signed name that came back; never from an address.</param>
    /// <param name="reason">Why the address that we wrote to (never one that the event names) gets no more, or null.</param>
    public async Task RecordAsync(string owner, TokenSubject subject, DeliveryEvent happened, SuppressionReason? reason, CancellationToken ct)
    {
        if ((owner != Channel.Operator && owner != subject.TenantId) || await outbox.FindAsync(subject.TenantId, subject.OutboxId, ct) is not { } entry)
            return;
        await outbox.RecordEventAsync(subject.TenantId, subject.OutboxId, happened, ct);
        if (entry.Record.Purpose == OutboxPurpose.Reply && reason is { } why)
            await suppressions.AddAsync(subject.TenantId, entry.Mail.To, why, ct);
    }
}
