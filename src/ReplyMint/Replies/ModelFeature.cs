using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;

using ReplyMint.Security;

namespace ReplyMint.Replies;

/// <summary>The door to the language model.</summary>
internal static class ModelFeature
{
    /// <summary>Registers the model's client and drafter when an endpoint is configured; without one nothing is registered and the extractive drafter writes.</summary>
    /// <param name="canary">Random for this installation and kept, see <see cref="ModelDrafter"/>.</param>
    /// <exception cref="SettingsException">The key can't be read.</exception>
    public static IServiceCollection AddModel(this IServiceCollection services, ModelSettings settings, SecretSource secrets, string canary)
    {
        if (!settings.IsConfigured)
            return services;
        var client = CreateClient(settings, secrets);
        services.AddSingleton(client);
        services.AddSingleton(provider => new ModelDrafter(provider.GetRequiredService<IChatClient>(), settings, canary, provider.GetRequiredService<TimeProvider>()));
        return services;
    }

    public static IChatClient CreateClient(ModelSettings settings, SecretSource secrets)
    {
        if (settings.ApiKey.Length == 0)
            return new ChatCompletionsClient(settings, null);
        var key = secrets.Read("model.apiKey", settings.ApiKey);
        return key.Value is { } value ? new ChatCompletionsClient(settings, value) : throw new SettingsException(key.Problem!);
    }
}
