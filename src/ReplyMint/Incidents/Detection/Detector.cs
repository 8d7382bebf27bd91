using ReplyMint.Security;

namespace ReplyMint.Incidents;

/// <summary>What may be contained because of a finding.</summary>
internal enum CulpritKind { Key, User, Tenant, Network }

/// <param name="Network">Of a network.</param>
internal readonly record struct Culprit(CulpritKind Kind, string Id, NetworkMark? Network = null)
{
    public static Culprit Of(NetworkMark network) => new(CulpritKind.Network, network.Near, network);

    public static Culprit Of(in SecurityEvent seen) => new(seen.CallerKind == Security.CallerKind.Key ? CulpritKind.Key : CulpritKind.User, seen.Caller!);
}

/// <summary>Something suspicious: ids, marks and counts only.</summary>
/// <param name="Subject">Who or what; with the detector's name it says which findings are the same.</param>
/// <param name="Culprit">Who could be contained; null where that would hit others.</param>
internal sealed record Suspicion(string Detector, string Subject, string Text, string? Tenant = null, Culprit? Culprit = null);

/// <summary>Looks at one event after the other and knows nothing but what it has seen: bounded, in memory, without a store or clock.</summary>
internal abstract class Detector
{
    public abstract string Name { get; }

    public abstract Suspicion? See(in SecurityEvent seen);
}

/// <summary>Of each subject the different things that were seen within a window. Bounded: the subject that was quiet for longest goes.</summary>
/// <param name="window">How long something counts.</param>
/// <param name="enough">How many are needed; no more than that are kept.</param>
/// <param name="subjects">How many are watched at once.</param>
internal sealed class RecentSets(TimeSpan window, int enough, int subjects = 10_000)
{
    private readonly Dictionary<string, LinkedListNode<Kept>> _kept = new(StringComparer.Ordinal);
    private readonly LinkedList<Kept> _order = new();

    private sealed record Kept(string Subject, Dictionary<long, DateTimeOffset> Things);

    /// <summary>True when there are enough; then the subject begins anew.</summary>
    public bool Add(string subject, long thing, DateTimeOffset at)
    {
        if (!_kept.TryGetValue(subject, out var node))
        {
            if (_kept.Count == subjects)
                Forget(_order.First!.Value.Subject);
            _kept[subject] = node = new(new(subject, []));
        }
        else
        {
            _order.Remove(node);
        }
        _order.AddLast(node);
        var things = node.Value.Things;
        things[thing] = at;
        if (things.Count < enough)
            return false;
        foreach (var (old, _) in things.Where(one => one.Value <= at - window).ToList())
            things.Remove(old);
        if (things.Count < enough)
            return false;
        Forget(subject);
        return true;
    }

    /// <summary>It turned out to be harmless.</summary>
    public void Remove(string subject, long thing)
    {
        if (_kept.TryGetValue(subject, out var node))
            node.Value.Things.Remove(thing);
    }

    /// <summary>One of them turned out to be harmless, and nobody knows which.</summary>
    public void RemoveOne(string subject)
    {
        if (_kept.TryGetValue(subject, out var node) && node.Value.Things.Count > 0)
            node.Value.Things.Remove(node.Value.Things.First().Key);
    }

    private void Forget(string subject)
    {
        if (_kept.Remove(subject, out var node))
            _order.Remove(node);
    }
}

/// <summary>Of each subject how much was seen within a window, by estimate: this window's and the share of the last one that is still within.</summary>
internal sealed class RecentCounts(TimeSpan window, int enough, int subjects = 10_000)
{
    private readonly Dictionary<string, (long Window, long Now, long Before)> _counts = new(StringComparer.Ordinal);

    /// <summary>True when it is enough; then the subject begins anew.</summary>
    public bool Add(string subject, long amount, DateTimeOffset at)
    {
        var number = at.UtcTicks / window.Ticks;
        if (!_counts.TryGetValue(subject, out var count))
        {
            if (_counts.Count == subjects)
                foreach (var (old, _) in _counts.Where(one => one.Value.Window < number - 1).ToList())
                    _counts.Remove(old);
            if (_counts.Count == subjects)
                _counts.Clear();
        }
        count = count.Window == number ? count : count.Window == number - 1 ? (number, 0, count.Now) : (number, 0, 0);
        count.Now += amount;
        var part = 1 - at.UtcTicks % window.Ticks / (double)window.Ticks;
        if (count.Now + count.Before * part < enough)
        {
            _counts[subject] = count;
            return false;
        }
        _counts.Remove(subject);
        return true;
    }
}
