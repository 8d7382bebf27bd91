using System.Globalization;
using System.Net;

namespace ReplyMint.Security;

/// <summary>Host names as they stand in settings and in the Host header (RFC 9110 7.2).</summary>
internal static class HostName
{
    /// <summary>A name or an IP address (IPv6 in brackets), without port, user, wildcard or trailing dot.</summary>
    public static bool IsPlain(ReadOnlySpan<char> host)
    {
        if (host.Length is 0 or > 253)
            return false;
        if (host[0] == '[')
            return host[^1] == ']' && IPAddress.TryParse(host[1..^1], out _);
        var label = 0;
        foreach (var c in host)
        {
            if (c == '.' ? label == 0 : !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_'))
                return false;
            label = c == '.' ? 0 : label + 1;
        }
        return label > 0;
    }

    /// <summary>Cuts a well-formed port off; false when what stands behind the host is no port.</summary>
    public static bool TryWithoutPort(ReadOnlySpan<char> header, out ReadOnlySpan<char> host)
    {
        host = header;
        var colon = header.LastIndexOf(':');
        if (colon < 0 || colon < header.LastIndexOf(']'))
            return true;
        host = header[..colon];
        return int.TryParse(header[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and <= 65535;
    }
}
