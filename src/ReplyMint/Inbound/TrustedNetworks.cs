using System.Net;
using ReplyMint.Security;

namespace ReplyMint.Inbound;

/// <summary>The networks whose hosts may hand us mail, in CIDR notation.</summary>
internal sealed class TrustedNetworks
{
    private readonly IPNetwork[] _networks;

    private TrustedNetworks(IPNetwork[] networks) => _networks = networks;

    /// <summary>Null, with the first entry that is no network, when one can't be read.</summary>
    public static TrustedNetworks? TryParse(IReadOnlyList<string> texts, out string? wrong)
    {
        var networks = new IPNetwork[texts.Count];
        for (var i = 0; i < texts.Count; i++)
            if (!IPNetwork.TryParse(texts[i], out networks[i]))
            {
                wrong = texts[i];
                return null;
            }
        wrong = null;
        return new(networks);
    }

    public bool Contains(IPAddress address)
    {
        var plain = address.Plain();
        foreach (var network in _networks)
            if (network.Contains(plain))
                return true;
        return false;
    }
}
