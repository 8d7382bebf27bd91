using ReplyMint.Accounts;
using ReplyMint.Inbound;
using ReplyMint.Mail;
using ReplyMint.Outbound;

namespace ReplyMint.Replies;

/// <summary>Makes the outbox entry of an answer: its id is its message's, so there is one answer to one message.</summary>
internal sealed class ReplyLetters(ReplyTokens tokens, TimeProvider time)
{
    public OutboxRecord RecordOf(Message message, Mailbox mailbox, Keeping keep) => new()
    {
        Id = message.Id, Purpose = OutboxPurpose.Reply, Mailbox = mailbox.Id, CreatedAt = time.GetUtcNow(),
        Kept = new(keep.Record(message.Record.Person, message.Id, message.Record.ReceivedAt)),
    };

    public OutboundMail Write(InboundMail mail, Mailbox mailbox, Message message, ApprovedDraft draft)
    {
        var subject = new TokenSubject(message.Tenant, message.Id);
        var domain = AddressRules.Domain(mailbox.Address);
        var names = new ReplyNames(tokens.MessageId(subject, domain), tokens.BounceAddress(subject, domain), tokens.LoopMark(subject));
        return ReplyComposer.Compose(mail, mailbox, draft, names, time.GetUtcNow());
    }
}
