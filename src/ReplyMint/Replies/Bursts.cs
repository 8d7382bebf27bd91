using ReplyMint.Accounts;
using ReplyMint.Inbound;
using ReplyMint.Mail;
using ReplyMint.Outbound;

namespace ReplyMint.Replies;

/// <summary>A mail of the same burst, and what it says.</summary>
internal sealed record BurstMail(string Id, string Text);

/// <summary>What a mail's burst means for it.</summary>
/// <param name="Newer">The message that is answered in its place, or null.</param>
/// <param name="Earlier">Those that it is answered together with, the oldest first.</param>
internal sealed record Burst(string? Newer, IReadOnlyList<BurstMail> Earlier)
{
    public static Burst None { get; } = new(null, []);
}

/// <summary>
/// Mails of one thread and correspondent that came soon after one another get one answer, that of the newest. Only mails that could be
/// answered themselves belong together: else whoever forges a mail in a thread could have a genuine one left unanswered, or bring
/// his words into what a model reads of somebody else. Each of them says the same of the others, in whatever order they are decided.
/// </summary>
internal sealed class Bursts(Messages messages, ReplyTokens tokens)
{
    // What earlier mails may say together, beside the newest; a question that is longer is held (rule 18).
    private const int MostText = 8_000;

    public async ValueTask<Burst> ReadAsync(ThreadReading thread, Message message, InboundMail mail, Mailbox mailbox, Tenant tenant, CancellationToken ct)
    {
        var burst = thread.BurstOf(message.Id);
        if (burst.Count < 2 || !Stands(message, mail, mailbox, tenant))
            return Burst.None;
        var place = burst.ToList().IndexOf(message.Id);
        for (var i = burst.Count - 1; i > place; i--)
            if (await StandingAsync(burst[i], newer: true, message, mailbox, tenant, ct) is not null)
                return new(burst[i], []);
        var earlier = new List<BurstMail>();
        var room = MostText;
        for (var i = place - 1; i >= 0; i--)
            if (await StandingAsync(burst[i], newer: false, message, mailbox, tenant, ct) is { } other && (room -= other.Reply.Length) >= 0)
                earlier.Insert(0, new(burst[i], other.Reply));
        return new(null, earlier);
    }

    private async ValueTask<InboundMail?> StandingAsync(string id, bool newer, Message beside, Mailbox mailbox, Tenant tenant, CancellationToken ct)
    {
        if (await messages.FindAsync(beside.Tenant, id, ct) is not { } other || other.Record.Person != beside.Record.Person || other.Record.Mailbox != mailbox.Id
            // One that was decided on for itself is no part of it any more; a newer one that was answered or is held stands for those before it.
            || !(other.Record.State == MessageState.Received || IsPut(other.Record) || newer && other.Record.State != MessageState.Ignored)
            || await messages.RawAsync(other, ct) is not { } raw)
            return null;
        var mail = MailParser.Parse(raw, other.Summary.Envelope);
        return Stands(other, mail, mailbox, tenant) ? mail : null;
    }

    private static bool IsPut(MessageRecord record) => record is { State: MessageState.Ignored, Reasons: [ReplyPolicy.NewerMail, ..] };

    /// <summary>By itself it may be answered: its sender is proved, no machine wrote it, and no rule of the mailbox passes it over.</summary>
    private bool Stands(Message message, InboundMail mail, Mailbox mailbox, Tenant tenant) =>
        ReplyPolicy.Decide(new PolicyFacts
        {
            Mail = mail,
            MailboxAddress = mailbox.Address,
            Authentication = message.Summary.Authentication,
            VerdictExpected = message.Summary.VerdictExpected,
            VouchedCounts = tenant.AnswersVouched,
            IsOwnMessageId = id => tokens.ReadMessageId(id) is not null,
            IsOwnLoopMark = mark => tokens.ReadLoopMark(mark) is not null,
            ForeignThreadToken = message.Record.ForeignToken,
        }).Result == Decision.Answer && MailRules.Match(mailbox.Rules, mail) is not { Action: RuleAction.Ignore };
}
