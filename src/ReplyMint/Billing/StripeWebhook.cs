using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Security;
using ReplyMint.Telemetry;

namespace ReplyMint.Billing;

/// <summary>Stripe's webhook (INPUT-4). Nothing of a body is read before its signature holds, and each event counts once.</summary>
internal sealed class StripeWebhook(UnprovedPost post, StripeSync sync, BillingSettings settings, SecretSource secrets, TimeProvider time)
{
    private const int MaxBytes = 512 * 1024;

    private readonly RotatingKeys _secrets = new(secrets, time,
        new NamedSecret("billing.stripe.webhookSecret", settings.Stripe.WebhookSecret), new NamedSecret("billing.stripe.previousWebhookSecret", settings.Stripe.PreviousWebhookSecret));

    public static void Map(IEndpointRouteBuilder routes) => routes.MapWebhooks(routes.ServiceProvider.GetRequiredService<HttpSettings>())
        .MapPost("/stripe", (HttpContext context, [FromServices] StripeWebhook webhook, CancellationToken ct) => webhook.ReceiveAsync(context, ct)).WithSummary("An event of Stripe's about a subscription");

    public Task<IResult> ReceiveAsync(HttpContext context, CancellationToken ct) => post(context, MaxBytes, "stripe", async (body, prove) =>
    {
        var header = context.Request.Headers["Stripe-Signature"] is [{ } only] ? only : null;
        var verdict = StripeSignature.Verify(_secrets.Read(), header, body.Span, time.GetUtcNow());
        if (verdict != SignatureVerdict.Genuine)
        {
            Measures.MailRefused.Add("stripe", verdict switch { SignatureVerdict.Stale => "stale", SignatureVerdict.NoKey => "no-key", _ => "signature" });
            return new Problem(401, verdict == SignatureVerdict.Stale ? "The signature is older or newer than 5 minutes." : "The webhook carries no valid signature.");
        }
        if (prove() is { } refusal)
            return refusal;
        return StripeApi.Read(body) is { } root && StripeEvent.Of(root) is { } happened ? await AnswerAsync(context, happened, ct) : new Problem(400, "The body is no event.");
    }, ct);

    private async Task<IResult> AnswerAsync(HttpContext context, StripeEvent happened, CancellationToken ct)
    {
        var outcome = happened switch
        {
            { Subscription: { } id } => await sync.RefreshAsync(id, happened.Tenant, happened.Id, ct),
            { Refunded: > 0, Customer: { } customer } => await sync.RefundAsync(customer, happened.Refunded, happened.Id, ct),
            _ => SyncOutcome.NotOurs,
        };
        switch (outcome)
        {
            case SyncOutcome.UnknownPrice:
                // Stripe shows it as failed, and comes again for three days: by then the price may be known.
                return new Problem(422, "The subscription pays for a price that is no plan here.");
            case SyncOutcome.Unreachable:
                context.Response.Headers.RetryAfter = "60";
                return new Problem(503, "Stripe could not be asked. Come again.");
            default:
                return TypedResults.Ok();
        }
    }
}
