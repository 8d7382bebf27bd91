using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ReplyMint.Accounts;
using ReplyMint.Security;

namespace ReplyMint.Inbound;

/// <summary>Mailgun's webhooks: mail in, and events about mail out.</summary>
internal static class MailgunRoutes
{
    public static IServiceCollection AddMailgun(this IServiceCollection services, MailgunWebhookSettings settings) => services
        .AddSingleton(settings)
        .AddSingleton(provider => new MailgunSources(settings, provider.GetRequiredService<SecretSource>(),
            provider.GetRequiredService<Channels>().FindAsync, provider.GetRequiredService<TimeProvider>()))
        .AddSingleton(provider => new MailgunInbound(provider.GetRequiredService<MailgunSources>(), provider.GetRequiredService<UnprovedBodies>(),
            provider.GetRequiredService<HttpSettings>().Limits.MaxMailBytes, provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<MailgunInbound>>(), provider.GetRequiredService<Inbox>().AcceptAsync))
        .AddSingleton<DeliveryEvents>()
        .AddSingleton<MailgunEvents>();

    public static void MapMailgun(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapWebhooks(routes.ServiceProvider.GetRequiredService<HttpSettings>()).MapGroup("/mailgun");
        group.MapPost("/inbound", (HttpContext context, [FromServices] MailgunInbound inbound, CancellationToken ct) => inbound.ReceiveAsync(context, null, ct))
            .WithSummary("A mail, from a route of Mailgun's with forward()");
        group.MapPost("/{channel}/inbound", (HttpContext context, string channel, [FromServices] MailgunInbound inbound, CancellationToken ct) => inbound.ReceiveAsync(context, channel, ct))
            .WithSummary("A mail for a tenant's own Mailgun account");
        group.MapPost("/events", (HttpContext context, [FromServices] MailgunEvents events, CancellationToken ct) => events.ReceiveAsync(context, null, ct))
            .WithSummary("An event about a mail that was sent");
        group.MapPost("/{channel}/events", (HttpContext context, string channel, [FromServices] MailgunEvents events, CancellationToken ct) => events.ReceiveAsync(context, channel, ct))
            .WithSummary("An event of a tenant's own Mailgun account");
    }
}
