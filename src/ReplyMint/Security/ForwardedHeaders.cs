using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace ReplyMint.Security;

/// <summary>
/// Believes X-Forwarded-For, -Proto and -Host from configured proxies only (NET-2). From anybody else they are taken off the
/// request, so that nothing further in can believe them by mistake.
/// </summary>
internal sealed class ForwardedHeaders(RequestDelegate next, TrustedProxies proxies)
{
    private const string For = "X-Forwarded-For";
    private const string Proto = "X-Forwarded-Proto";
    private const string Host = "X-Forwarded-Host";

    public Task InvokeAsync(HttpContext context)
    {
        var headers = context.Request.Headers;
        var (addresses, schemes, hosts) = (headers[For], headers[Proto], headers[Host]);
        if (addresses.Count == 0 && schemes.Count == 0 && hosts.Count == 0)
            return next(context);
        headers.Remove(For);
        headers.Remove(Proto);
        headers.Remove(Host);
        if (!proxies.Contains(context.Connection.RemoteIpAddress))
            return next(context);
        return Believe(context, Values(addresses), Values(schemes), Values(hosts)) ? next(context)
            : new Problem(400, "The X-Forwarded-* headers contradict each other or can't be read.").ExecuteAsync(context);
    }

    /// <summary>
    /// Each proxy appends what it saw, so the list is read from its end, for as long as the one who wrote is a proxy of ours.
    /// What stands further left was written by the client and means nothing.
    /// </summary>
    private bool Believe(HttpContext context, string[] addresses, string[] schemes, string[] hosts)
    {
        var hops = 0;
        while (hops < addresses.Length && (hops == 0 || proxies.Contains(context.Connection.RemoteIpAddress)))
        {
            if (!IPEndPoint.TryParse(addresses[^(hops + 1)], out var client))
                return false;
            context.Connection.RemoteIpAddress = client.Address;
            context.Connection.RemotePort = client.Port;
            hops++;
        }
        if (!Pick(schemes, addresses.Length, hops, out var scheme) || !Pick(hosts, addresses.Length, hops, out var host))
            return false;
        if (scheme is not null)
        {
            if (!scheme.Equals("https", StringComparison.OrdinalIgnoreCase) && !scheme.Equals("http", StringComparison.OrdinalIgnoreCase))
                return false;
            context.Request.Scheme = scheme.ToLowerInvariant();
        }
        if (host is not null)
            context.Request.Headers.Host = host;
        return true;
    }

    /// <summary>One value is the nearest proxy's word; as many as there are addresses go with them; anything else is a contradiction.</summary>
    private static bool Pick(string[] values, int addresses, int hops, out string? picked)
    {
        picked = values.Length == 0 ? null : values.Length == 1 ? values[0] : values.Length == addresses ? values[^hops] : null;
        return picked is not null || values.Length == 0;
    }

    private static string[] Values(StringValues header) =>
        header.Count == 0 ? [] : header.ToString().Split(',', StringSplitOptions.TrimEntries);
}
