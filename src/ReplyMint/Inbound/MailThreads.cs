using ReplyMint.Accounts;
using ReplyMint.Mail;
using ReplyMint.Outbound;
using ReplyMint.Storage;

namespace ReplyMint.Inbound;

/// <summary>Where a mail belongs.</summary>
/// <param name="Foreign">It names an answer that was somebody else's (rule 18).</param>
internal readonly record struct ThreadPlace(string Thread, bool Foreign);

/// <summary>
/// Whose thread a mail continues. A correspondent joins a thread by what only he was given: the signed Message-ID of an answer to
/// himself, whatever became of the rest of his References. Without one only his own mails can meet in a thread, since his address is
/// part of its name. Nothing is read for a mail that holds no name of ours.
/// </summary>
internal sealed class MailThreads(Messages messages, Outbox outbox, ReplyTokens tokens)
{
    /// <param name="own">The tenant's keys.</param>
    /// <param name="mailbox">Whose mail it is.</param>
    /// <param name="message">The new message, its thread not known yet.</param>
    /// <param name="address">The author's, normalised.</param>
    /// <param name="mail">What he sent.</param>
    /// <param name="ct">Ends the reading.</param>
    public async ValueTask<ThreadPlace> PlaceAsync(TenantKeys own, Mailbox mailbox, MessageRecord message, string address, InboundMail mail, CancellationToken ct)
    {
        if (Newest(mail) is not { } subject)
            return new(NameOf(own, mailbox, address, Root(mail)), false);
        var answered = subject.TenantId == own.Tenant ? await messages.FindAsync(own.Tenant, subject.OutboxId, ct) : null;
        if (answered is { } same && same.Record.Mailbox == mailbox.Id && same.Record.Person == message.Person)
            return new(same.Record.Thread, false);
        // Of our own an answer that was removed says of nobody that it was his, so it leads nowhere and accuses nobody. One that went
        // to a Reply-To is known to whom it went: he is no stranger, and his thread is his own all the same.
        if (subject.TenantId == own.Tenant && (answered is null || answered.Record.Mailbox == mailbox.Id && await WentToAsync(own.Tenant, subject.OutboxId, address, ct)))
            return new(NameOf(own, mailbox, address, Root(mail)), false);
        return new(NameOf(own, mailbox, address, message.Id), true);
    }

    /// <summary>
    /// The newest of our names in it decides: a colleague to whom an answer was passed on is held once, and goes on in the thread of the answer
    /// that he got himself.
    /// </summary>
    private TokenSubject? Newest(InboundMail mail)
    {
        if (mail.InReplyTo.Length > 0 && tokens.ReadMessageId(mail.InReplyTo) is { } answered)
            return answered;
        for (var i = mail.References.Count - 1; i >= 0; i--)
            if (tokens.ReadMessageId(mail.References[i]) is { } named)
                return named;
        return null;
    }

    private async ValueTask<bool> WentToAsync(string tenant, string id, string address, CancellationToken ct) =>
        await outbox.FindAsync(tenant, id, ct) is { } entry && AddressRules.Normalize(entry.Mail.To) == address;

    private static string NameOf(TenantKeys own, Mailbox mailbox, string address, string root) => own.Hash("thread", $"{mailbox.Id}\n{address}\n{root}");

    // The first reference is the thread's root; within it only the same correspondent counts, so that quoting somebody's
    // Message-ID leads nowhere.
    private static string Root(InboundMail mail) =>
        mail.References.Count > 0 ? mail.References[0] : mail.InReplyTo.Length > 0 ? mail.InReplyTo : mail.MessageId;
}
