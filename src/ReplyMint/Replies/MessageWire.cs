using System.Text.Json.Serialization;
using ReplyMint.Inbound;
using ReplyMint.Mail;
using ReplyMint.Outbound;
using ReplyMint.Security;

namespace ReplyMint.Replies;

internal sealed record Correspondent(string Name, string Address)
{
    public static Correspondent Of(MailAddress address) => new(address.Name, address.Address);
}

/// <summary>A message as a list shows it.</summary>
internal sealed record MessageEntry
{
    public required string Id { get; init; }
    public required string Mailbox { get; init; }
    public required string Thread { get; init; }
    /// <summary>By which way it came: smtp, mailgun, api or a channel's id.</summary>
    public required string Channel { get; init; }
    public required DateTimeOffset ReceivedAt { get; init; }
    /// <summary>Octets of the mail as it came.</summary>
    public required long Size { get; init; }
    [JsonConverter(typeof(WireEnum<MessageState>))]
    public required MessageState State { get; init; }
    /// <summary>Names of the rules that decided, the first one first.</summary>
    public required IReadOnlyList<string> Reasons { get; init; }
    public DateTimeOffset? DecidedAt { get; init; }
    public required Correspondent From { get; init; }
    public required string Subject { get; init; }

    public static MessageEntry Of(Message message) => new()
    {
        Id = message.Id,
        Mailbox = message.Record.Mailbox,
        Thread = message.Record.Thread,
        Channel = message.Record.Channel,
        ReceivedAt = message.Record.ReceivedAt,
        Size = message.Record.Size,
        State = message.Record.State,
        Reasons = message.Record.Reasons,
        DecidedAt = message.Record.DecidedAt,
        From = Correspondent.Of(message.Summary.From),
        Subject = message.Summary.Subject,
    };
}

/// <summary>A message with its text, while that is kept, and what became of its answer.</summary>
/// <param name="Text">Null once retention removed it.</param>
/// <param name="Sender">What is believed about the sender.</param>
internal sealed record MessageDetail(MessageEntry Message, string MessageId, DateTimeOffset? Date, MessageContent? Text, SenderProofDetail Sender, AnswerDetail? Answer)
{
    public static MessageDetail Of(Message message, MessageText? text, OutboxEntry? answer)
    {
        var (summary, believed) = (message.Summary, message.Summary.Authentication);
        return new(MessageEntry.Of(message), summary.MessageId, summary.Date, text is null ? null : MessageContent.Of(text),
            new(believed.Source, believed.Spf, believed.Dkim, believed.Dmarc, believed.Vouched), answer is null ? null : AnswerDetail.Of(answer));
    }
}

/// <param name="Reply">What the person newly wrote, without quoted text and signature.</param>
internal sealed record MessageContent(string Text, string Reply, string Quoted, string Signature, IReadOnlyList<Correspondent> To, IReadOnlyList<Correspondent> Cc, IReadOnlyList<AttachmentDetail> Attachments)
{
    public static MessageContent Of(MessageText text) => new(text.Text, text.Reply, text.Quoted, text.Signature,
        [.. text.To.Select(Correspondent.Of)], [.. text.Cc.Select(Correspondent.Of)], [.. text.Attachments.Select(a => new AttachmentDetail(a.FileName, a.ContentType, a.Size, a.Sha256, a.Scan, a.Malware))]);
}

/// <summary>What is said of an attachment; its bytes are in the raw mail only.</summary>
/// <param name="Scan">What a scanner said before it was stored: "clean", "found", "too-large", "too-many", "away", "late" or "odd"; null where none was asked. Bytes that are not clean were not kept.</param>
/// <param name="Malware">The name of the signature that fits it.</param>
internal sealed record AttachmentDetail(string FileName, string ContentType, long Size, string Sha256, string? Scan, string? Malware);

/// <param name="Source">Whose word it is: a server's name, a provider, or the API key that vouched.</param>
internal sealed record SenderProofDetail(
    string Source,
    [property: JsonConverter(typeof(WireEnum<AuthResult>))] AuthResult Spf,
    [property: JsonConverter(typeof(WireEnum<AuthResult>))] AuthResult Dkim,
    [property: JsonConverter(typeof(WireEnum<AuthResult>))] AuthResult Dmarc,
    bool Vouched);

