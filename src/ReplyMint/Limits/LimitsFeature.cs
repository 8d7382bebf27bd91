using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Limits;

internal static class LimitsFeature
{
    public static IServiceCollection AddLimits(this IServiceCollection services, RateSettings settings) => services
        .AddSingleton(settings)
        .AddSingleton<Switches>()
        .AddSingleton<Containments>()
        .AddSingleton<NetworkBlocks>()
        .AddSingleton<Watches>()
        .AddHostedService(provider => provider.GetRequiredService<Watches>())
        .AddSingleton<Allowances>()
        .AddSingleton<InstallationRate>()
        .AddSingleton<RateWindows>()
        .AddSingleton<Idempotency>()
        .AddSingleton<UsageCounters>()
        .AddSingleton<UsageReports>()
        .AddHostedService(provider => provider.GetRequiredService<UsageCounters>())
        .ConfigureHttpJsonOptions(options => options.SerializerOptions.TypeInfoResolverChain.Add(LimitsWire.Default));

    /// <param name="services">The application's.</param>
    /// <param name="settings">How much may be asked.</param>
    /// <param name="alarm">Who raises alerts; asked late, because that is a room beside this one.</param>
    public static IServiceCollection AddRequestLimits(this IServiceCollection services, RequestLimitSettings settings, Func<IServiceProvider, LimitAlarm> alarm) => services
        .AddSingleton(settings)
        .AddSingleton(Buckets)
        .AddSingleton<RequestLimits>()
        .AddSingleton(provider => new DownloadGate(provider.GetRequiredService<TimeProvider>()))
        .AddSingleton(provider => new FailedTries(settings, Buckets(provider), provider.GetRequiredService<TimeProvider>(), () => alarm(provider), provider.GetRequiredService<ILogger<FailedTries>>(), provider.GetService<SecurityEvents>(), provider.GetService<AccessLines>()));

    private static TakeTokens Buckets(IServiceProvider provider)
    {
        var own = new TokenBuckets(provider.GetRequiredService<TimeProvider>());
        return provider.GetService<IStore>() is { IsShared: true } store
            ? new SharedBuckets(store, provider.GetRequiredService<KeyRing>(), own, provider.GetRequiredService<TimeProvider>()).TakeAsync
            : (key, rule, cost) => ValueTask.FromResult(own.Take(key, rule, cost));
    }
}
