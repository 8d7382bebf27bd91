using System.Text.Json.Serialization;
using ReplyMint.Security;

namespace ReplyMint.Outbound;

/// <param name="Url">An https address. It may not lead to private networks.</param>
/// <param name="Events">What it is told of.</param>
internal sealed record NewWebhook([WebUrl(WebhookRules.MaxUrl)] string Url, [Items(WebhookRules.MaxEvents, Least = 1), Example("""["draft.waiting"]""")] IReadOnlyList<WebhookEventKind> Events, [Line(WebhookRules.MaxDescription, Least = 0)] string? Description = null);

/// <param name="Enabled">False keeps it, silent.</param>
internal sealed record WebhookSettings([WebUrl(WebhookRules.MaxUrl)] string Url, [Items(WebhookRules.MaxEvents, Least = 1), Example("""["draft.waiting"]""")] IReadOnlyList<WebhookEventKind> Events, [Line(WebhookRules.MaxDescription, Least = 0)] string Description, bool Enabled);

/// <param name="DisabledBecause">Why it was switched off by itself: failing or gone; absent when it was not.</param>
/// <param name="FailingSince">Since when nothing reached it; absent while deliveries arrive.</param>
internal sealed record WebhookDetail(
    string Id, string Url, IReadOnlyList<WebhookEventKind> Events, string Description, bool Enabled, string? DisabledBecause, DateTimeOffset CreatedAt, DateTimeOffset? FailingSince)
{
    public static WebhookDetail Of(Webhook webhook, DateTimeOffset? failingSince) => new(
        webhook.Id, webhook.Url.OriginalString, webhook.Events, webhook.Description, webhook.Enabled, webhook.DisabledBecause, webhook.CreatedAt, failingSince);
}

/// <param name="Secret">For checking signatures (Standard Webhooks). Shown now and never again.</param>
/// <param name="PreviousUntil">Until then the secret before counts, too; absent when there was none.</param>
internal sealed record WebhookWithSecret(WebhookDetail Webhook, string Secret, DateTimeOffset? PreviousUntil);

/// <param name="Status">What the receiver answered; absent when it did not.</param>
/// <param name="Failure">status, timeout, connection, or not-listed where the operator's list of places that may be called does not hold it; absent when it was taken.</param>
internal sealed record WebhookTestResult(bool Taken, int? Status, string? Failure);

/// <param name="Id">What the receiver got as webhook-id.</param>
/// <param name="NextAt">When it is tried again.</param>
internal sealed record DeliveryEntry(
    string Id, WebhookEventKind Type, string Message, DateTimeOffset At, DeliveryState State, int Attempts, int? Status, string? Failure, DateTimeOffset? LastAt, DateTimeOffset? NextAt)
{
    public static DeliveryEntry Of(WebhookDelivery delivery) => new(
        delivery.Id, delivery.Event.Kind, delivery.Event.Message, delivery.At, delivery.State, delivery.Attempts, delivery.Status, delivery.Failure, delivery.LastAt, delivery.NextAt);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(NewWebhook))]
[JsonSerializable(typeof(WebhookSettings))]
[JsonSerializable(typeof(Listing<WebhookDetail>))]
[JsonSerializable(typeof(WebhookWithSecret))]
[JsonSerializable(typeof(WebhookTestResult))]
[JsonSerializable(typeof(Listing<DeliveryEntry>))]
internal sealed partial class OutboundWire : JsonSerializerContext;
