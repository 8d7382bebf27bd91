using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Jobs;

namespace ReplyMint.Incidents;

internal static class IncidentsFeature
{
    /// <param name="services">The application's.</param>
    /// <param name="detection">What counts as suspicious.</param>
    public static IServiceCollection AddIncidents(this IServiceCollection services, DetectionSettings detection) => services
        .ConfigureHttpJsonOptions(options => options.SerializerOptions.TypeInfoResolverChain.Add(IncidentsWire.Default))
        .AddSingleton<IncidentBook>()
        .AddSingleton<ContainmentDesk>()
        .AddSingleton<RevocationDesk>()
        .AddSingleton<WatchDesk>()
        .AddSingleton<EvidenceDesk>()
        .AddSingleton<AccessGivers>()
        .AddSingleton<AccessReviews>()
        .AddSingleton<DrillDesk>()
        .AddSingleton<SettingsChanges>()
        .AddSingleton(detection)
        .AddSingleton<DetectorContainment>()
        .AddSingleton<Detection>()
        .AddHostedService(provider => provider.GetRequiredService<Detection>())
        .AddSingleton(provider => new JobHandler(RevocationDesk.JobKind, provider.GetRequiredService<RevocationDesk>().HandleAsync));

    public static void MapIncidents(this IEndpointRouteBuilder routes)
    {
        IncidentRoutes.Map(routes);
        IncidentActRoutes.Map(routes);
        RecordRoutes.Map(routes);
        AccessRoutes.Map(routes);
    }
}
