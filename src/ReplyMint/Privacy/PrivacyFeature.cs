using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace ReplyMint.Privacy;

internal static class PrivacyFeature
{
    public static IServiceCollection AddPrivacy(this IServiceCollection services) => services
        .ConfigureHttpJsonOptions(options => options.SerializerOptions.TypeInfoResolverChain.Add(PrivacyWire.Default))
        .AddSingleton<LegalHolds>();

    public static void MapPrivacy(this IEndpointRouteBuilder routes)
    {
        LegalHoldRoutes.Map(routes);
    }
}
