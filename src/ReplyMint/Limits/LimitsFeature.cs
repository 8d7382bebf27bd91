using Microsoft.Extensions.DependencyInjection;

namespace ReplyMint.Limits;

internal static class LimitsFeature
{
    public static IServiceCollection AddLimits(this IServiceCollection services, RateSettings settings) => services
        .AddSingleton(settings)
        .AddSingleton<Switches>()
        .AddSingleton<Allowances>()
        .AddSingleton<RateWindows>();
}
