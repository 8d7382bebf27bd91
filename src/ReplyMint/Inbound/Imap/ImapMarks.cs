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
internal sealed class ImapMarks(IStore store, ImapPositions positions, Messages messages, Outbox outbox)
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
