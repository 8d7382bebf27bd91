using ReplyMint.Mail;
using ReplyMint.Replies;

namespace ReplyMint.Cli.Commands;

/// <summary>What <c>explain --json</c> prints of one file.</summary>
internal sealed record ExplainedMail
{
    public required string File { get; init; }
    public string? Error { get; init; }
    public IReadOnlyList<MailAddress>? From { get; init; }
    public IReadOnlyList<MailAddress>? To { get; init; }
    public IReadOnlyList<MailAddress>? Cc { get; init; }
    public IReadOnlyList<MailAddress>? ReplyTo { get; init; }
    public string? Subject { get; init; }
    public string? MessageId { get; init; }
    public string? InReplyTo { get; init; }
    public IReadOnlyList<string>? References { get; init; }
    public DateTime? Date { get; init; }
    public string? Text { get; init; }
    public string? Reply { get; init; }
    public string? Signature { get; init; }
    public string? Quoted { get; init; }
    /// <summary>Text that an HTML mail hides from its reader.</summary>
    public IReadOnlyList<string>? Hidden { get; init; }
    public IReadOnlyList<AttachmentInfo>? Attachments { get; init; }
    /// <summary>What was broken and how it was read all the same.</summary>
    public IReadOnlyList<string>? Problems { get; init; }
    public ExplainedSender? Authentication { get; init; }
    public ExplainedVerdict? Verdict { get; init; }

    public static ExplainedMail Of(string file, string error) => new() { File = file, Error = error };

    public static ExplainedMail Of(string file, InboundMail mail, SenderAuthentication? authentication, Verdict verdict) => new()
    {
        File = file,
        From = mail.From, To = mail.To, Cc = mail.Cc, ReplyTo = mail.ReplyTo,
        Subject = mail.Subject, MessageId = mail.MessageId, InReplyTo = mail.InReplyTo, References = mail.References,
        Date = mail.Date?.UtcDateTime,
        Text = mail.Text, Reply = mail.Reply, Signature = mail.Signature, Quoted = mail.Quoted, Hidden = mail.Hidden,
        Attachments = mail.Attachments, Problems = mail.Problems,
        Authentication = authentication is null ? null
            : new(authentication.Source, Name(authentication.Spf), Name(authentication.Dkim), Name(authentication.Dmarc)),
        Verdict = new(Name(verdict.Result), [.. verdict.Reasons],
            [.. verdict.Rules.Select(r => new ExplainedRule(r.Rule, r.Name, Name(r.Outcome), r.Saw))]),
    };

    private static string Name<T>(T value) where T : struct, Enum =>
        value is RuleOutcome.NotAsked ? "not asked" : value.ToString().ToLowerInvariant();
}

internal sealed record ExplainedSender(string Source, string Spf, string Dkim, string Dmarc);

/// <param name="Result">answer, hold or ignore.</param>
/// <param name="Reasons">The rules that hit, the deciding one first.</param>
internal sealed record ExplainedVerdict(string Result, IReadOnlyList<string> Reasons, IReadOnlyList<ExplainedRule> Rules);

internal sealed record ExplainedRule(int Rule, string Name, string Outcome, string Saw);
