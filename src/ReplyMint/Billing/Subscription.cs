using System.Text.Json.Serialization;
using ReplyMint.Security;

namespace ReplyMint.Billing;

/// <summary>How a tenant's plan stands.</summary>
[JsonConverter(typeof(WireEnum<SubscriptionState>))]
internal enum SubscriptionState
{
    Trialing,
    Active,
    /// <summary>A payment failed; replies go on for the days of grace.</summary>
    PastDue,
    Canceled,
    Unpaid,
    Paused,
    /// <summary>A plan with an end, such as a trial, has ended by itself.</summary>
    Ended,
}

/// <summary>Who says which plan a tenant has.</summary>
[JsonConverter(typeof(WireEnum<PlanSource>))]
internal enum PlanSource { Operator, Stripe }

/// <summary>A tenant's plan. Ids and dates, nothing personal.</summary>
internal sealed record Subscription
{
    public int V { get; set; } = 1;
    public required string Plan { get; init; }
    public required PlanSource Source { get; init; }
    public required SubscriptionState State { get; init; }
    /// <summary>Replies in a period, as the plan said when this was written.</summary>
    public required long Replies { get; init; }
    public required DateTimeOffset ChangedAt { get; init; }
    /// <summary>The period; null: calendar months in UTC.</summary>
    public DateTimeOffset? From { get; set; }
    public DateTimeOffset? Until { get; set; }
    /// <summary>From then on no replies are left.</summary>
    public DateTimeOffset? Ends { get; set; }
    /// <summary>Since when a payment is overdue.</summary>
    public DateTimeOffset? PastDueSince { get; set; }
    /// <summary>It ends with this period, since somebody has given notice.</summary>
    public bool Leaves { get; set; }
    public string? StripeId { get; set; }
    public string? Customer { get; set; }
    /// <summary>What was paid back of this subscription, in the currency's smallest unit.</summary>
    public long Refunded { get; set; }

    /// <summary>Stripe has it, and would say so again.</summary>
    [JsonIgnore]
    public bool IsLiveAtStripe => Source == PlanSource.Stripe && State is not (SubscriptionState.Canceled or SubscriptionState.Ended);
}

/// <summary>The highest warning of a period that was told.</summary>
internal sealed record WarningTold(int V, string Period, long Replies, int Level);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Subscription))]
[JsonSerializable(typeof(WarningTold))]
internal sealed partial class BillingJson : JsonSerializerContext;
