using System.Collections.Concurrent;
using ReplyMint.Storage;

namespace ReplyMint.Aws;

/// <summary>
/// Expiries that stand still, as this process met them. Only what is over and still there makes anybody ask, so most reads cost
/// nothing more; what was met counts a while for the conditions of commits, which are made by whoever read such an item.
/// </summary>
internal sealed class DynamoPauses
{
    private static readonly TimeSpan Remembered = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, (ExpiryPause Pause, DateTimeOffset At)> _met = new(StringComparer.Ordinal);

    /// <summary>Whether the item may be there still, so that its partition's pause has to be asked for.</summary>
    public static bool MayKeep(Item item, DateTimeOffset now) => item.Expires <= now && item.Key is { Table: Table.Main, Partition: not KeyRing.Installation };

    /// <param name="pause">The item as it stands, or null.</param>
    public void Met(string partition, Item? pause, DateTimeOffset now)
    {
        if (pause is null)
            _met.TryRemove(partition, out _);
        else
            _met[partition] = (ExpiryPause.Read(pause), now);
    }

    /// <summary>The instant that the item's expiry is held against.</summary>
    public DateTimeOffset At(ItemKey key, DateTimeOffset now) =>
        key.Table == Table.Main && !_met.IsEmpty && _met.TryGetValue(key.Partition, out var met) && now - met.At < Remembered ? met.Pause.At(key.Sort, now) : now;
}
