using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.DependencyInjection;

namespace ReplyMint.Security;

/// <summary>
/// The one way out: what this process calls, it calls from here, and each client may call what its list says. Names are resolved here and
/// connected to as resolved, so that a name can't lead to a private, link-local or metadata address, not even at a second look-up. No redirects, no cookies, no proxy.
/// </summary>
internal static class OutsideHttp
{
    /// <param name="settings">For what tenants name.</param>
    /// <param name="named">The operator's places that are called by <see cref="OutsideClients.Anchors"/>.</param>
    public static IServiceCollection AddOutside(this IServiceCollection services, OutsideSettings settings, bool needsHttps, IEnumerable<Uri> named)
    {
        var allowed = new OutsideAddress(settings);
        return services.AddSingleton(allowed).AddSingleton(new OutsideClients(
            Create(allowed, needsHttps), Create(OutsideAddress.Secret(settings), needsHttps: false), Create(OutsideAddress.Named(named), needsHttps, maxAnswerBytes: 1024 * 1024), Create(allowed, needsHttps, maxAnswerBytes: MostPage)));
    }

    private const int MostPage = 4 * 1024 * 1024;
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(10);

    /// <param name="allowed">What may be called.</param>
    /// <param name="needsHttps">Refuses plain http whatever the address.</param>
    /// <param name="resolve">Who is asked for a name's addresses; null is the system.</param>
    /// <param name="maxAnswerBytes">Longer answers are a failure.</param>
    public static HttpClient Create(OutsideAddress allowed, bool needsHttps, Func<string, CancellationToken, Task<IPAddress[]>>? resolve = null, int maxAnswerBytes = 64 * 1024)
    {
        var handler = Handler(allowed, resolve);
        handler.ConnectTimeout = ConnectTimeout;
        handler.PooledConnectionLifetime = TimeSpan.FromMinutes(2);
        handler.MaxResponseHeadersLength = 16;
        handler.MaxResponseDrainSize = 0;
        return new(new SchemeGuard(needsHttps, handler)) { Timeout = CallTimeout, MaxResponseContentBufferSize = maxAnswerBytes };
    }

    /// <summary>What every client of HTTP stands on; times and bounds are the caller's.</summary>
    public static SocketsHttpHandler Handler(OutsideAddress allowed, Func<string, CancellationToken, Task<IPAddress[]>>? resolve = null) => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        // Whom we call learns no trace id of ours.
        ActivityHeadersPropagator = null,
        SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = Chain() },
        ConnectCallback = (context, ct) => ConnectAsync(context.DnsEndPoint, allowed, ct, resolve),
    };

    /// <summary>
    /// How a server's certificate is judged. A certificate says where its issuer's lies, and .NET would call that address, wherever it leads: so a server has to send
    /// all of its chain. Lists of revoked ones would be one more call, to whomever the certificate names.
    /// </summary>
    public static X509ChainPolicy Chain() => new() { DisableCertificateDownloads = true, RevocationMode = X509RevocationMode.NoCheck };

    /// <summary>A connection to a place on the list, at an address that may be called; for other protocols than HTTP too.</summary>
    /// <exception cref="HttpRequestException">It may not be called.</exception>
    public static async ValueTask<Stream> ConnectAsync(DnsEndPoint target, OutsideAddress allowed, CancellationToken ct, Func<string, CancellationToken, Task<IPAddress[]>>? resolve = null) =>
        new NetworkStream(await OpenAsync(target, allowed, ct, resolve), ownsSocket: true);

    /// <inheritdoc cref="ConnectAsync"/>
    public static async Task<Socket> OpenAsync(DnsEndPoint target, OutsideAddress allowed, CancellationToken ct, Func<string, CancellationToken, Task<IPAddress[]>>? resolve = null)
    {
        if (allowed.Unlisted(target.Host, target.Port) is { } unlisted)
            throw new UnlistedException(unlisted);
        resolve ??= Dns.GetHostAddressesAsync;
        var addresses = Array.FindAll(await resolve(target.Host, ct), allowed.MayBeCalled);
        if (addresses.Length == 0)
            throw new HttpRequestException(HttpRequestError.ConnectionError, "The address is private or reserved.");
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            // One after the other: this machine may have no way to some, and a server may listen at one of them only.
            await socket.ConnectAsync(addresses, target.Port, ct);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Whether a call failed since the place is on no list; nothing was connected to then.</summary>
    public static bool IsUnlisted(Exception failure) => failure is UnlistedException || failure.InnerException is UnlistedException;

    private sealed class UnlistedException(string why) : HttpRequestException(HttpRequestError.ConnectionError, "The address " + why);

    private sealed class SchemeGuard(bool needsHttps, HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            needsHttps && request.RequestUri?.Scheme != Uri.UriSchemeHttps
                ? throw new HttpRequestException(HttpRequestError.ConnectionError, "Only https is called.") : base.SendAsync(request, cancellationToken);
    }
}

/// <param name="Tenants">For addresses that a tenant named: https only, outside of development.</param>
/// <param name="Operator">For the address of the operator's chat.</param>
/// <param name="Anchors">For the operator's places off this machine, which may well be private: https only, outside of development.</param>
/// <param name="Pages">For web pages that a tenant named, which are longer: https only, outside of development.</param>
internal sealed record OutsideClients(HttpClient Tenants, HttpClient Operator, HttpClient Anchors, HttpClient Pages);
