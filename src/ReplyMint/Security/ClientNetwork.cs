using System.Net;

namespace ReplyMint.Security;

/// <summary>Whom an address stands for, when clients are counted by it.</summary>
internal static class ClientNetwork
{
    /// <summary>An IPv4 address as it is, an IPv6 address as its /64, of which a client commonly owns all.</summary>
    public static IPAddress Of(IPAddress address)
    {
        address = address.Plain();
        if (address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork)
            return address;
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        bytes[8..].Clear();
        return new IPAddress(bytes);
    }
}
