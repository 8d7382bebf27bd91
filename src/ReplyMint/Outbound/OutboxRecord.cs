using System.Text.Json.Serialization;

namespace ReplyMint.Outbound;

/// <summary>Where a mail on its way out stands. Only Queued may start a sending; Uncertain is never sent again by itself.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<OutboxState>))]
internal enum OutboxState { Queued, Sending, Sent, Failed, Uncertain, Dead, Cancelled }

/// <summary>What a mail is for: an answer, a notice to people of the house, or a try of a mailbox's way out by one of them.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<OutboxPurpose>))]
internal enum OutboxPurpose { Reply, Notice, Test }

/// <summary>Something that a provider or a bounce told about a mail after it left.</summary>
/// <param name="Id">The provider's id of the event; the same one is stored once.</param>
/// <param name="Kind">"delivered", "failed", "complained", "bounced" and the like.</param>
/// <param name="Detail">A reply code or severity; never an address or text.</param>
internal sealed record DeliveryEvent(string Id, string Kind, DateTimeOffset At, string Detail);

/// <param name="At">Null: for good, as a legal hold asks.</param>
internal sealed record KeptUntil(DateTimeOffset? At);

/// <summary>The clear part of an outbox item; the mail itself is sealed.</summary>
internal sealed record OutboxRecord
{
    public int V { get; init; } = 1;
    /// <summary>A reply has its message's id, which makes a second answer to one message impossible.</summary>
    public required string Id { get; init; }
    public required OutboxPurpose Purpose { get; init; }
    public string? Mailbox { get; init; }
    /// <summary>Keyed hash of the recipient when the mail is sealed with the correspondent's key; null: the tenant's.</summary>
    public string? Person { get; init; }
    public OutboxState State { get; init; }
    public int Attempts { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? ChangedAt { get; init; }
    /// <summary>After this the mail is of no use and does not leave any more, and soon is not kept either; null for one that keeps its worth.</summary>
    public DateTimeOffset? SendBefore { get; init; }
    /// <summary>A person wrote the answer himself: it leaves also to somebody who wants no automatic ones.</summary>
    public bool ByPerson { get; set; }
    /// <summary>The period of the quota that a reply was taken from; null: of none, or it was given back.</summary>
    public string? Quota { get; set; }
    /// <summary>How long a new one is kept; without it as long as its purpose asks.</summary>
    [JsonIgnore]
    public KeptUntil? Kept { get; init; }
    /// <summary>Which process started the sending; one that is found when that process can be at it no more is uncertain.</summary>
    public string? By { get; init; }
    /// <summary>On a store that several processes share: until then that process may be at work on it, by its own clock.</summary>
    public DateTimeOffset? Until { get; init; }
    public string Detail { get; init; } = "";
    public IReadOnlyList<DeliveryEvent> Events { get; init; } = [];
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UseStringEnumConverter = true)]
[JsonSerializable(typeof(OutboxRecord))]
[JsonSerializable(typeof(OutboundMail))]
internal sealed partial class OutboxJson : JsonSerializerContext;
