using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;

namespace ReplyMint.Security;

/// <summary>
/// Calls to addresses that a setting of a tenant names. Names are resolved here and connected to as resolved, so that a
/// name can't lead to a private, link-local or metadata address, not even at a second look-up. No redirects, no cookies, no proxy.
/// </summary>
internal static class OutsideHttp
{
    public static IServiceCollection AddOutside(this IServiceCollection services, OutsideSettings settings, bool needsHttps)
    {
        var allowed = new OutsideAddress(settings);
        return services.AddSingleton(allowed).AddSingleton(new OutsideClients(Create(allowed, needsHttps), Create(allowed, needsHttps: false), Create(null, needsHttps, maxAnswerBytes: 1024 * 1024), Create(allowed, needsHttps, maxAnswerBytes: MostPage)));
    }

    private const int MostPage = 4 * 1024 * 1024;
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(10);

    /// <param name="allowed">What may be called; null is every address, the operator's own networks too.</param>
    /// <param name="needsHttps">Refuses plain http whatever the address.</param>
    /// <param name="resolve">Who is asked for a name's addresses; null is the system.</param>
    /// <param name="maxAnswerBytes">Longer answers are a failure.</param>
    public static HttpClient Create(OutsideAddress? allowed, bool needsHttps, Func<string, CancellationToken, Task<IPAddress[]>>? resolve = null, int maxAnswerBytes = 64 * 1024)
    {
        resolve ??= Dns.GetHostAddressesAsync;
        return new(new SchemeGuard(needsHttps, new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            // Whom we call learns no trace id of ours.
            ActivityHeadersPropagator = null,
            ConnectTimeout = ConnectTimeout,
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            MaxResponseHeadersLength = 16,
            MaxResponseDrainSize = 0,
            ConnectCallback = (context, ct) => ConnectAsync(context.DnsEndPoint, allowed, resolve, ct),
        }))
        {
            Timeout = CallTimeout,
            MaxResponseContentBufferSize = maxAnswerBytes,
        };
    }

    /// <summary>A connection to a name's first address that may be called; for other protocols than HTTP too.</summary>
    /// <exception cref="HttpRequestException">None may.</exception>
    public static async ValueTask<Stream> ConnectAsync(DnsEndPoint target, OutsideAddress? allowed, Func<string, CancellationToken, Task<IPAddress[]>> resolve, CancellationToken ct)
    {
        var addresses = await resolve(target.Host, ct);
        var address = addresses.FirstOrDefault(found => allowed is null || allowed.MayBeCalled(found))
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

    private sealed class SchemeGuard(bool needsHttps, HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            needsHttps && request.RequestUri?.Scheme != Uri.UriSchemeHttps
                ? throw new HttpRequestException(HttpRequestError.ConnectionError, "Only https is called.") : base.SendAsync(request, cancellationToken);
    }
}

/// <param name="Tenants">For addresses that a tenant named: https only, outside of development.</param>
/// <param name="Operator">For addresses that the installation's settings name.</param>
/// <param name="Anchors">For the operator's places off this machine, which may well be private: https only, outside of development.</param>
/// <param name="Pages">For web pages that a tenant named, which are longer: https only, outside of development.</param>
internal sealed record OutsideClients(HttpClient Tenants, HttpClient Operator, HttpClient Anchors, HttpClient Pages);
