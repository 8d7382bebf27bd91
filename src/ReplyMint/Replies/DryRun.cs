using System.Text;
using ReplyMint.Accounts;
using ReplyMint.Limits;
using ReplyMint.Mail;
using ReplyMint.Outbound;
using ReplyMint.Storage;

namespace ReplyMint.Replies;

/// <summary>
/// What a mail would get now, and what the knowledge says to a question. Nothing is stored, counted or sent; only what a
/// model costs is. Rules that look at how a mail came, and how many came before, are not asked.
/// </summary>
internal sealed class DryRun(
    ReplyJudge judge, Drafting drafting, Tenants tenants, Mailboxes mailboxes, Allowances allowances, Switches switches, Suppressions suppressions, KeyRing keys, Consents consents, ReplyTokens tokens, TimeProvider time)
{
    // A real mail would come again when a model fails; here the caller is told at once.
    private const int LastTry = 99;

    /// <param name="raw">The mail as it would come (RFC 5322).</param>
    public async Task<(ReplyJudgement Judgement, MailboxMode Mode)?> MailAsync(string tenant, Mailbox mailbox, ReadOnlyMemory<byte> raw, CancellationToken ct)
    {
        if (await tenants.FindAsync(tenant, ct) is not { } owner)
            return null;
        var mail = MailParser.Parse(raw, new Envelope(null, mailbox.Address));
        var scheduled = mailbox.Mode == MailboxMode.Schedule ? ScheduleClock.ModeAt(mailbox.Schedule, owner.TimeZone, time.GetUtcNow()) : new ScheduledMode(mailbox.Mode, "");
        var author = mail.Author is { } from ? AddressRules.Normalize(from.Address) : null;
        var suppression = author is null ? null : await suppressions.FindAsync(tenant, author, ct);
        var own = await keys.RequireAsync(tenant, ct);
        var wishes = await consents.WishesAsync(own, own.Person(author ?? ""), author is null ? [] : [author], ct);
        var (_, left) = await allowances.ReadAsync(tenant, ct);
        var stops = await switches.ReadAllAsync(tenant, mailbox.Id, ct);
        // Only the tenant's own: whether somebody else's address is served here is nobody's to find out.
        var ours = author is not null && await mailboxes.FindAsync(author, ct) is { } served && served.TenantId == tenant && AddressRules.WithoutTag(served.Address) == AddressRules.WithoutTag(author);
        var facts = new PolicyFacts
        {
            Mail = mail,
            MailboxAddress = mailbox.Address,
            IsOwnAddress = address => ours && address == author,
            IsOwnMessageId = id => tokens.ReadMessageId(id) is not null,
            IsOwnLoopMark = mark => tokens.ReadLoopMark(mark) is not null,
            PermanentBounce = suppression?.Reason is SuppressionReason.PermanentFailure or SuppressionReason.Complaint,
            SuppressedByPerson = wishes.Withdrawn,
            ConsentMissing = wishes.ConsentMissing,
            Allowance = new AllowanceFacts(left <= 0, false, stops.Any(state => state.Stopped), scheduled.Mode == MailboxMode.Off),
        };
        return (await judge.JudgeAsync(new(tenant, mail, mailbox, scheduled.Answer, Ids.Timed(time), LastTry, Trial: true), facts, scheduled.Mode, ct), scheduled.Mode);
    }

    /// <summary>What would be drafted from the knowledge alone, and what the guard says to it.</summary>
    /// <param name="mailbox">Whose tone, signature and bounds count; null: a mailbox as it is when it is new.</param>
    public async Task<(Drafted Drafted, IReadOnlyList<GuardFinding> Findings)> QuestionAsync(string tenant, Mailbox? mailbox, string question, CancellationToken ct)
    {
        mailbox ??= new Mailbox { Id = "", TenantId = tenant, Address = "answers@example.com" };
        var mail = MailParser.Parse(Encoding.UTF8.GetBytes($"From: somebody@example.org\r\nTo: {mailbox.Address}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{question.ReplaceLineEndings("\r\n")}\r\n"), new Envelope(null, mailbox.Address));
        var task = new DraftTask(tenant, mail, mailbox, "", Ids.Timed(time), LastTry, Trial: true);
        var drafted = await drafting.FromKnowledgeAsync(task, ct);
        return (drafted, drafted.HasText ? ApprovedDraft.From(Drafting.ToGuard(task, drafted)).Findings : []);
    }
}
