using Microsoft.Extensions.DependencyInjection;

namespace ReplyMint.Knowledge;

internal static class KnowledgeFeature
{
    public static IServiceCollection AddKnowledge(this IServiceCollection services, KnowledgeSettings settings) => services
        .AddSingleton(settings)
        .AddSingleton<KnowledgeStore>()
        .AddSingleton<KnowledgeIndexes>();
}
