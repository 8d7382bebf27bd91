using System.Collections.Concurrent;
using System.Net;
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
        return CountedAsync(next, connection, ClientNetwork.Of(address));
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
}
