using System.Buffers;
using System.Globalization;
using System.Net;

namespace ReplyMint.Security;

/// <summary>A place that may be called: "hooks.example.com:443", "*.example.com:443" for all names below one, "*:993" for a port of any host, or "10.1.2.3:*" for all ports of one host.</summary>
internal sealed class OutsidePlace
{
    private const string Any = "*";
    private const string Below = "*.";

    private static readonly SearchValues<char> NotInAName = SearchValues.Create("/\\?#@ *%");

    private readonly string _host;
    // 0 is every port.
    private readonly int _port;

    private OutsidePlace(string host, int port) => (_host, _port) = (host, port);

    public bool IsAnyHost => _host == Any;

    public bool IsAnyPort => _port == 0;

    public int Port => _port;

    public static OutsidePlace Of(string host, int port) => new(Form(host) ?? host, port);

    public static OutsidePlace Of(Uri address) => Of(address.IdnHost, address.Port);

    /// <summary>Null when it is none. A host of any name needs its port, else the list would hold everything.</summary>
    public static OutsidePlace? Parse(string text)
    {
        var colon = text.LastIndexOf(':');
        if (colon <= 0 || text.Length > 300)
            return null;
        var (host, behind) = (text[..colon], text[(colon + 1)..]);
        var port = 0;
        if (behind != Any && !(int.TryParse(behind, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port is > 0 and <= 65535))
            return null;
        if (host == Any)
            return port == 0 ? null : new(Any, port);
        if (!host.StartsWith(Below, StringComparison.Ordinal))
            return Form(host) is { } one ? new(one, port) : null;
        return port > 0 && Form(host[Below.Length..]) is { } domain && !IPAddress.TryParse(domain, out _) ? new(Below + domain, port) : null;
    }

    /// <param name="host">In its one form (<see cref="Form"/>).</param>
    public bool Holds(string host, int port) =>
        (_port == 0 || _port == port)
        // With its dot: "evil-example.com" is none of "*.example.com".
        && (_host == Any || (_host.StartsWith(Below, StringComparison.Ordinal) ? host.EndsWith(_host[1..], StringComparison.Ordinal) : host == _host));

    /// <summary>The one form of a host however it is written: small letters, A-labels, addresses as numbers, no dot at the end. Null when it is no host.</summary>
    public static string? Form(string host)
    {
        if (host.Length is 0 or > 255 || host.AsSpan().ContainsAny(NotInAName))
            return null;
        var bare = host.Contains(':', StringComparison.Ordinal) && host[0] != '[' ? $"[{host}]" : host;
        if (!Uri.TryCreate($"http://{bare}/", UriKind.Absolute, out var uri) || !uri.IsDefaultPort)
            return null;
        var name = uri.IdnHost.TrimEnd('.');
        return IPAddress.TryParse(name, out var address) ? address.Plain().ToString()
            : name.Length > 0 && HostName.IsPlain(name) ? name : null;
    }
}
