using System.Net;
using System.Net.Sockets;

namespace ReplyMint.Security;

/// <summary>
/// Calls to addresses that a setting of a tenant names. Names are resolved here and connected to as resolved, so that a
/// name can't lead to a private, link-local or metadata address, not even at a second look-up. No redirects, no cookies.
/// </summary>
internal static class OutsideHttp
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(10);

    /// <param name="allowPrivate">The operator allows addresses of his own network.</param>
    public static HttpClient Create(bool allowPrivate) => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        ConnectTimeout = ConnectTimeout,
        PooledConnectionLifetime = TimeSpan.FromMinutes(2),
        MaxResponseHeadersLength = 16,
        ConnectCallback = (context, ct) => ConnectAsync(context.DnsEndPoint, allowPrivate, ct),
    })
    {
        Timeout = CallTimeout,
        MaxResponseContentBufferSize = 64 * 1024,
    };

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

    private static async ValueTask<Stream> ConnectAsync(DnsEndPoint target, bool allowPrivate, CancellationToken ct)
    {
        var addresses = await Dns.GetHostAddressesAsync(target.Host, ct);
        var address = addresses.FirstOrDefault(found => allowPrivate || IsPublic(found))
            ?? throw new HttpRequestException(HttpRequestError.ConnectionError, "The address is private or reserved.");
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(address, target.Port, ct);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
