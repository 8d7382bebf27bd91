namespace ReplyMint.Outbound;

/// <summary>The way by which a mailbox's answers leave instead of the installation's; null when it has none of its own. Given by the room that knows mailboxes.</summary>
internal delegate ValueTask<IOutboundChannel?> OwnWay(string tenant, string mailbox, CancellationToken ct);

/// <summary>
/// Places for sendings by servers that tenants named. They may be slow or hang on purpose, so they have places apart from those of everybody's mail,
/// and each tenant has few of them.
/// </summary>
internal sealed class OwnPlaces
{
    private const int All = 32;
    private const int OfTenant = 2;

    /// <summary>One handing over takes no longer: it is called off then.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);

    private readonly Dictionary<string, int> _taken = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private int _all;

    public bool TryTake(string tenant)
    {
        lock (_gate)
        {
            var own = _taken.GetValueOrDefault(tenant);
            if (_all >= All || own >= OfTenant)
                return false;
            (_taken[tenant], _all) = (own + 1, _all + 1);
            return true;
        }
    }

    public void Return(string tenant)
    {
        lock (_gate)
        {
            _all--;
            if (--_taken[tenant] is 0)
                _taken.Remove(tenant);
        }
    }
}
