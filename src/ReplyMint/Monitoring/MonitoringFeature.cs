using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Telemetry;

namespace ReplyMint.Monitoring;

/// <summary>The doors of the room. Without a setting it adds nothing: no listener, no timer, no buffer.</summary>
internal static class MonitoringFeature
{
    public static IServiceCollection AddMonitoring(this IServiceCollection services, MonitoringSettings settings, DeploymentEnvironment environment)
    {
        services.AddSingleton(settings);
        if (settings.Measures)
        {
            services.AddSingleton(provider => new MetricBook(provider.GetRequiredService<TimeProvider>(), provider.GetService<IMeterFactory>()));
            services.AddSingleton(new BuildTime(BuildTime.OfProcess));
            services.AddSingleton<StateClock>().AddSingleton<IHostedService>(provider => provider.GetRequiredService<StateClock>());
        }
        if (settings.Prometheus.Listen.Length > 0)
            services.AddSingleton<PrometheusListener>().AddSingleton<IHostedService>(provider => provider.GetRequiredService<PrometheusListener>());
        if (!settings.Otlp.IsOn)
            return services;
        services.AddSingleton(new OtlpResource(HealthEndpoints.Version, environment.Name(), Ids.Random('p')));
        if (settings.Otlp.Traces)
            services.AddSingleton<SpanBook>();
        if (settings.Otlp.Logs)
            services.AddSingleton<LogBook>().AddSingleton<ILoggerProvider>(provider => provider.GetRequiredService<LogBook>());
        return services.AddSingleton(provider => new OtlpExporter(
                settings, provider.GetRequiredService<OtlpResource>(), provider.GetRequiredService<SecretSource>(), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<OtlpExporter>>(),
                settings.Otlp.Metrics ? provider.GetRequiredService<MetricBook>() : null, provider.GetService<SpanBook>(), provider.GetService<LogBook>()))
            .AddSingleton<IHostedService>(provider => provider.GetRequiredService<OtlpExporter>());
    }

    public static void MapMonitoring(this WebApplication app)
    {
        var settings = app.Services.GetRequiredService<MonitoringSettings>();
        // From here on it listens: before the first request, not at the first question.
        app.Services.GetService<MetricBook>();
        PrometheusDoor.Map(app, settings);
    }
}
