using System.Text.Json;
using System.Text.Json.Serialization;
using ReplyMint.Mail;
using ReplyMint.Storage;

namespace ReplyMint.Inbound;

/// <summary>What was read of a mail and stays when the raw mail is gone: enough to answer it, no attachment, no header field.</summary>
internal sealed record MessageText
{
    public required string Text { get; init; }
    public required string Reply { get; init; }
    public required string Quoted { get; init; }
    public required string Signature { get; init; }
    public IReadOnlyList<MailAddress> To { get; init; } = [];
    public IReadOnlyList<MailAddress> Cc { get; init; } = [];
    public IReadOnlyList<MailAddress> ReplyTo { get; init; } = [];
    public string InReplyTo { get; init; } = "";
    public IReadOnlyList<string> References { get; init; } = [];
    public IReadOnlyList<AttachmentInfo> Attachments { get; init; } = [];

    public static MessageText Of(InboundMail mail) => new()
    {
        Text = Bounded(mail.Text),
        Reply = Bounded(mail.Reply),
        Quoted = Bounded(mail.Quoted),
        Signature = Bounded(mail.Signature),
        To = [.. mail.To.Take(MaxAddresses)],
        Cc = [.. mail.Cc.Take(MaxAddresses)],
        ReplyTo = [.. mail.ReplyTo.Take(MaxAddresses)],
        InReplyTo = mail.InReplyTo,
        References = [.. mail.References.TakeLast(MaxAddresses)],
        Attachments = [.. mail.Attachments.Take(MaxAddresses)],
    };

    /// <summary>The mail again, without its header fields and structure.</summary>
    public InboundMail ToMail(MessageSummary summary) => new()
    {
        Envelope = summary.Envelope,
        Headers = [],
        From = [summary.From],
        To = To,
        Cc = Cc,
        ReplyTo = ReplyTo,
        Subject = summary.Subject,
        MessageId = summary.MessageId,
        InReplyTo = InReplyTo,
        References = References,
        Date = summary.Date,
        Text = Text,
        Reply = Reply,
        Quoted = Quoted,
        Signature = Signature,
        Attachments = Attachments,
    };

    // Four texts must fit an item, each character as its longest JSON escape; what a person wrote is far below.
    private const int MaxChars = 15_000;
    private const int MaxAddresses = 50;

    private static string Bounded(string text) => text.Length <= MaxChars ? text : text[..MaxChars];
}

/// <summary>Stores the texts of messages, each in an item of its own that lives shorter than the message's record.</summary>
internal sealed class MessageTexts(IStore store, Messages messages)
{
    public static ItemKey KeyOf(string tenant, string id) => ItemKey.Main(tenant, "text/" + id);

    public static void Write(Commit commit, PersonKey person, MessageRecord record, MessageText text, Item? before)
    {
        var key = KeyOf(person.Tenant, record.Id);
        var plain = JsonSerializer.SerializeToUtf8Bytes(text, MessageTextJson.Default.MessageText);
        commit.Put(key, "{\"v\":1}"u8.ToArray(), Condition.Same(before), person.Seal(key, (before?.Version ?? 0) + 1, plain), record.ReceivedAt + Messages.TextKept);
    }

    public async ValueTask<MessageText?> FindAsync(Message message, CancellationToken ct) =>
        await store.GetAsync(KeyOf(message.Tenant, message.Id), ct) is { } item
            && await messages.PersonAsync(message.Tenant, message.Record.Person, ct) is { } person
            ? JsonSerializer.Deserialize(person.Open(item), MessageTextJson.Default.MessageText)
            : null;
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(MessageText))]
internal sealed partial class MessageTextJson : JsonSerializerContext;
