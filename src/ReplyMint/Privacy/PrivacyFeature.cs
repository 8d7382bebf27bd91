using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Jobs;

namespace ReplyMint.Privacy;

internal static class PrivacyFeature
{
    public static IServiceCollection AddPrivacy(this IServiceCollection services) => services
        .ConfigureHttpJsonOptions(options => options.SerializerOptions.TypeInfoResolverChain.Add(PrivacyWire.Default))
        .AddSingleton<LegalHolds>()
        .AddSingleton<RetentionDesk>()
        .AddSingleton<RetentionMove>()
        .AddSingleton<RetentionReports>()
        .AddSingleton(provider => new JobHandler(RetentionMove.JobKind, provider.GetRequiredService<RetentionMove>().RunAsync));

    public static void MapPrivacy(this IEndpointRouteBuilder routes)
    {
        LegalHoldRoutes.Map(routes);
        RetentionRoutes.Map(routes);
    }
}
