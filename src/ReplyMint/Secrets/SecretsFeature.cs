using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Jobs;
using ReplyMint.Security;

namespace ReplyMint.Secrets;

/// <summary>How long parts of backups with the data are kept; given by the application, since backups are a higher room's.</summary>
internal sealed record DataBackupsKept(TimeSpan For);

/// <summary>Keys and secrets: where they lie, how old they are, and how they change.</summary>
internal static class SecretsFeature
{
    /// <param name="services">The application's.</param>
    /// <param name="settings">How old what may get.</param>
    /// <param name="named">What the settings name.</param>
    /// <param name="backups">How long backups may need an old key.</param>
    public static IServiceCollection AddSecrets(this IServiceCollection services, SecretsSettings settings, IReadOnlyList<NamedSecret> named, DataBackupsKept backups) => services
        .AddSingleton(settings)
        .AddSingleton(named)
        .AddSingleton(backups)
        .AddSingleton<SecretDesk>()
        .AddSingleton<SecretList>()
        .AddSingleton<TenantKeyRotation>()
        .AddSingleton<FormChange>()
        .AddSingleton<MasterKeyRotation>()
        .AddSingleton<RecoveryKits>()
        .AddSingleton(provider => new JobHandler(TenantKeyRotation.JobKind, provider.GetRequiredService<TenantKeyRotation>().HandleAsync))
        .AddSingleton(provider => new JobHandler(FormChange.JobKind, provider.GetRequiredService<FormChange>().HandleAsync))
        .AddSingleton(provider => new JobHandler(MasterKeyRotation.JobKind, provider.GetRequiredService<MasterKeyRotation>().HandleAsync))
        .AddHostedService<RotationClock>();
}
