using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Security;

namespace ReplyMint.Accounts;

internal static class AccountsFeature
{
    public static IServiceCollection AddAccounts(this IServiceCollection services, AccountsSettings settings, DnsSettings dns)
    {
        services.ConfigureHttpJsonOptions(options => options.SerializerOptions.TypeInfoResolverChain.Add(AccountsWire.Default));
        return services
            .AddSingleton(settings)
            .AddSingleton(new DnsText(dns))
            .AddSingleton<Tenants>()
            .AddSingleton<Mailboxes>()
            .AddSingleton<Channels>()
            .AddSingleton<Users>()
            .AddSingleton<Members>()
            .AddSingleton<ProvedDomains>();
    }

    public static void MapAccounts(this IEndpointRouteBuilder routes)
    {
        routes.MapDomains();
    }
}
