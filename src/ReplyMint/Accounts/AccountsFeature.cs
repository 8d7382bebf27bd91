using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Accounts;

internal static class AccountsFeature
{
    public static IServiceCollection AddAccounts(this IServiceCollection services, AccountsSettings settings, DnsSettings dns, OpenStore open)
    {
        services.ConfigureHttpJsonOptions(options => options.SerializerOptions.TypeInfoResolverChain.Add(AccountsWire.Default));
        return services
            .AddSingleton(settings)
            .AddSingleton(settings.Access)
            .AddSingleton(new DnsText(dns))
            .AddSingleton<Tenants>()
            .AddSingleton<Mailboxes>()
            .AddSingleton<Channels>()
            .AddSingleton<Users>()
            .AddSingleton<Members>()
            .AddSingleton<ProvedDomains>()
            .AddSingleton(new Pepper(open.Installation))
            .AddSingleton<Standings>()
            .AddSingleton<ApiKeys>()
            .AddSingleton<ApiKeyUses>()
            .AddSingleton<CallerFinder>()
            .AddSingleton<CallerSource>(provider => provider.GetRequiredService<CallerFinder>().FindAsync);
    }

    public static void MapAccounts(this IEndpointRouteBuilder routes)
    {
        routes.MapMe();
        routes.MapApiKeys();
        routes.MapDomains();
    }
}
