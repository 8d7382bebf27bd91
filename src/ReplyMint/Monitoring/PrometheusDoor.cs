using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using ReplyMint.Security;

namespace ReplyMint.Monitoring;

/// <summary>GET /metrics: beside the API for who brings the token, and by a listener of its own for who is on this machine.</summary>
internal static class PrometheusDoor
{
    private const string Path = "/metrics";
    private const string Scheme = "Bearer ";

    /// <summary>Beside the API; without a token in the settings there is no such route.</summary>
    public static void Map(IEndpointRouteBuilder routes, MonitoringSettings settings)
    {
        if (settings.Prometheus.Token.Length > 0)
            routes.MapPublic().MapGet(Path, (RequestDelegate)(context => AnswerAsync(context, settings.Prometheus.Token))).ExcludeFromDescription();
    }

    private static Task AnswerAsync(HttpContext context, string reference)
    {
        var services = context.RequestServices;
        // Read each time: who changes it changes it at once, and one that can't be read opens nothing.
        if (services.GetRequiredService<SecretSource>().Read("monitoring.prometheus.token", reference).Value is not { } token || !Brings(context.Request, token))
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
            return new Problem(401, "The metrics need their own token.").ExecuteAsync(context);
        }
        return WriteAsync(context, services.GetRequiredService<MetricBook>());
    }

    // Hashed first, so that neither length nor beginning can be measured.
    private static bool Brings(HttpRequest request, string token) => request.Headers.Authorization is [{ } given] && given.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
        && CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(given[Scheme.Length..])), SHA256.HashData(Encoding.UTF8.GetBytes(token)));

    public static Task WriteAsync(HttpContext context, MetricBook book)
    {
        context.Response.ContentType = PrometheusText.ContentType;
        context.Response.Headers.CacheControl = "no-store";
        return context.Response.WriteAsync(PrometheusText.Write(book), context.RequestAborted);
    }

    /// <summary>The listener on this machine. A page that a browser here was led to names another host, and gets nothing.</summary>
    public static WebApplication Build(MonitoringSettings settings, MetricBook book)
    {
        var address = ListenAddress.Parse(settings.Prometheus.Listen)!;
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options =>
        {
            options.AddServerHeader = false;
            options.Limits.MaxRequestBodySize = 0;
            options.Limits.MaxConcurrentConnections = 16;
            options.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(5);
            options.Listen(address.Address ?? System.Net.IPAddress.Loopback, address.Port, static listen => listen.Protocols = HttpProtocols.Http1);
        });
        builder.Logging.SetMinimumLevel(LogLevel.None);
        var app = builder.Build();
        app.Run(context =>
        {
            var (request, response) = (context.Request, context.Response);
            response.Headers.XContentTypeOptions = "nosniff";
            response.StatusCode = !DeploymentEnvironments.IsLoopback(request.Host.Host) ? 400 : request.Path != Path ? 404 : HttpMethods.IsGet(request.Method) ? 200 : 405;
            return response.StatusCode == 200 ? WriteAsync(context, book) : Task.CompletedTask;
        });
        return app;
    }
}

/// <summary>Opens and closes the listener with the host.</summary>
internal sealed class PrometheusListener(MonitoringSettings settings, MetricBook book) : IHostedService, IAsyncDisposable
{
    private WebApplication? _app;

    public string? Url { get; private set; }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _app = PrometheusDoor.Build(settings, book);
        await _app.StartAsync(cancellationToken);
        Url = _app.Urls.First();
    }

    public Task StopAsync(CancellationToken cancellationToken) => _app?.StopAsync(cancellationToken) ?? Task.CompletedTask;

    public ValueTask DisposeAsync() => _app?.DisposeAsync() ?? default;
}
