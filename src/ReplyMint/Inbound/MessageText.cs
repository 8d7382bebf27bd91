using System.Text.Json;
using System.Text.Json.Serialization;
using ReplyMint.Accounts;
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
    /// <summary>The text is whole, so reply, quotation and signature are what <see cref="ReplyTrimmer"/> makes of it.</summary>
    public bool FollowsFromText { get; init; }
    public IReadOnlyList<MailAddress> To { get; init; } = [];
    public IReadOnlyList<MailAddress> Cc { get; init; } = [];
    public IReadOnlyList<MailAddress> ReplyTo { get; init; } = [];
    public string InReplyTo { get; init; } = "";
    public IReadOnlyList<string> References { get; init; } = [];
    public IReadOnlyList<AttachmentInfo> Attachments { get; init; } = [];
    /// <summary>What a person answered while the mailbox was in shadow mode.</summary>
    public string? Answer { get; set; }

    public static MessageText Of(InboundMail mail) => new()
    {
        Text = Bounded(mail.Text),
        Reply = Bounded(mail.Reply),
        Quoted = Bounded(mail.Quoted),
        Signature = Bounded(mail.Signature),
        FollowsFromText = mail.Text.Length <= MaxChars && mail.Trimmed,
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

    /// <summary>Less of it: a part of each text and of each list.</summary>
    public MessageText Part(int share) => this with
    {
        Text = Bounded(Text, MaxChars / share),
        Reply = Bounded(Reply, MaxChars / share),
        Quoted = Bounded(Quoted, MaxChars / share),
        Signature = Bounded(Signature, MaxChars / share),
        FollowsFromText = false,
        To = [.. To.Take(MaxAddresses / share)],
        Cc = [.. Cc.Take(MaxAddresses / share)],
        ReplyTo = [.. ReplyTo.Take(MaxAddresses / share)],
        References = [.. References.TakeLast(MaxAddresses / share)],
        Attachments = [.. Attachments.Take(MaxAddresses / share)],
    };

    // Four texts fit an item, each character as its longest JSON escape; what a person wrote is far below.
    private const int MaxChars = 15_000;
    private const int MaxAddresses = 50;
    // Beside four texts of the longest kind there is no room for a fifth.
    internal const int MaxAnswer = 4_000;

    internal static string Bounded(string text, int chars = MaxChars) => text.Length <= chars ? text : text[..chars];
}

/// <summary>The stored form. A text that is kept whole is parted again when it is read: its parts would say all of it a second time.</summary>
internal sealed record KeptText
{
    public required string Text { get; set; }
    /// <summary>This and the next two: null when they follow from the text.</summary>
    public string? Reply { get; set; }
    public string? Quoted { get; set; }
    public string? Signature { get; set; }
    public IReadOnlyList<MailAddress>? To { get; set; }
    public IReadOnlyList<MailAddress>? Cc { get; set; }
    public IReadOnlyList<MailAddress>? ReplyTo { get; set; }
    public string? InReplyTo { get; set; }
    public IReadOnlyList<string>? References { get; set; }
    public IReadOnlyList<AttachmentInfo>? Attachments { get; set; }
    public string? Answer { get; set; }

    public static KeptText Of(MessageText text)
    {
        var kept = new KeptText
        {
            Text = text.Text,
            To = Some(text.To),
            Cc = Some(text.Cc),
            ReplyTo = Some(text.ReplyTo),
            InReplyTo = text.InReplyTo.Length == 0 ? null : text.InReplyTo,
            References = Some(text.References),
            Attachments = Some(text.Attachments),
        };
        return text.FollowsFromText ? kept : kept with { Reply = text.Reply, Quoted = text.Quoted, Signature = text.Signature };
    }

    public MessageText ToText()
    {
        var parts = Reply is null ? ReplyTrimmer.Trim(Text) : new TrimmedText(Reply, Signature ?? "", Quoted ?? "", false);
        return new()
        {
            Text = Text,
            Reply = parts.Reply,
            Quoted = parts.Quoted,
            Signature = parts.Signature,
            FollowsFromText = Reply is null,
            To = To ?? [],
            Cc = Cc ?? [],
            ReplyTo = ReplyTo ?? [],
            InReplyTo = InReplyTo ?? "",
            References = References ?? [],
            Attachments = Attachments ?? [],
            Answer = Answer,
        };
    }

    private static IReadOnlyList<T>? Some<T>(IReadOnlyList<T> list) => list.Count == 0 ? null : list;
}

/// <summary>Stores the texts of messages, each in an item of its own that lives shorter than the message's record.</summary>
internal sealed class MessageTexts(IStore store, Messages messages)
{
    // Beside it stands the clear part.
    private const int MaxSealedBytes = Commit.MaxItemBytes - 1024;

    public static ItemKey KeyOf(string tenant, string id) => ItemKey.Main(tenant, "text/" + id);

    public static void Write(Commit commit, PersonKey person, MessageRecord record, MessageText text, Keeping keep)
    {
        var key = KeyOf(person.Tenant, record.Id);
        const long version = 1;
        var @sealed = StoredJson.Seal(person.AddTo(commit), key, version, KeptText.Of(text), MessageTextJson.Default.KeptText);
        // Long texts and long lists at once, as nobody writes them: rather less of it than a mail that is never decided.
        for (var share = 2; @sealed.Length > MaxSealedBytes; share *= 2)
            @sealed = StoredJson.Seal(person, key, version, KeptText.Of(text.Part(share)), MessageTextJson.Default.KeptText);
        commit.Put(key, "{\"v\":1}"u8.ToArray(), Condition.Absent, @sealed, keep.Text(record.Person, record.Id, record.ReceivedAt));
    }

    /// <summary>Adds what a person answered; his first answer stays. False, and nothing added, when the text is gone or there is no room beside it.</summary>
    public async Task<bool> AddAnswerAsync(Commit commit, Message message, string answer, CancellationToken ct)
    {
        if (await store.GetAsync(KeyOf(message.Tenant, message.Id), ct) is not { } item || await messages.PersonAsync(message.Tenant, message.Record.Person, ct, item.Sealed) is not { } person || !person.Knows(item.Sealed.Span))
            return false;
        var kept = JsonSerializer.Deserialize(person.Open(item), MessageTextJson.Default.KeptText)!;
        if (kept.Answer is not null)
            return false;
        var @sealed = StoredJson.Seal(person.AddTo(commit), item.Key, item.Version + 1, kept with { Answer = MessageText.Bounded(answer, MessageText.MaxAnswer) }, MessageTextJson.Default.KeptText);
        if (@sealed.Length > MaxSealedBytes)
        {
            commit.Clear();
            return false;
        }
        commit.Change(item, item.Value, @sealed);
        return true;
    }

    public async ValueTask<MessageText?> FindAsync(Message message, CancellationToken ct) =>
        await store.GetAsync(KeyOf(message.Tenant, message.Id), ct) is { } item
            && await messages.PersonAsync(message.Tenant, message.Record.Person, ct, item.Sealed) is { } person && person.Knows(item.Sealed.Span)
            ? JsonSerializer.Deserialize(person.Open(item), MessageTextJson.Default.KeptText)!.ToText()
            : null;
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(KeptText))]
internal sealed partial class MessageTextJson : JsonSerializerContext;
