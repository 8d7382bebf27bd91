using System.Diagnostics;
using System.Net.Security;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ReplyMint.Security;

/// <summary>The doors of the room: services, the steps of the request pipeline, and the public routes.</summary>
internal static class SecurityFeature
{
    /// <param name="services">The application's.</param>
    /// <param name="settings">Checked here: a wrong one ends the start.</param>
    /// <exception cref="SettingsException">Names each wrong member and what is allowed.</exception>
    public static void AddSecurity(this IServiceCollection services, HttpSettings settings)
    {
        SettingsException.ThrowIfAny(settings.Problems());
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(settings);
        services.AddSingleton(new TrustedProxies(settings.Proxies));
        services.AddSingleton(new Cors(settings.EffectiveOrigins()));
        services.AddSingleton<SecurityHeaders>();
        services.AddSingleton<Readiness>();
        services.AddSingleton<IConfigureOptions<KestrelServerOptions>, KestrelHardening>();
        if (settings.Certificate is not null)
            services.AddSingleton(p => new CertificateFiles("http.certificate", settings.Certificate.CertificateFile, settings.Certificate.KeyFile, [SslApplicationProtocol.Http11],
                p.GetRequiredService<TimeProvider>(), p.GetRequiredService<ILogger<CertificateFiles>>()));
        services.ConfigureHttpJsonOptions(Strict);
        services.Configure<RouteHandlerOptions>(o => o.ThrowOnBadRequest = true);
        services.AddSingleton<ApiDescription>();
    }

    /// <summary>JSON that means the same to everybody who reads it: no unknown and no repeated members, no surprises by null or by depth.</summary>
    private static void Strict(JsonOptions options)
    {
        var json = options.SerializerOptions;
        json.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
        json.AllowDuplicateProperties = false;
        json.MaxDepth = 16;
        json.RespectNullableAnnotations = true;
        json.RespectRequiredConstructorParameters = true;
        json.NumberHandling = JsonNumberHandling.Strict;
        json.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
        // Generated contexts only, also where reflection would work: what a test accepts must work in the native binary.
        json.TypeInfoResolverChain.Clear();
        json.TypeInfoResolverChain.Add(SecurityJson.Default);
    }

    /// <summary>First of all: headers on every answer, also on those that Kestrel makes by itself.</summary>
    public static void UseEveryAnswer(this WebApplication app)
    {
        var headers = app.Services.GetRequiredService<SecurityHeaders>();
        app.Services.GetRequiredService<DiagnosticListener>().Subscribe(new RefusalObserver(headers), RefusalObserver.Wants);
        app.Use(next => new EveryAnswer(next, headers).InvokeAsync);
    }

    public static void UseProblemAnswers(this WebApplication app)
    {
        var logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("ReplyMint.Http");
        app.Use(next => new ProblemAnswers(next, logger).InvokeAsync);
    }

    public static void UseForwardedHeadersOfProxies(this WebApplication app)
    {
        var proxies = app.Services.GetRequiredService<TrustedProxies>();
        app.Use(next => new ForwardedHeaders(next, proxies).InvokeAsync);
    }

    public static void UseHostFilter(this WebApplication app)
    {
        var hosts = app.Services.GetRequiredService<HttpSettings>().EffectiveHosts();
        app.Use(next => new HostFilter(next, hosts).InvokeAsync);
    }

    public static void UseHttpsOnly(this WebApplication app)
    {
        var settings = app.Services.GetRequiredService<HttpSettings>();
        app.Use(next => new HttpsOnly(next, settings.Environment.NeedsHttps(), settings.PublicUrl).InvokeAsync);
    }

    /// <summary>The headers of CORS are set with all others; here only preflight is answered.</summary>
    public static void UsePreflight(this WebApplication app)
    {
        var cors = app.Services.GetRequiredService<Cors>();
        app.Use(next => context => Cors.IsPreflight(context.Request) ? cors.AnswerPreflight(context) : next(context));
    }

    public static void UseContentRules(this WebApplication app) => app.Use(next => new ContentRules(next).InvokeAsync);

    public static void UseRouteGuard(this WebApplication app) => app.Use(next => new RouteGuard(next).InvokeAsync);

    public static void MapSecurity(this IEndpointRouteBuilder routes)
    {
        var settings = routes.ServiceProvider.GetRequiredService<HttpSettings>();
        var description = routes.ServiceProvider.GetRequiredService<ApiDescription>();
        var open = routes.MapPublic();
        open.MapHealth(settings);
        open.MapSecurityText(settings);
        open.MapMethods(ApiDescription.Path, ["GET", "HEAD"], description.WriteAsync).ExcludeFromDescription();
    }
}
