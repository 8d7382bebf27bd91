using Microsoft.Extensions.DependencyInjection;

namespace ReplyMint.Accounts;

internal static class AccountsFeature
{
    public static IServiceCollection AddAccounts(this IServiceCollection services) => services
        .AddSingleton<Tenants>()
        .AddSingleton<Mailboxes>()
        .AddSingleton<Channels>()
        .AddSingleton<Users>()
        .AddSingleton<Members>();
}
