using ReplyMint.Storage;

namespace ReplyMint.Outbound;

/// <summary>
/// How long a sending that was started belongs to the process that started it. On a store that several processes share, whoever finds it
/// under way leaves it alone until then, and only after that, and what clocks may differ by, nobody can tell how it ended. On a store of one process it has no such time:
/// what is found under way there was left by a process that is gone.
/// </summary>
internal sealed class SendingLease(IStore store, OutboundSettings settings, TimeProvider time)
{
    // For the commit of the start, which a busy table may keep waiting.
    private static readonly TimeSpan ForTheStart = TimeSpan.FromMinutes(1);

    /// <summary>Until when a sending that starts now may be at work; null where nobody else is.</summary>
    public DateTimeOffset? Begin() => store.IsShared ? time.GetUtcNow() + ForTheStart + settings.LongestHandOver : null;

    /// <summary>
    /// Whether the mail may be handed over still: a process that was put to sleep between the start and here must not hand over what a person
    /// may have settled meanwhile.
    /// </summary>
    public bool MayHandOver(OutboxRecord started) => started.Until is not { } until || time.GetUtcNow() + settings.LongestHandOver <= until;

    /// <summary>Whether nobody can be at work on it any more.</summary>
    public bool IsOver(OutboxRecord found) => found.Until is not { } until || until + SharedStore.Skew <= time.GetUtcNow();
}
