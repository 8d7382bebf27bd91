using System.Globalization;

using ReplyMint.Mail;
using ReplyMint.Outbound;

namespace ReplyMint.Replies;

/// <summary>One rule of the table: its number there, a stable name, and the question it asks.</summary>
internal sealed record PolicyRule(int Number, string Name, Func<PolicyFacts, Answer> Ask)
{
    /// <summary>A hit of this rule stops drafting, whatever else hit.</summary>
    public bool StopsDrafting { get; init; }

    /// <summary>An administrator may switch it off for one address.</summary>
    public bool Overridable => Number is >= 5 and <= 9 && !StopsDrafting;

    /// <summary>What it says of any machine's mail keeps a forwarding confirmation from being answered, and not from being shown.</summary>
    public bool SparesConfirmations => Number is 3 or (>= 5 and <= 9);
}

/// <summary>What a rule says and what it saw.</summary>
internal readonly record struct Answer(RuleOutcome Outcome, string Saw)
{
    public static Answer NotAsked { get; } = new(RuleOutcome.NotAsked, "");
    public static Answer Pass(string saw = "") => new(RuleOutcome.Pass, saw);
    public static Answer Hold(string saw) => new(RuleOutcome.Hold, saw);
    public static Answer Cancel(string saw) => new(RuleOutcome.Cancel, saw);
    public static Answer Never(string saw) => new(RuleOutcome.Never, saw);

    /// <summary>A fact that may be unknown: null is not asked, true hits.</summary>
    public static Answer Of(bool? hit, RuleOutcome outcome, string saw) =>
        hit switch { null => NotAsked, true => new(outcome, saw), false => Pass() };
}

/// <summary>May this mail be answered automatically? Pure: the same facts give the same verdict.</summary>
internal static class ReplyPolicy
{
    /// <summary>The header that marks our own automatic answers; a signed token is its value.</summary>
    public const string LoopHeader = HouseMail.LoopHeader;

    /// <summary>Rule 19: the person said so, before or in this mail.</summary>
    public const string HumanPlease = "human-please";

    /// <summary>Rule 9: a provider asks whether mail may be forwarded here; somebody waits for that.</summary>
    public const string ForwardingConfirmation = "forwarding-confirmation";

    public const string PersonAnswered = "person-answered";

    /// <summary>Rule 4: the mail is a copy of what a person of the house answered.</summary>
    public const string OwnAnswer = "own-answer";
    public const string NewerMail = "newer-mail";
    public const string ThreadClosed = "thread-closed";

    /// <summary>Rule 14: it may have been answered by what a restore has forgotten; also the mark of a draft that waited then.</summary>
    public const string BeforeRestore = "before-restore";

    /// <summary>Rule 17: an answer that comes sooner after ours was not typed by a person.</summary>
    public const int MachineSeconds = 20;

    /// <summary>Rule 18: more addresses in To and Cc than this is a circular.</summary>
    public const int ManyRecipients = 10;

    /// <summary>Rule 18: more newly written characters than this is no question.</summary>
    public const int HugeText = 20_000;

