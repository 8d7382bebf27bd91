using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Jobs;

namespace ReplyMint.Incidents;

internal static class BackupFeature
{
    /// <param name="services">The application's.</param>
    /// <param name="settings">When, where to, how long.</param>
    /// <param name="text">The settings that go along.</param>
    /// <param name="rooms">Opens what a drill restored.</param>
    public static IServiceCollection AddBackups(this IServiceCollection services, BackupSettings settings, SettingsToKeep text, Func<IServiceProvider, OpenRooms> rooms) => services
        .AddSingleton(settings)
        .AddSingleton(text)
        .AddSingleton(rooms)
        .AddSingleton<BackupMaker>()
        .AddSingleton<Backups>()
        .AddSingleton<BackupDrill>()
        .AddSingleton<BackupClock>()
        .AddHostedService(provider => provider.GetRequiredService<BackupClock>())
        .AddSingleton(provider => new JobHandler(BackupClock.JobKind, provider.GetRequiredService<BackupClock>().RunAsync));
}
