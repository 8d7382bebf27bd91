using System.Text.Json.Serialization;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Outbound;

/// <summary>What a webhook can be told of.</summary>
[JsonConverter(typeof(WireEnum<WebhookEventKind>))]
internal enum WebhookEventKind
{
    /// <summary>Only sent when somebody asks for a test.</summary>
    [JsonStringEnumMemberName("webhook.test")] Test,
    [JsonStringEnumMemberName("message.received")] MessageReceived,
    [JsonStringEnumMemberName("draft.waiting")] DraftWaiting,
    [JsonStringEnumMemberName("draft.decided")] DraftDecided,
    [JsonStringEnumMemberName("answer.sent")] AnswerSent,
    [JsonStringEnumMemberName("answer.failed")] AnswerFailed,
    /// <summary>How much of the period's replies is used: its state is 60, 80, 90, 100 or ended. It is about no message and no mailbox.</summary>
    [JsonStringEnumMemberName("quota.warning")] QuotaWarning,
}

/// <summary>Something that happened: ids and fixed words only, never an address or text.</summary>
/// <param name="Message">The message that it is about; drafts and answers have its id.</param>
/// <param name="State">What it is now, such as "approved"; null where the kind says all.</param>
internal sealed record WebhookEvent(WebhookEventKind Kind, string Message, string Mailbox, string? State = null);

/// <summary>An address of a tenant's that is told what happens. Sealed with the tenant's key.</summary>
internal sealed record Webhook
{
    public int V { get; set; } = 1;
    public required string Id { get; init; }
    public required Uri Url { get; init; }
    public string Description { get; set; } = "";
    public required IReadOnlyList<WebhookEventKind> Events { get; init; }
    public bool Enabled { get; set; } = true;
    /// <summary>Why the system switched it off; null when it is on, or a person did.</summary>
    public string? DisabledBecause { get; set; }
    public required byte[] Secret { get; init; }
    /// <summary>During a rotation what is sent is signed with this one as well.</summary>
    public byte[]? PreviousSecret { get; set; }
    public DateTimeOffset? PreviousUntil { get; set; }
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>One with an id and a secret of its own. What it leads to was held to <see cref="WebhookRules"/>.</summary>
    public static Webhook New(string url, string description, IReadOnlyList<WebhookEventKind> events, TimeProvider time) => new()
    {
        Id = Ids.Random('w'), Url = new Uri(url), Description = description, Events = [.. events.Distinct()], Secret = WebhookSignature.NewSecret(), CreatedAt = time.GetUtcNow(),
    };

    /// <summary>Secrets must not reach a log by way of a record's own text.</summary>
    public override string ToString() => $"webhook {Id}";
}

[JsonConverter(typeof(WireEnum<DeliveryState>))]
internal enum DeliveryState
{
    /// <summary>To be sent, or sent again.</summary>
    Pending,
    Delivered,
    /// <summary>Given up after all tries.</summary>
    Dead,
    /// <summary>The webhook was off or gone when its turn came.</summary>
    Dropped,
}

/// <summary>One event on its way to one webhook. Ids only, nothing sealed.</summary>
internal sealed record WebhookDelivery
{
    public int V { get; set; } = 1;
    /// <summary>Also what the receiver knows the message by: the same at each try.</summary>
    public required string Id { get; init; }
    public required string Webhook { get; init; }
    public required WebhookEvent Event { get; init; }
    public required DateTimeOffset At { get; init; }
    public DeliveryState State { get; set; }
    public int Attempts { get; set; }
    /// <summary>The answer's status, or null when there was none.</summary>
    public int? Status { get; set; }
    /// <summary>Why the last try failed, in a fixed word.</summary>
    public string? Failure { get; set; }
    public DateTimeOffset? LastAt { get; set; }
    public DateTimeOffset? NextAt { get; set; }
}

/// <summary>Since when nothing reached a webhook.</summary>
internal sealed record WebhookHealth(int V, DateTimeOffset FailingSince);

/// <summary>The form in which an event travels (Standard Webhooks).</summary>
internal sealed record WebhookBody(WebhookEventKind Type, DateTimeOffset Timestamp, WebhookData Data);

/// <param name="State">What it is now; absent where the type says all.</param>
internal sealed record WebhookData(string Message, string Mailbox, string? State);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Webhook))]
[JsonSerializable(typeof(WebhookDelivery))]
[JsonSerializable(typeof(WebhookHealth))]
[JsonSerializable(typeof(WebhookBody))]
internal sealed partial class WebhookJson : JsonSerializerContext;
