using System.Net;
using System.Net.Sockets;

namespace ReplyMint.Security;

/// <summary>Where calls to addresses that a tenant named may lead (INPUT-6).</summary>
internal sealed record OutsideSettings
{
    private const int MostPlaces = 1_000;

    /// <summary>Places that tenants may name, as host:port: hooks.example.com:443, *.example.com:443 for all names below one, *:993 for that port of any host. Empty: none.</summary>
    public IReadOnlyList<string> Allow { get; set; } = [];

    /// <summary>Networks of one's own that listed places may lie in, such as 10.1.0.0/16, besides the public internet. Empty: none.</summary>
    public IReadOnlyList<string> Networks { get; set; } = [];

    public IEnumerable<string> Problems()
    {
        if (Allow.Count > MostPlaces)
            yield return $"outside.allow: takes at most {MostPlaces} places.";
        foreach (var place in Allow)
            if (OutsidePlace.Parse(place) is null)
                yield return $"outside.allow: \"{place}\" is no place. Allowed: a host and its port, such as \"hooks.example.com:443\", \"*.example.com:443\" for all names below one, \"*:993\" for that port of any host, or \"10.1.2.3:*\" for all ports of one host.";
        foreach (var network in Networks)
            if (OutsideAddress.OwnNetwork(network) is null)
                yield return $"outside.networks: \"{network}\" is no private network. Allowed: parts of 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, 127.0.0.0/8, fc00::/7 or ::1/128; link-local addresses, where clouds keep their credentials, are never allowed.";
    }
}

/// <summary>What some caller of ours may call: on which list a place must be, and in which networks it may lie. Each client out has one; there is none that may call everything.</summary>
internal sealed class OutsideAddress
{
    private static readonly IPNetwork[] Own =
        [.. new[] { "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "fc00::/7", "::1/128" }.Select(IPNetwork.Parse)];

    private readonly IPNetwork[] _allowed = [];
    private readonly bool _anyNetwork;
    private readonly bool _anyPlace;
    private volatile OutsidePlace[] _places = [];

    /// <summary>For addresses that tenants name.</summary>
    public OutsideAddress(OutsideSettings settings)
    {
        _allowed = [.. settings.Networks.Select(OwnNetwork).OfType<IPNetwork>()];
        _places = [.. settings.Allow.Select(OutsidePlace.Parse).OfType<OutsidePlace>()];
    }

    private OutsideAddress(OutsidePlace[] places, bool anyNetwork) => (_places, _anyNetwork) = (places, anyNetwork);

    private OutsideAddress(OutsideSettings settings, bool anyPlace)
        : this(settings) => _anyPlace = anyPlace;

    /// <summary>For addresses that the operator's settings name: exactly these hosts and ports, wherever they lie.</summary>
    public static OutsideAddress Named(params IEnumerable<Uri> addresses) => new([.. addresses.Select(OutsidePlace.Of)], anyNetwork: true);

    /// <inheritdoc cref="Named(IEnumerable{Uri})"/>
    public static OutsideAddress Named(string host, int port) => new([OutsidePlace.Of(host, port)], anyNetwork: true);

    /// <summary>Of the public internet, on a list that is ours.</summary>
    public static OutsideAddress Public(params IEnumerable<string> places) => new([.. places.Select(OutsidePlace.Parse).OfType<OutsidePlace>()], anyNetwork: false);

    /// <summary>For the one address that the operator keeps as a secret, which is read with each call: what the secret says is the list.</summary>
    public static OutsideAddress Secret(OutsideSettings settings) => new(settings, anyPlace: true);

    /// <summary>One more that the settings name.</summary>
    public void Add(Uri address)
    {
        if (Unlisted(address.IdnHost, address.Port) is not null)
            _places = [.. _places, OutsidePlace.Of(address)];
    }

    /// <summary>Why a place is not called, as the end of a sentence about it; null when it is on the list.</summary>
    public string? Unlisted(string host, int port) =>
        _anyPlace || (OutsidePlace.Form(host) is { } name && Array.Exists(_places, place => place.Holds(name, port))) ? null
            : $"leads to {host} port {port}, which is not on the operator's list of places that may be called (outside.allow)";

    public bool MayBeCalled(IPAddress address)
    {
        if (_anyNetwork)
            return true;
        address = address.Plain();
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
        return Unlisted(url.IdnHost, url.Port);
    }

    /// <summary>Null when it is no network, or no private one.</summary>
    public static IPNetwork? OwnNetwork(string text) =>
        TrustedProxies.ParseNetwork(text) is { } network && Own.Any(own => own.Contains(network.BaseAddress) && network.PrefixLength >= own.PrefixLength) ? network : null;

    /// <summary>Whether an address is one of the public internet (IANA's special-purpose registries).</summary>
    public static bool IsPublic(IPAddress address)
    {
        address = address.Plain();
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