    /// <summary>The table, in order. All are asked; the strongest says what happens, among equals the first names the reason.</summary>
    public static IReadOnlyList<PolicyRule> Rules { get; } =
    [
        new(1, "null-reverse-path", f => f.Mail.Envelope.ReversePath switch
        {
            null => Answer.NotAsked,
            var path when HeaderSigns.IsNullPath(path) => Answer.Never("<>"),
            var path => Answer.Pass(path),
        }),
        new(2, "report", f => HeaderSigns.Report(f.Mail)),
        new(3, "auto-submitted", f => HeaderSigns.AutoSubmitted(f.Mail)),
        new(4, "own-address", OwnAddress),
        new(4, OwnAnswer, f => Answer.Of(f.OwnAnswer, RuleOutcome.Never, "a person's own answer in a thread of this mailbox")),
        new(4, "own-message-id", f => f.IsOwnMessageId is null ? Answer.NotAsked
            : Answer.Of(f.Mail.MessageId.Length > 0 && f.IsOwnMessageId(f.Mail.MessageId), RuleOutcome.Never, f.Mail.MessageId)),
        new(4, "own-loop-mark", OwnLoopMark),
        new(5, "precedence", f => HeaderSigns.Precedence(f.Mail)),
        new(6, "list", f => HeaderSigns.List(f.Mail)),
        new(7, "auto-response-suppress", f => HeaderSigns.ResponseSuppress(f.Mail)),
        new(8, "autoreply-header", f => HeaderSigns.Autoreply(f.Mail)),
        new(9, "robot-address", f => SenderSigns.Robot(f.Mail)),
        new(9, "robot-envelope", f => SenderSigns.RobotEnvelope(f.Mail)),
        new(9, ForwardingConfirmation, ForwardingSigns.Ask) { StopsDrafting = true },
        new(10, "not-addressed", NotAddressed),
        new(11, "dmarc", f => SenderProof.Dmarc(f.Mail, f.Authentication, f.VerdictExpected, f.VouchedCounts)),
        new(11, "reply-to-elsewhere", f => SenderProof.ReplyTo(f.Mail, f.Authentication)),
        new(12, "virus", f => Answer.Of(f.Authentication?.Virus, RuleOutcome.Never, f.Authentication?.Source ?? "")) { StopsDrafting = true },
        new(12, "attachment-malware", Malware) { StopsDrafting = true },
        new(12, "spam", f => Answer.Of(f.Authentication?.Spam, RuleOutcome.Never, f.Authentication?.Source ?? "")) { StopsDrafting = true },
        new(13, "permanent-bounce", f => Answer.Of(f.PermanentBounce, RuleOutcome.Hold, "a permanent bounce in the last 60 days")),
        new(14, "seen-before", f => Answer.Of(f.SeenBefore, RuleOutcome.Never, "same Message-ID and content")),
        new(14, BeforeRestore, f => Answer.Of(f.BeforeRestore, RuleOutcome.Hold, "of before the store was restored; it may have been answered")),
        new(15, "rate-thread", f => f.Rates is not { } r ? Answer.NotAsked
            : Limit(r.ThreadIn10Minutes >= 1 || r.ThreadIn24Hours >= 3, $"{r.ThreadIn10Minutes} in 10 minutes, {r.ThreadIn24Hours} in 24 hours")),
        new(15, "rate-person", f => f.Rates is not { } r ? Answer.NotAsked : Limit(r.PersonIn24Hours >= 5, $"{r.PersonIn24Hours} in 24 hours")),
        new(15, "breaker-tenant", f => Answer.Of(f.Rates?.TenantTripped, RuleOutcome.Hold, "the tenant's breaker is open")),
        new(15, "breaker-installation", f => Answer.Of(f.Rates?.InstallationTripped, RuleOutcome.Hold, "the installation's breaker is open")),
        new(16, PersonAnswered, f => Answer.Of(f.Thread?.PersonAnswered, RuleOutcome.Cancel, "a person answered already")),
        new(16, NewerMail, f => Answer.Of(f.Thread?.NewerMailWaits, RuleOutcome.Cancel, $"a newer mail of the thread waits {f.Thread?.NewerMail}".TrimEnd())),
        new(16, ThreadClosed, f => Answer.Of(f.Thread?.Closed, RuleOutcome.Cancel, "the thread is closed")),
        new(17, "absence-subject", f => SubjectSigns.Ask(f.Mail.Subject)),
        new(17, "bulk-text", f => BodySigns.Ask(f.Mail)),
        new(17, "same-text", f => Answer.Of(f.SameTextAsLast, RuleOutcome.Hold, "same text as last time")),
        new(17, "too-quick", f => f.SecondsSinceOurs is not { } s ? Answer.NotAsked
            : Limit(s < MachineSeconds, string.Create(CultureInfo.InvariantCulture, $"{s:0} s after ours"))),
        new(18, "no-sender", NoSender),
        new(18, "encrypted", f => Answer.Of(f.Mail.Shape.Encrypted, RuleOutcome.Hold, f.Mail.Shape.ContentType)),
        new(18, "calendar-only", f => Answer.Of(f.Mail.Shape.CalendarOnly, RuleOutcome.Hold, f.Mail.Shape.ContentType)),
        new(18, "empty", Empty),
        new(18, "huge", f => Limit(f.Mail.Reply.Length > HugeText, $"{f.Mail.Reply.Length} characters")),
        new(18, "many-recipients", f => Limit(f.Mail.To.Count + f.Mail.Cc.Count > ManyRecipients, $"{f.Mail.To.Count + f.Mail.Cc.Count} addresses")),
        new(18, "foreign-thread-token", f => Answer.Of(f.ForeignThreadToken, RuleOutcome.Hold, "a thread token of somebody else")),
        new(19, HumanPlease, f => f.SuppressedByPerson is true ? Answer.Never("the person asked for no automatic answer") : WithdrawalSigns.Ask(f.Mail)),
        new(19, "mailbox-off", f => Answer.Of(f.Allowance?.MailboxOff, RuleOutcome.Never, "the mailbox is off")),
        new(19, "stopped", f => Answer.Of(f.Allowance?.Stopped, RuleOutcome.Hold, "a stop switch is set, or the domain is another tenant's")) { StopsDrafting = true },
        new(19, "no-consent", f => Answer.Of(f.ConsentMissing, RuleOutcome.Hold, "no consent that counts")) { StopsDrafting = true },
        new(19, "paused", f => Answer.Of(f.Allowance?.Paused, RuleOutcome.Hold, "answering is paused")) { StopsDrafting = true },
        new(19, "quota", f => Answer.Of(f.Allowance?.QuotaUsedUp, RuleOutcome.Hold, "the quota is used up, or the plan has ended")) { StopsDrafting = true },
    ];

