using ReplyMint.Accounts;
using ReplyMint.Inbound;
using ReplyMint.Mail;
using ReplyMint.Outbound;
using ReplyMint.Security;

namespace ReplyMint.Replies;

/// <summary>Makes the outbox entry of an answer: its id is its message's, so there is one answer to one message.</summary>
internal sealed class ReplyLetters(ReplyTokens tokens, HttpSettings http, TimeProvider time)
{
    public OutboxRecord RecordOf(Message message, Mailbox mailbox, Keeping keep) => new()
    {
        Id = message.Id, Purpose = OutboxPurpose.Reply, Mailbox = mailbox.Id, CreatedAt = time.GetUtcNow(),
        Kept = new(keep.Record(message.Record.Person, message.Id, message.Record.ReceivedAt)),
    };

    public OutboundMail Write(InboundMail mail, Mailbox mailbox, Message message, ApprovedDraft draft, BasisRecord basis)
    {
        var subject = new TokenSubject(message.Tenant, message.Id);
        var domain = AddressRules.Domain(mailbox.Address);
        var names = new ReplyNames(tokens.MessageId(subject, domain), tokens.BounceAddress(subject, domain), tokens.LoopMark(subject));
        var written = ReplyComposer.Compose(mail, mailbox, draft, names, time.GetUtcNow());
        // Behind what the guard has read: the link is ours, and no draft can bring one.
        return !basis.Link || http.PublicUrl is not { } url || draft.Decision is { Edited: true } ? written
            : written with { Text = $"{written.Text}\n{ReplyWording.NoMore(ReplyLanguage.Guess(written.Text))}\n{url.TrimEnd('/')}/withdraw/{tokens.Withdrawal(subject)}\n" };
    }
}
