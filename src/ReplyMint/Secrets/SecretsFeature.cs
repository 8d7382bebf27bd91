using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Jobs;
using ReplyMint.Security;

namespace ReplyMint.Secrets;

/// <summary>Keys and secrets: where they lie, how old they are, and how they change.</summary>
internal static class SecretsFeature
{
    /// <param name="named">What the settings name.</param>
    public static IServiceCollection AddSecrets(this IServiceCollection services, SecretsSettings settings, IReadOnlyList<NamedSecret> named) => services
        .AddSingleton(settings)
        .AddSingleton(named)
        .AddSingleton<SecretDesk>()
        .AddSingleton<SecretList>()
        .AddSingleton<TenantKeyRotation>()
        .AddSingleton<MasterKeyRotation>()
        .AddSingleton<RecoveryKits>()
        .AddSingleton(provider => new JobHandler(TenantKeyRotation.JobKind, provider.GetRequiredService<TenantKeyRotation>().HandleAsync))
        .AddSingleton(provider => new JobHandler(MasterKeyRotation.JobKind, provider.GetRequiredService<MasterKeyRotation>().HandleAsync))
        .AddHostedService<RotationClock>();
}
