using System.Net;
using System.Net.Sockets;

namespace ReplyMint.Security;

/// <summary>The reverse proxies whose word is taken (NET-2). Nobody, unless configured.</summary>
internal sealed class TrustedProxies(IEnumerable<string> configured)
{
    private readonly IPNetwork[] _networks = [.. configured.Select(ParseNetwork).OfType<IPNetwork>()];

    public bool None => _networks.Length == 0;

    public bool Contains(IPAddress? address)
    {
        if (address is null || _networks.Length == 0)
            return false;
        address = address.Plain();
        foreach (var network in _networks)
            if (network.Contains(address))
                return true;
        return false;
    }

    /// <summary>An address, or a network no wider than /8 (/32 in IPv6): "everybody" is no proxy.</summary>
    public static IPNetwork? ParseNetwork(string text)
    {
        if (IPAddress.TryParse(text, out var address))
            return new IPNetwork(address, address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128);
        return IPNetwork.TryParse(text, out var network)
            && network.PrefixLength >= (network.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? 8 : 32) ? network : null;
    }
}