/// <summary>The answer to a message, and how far it got.</summary>
internal sealed record AnswerDetail([property: JsonConverter(typeof(WireEnum<OutboxState>))] OutboxState State, string To, string Subject, string Text, DateTimeOffset CreatedAt, DateTimeOffset? ChangedAt, string Detail, IReadOnlyList<AnswerEvent> Events)
{
    public static AnswerDetail Of(OutboxEntry entry) => new(entry.Record.State, entry.Mail.To, entry.Mail.Subject, entry.Mail.Text, entry.Record.CreatedAt, entry.Record.ChangedAt,
        entry.Record.Detail, [.. entry.Record.Events.Select(e => new AnswerEvent(e.Kind, e.At, e.Detail))]);
}

/// <param name="Kind">What a provider or a bounce told: delivered, failed, complained, bounced.</param>
internal sealed record AnswerEvent(string Kind, DateTimeOffset At, string Detail);

/// <summary>All mails of one thread with their answers, the oldest first.</summary>
/// <param name="AnsweredAt">When a person last answered in it himself.</param>
/// <param name="ClosedAt">Since when nothing in it is answered by itself.</param>
internal sealed record ThreadDetail(string Id, string Mailbox, DateTimeOffset? AnsweredAt, DateTimeOffset? ClosedAt, IReadOnlyList<MessageDetail> Messages);

/// <param name="Text">What was answered, without quoted text.</param>
internal sealed record AnsweredText([property: Text(DraftGuard.MaxCharacters, Least = 1)] string Text);

/// <summary>A message as somebody may know it who reads no mail: ids, states and names of rules.</summary>
internal sealed record ReceiptEntry(string Message, string Mailbox, DateTimeOffset ReceivedAt, [property: JsonConverter(typeof(WireEnum<MessageState>))] MessageState State, IReadOnlyList<string> Reasons, DateTimeOffset? DecidedAt)
{
    public static ReceiptEntry Of(MessageRecord record) => new(record.Id, record.Mailbox, record.ReceivedAt, record.State, record.Reasons, record.DecidedAt);
}

/// <summary>Why a mail got what it got: each rule that was asked, and what was drafted from what.</summary>
/// <param name="Overridden">Rules of the guard whose findings a person sent all the same.</param>
internal sealed record ReceiptDetail(
    string Message, [property: JsonConverter(typeof(WireEnum<Decision>))] Decision Decision, string Mode, IReadOnlyList<RuleDetail> Rules, string Drafter,
    IReadOnlyList<PassageDetail> Passages, IReadOnlyList<FindingDetail> Findings, string Note, IReadOnlyList<string> Overridden, string? DecidedBy, UsageDetail? Model, IReadOnlyList<GivenThumb> Thumbs)
{
    /// <param name="quoting">False leaves out what rules and guard quoted from the mail.</param>
    public static ReceiptDetail Of(string message, Receipt receipt, bool quoting) => new(
        message, receipt.Verdict.Result, receipt.Mode.ToLowerInvariant(), [.. receipt.Verdict.Rules.Select(rule => RuleDetail.Of(rule, quoting))], receipt.Drafter,
        [.. receipt.Passages.Select(p => new PassageDetail(p.Source, p.Question, null, Math.Round(p.Score, 3)))],
        [.. receipt.Findings.Select(finding => FindingDetail.Of(finding, quoting))], receipt.Note, receipt.Overridden, receipt.DecidedBy,
        receipt.Usage is { } used ? new(used.Model, used.InputTokens, used.OutputTokens, used.Cost) : null, receipt.Thumbs);
}

/// <param name="Rule">The rule's number, 1 to 19.</param>
/// <param name="Saw">What it looked at; absent for callers who may not read mail.</param>
internal sealed record RuleDetail(int Rule, string Name, [property: JsonConverter(typeof(WireEnum<RuleOutcome>))] RuleOutcome Outcome, string? Saw)
{
    public static RuleDetail Of(RuleResult rule, bool quoting) => new(rule.Rule, rule.Name, rule.Outcome, quoting ? rule.Saw : null);
}

/// <param name="Answer">Absent where only the name of the passage is known.</param>
/// <param name="Score">0 to 1: how well it fits.</param>
internal sealed record PassageDetail(string Source, string Question, string? Answer, double Score);

/// <summary>What the guard holds a text for.</summary>
/// <param name="Overridable">Whether a person's recorded decision may send it all the same.</param>
internal sealed record FindingDetail([property: JsonConverter(typeof(WireEnum<GuardRule>))] GuardRule Rule, string? Found, bool Overridable)
{
    public static FindingDetail Of(GuardFinding finding, bool quoting) => new(finding.Rule, quoting ? finding.Found : null, finding.Overridable);
}

/// <summary>What a model used, in its own figures.</summary>
internal sealed record UsageDetail(string Model, long InputTokens, long OutputTokens, decimal Cost);
