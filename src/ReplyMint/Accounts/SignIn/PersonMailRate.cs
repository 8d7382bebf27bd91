using System.Net;
using System.Text.Json;
using ReplyMint.Limits;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Accounts;

/// <summary>Where somebody came in from within the last 90 days: keyed hashes of networks, the newest last.</summary>
internal sealed record KnownNetworks(int V, IReadOnlyList<string> Hashes);

/// <summary>
/// At most three mails that lead somebody in go to one address within an hour (AUTH-7). Kept in the store: a restart forgets
/// nothing. One of the three is kept for the networks that the person came in from before, so that nobody else can use all up.
/// </summary>
internal sealed class PersonMailRate(IStore store, TimeProvider time)
{
    private const int Most = 3;
    private const int MostStrange = 2;
    private const int MostNetworks = 8;
    private static readonly TimeSpan Remembered = TimeSpan.FromDays(90);
    private static readonly TimeSpan Window = TimeSpan.FromHours(1);

    /// <summary>Counts one mail in the commit that queues it; null, or how long the next has to wait.</summary>
    /// <param name="network">Where it was asked for (<see cref="NetworkOf"/>); null when it was not a stranger who may have asked.</param>
    /// <param name="address">Normalised; plus-tags make no other person of it.</param>
    public async Task<TimeSpan?> TakeAsync(Commit commit, TenantKeys installation, string address, string? network, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var key = ItemKey.Main(KeyRing.Installation, "rate/person-mail/" + installation.Hash("person-mail", Mail.AddressRules.WithoutTag(address)));
        var item = await store.GetAsync(key, ct);
        var since = (now - Window).ToUnixTimeMilliseconds();
        long[] recent = item is null ? [] : [.. JsonSerializer.Deserialize(item.Value.Span, LimitsJson.Default.RateRecord)!.At.Where(at => at > since)];
        var most = network is not null && Known(await store.GetAsync(KnownKey(installation, address), ct)) is { Count: > 0 } known && !known.Contains(HashOf(installation, address, network)) ? MostStrange : Most;
        if (recent.Length >= most)
            return TimeSpan.FromMilliseconds(recent[^most] - since + 1);
        commit.Put(key, JsonSerializer.SerializeToUtf8Bytes(new RateRecord(1, [.. recent, now.ToUnixTimeMilliseconds()]), LimitsJson.Default.RateRecord), Condition.Same(item), expires: now + Window);
        return null;
    }

    /// <summary>Adds to a commit that the person of an address came in from a network.</summary>
    public async Task KnowAsync(Commit commit, TenantKeys installation, string address, string network, CancellationToken ct)
    {
        var item = await store.GetAsync(KnownKey(installation, address), ct);
        var hash = HashOf(installation, address, network);
        var networks = new KnownNetworks(1, [.. Known(item).Where(other => other != hash).TakeLast(MostNetworks - 1), hash]);
        commit.Put(KnownKey(installation, address), JsonSerializer.SerializeToUtf8Bytes(networks, AccountsJson.Default.KnownNetworks), Condition.Same(item), expires: time.GetUtcNow() + Remembered);
    }

    /// <summary>Adds to a commit that it is not known any more where the person of an address came in from.</summary>
    public static void Forget(Commit commit, TenantKeys installation, string address) => commit.Delete(KnownKey(installation, address));

    /// <summary>IPv4 by /24, IPv6 by /48: what one customer of a provider gets at most.</summary>
    public static string NetworkOf(IPAddress? from)
    {
        var bytes = (from ?? IPAddress.None).Plain().GetAddressBytes();
        return Convert.ToHexString(bytes.AsSpan(0, bytes.Length == 4 ? 3 : 6));
    }

    private static IReadOnlyList<string> Known(Item? item) => item is null ? [] : JsonSerializer.Deserialize(item.Value.Span, AccountsJson.Default.KnownNetworks)!.Hashes;

    private static ItemKey KnownKey(TenantKeys installation, string address) =>
        ItemKey.Main(KeyRing.Installation, "known-networks/" + installation.Hash("known-networks", Mail.AddressRules.WithoutTag(address)));

    // With the address, so that two people of one network share nothing.
    private static string HashOf(TenantKeys installation, string address, string network) => installation.Hash("known-network", Mail.AddressRules.WithoutTag(address) + "\n" + network);
}
