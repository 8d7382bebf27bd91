using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Accounts;

namespace ReplyMint.Billing;

internal static class BillingFeature
{
    public static IServiceCollection AddBilling(this IServiceCollection services, BillingSettings settings) => services
        .ConfigureHttpJsonOptions(options => options.SerializerOptions.TypeInfoResolverChain.Add(BillingWire.Default))
        .AddSingleton(settings)
        .AddSingleton<Subscriptions>()
        .AddSingleton<TenantMade>(provider => provider.GetRequiredService<Subscriptions>().Begin)
        .AddSingleton<PlanDesk>()
        .AddSingleton<QuotaWarnings>()
        .AddSingleton<Overview>()
        .AddSingleton<StripeApi>()
        .AddSingleton<StripeSync>()
        .AddSingleton<StripeWebhook>()
        .AddSingleton<StripeDesk>()
        .AddSingleton<StripeReconciliation>()
        .AddSingleton<BillingClock>()
        .AddHostedService(provider => provider.GetRequiredService<BillingClock>());

    public static void MapBilling(this IEndpointRouteBuilder routes)
    {
        PlanRoutes.Map(routes);
        StripeWebhook.Map(routes);
        Overview.Map(routes);
    }
}
