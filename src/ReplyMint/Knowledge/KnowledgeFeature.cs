using Microsoft.Extensions.DependencyInjection;

namespace ReplyMint.Knowledge;

internal static class KnowledgeFeature
{
    public static IServiceCollection AddKnowledge(this IServiceCollection services, KnowledgeSettings settings) => services
        .AddSingleton(settings)
        .ConfigureHttpJsonOptions(options => options.SerializerOptions.TypeInfoResolverChain.Add(KnowledgeWire.Default))
        .AddSingleton<KnowledgeStore>()
        .AddSingleton<KnowledgePages>()
        .AddSingleton<PassageVectors>()
        .AddSingleton<KnowledgeIndexes>();
}
