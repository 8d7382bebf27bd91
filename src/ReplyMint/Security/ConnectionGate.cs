using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;

namespace ReplyMint.Security;

/// <summary>Bounds the connections of one address, so that a single client can't take all of them (NET-4). Proxies speak for many and are exempt.</summary>
internal sealed class ConnectionGate(int most, TrustedProxies proxies)
{
    private readonly ConcurrentDictionary<IPAddress, int> _open = new();

    public ConnectionDelegate Guarding(ConnectionDelegate next) => connection =>
    {
        if (connection.RemoteEndPoint is not IPEndPoint { Address: var address } || proxies.Contains(address))
            return next(connection);
        return CountedAsync(next, connection, Network(address));
    };

    private async Task CountedAsync(ConnectionDelegate next, ConnectionContext connection, IPAddress network)
    {
        try
        {
            if (_open.AddOrUpdate(network, 1, static (_, open) => open + 1) > most)
                connection.Abort(new ConnectionAbortedException("Too many connections from one address."));
            else
                await next(connection);
        }
        finally
        {
            if (_open.AddOrUpdate(network, 0, static (_, open) => open - 1) == 0)
                _open.TryRemove(new(network, 0));
        }
    }

    /// <summary>In IPv6 a client commonly owns a whole /64.</summary>
    private static IPAddress Network(IPAddress address)
    {
        if (address.AddressFamily == AddressFamily.InterNetwork)
            return address;
        if (address.IsIPv4MappedToIPv6)
            return address.MapToIPv4();
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        bytes[8..].Clear();
        return new IPAddress(bytes);
    }
}
