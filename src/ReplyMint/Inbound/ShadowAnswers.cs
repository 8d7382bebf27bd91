using ReplyMint.Accounts;
using ReplyMint.Mail;
using ReplyMint.Storage;

namespace ReplyMint.Inbound;

/// <summary>
/// Keeps what a person answered to a mail of a mailbox in shadow mode, to be compared with the draft. It lies in the item of the mail's own text, sealed
/// with the correspondent's key, so it goes with that. Of a mailbox that is in no shadow nothing is kept.
/// </summary>
internal sealed class ShadowAnswers(IStore store, Mailboxes mailboxes, Messages messages, MessageTexts texts, HumanAnswers answers, TimeProvider time)
{
    /// <summary>A person's own mail, wherever it was seen: of each thread that it answers in, it answers the newest mail that it names.</summary>
    public async Task NoteAsync(string tenant, string mailbox, InboundMail mail, CancellationToken ct)
    {
        if (mail.Reply.Length == 0 || !await RunsAsync(tenant, mailbox, ct))
            return;
        string[] references = [.. mail.References, .. mail.InReplyTo.Length > 0 ? [mail.InReplyTo] : (string[])[]];
        var newest = new Dictionary<string, Message>(StringComparer.Ordinal);
        foreach (var message in await answers.NamedAsync(tenant, mailbox, mail.To.Concat(mail.Cc).Select(to => to.Address), references, ct))
            if (!newest.TryGetValue(message.Record.Thread, out var known) || known.Record.ReceivedAt < message.Record.ReceivedAt)
                newest[message.Record.Thread] = message;
        foreach (var message in newest.Values)
            await AddAsync(message, mail.Reply, ct);
    }

    /// <summary>What somebody says he answered to a message.</summary>
    public async Task NoteAsync(Message message, string answer, CancellationToken ct)
    {
        if (await RunsAsync(message.Tenant, message.Record.Mailbox, ct))
            await AddAsync(message, answer, ct);
    }

    private async ValueTask<bool> RunsAsync(string tenant, string mailbox, CancellationToken ct) =>
        await mailboxes.GetAsync(tenant, mailbox, ct) is { } box && box.IsInShadow(time.GetUtcNow());

    private Task<bool> AddAsync(Message message, string answer, CancellationToken ct) =>
        store.RetryAsync(async (commit, token) => await messages.FindAsync(message.Tenant, message.Id, token) is { } found && await texts.AddAnswerAsync(commit, found, answer, token), ct);
}
