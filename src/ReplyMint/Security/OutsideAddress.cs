using System.Net;
using System.Net.Sockets;

namespace ReplyMint.Security;

/// <summary>Where calls to addresses that a tenant named may lead, besides the public internet (INPUT-6).</summary>
internal sealed record OutsideSettings
{
    /// <summary>Networks of one's own that tenants' webhooks may lead to, such as 10.1.0.0/16. Empty: none.</summary>
    public IReadOnlyList<string> Networks { get; set; } = [];

    public IEnumerable<string> Problems()
    {
        foreach (var network in Networks)
            if (OutsideAddress.OwnNetwork(network) is null)
                yield return $"outside.networks: \"{network}\" is no private network. Allowed: parts of 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, 127.0.0.0/8, fc00::/7 or ::1/128; link-local addresses, where clouds keep their credentials, are never allowed.";
    }
}

/// <summary>What is public, and what the operator opened beside it.</summary>
internal sealed class OutsideAddress(OutsideSettings settings)
{
    private static readonly IPNetwork[] Own =
        [.. new[] { "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "fc00::/7", "::1/128" }.Select(IPNetwork.Parse)];

    private readonly IPNetwork[] _allowed = [.. settings.Networks.Select(OwnNetwork).OfType<IPNetwork>()];

    public bool MayBeCalled(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        return IsPublic(address) || _allowed.Any(network => network.Contains(address));
    }

    /// <summary>What is wrong with an address that somebody wants called, before anybody looks its name up; null when nothing is.</summary>
    public string? Problem(Uri url, bool needsHttps)
    {
        if (!url.IsAbsoluteUri || (url.Scheme != Uri.UriSchemeHttps && (needsHttps || url.Scheme != Uri.UriSchemeHttp)))
            return needsHttps ? "must be an https address" : "must be an https or http address";
        if (url.UserInfo.Length > 0)
            return "must not hold a user's name or password";
        if (IPAddress.TryParse(url.IdnHost, out var address) && !MayBeCalled(address))
            return "leads to a private or reserved address";
        return null;
    }

    /// <summary>Null when it is no network, or no private one.</summary>
    public static IPNetwork? OwnNetwork(string text) =>
        TrustedProxies.ParseNetwork(text) is { } network && Own.Any(own => own.Contains(network.BaseAddress) && network.PrefixLength >= own.PrefixLength) ? network : null;

    /// <summary>Whether an address is one of the public internet (IANA's special-purpose registries).</summary>
    public static bool IsPublic(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        var bytes = address.GetAddressBytes();
        if (address.AddressFamily == AddressFamily.InterNetwork)
            return bytes[0] switch
            {
                0 or 10 or 127 or >= 224 => false,
                100 => (bytes[1] & 0xc0) != 64,
                // Azure serves credentials of its machines from one address of the public internet.
                168 => !(bytes[1] == 63 && bytes[2] == 129 && bytes[3] == 16),
                169 => bytes[1] != 254,
                172 => (bytes[1] & 0xf0) != 16,
                192 => !(bytes[1] == 168 || (bytes[1] == 0 && bytes[2] is 0 or 2) || (bytes[1] == 88 && bytes[2] == 99)),
                198 => !(bytes[1] is 18 or 19 || (bytes[1] == 51 && bytes[2] == 100)),
                203 => !(bytes[1] == 0 && bytes[2] == 113),
                _ => true,
            };
        // Only global unicast, and of it neither documentation nor the mechanisms that wrap an IPv4 address.
        return (bytes[0] & 0xe0) == 0x20
            && !(bytes[0] == 0x20 && bytes[1] == 0x01 && (bytes[2] < 2 || (bytes[2] == 0x0d && bytes[3] == 0xb8)))
            && !(bytes[0] == 0x20 && bytes[1] == 0x02)
            && !(bytes[0] == 0x3f && bytes[1] == 0xff);
    }
}
