using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Jobs;
using ReplyMint.Storage;

namespace ReplyMint.Knowledge;

internal static class KnowledgeFeature
{
    public static IServiceCollection AddKnowledge(this IServiceCollection services, KnowledgeSettings settings) => services
        .AddSingleton(settings)
        .ConfigureHttpJsonOptions(options => options.SerializerOptions.TypeInfoResolverChain.Add(KnowledgeWire.Default))
        .AddSingleton<KnowledgeStore>()
        .AddSingleton<KnowledgePages>()
        .AddSingleton<PassageVectors>()
        .AddSingleton<KnowledgeIndexes>()
        // Only a shared store has a bucket beside it, and a gateway in front that takes no large body.
        .AddSingleton(provider => new Uploads(provider.GetRequiredService<IStore>(), provider.GetRequiredService<KeyRing>(), provider.GetRequiredService<JobQueue>(), provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<IStore>().IsShared ? provider.GetRequiredService<BucketFiles>() : null))
        .AddSingleton(provider => new JobHandler(Uploads.EndJob, provider.GetRequiredService<Uploads>().EndAsync));
}
