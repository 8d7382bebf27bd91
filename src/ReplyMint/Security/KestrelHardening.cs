using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ReplyMint.Security;

/// <summary>
/// Kestrel with bounds and without its name. HTTP/1.1 only: what a browser gains by HTTP/2 a proxy in front gives it, and each
/// further protocol is one more parser that strangers reach.
/// </summary>
internal sealed class KestrelHardening(HttpSettings settings, TrustedProxies proxies, IServiceProvider services) : IConfigureOptions<KestrelServerOptions>
{
    public void Configure(KestrelServerOptions options)
    {
        var limits = settings.Limits;
        options.AddServerHeader = false;
        options.AllowSynchronousIO = false;
        options.Limits.MaxRequestBodySize = limits.MaxBodyBytes;
        options.Limits.MaxRequestHeadersTotalSize = limits.MaxHeadBytes;
        options.Limits.MaxRequestLineSize = limits.MaxRequestLineBytes;
        options.Limits.MaxRequestHeaderCount = limits.MaxHeaders;
        options.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(limits.HeadSeconds);
        options.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(limits.KeepAliveSeconds);
        var rate = new MinDataRate(limits.MinBytesPerSecond, TimeSpan.FromSeconds(limits.RateGraceSeconds));
        options.Limits.MinRequestBodyDataRate = rate;
        options.Limits.MinResponseDataRate = rate;
        options.Limits.MaxConcurrentConnections = limits.MaxConnections;
        options.Limits.MaxConcurrentUpgradedConnections = 0;
        if (limits.MaxRequestLineBytes > options.Limits.MaxRequestBufferSize)
            options.Limits.MaxRequestBufferSize = limits.MaxRequestLineBytes;

        var gate = new ConnectionGate(limits.MaxConnectionsPerAddress, proxies);
        foreach (var url in settings.Urls)
            if (ListenAddress.Parse(url) is { } address)
                Listen(options, address, gate);
    }

    private void Listen(KestrelServerOptions options, ListenAddress address, ConnectionGate gate)
    {
        if (address.IsAny)
            options.ListenAnyIP(address.Port, Configure);
        else if (address.Address is { } ip)
            options.Listen(ip, address.Port, Configure);
        else if (address.Port == 0)
            // "Any free port" can't be the same one on both loopback addresses.
            options.Listen(IPAddress.Loopback, 0, Configure);
        else
            options.ListenLocalhost(address.Port, Configure);

        void Configure(ListenOptions listen)
        {
            listen.Protocols = HttpProtocols.Http1;
            listen.Use(gate.Guarding);
            if (!address.Https)
                return;
            var files = services.GetRequiredService<CertificateFiles>();
            listen.UseHttps(new TlsHandshakeCallbackOptions
            {
                HandshakeTimeout = TimeSpan.FromSeconds(settings.Limits.HeadSeconds),
                OnConnection = _ => ValueTask.FromResult(files.Current()),
            });
        }
    }
}
