using MailKit;
using ReplyMint.Accounts;
using ReplyMint.Mail;
using ReplyMint.Outbound;
using ReplyMint.Storage;

namespace ReplyMint.Inbound;

/// <summary>Looks through an account's folder of sent mail for answers that a person wrote himself: he always wins.</summary>
internal sealed class ImapSent(ImapPositions positions, PersonAnswered answered, ShadowAnswers shadow, ReplyTokens tokens)
{
    private const int HeadBytes = 256 * 1024;
    // Of a long thread only the newest can wait for an answer.
    private const int MostReferences = 20;

    /// <summary>False: another process looks into the account now. The folder where mail comes in has to be opened again behind it.</summary>
    public async Task<bool> LookAsync(ImapSession session, ImapPlace place, CancellationToken ct)
    {
        if (await session.OpenSentAsync(ct) is not { } sent)
            return true;
        var at = place.Now.SentValidity == sent.UidValidity ? place.Now : place.Now with { SentValidity = sent.UidValidity, SentLast = 0 };
        var next = Math.Max(sent.UidNext?.Id ?? 1, 1) - 1;
        var uids = await session.NewAsync(sent, at.SentLast, session.Account.Since, ct);
        foreach (var found in uids.Count == 0 ? [] : await session.LookAsync(sent, [.. uids.Take(ImapPass.Most)], ct))
        {
            if (found.Received is { } when && when >= session.Account.Since && await session.HeadAsync(sent, found.Uid, HeadBytes, ct) is { } head)
                await ReadAsync(session.Channel, MailParser.Parse(head, new Mail.Envelope(null, null)), when, ct);
            at = at with { SentLast = found.Uid.Id };
        }
        if (uids.Count <= ImapPass.Most)
            at = at with { SentLast = Math.Max(at.SentLast, next) };
        return at == place.Now || await place.MoveAsync(at, new Commit(), ct);
    }

    private async Task ReadAsync(Channel channel, InboundMail mail, DateTimeOffset at, CancellationToken ct)
    {
        // Providers put what we send there, too.
        if (tokens.ReadMessageId(mail.MessageId) is not null || mail.Headers.Any(field => tokens.ReadLoopMark(field.Value) is not null))
            return;
        if (channel.Imap is { } account)
            await shadow.NoteAsync(channel.Owner, account.Mailbox, mail, ct);
        var answers = new HashSet<string>(StringComparer.Ordinal);
        foreach (var id in mail.References.TakeLast(MostReferences).Append(mail.InReplyTo).Where(id => id.Length > 0 && answers.Add(id)))
            if (await positions.OfAsync(channel, id, ct) is { } found)
                await answered(channel.Owner, found.Mark.Message, at, ct);
    }
}
