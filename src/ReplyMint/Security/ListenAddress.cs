using System.Globalization;
using System.Net;

namespace ReplyMint.Security;

/// <summary>Where the HTTP listener binds: scheme, address and port. A host name other than localhost is refused, because Kestrel would bind it to every address.</summary>
/// <param name="Host">"localhost", "*" or an IP address without brackets.</param>
internal sealed record ListenAddress(bool Https, string Host, int Port)
{
    public const string Form = "http://ADDRESS:PORT or https://ADDRESS:PORT, where ADDRESS is an IP address, localhost or *";

    /// <summary>Null for localhost (both loopback addresses) and for any address.</summary>
    public IPAddress? Address => IPAddress.TryParse(Host, out var address) ? address : null;

    public bool IsAny => Host == "*";

    public static ListenAddress? Parse(string url)
    {
        var https = url.StartsWith("https://", StringComparison.OrdinalIgnoreCase);
        if (!https && !url.StartsWith("http://", StringComparison.OrdinalIgnoreCase))
            return null;
        var rest = url[(https ? 8 : 7)..].TrimEnd('/');
        var colon = rest.LastIndexOf(':');
        var hasPort = colon > rest.LastIndexOf(']');
        var host = hasPort ? rest[..colon] : rest;
        var port = https ? 443 : 80;
        if (hasPort && !(int.TryParse(rest.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port) && port <= 65535))
            return null;
        return Normalize(host) is { } known ? new(https, known, port) : null;
    }

    public override string ToString() => $"{(Https ? "https" : "http")}://{(Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host)}:{Port}";

    private static string? Normalize(string host)
    {
        if (host is "*" or "+")
            return "*";
        if (host.Equals("localhost", StringComparison.OrdinalIgnoreCase))
            return "localhost";
        var bracketed = host.Length > 2 && host[0] == '[' && host[^1] == ']';
        // "127.1" and "2130706433" are addresses to the parser; only the usual written form is one to a reader.
        return IPAddress.TryParse(bracketed ? host[1..^1] : host, out var address)
            && bracketed == (address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6)
            && (bracketed || address.ToString() == host) ? address.ToString() : null;
    }
}
