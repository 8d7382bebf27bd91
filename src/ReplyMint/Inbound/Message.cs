using System.Text.Json.Serialization;
using ReplyMint.Mail;
using ReplyMint.Storage;

namespace ReplyMint.Inbound;

/// <summary>What was decided of a message. How far its answer got is the outbox's to say, under the same id.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<MessageState>))]
internal enum MessageState
{
    /// <summary>Stored; its job waits or runs.</summary>
    Received,
    /// <summary>An answer was handed to the outbox.</summary>
    Answered,
    /// <summary>A person has to look.</summary>
    Held,
    /// <summary>Recorded, and left without an answer.</summary>
    Ignored,
}

/// <summary>The clear part of a message: ids, states and names of rules.</summary>
internal sealed record MessageRecord
{
    public int V { get; init; } = 1;
    public required string Id { get; init; }
    public required string Mailbox { get; init; }
    /// <summary>Keyed hash of the correspondent's address, which names the key that sealed the rest.</summary>
    public required string Person { get; init; }
    public required string Thread { get; init; }
    /// <summary>The mail names an answer that was given to somebody else (rule 18).</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool ForeignToken { get; set; }
    public required string Channel { get; init; }
    public required DateTimeOffset ReceivedAt { get; init; }
    public required long Size { get; init; }
    public MessageState State { get; init; }
    public DateTimeOffset? DecidedAt { get; init; }
    /// <summary>Names of the rules that decided, the first one first.</summary>
    public IReadOnlyList<string> Reasons { get; init; } = [];
}

/// <summary>What lists show of a message; sealed with the correspondent's key.</summary>
internal sealed record MessageSummary
{
    public required Envelope Envelope { get; init; }
    public required MailAddress From { get; init; }
    public required string Subject { get; init; }
    public required string MessageId { get; init; }
    public DateTimeOffset? Date { get; init; }
    public required SenderAuthentication Authentication { get; init; }
    /// <summary>What is said of the attachments where bytes were not kept, or a scanner was asked; null when all of the mail was, unasked.</summary>
    public IReadOnlyList<AttachmentInfo>? Attachments { get; set; }
    /// <summary>The channel is one that should have a verdict on its senders (rule 11).</summary>
    public bool VerdictExpected { get; init; } = true;
}

/// <summary>A message with its open summary.</summary>
internal sealed record Message(MessageRecord Record, MessageSummary Summary, Item Item)
{
    public string Id => Record.Id;
    public string Tenant => Item.Key.Partition;
}

/// <summary>Which message a content hash belongs to; empty once that was erased: the same mail is not taken again.</summary>
internal sealed record SeenRecord(int V, string Message);

internal sealed record SpentRecord(int V, string Fingerprint);

/// <summary>The clear part of the raw mail's item.</summary>
/// <param name="Blob">The sealed bytes lie in a blob of the message's id, since they are too large for an item.</param>
internal sealed record RawRecord(int V, bool Blob);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UseStringEnumConverter = true)]
[JsonSerializable(typeof(MessageRecord))]
[JsonSerializable(typeof(MessageSummary))]
[JsonSerializable(typeof(SeenRecord))]
[JsonSerializable(typeof(SpentRecord))]
[JsonSerializable(typeof(RawRecord))]
[JsonSerializable(typeof(ThreadRecord))]
[JsonSerializable(typeof(ImapPosition))]
[JsonSerializable(typeof(ImapMark))]
internal sealed partial class InboundJson : JsonSerializerContext;
