using System.Net;

namespace ReplyMint.Security;

internal static class PlainAddress
{
    /// <summary>A socket of both families reports IPv4 as ::ffff:a.b.c.d; rules and counts are of the address that it is.</summary>
    public static IPAddress Plain(this IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}
