using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Storage;

namespace ReplyMint.Jobs;

internal static class JobsFeature
{
    public static IServiceCollection AddJobs(this IServiceCollection services, JobsSettings settings) => services
        .AddSingleton(settings)
        .AddSingleton(provider => new JobTurns(settings, provider.GetServices<JobLaneRule>(), provider.GetRequiredService<IStore>().IsShared))
        .AddSingleton<IWorkQueue>(provider => provider.GetRequiredService<JobTurns>())
        .AddSingleton<JobClaims>()
        .AddSingleton<JobQueue>()
        .AddSingleton<JobSweep>()
        .AddSingleton<JobRunner>()
        .AddHostedService<JobWorker>();
}
