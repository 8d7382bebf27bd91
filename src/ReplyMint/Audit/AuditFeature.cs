using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Audit;

internal static class AuditFeature
{
    public static IServiceCollection AddAudit(this IServiceCollection services, AuditSettings settings, OpenStore open)
    {
        services.ConfigureHttpJsonOptions(options => options.SerializerOptions.TypeInfoResolverChain.Add(AuditWire.Default));
        return services
            .AddSingleton(settings)
            .AddSingleton<AuditLog>()
            .AddSingleton<Alerts>()
            .AddSingleton<AttestationKeys>()
            .AddSingleton<Attestations>()
            .AddSingleton(provider => new Anchors(
                settings, open, provider.GetRequiredService<SecretSource>(), provider.GetRequiredService<OutsideClients>(), provider.GetRequiredService<Alerts>(),
                provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<Anchors>>(), provider.GetService<Func<AnchorMailer>>()))
            .AddSingleton(provider => new AuditRoots(
                provider.GetRequiredService<IStore>(), open.Id, provider.GetRequiredService<AuditLog>(), provider.GetRequiredService<Attestations>(),
                provider.GetRequiredService<Anchors>(), provider.GetRequiredService<TimeProvider>()))
            .AddSingleton<RootWatch>()
            .AddSingleton<AuditVerifier>()
            .AddSingleton<AuditExport>()
            .AddSingleton<AuditPruning>()
            .AddHostedService<AuditClock>();
    }
}
