namespace ReplyMint.Inbound;

/// <summary>
/// Bounds the memory that mails on their way in may hold together, over all channels. Without it, a few hundred
/// slow clients with 25 MB each would take the machine down.
/// </summary>
/// <param name="bytes">How much it has to give.</param>
/// <param name="within">Another one that this is a share of; what is taken here is taken there too.</param>
internal sealed class InboundBudget(long bytes, InboundBudget? within = null)
{
    /// <summary>Mails up to this size are covered by the bounds on connections and take nothing from the budget.</summary>
    public const int Free = 64 * 1024;

    private long _left = bytes;

    public bool TryTake(long count)
    {
        if (within is not null && !within.TryTake(count))
            return false;
        if (Interlocked.Add(ref _left, -count) >= 0)
            return true;
        Return(count);
        return false;
    }

    public void Return(long count)
    {
        Interlocked.Add(ref _left, count);
        within?.Return(count);
    }
}
