using Microsoft.Extensions.DependencyInjection;

namespace ReplyMint.Jobs;

internal static class JobsFeature
{
    public static IServiceCollection AddJobs(this IServiceCollection services, JobsSettings settings) => services
        .AddSingleton(settings)
        .AddSingleton<JobTurns>()
        .AddSingleton<IWorkQueue>(provider => provider.GetRequiredService<JobTurns>())
        .AddSingleton<JobQueue>()
        .AddSingleton<JobSweep>()
        .AddSingleton<JobRunner>()
        .AddHostedService<JobWorker>();
}
