using System.Text.Json;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Incidents;

/// <summary>A network that a key came from.</summary>
/// <param name="Wide">Its mark (<see cref="NetworkMark.Wide"/>).</param>
internal sealed record KnownNetwork(string Wide, bool V6, DateTimeOffset At);

/// <param name="Since">When the first one was learnt.</param>
internal sealed record KnownNetworks(int V, DateTimeOffset Since, IReadOnlyList<KnownNetwork> Networks);

/// <summary>
/// A key from a network that it never came from before. Networks are as wide as a customer commonly moves in (/24, /48). The other family of addresses
/// counts as known once, when the key was used by a known network within the hour: a machine with both takes now one, now the other.
/// </summary>
internal static class KeyNetworks
{
    private static readonly TimeSpan Both = TimeSpan.FromHours(1);
    private static readonly TimeSpan Again = TimeSpan.FromDays(1);

    /// <returns>What is known from now on, or null when nothing changes; and whether somebody should be told.</returns>
    public static (KnownNetworks? Now, bool IsNew) Judge(KnownNetworks? known, NetworkMark from, DateTimeOffset at, DetectionSettings settings)
    {
        if (known is null)
            return (new(1, at, [new(from.Wide, from.V6, at)]), false);
        if (known.Networks.FirstOrDefault(one => one.Wide == from.Wide) is { } seen)
            // The other family is asked for by the hour, and the oldest by the day: no write for each use.
            return at - seen.At < (known.Networks.All(one => one.V6 == from.V6) ? Both / 2 : Again) ? (null, false) : (known with { Networks = [.. known.Networks.Where(one => one != seen), seen with { At = at }] }, false);
        var learning = at - known.Since < TimeSpan.FromDays(settings.KeyLearnDays);
        var moves = known.Networks.Count >= settings.KeyNetworks;
        var both = known.Networks.All(one => one.V6 != from.V6) && known.Networks.Any(one => at - one.At < Both);
        var after = known with { Networks = [.. known.Networks.OrderBy(one => one.At).TakeLast(settings.KeyNetworks), new(from.Wide, from.V6, at)] };
        return (after, !learning && !moves && !both);
    }
}

/// <summary>What is known of keys lies in the store, with the tenant whose they are, so that it outlives a restart and all processes share it.</summary>
internal sealed class KeyNetworkDetector(IStore store, DetectionSettings settings)
{
    private static readonly TimeSpan Kept = TimeSpan.FromDays(400);

    public async Task<Suspicion?> SeeAsync(SecurityEvent seen, CancellationToken ct)
    {
        if (seen is not { Tenant: { } tenant, Caller: { } key, Network: { } from })
            return null;
        var isNew = await store.RetryAsync(async (commit, token) =>
        {
            var at = KeyOf(tenant, key);
            var item = await store.GetAsync(at, token);
            var (now, told) = KeyNetworks.Judge(item is null ? null : JsonSerializer.Deserialize(item.Value.Span, IncidentsJson.Default.KnownNetworks), from, seen.At, settings);
            if (now is not null)
                commit.Put(at, JsonSerializer.SerializeToUtf8Bytes(now, IncidentsJson.Default.KnownNetworks), Condition.Same(item), expires: seen.At + Kept);
            return told;
        }, ct);
        return isNew ? new(DetectorNames.KeyNetwork, key, $"API key {key} of tenant {tenant} was used from network {from.Near}, where it never came from before. If nobody there knows why, it has leaked: contain or revoke it.", tenant, new(CulpritKind.Key, key)) : null;
    }

    internal static ItemKey KeyOf(string tenant, string key) => ItemKey.Main(tenant, "key-networks/" + key);
}
