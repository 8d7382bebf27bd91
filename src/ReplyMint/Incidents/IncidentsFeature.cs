using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace ReplyMint.Incidents;

internal static class IncidentsFeature
{
    public static IServiceCollection AddIncidents(this IServiceCollection services) => services
        .ConfigureHttpJsonOptions(options => options.SerializerOptions.TypeInfoResolverChain.Add(IncidentsWire.Default));

    public static void MapIncidents(this IEndpointRouteBuilder routes)
    {
        RecordRoutes.Map(routes);
    }
}
