using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ReplyMint.Jobs;
using ReplyMint.Knowledge;
using ReplyMint.Security;

namespace ReplyMint.Replies;

/// <summary>The door to the embedding model.</summary>
internal static class EmbeddingFeature
{
    /// <summary>Registers the search, and the model where an endpoint is configured.</summary>
    /// <exception cref="SettingsException">The key can't be read.</exception>
    public static IServiceCollection AddEmbedding(this IServiceCollection services, EmbeddingSettings settings, ModelSettings model, SecretSource secrets)
    {
        services.AddSingleton<EmbeddingWork>().AddSingleton<KnowledgeSearch>()
            .AddSingleton(provider => new JobHandler(EmbeddingWork.JobKind, provider.GetRequiredService<EmbeddingWork>().RunAsync));
        if (!settings.IsConfigured)
            return services;
        string? key = null;
        if (settings.ApiKey.Length > 0)
        {
            var read = secrets.Read("knowledge.embedding.apiKey", settings.ApiKey);
            key = read.Value ?? throw new SettingsException(read.Problem!);
        }
        return services.AddSingleton(new EmbeddingClient(settings, key))
            .AddSingleton(provider => new Embedder(provider.GetRequiredService<EmbeddingClient>(), settings, model, provider.GetRequiredService<ModelSpending>(), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<Embedder>>()));
    }
}
