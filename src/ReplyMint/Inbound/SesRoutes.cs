using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using ReplyMint.Security;

namespace ReplyMint.Inbound;

/// <summary>Amazon SES: mail in and events about mail out, both by SNS.</summary>
internal static class SesRoutes
{
    public static IServiceCollection AddSes(this IServiceCollection services)
    {
        services.TryAddSingleton(_ => SnsTrust.OfMachine());
        return services
            .AddSingleton<SnsCertificates>()
            .AddSingleton<SesSubscriptions>()
            .AddSingleton<SesEvents>()
            .AddSingleton<SesAcceptance>()
            .AddSingleton<SesQueue>()
            .AddSingleton<SesInbound>();
    }

    public static void MapSes(this IEndpointRouteBuilder routes) =>
        routes.MapWebhooks(routes.ServiceProvider.GetRequiredService<HttpSettings>())
            .MapPost("/ses/{channel}", (HttpContext context, string channel, [FromServices] SesInbound inbound, CancellationToken ct) => inbound.ReceiveAsync(context, channel, ct))
            .WithSummary("A message of Amazon SNS: a mail, an event about a mail that was sent, or a confirmation of the subscription");
}