    public static Verdict Decide(PolicyFacts facts)
    {
        var results = new RuleResult[Rules.Count];
        var strongest = RuleOutcome.Pass;
        var noDraft = false;
        var confirmation = ForwardingSigns.Of(facts) is not null;
        for (var i = 0; i < results.Length; i++)
        {
            var rule = Rules[i];
            var answer = rule.Ask(facts);
            // An override changes the outcome, never the record of what was seen.
            if (rule.Overridable && answer.Outcome >= RuleOutcome.Hold && facts.Overrides.Contains(rule.Number))
                answer = Answer.Pass("overridden by an administrator: " + answer.Saw);
            if (confirmation && rule.SparesConfirmations && answer.Outcome == RuleOutcome.Never)
                answer = Answer.Hold(answer.Saw);
            results[i] = new RuleResult(rule.Number, rule.Name, answer.Outcome, Bounded(answer.Saw));
            if (answer.Outcome < RuleOutcome.Hold)
                continue;
            noDraft |= rule.StopsDrafting;
            if (answer.Outcome > strongest)
                strongest = answer.Outcome;
        }
        var decision = strongest switch
        {
            RuleOutcome.Never or RuleOutcome.Cancel => Decision.Ignore,
            RuleOutcome.Hold => Decision.Hold,
            _ => Decision.Answer,
        };
        return new Verdict(decision, results) { NoDraft = noDraft };
    }

    private static Answer Limit(bool over, string saw) => over ? Answer.Hold(saw) : Answer.Pass(saw);

    private static Answer OwnAddress(PolicyFacts f)
    {
        var mailbox = f.MailboxAddress is null ? null : AddressRules.Normalize(f.MailboxAddress);
        if (f.IsOwnAddress is null && mailbox is null)
            return Answer.NotAsked;
        foreach (var from in f.Mail.From)
            if (IsOwn(from.Address))
                return Answer.Never(from.Address);
        return f.Mail.Envelope.ReversePath is { Length: > 0 } path && IsOwn(path) ? Answer.Never(path) : Answer.Pass();

        bool IsOwn(string address)
        {
            if (AddressRules.Normalize(address) is not { } normalized)
                return false;
            var bare = AddressRules.WithoutTag(normalized);
            return (mailbox is not null && bare == AddressRules.WithoutTag(mailbox))
                || f.IsOwnAddress?.Invoke(normalized) == true || f.IsOwnAddress?.Invoke(bare) == true;
        }
    }

    /// <summary>What the scanner found was not kept, and it errs: so a person looks, where a provider's verdict on the whole mail ends it.</summary>
    private static Answer Malware(PolicyFacts f)
    {
        var answer = f.Mail.Attachments.Count == 0 ? Answer.Pass() : Answer.NotAsked;
        for (var i = 0; i < f.Mail.Attachments.Count; i++)
        {
            var one = f.Mail.Attachments[i];
            if (one.Scan == ScanResult.Found)
                return Answer.Hold($"{one.Malware} in attachment {i + 1}, {one.FileName}");
            if (one.Scan is not null)
                answer = Answer.Pass();
        }
        return answer;
    }

    private static Answer OwnLoopMark(PolicyFacts f)
    {
        if (f.IsOwnLoopMark is null)
            return Answer.NotAsked;
        foreach (var field in f.Mail.Headers)
            if (field.Name.Equals(LoopHeader, StringComparison.OrdinalIgnoreCase) && f.IsOwnLoopMark(field.Value.Trim()))
                return Answer.Never(field.Value);
        return Answer.Pass();
    }

    private static Answer NotAddressed(PolicyFacts f)
    {
        if (f.MailboxAddress is null || AddressRules.Normalize(f.MailboxAddress) is not { } mailbox)
            return Answer.NotAsked;
        mailbox = AddressRules.WithoutTag(mailbox);
        // A catch-all mailbox is addressed by whatever name the envelope says.
        var recipient = f.Mail.Envelope.Recipient is { } r && AddressRules.Normalize(r) is { } n ? AddressRules.WithoutTag(n) : mailbox;
        foreach (var address in f.Mail.To.Concat(f.Mail.Cc))
            if (AddressRules.Normalize(address.Address) is { } normalized
                && AddressRules.WithoutTag(normalized) is var bare && (bare == mailbox || bare == recipient))
                return Answer.Pass(address.Address);
        return Answer.Hold("our address is in neither To nor Cc");
    }

    private static Answer NoSender(PolicyFacts f) => f.Mail.From.Count switch
    {
        0 => Answer.Hold("no From"),
        1 when AddressRules.Normalize(f.Mail.From[0].Address) is null => Answer.Hold("From is no address"),
        1 => Answer.Pass(f.Mail.From[0].Address),
        var many => Answer.Hold($"{many} authors"),
    };

    /// <summary>A question may stand in the subject alone, so a mail is empty only when that says nothing either.</summary>
    private static Answer Empty(PolicyFacts f)
    {
        var mail = f.Mail;
        if (!string.IsNullOrWhiteSpace(mail.Reply))
            return Answer.Pass();
        if (mail.Shape.Parts.Count == 0)
            return Answer.Hold("no part can be read");
        if (mail.Shape.Parts.All(p => p is "message/rfc822" or "text/rfc822-headers"))
            return Answer.Hold("only a forwarded mail");
        return ReplySubject.Bare(mail.Subject).Length == 0 ? Answer.Hold("neither text nor subject") : Answer.Pass("subject only");
    }

    private static string Bounded(string saw) => saw.Length <= 200 ? saw : saw[..200];
}
