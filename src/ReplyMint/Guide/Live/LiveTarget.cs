using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace ReplyMint.Guide;

/// <summary>The service that is looked at: what the user named, and nothing else. Its name is resolved once.</summary>
internal sealed class LiveTarget
{
    /// <summary>http or https, host and port.</summary>
    public required Uri Url { get; init; }

    /// <summary>The addresses that the name led to.</summary>
    public required IReadOnlyList<IPAddress> Addresses { get; init; }

    /// <summary>The name that well-formed requests ask for; the URL's own unless the service is known by another.</summary>
    public required string Host { get; init; }

    /// <summary>We stand where a proxy stands that the service believes, and say with each request that it came by HTTPS.</summary>
    public bool StandsForProxy { get; init; }

    /// <summary>Origins that may call; null when only the environment's usual ones can be guessed.</summary>
    public IReadOnlyList<string>? Origins { get; init; }

    /// <summary>The SMTP listener, or null.</summary>
    public IPEndPoint? Smtp { get; init; }

    /// <summary>Its settings name a certificate, so it has to offer STARTTLS on a loopback address, too.</summary>
    public bool SmtpOffersTls { get; init; }

    /// <summary>An authority beside the system's whose certificates are believed.</summary>
    public X509Certificate2? Authority { get; init; }

    /// <summary>A header line by which somebody is a caller, such as an auditor; null asks as a stranger only. It is never printed.</summary>
    public string? Caller { get; init; }

    /// <summary>How long an answer is waited for.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The service's name, without a port.</summary>
    public string Name => Host.LastIndexOf(':') is > 0 and var colon && colon > Host.LastIndexOf(']') ? Host[..colon] : Host;

    public bool IsHttps => Url.Scheme == Uri.UriSchemeHttps;

    public bool IsHere => Addresses.All(IPAddress.IsLoopback);

    /// <summary>Null when the name leads nowhere.</summary>
    public static async Task<IReadOnlyList<IPAddress>?> ResolveAsync(string host, CancellationToken ct)
    {
        if (IPAddress.TryParse(host.Trim('[', ']'), out var literal))
            return [literal];
        try
        {
            return await Dns.GetHostAddressesAsync(host, ct) is { Length: > 0 } found ? found : null;
        }
        catch (SocketException)
        {
            return null;
        }
    }

    /// <summary>As it stands in the Host field.</summary>
    public static string HostOf(Uri url) => url.IsDefaultPort ? url.Host : $"{url.Host}:{url.Port}";
}
