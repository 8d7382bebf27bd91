using ReplyMint.Accounts;
using ReplyMint.Inbound;
using ReplyMint.Mail;
using ReplyMint.Outbound;

namespace ReplyMint.Replies;

/// <summary>
/// A person of the house who answers by his own mail program and sends the mailbox a copy (Bcc, Cc). His mail is believed as rule 11
/// believes others: an address alone says nothing, and anybody could have an answer taken back. Nothing is read for other people's mail.
/// </summary>
internal sealed class OwnAnswers(HumanAnswers answers, ShadowAnswers shadow, Users users, Members members, ReplyTokens tokens)
{
    private static readonly Dictionary<string, DateTimeOffset> None = [];

    /// <summary>The threads of the mailbox that this mail is a person's answer in.</summary>
    public async ValueTask<IReadOnlyDictionary<string, DateTimeOffset>> FindAsync(Message message, InboundMail mail, Mailbox mailbox, CancellationToken ct)
    {
        if (mail.From.Count != 1 || mail.References.Count == 0 && mail.InReplyTo.Length == 0
            || AddressRules.Normalize(mail.From[0].Address) is not { } author || AddressRules.Domain(author) != AddressRules.Domain(mailbox.Address))
            return None;
        if (!IsTyped(mail) || SenderProof.Dmarc(mail, message.Summary.Authentication, expected: true, vouchedCounts: false).Outcome != RuleOutcome.Pass)
            return None;
        if (AddressRules.WithoutTag(author) != AddressRules.WithoutTag(mailbox.Address)
            && !(await users.FindByAddressAsync(author, ct) is { } user && await members.FindAsync(mailbox.TenantId, user.Id, ct) is { HeldSince: null } member && (member.Mailboxes is null || member.Mailboxes.Contains(mailbox.Id))))
            return None;
        string[] references = [.. mail.References, .. mail.InReplyTo.Length > 0 ? [mail.InReplyTo] : (string[])[]];
        return await answers.FindAsync(mailbox.TenantId, mailbox.Id, mail.To.Concat(mail.Cc).Select(to => to.Address), references, ct);
    }

    public async Task TellAsync(ReplyWork work, CancellationToken ct)
    {
        await shadow.NoteAsync(work.Tenant.Id, work.Mailbox.Id, work.Mail, ct);
        await answers.TellAsync(work.Tenant.Id, work.AnswersIn, work.Mail.Date is { } written && written < work.Message.Record.ReceivedAt ? written : work.Message.Record.ReceivedAt, ct);
    }

    /// <summary>No machine's: neither our own answers nor a colleague's absence answers anybody.</summary>
    private bool IsTyped(InboundMail mail) =>
        tokens.ReadMessageId(mail.MessageId) is null && mail.Header(ReplyPolicy.LoopHeader) is null
        && !(mail.Envelope.ReversePath is { } path && HeaderSigns.IsNullPath(path))
        && ((Answer[])[HeaderSigns.Report(mail), HeaderSigns.AutoSubmitted(mail), HeaderSigns.Precedence(mail), HeaderSigns.ResponseSuppress(mail), HeaderSigns.Autoreply(mail)])
            .All(answer => answer.Outcome == RuleOutcome.Pass);
}
