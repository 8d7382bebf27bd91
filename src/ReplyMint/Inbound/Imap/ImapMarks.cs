using System.Collections.Concurrent;
using MailKit;
using ReplyMint.Accounts;
using ReplyMint.Outbound;
using ReplyMint.Storage;

namespace ReplyMint.Inbound;

/// <summary>
/// Brings what became of a mail back to its account, such as the flag of an answer that was sent. What is to be done lies in the store until it was
/// done, so a crash or a server that is down delays it only.
/// </summary>
internal sealed class ImapMarks(IStore store, ImapPositions positions, Messages messages, Outbox outbox, DraftForHand drafts, DraftHandedOver handedOver)
{
    private const int AtOnce = 100;

    private readonly ConcurrentDictionary<string, string> _cursors = new(StringComparer.Ordinal);

    /// <summary>One page of what is open; the next pass goes on behind it.</summary>
    /// <param name="validity">Of the open folder's numbers.</param>
    public async Task WorkOffAsync(ImapSession session, uint validity, CancellationToken ct)
    {
        var channel = session.Channel;
        var page = await positions.MarksAsync(channel, AtOnce, _cursors.GetValueOrDefault(channel.Id), ct);
        foreach (var item in page.Items)
            if (await IsOverAsync(session, ImapPositions.ReadMark(item), validity, ct))
                await store.CommitAsync(new Commit().Delete(item.Key, Condition.Same(item)), ct);
        if (page.Cursor is { } next)
            _cursors[channel.Id] = next;
        else
            _cursors.TryRemove(channel.Id, out _);
    }

    /// <summary>Puts what waits for a person into the account's own folder, where the channel says so.</summary>
    public async Task DraftAsync(ImapSession session, CancellationToken ct)
    {
        var channel = session.Channel;
        if (!session.Account.DraftsThere)
            return;
        foreach (var item in (await positions.MarksAsync(channel, AtOnce, _cursors.GetValueOrDefault(channel.Id), ct)).Items)
        {
            var mark = ImapPositions.ReadMark(item);
            if (mark.Drafted || await drafts(channel.Owner, mark.Message, ct) is not { } mail)
                continue;
            if (!await session.DraftAsync(MimeWriter.Write(mail), mail.MessageId, ct))
                return;
            var commit = new Commit().Put(item.Key, StoredJson.Write(mark with { Drafted = true }, InboundJson.Default.ImapMark), Condition.Same(item), expires: item.Expires);
            handedOver(commit, channel.Owner, mark.Message);
            await store.CommitAsync(commit, ct);
        }
    }

    private async Task<bool> IsOverAsync(ImapSession session, ImapMark mark, uint validity, CancellationToken ct)
    {
        switch (await messages.StateAsync(session.Channel.Owner, mark.Message, ct))
        {
            case null or MessageState.Ignored:
                return true;
            case MessageState.Answered when await outbox.StateAsync(session.Channel.Owner, mark.Message, ct) is { State: OutboxState.Sent }:
                // Under other numbers it is another mail's; a new look over all of the folder gives it its own.
                if (mark.Validity == validity)
                    await session.FlagAsync(new UniqueId(validity, mark.Uid), MessageFlags.Answered, ct);
                return true;
            default:
                return false;
        }
    }
}
