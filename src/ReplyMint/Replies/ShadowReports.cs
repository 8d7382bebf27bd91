using ReplyMint.Accounts;
using ReplyMint.Inbound;

namespace ReplyMint.Replies;

/// <summary>
/// Compares the drafts of a mailbox's shadow mode with what people answered. It reads what is stored and keeps nothing of its own, so what retention or
/// an erasure removes is gone from here in the same moment.
/// </summary>
internal sealed class ShadowReports(Mailboxes mailboxes, Messages messages, MessageTexts texts, Drafts drafts, Receipts receipts, TimeProvider time)
{
    private const int MostMails = 5_000;
    private const int Round = 500;
    // Each round looks at some thousand messages: other mailboxes may have very many more.
    private const int MostRounds = 100;

    /// <summary>Null when there is no such mailbox, or it never was in shadow mode.</summary>
    public async Task<ShadowReport?> ReadAsync(string tenant, string mailbox, CancellationToken ct)
    {
        if (await mailboxes.GetAsync(tenant, mailbox, ct) is not { Shadow: { } shadow } box)
            return null;
        var (sum, older) = (new ShadowSum(box), false);
        string? after = null;
        for (var round = 0; round < MostRounds && sum.Mails < MostMails && !older; round++)
        {
            var (records, next) = await messages.ListRecordsAsync(tenant, record =>
            {
                older |= record.ReceivedAt < shadow.From;
                return record.Mailbox == mailbox && record.State != MessageState.Received && record.ReceivedAt >= shadow.From && record.ReceivedAt < shadow.Until;
            }, Math.Min(Round, MostMails - sum.Mails), after, ct);
            foreach (var record in records)
                await AddAsync(sum, tenant, record, ct);
            if ((after = next) is null)
                break;
        }
        return sum.ToReport(shadow, time.GetUtcNow());
    }

    private async ValueTask AddAsync(ShadowSum sum, string tenant, MessageRecord record, CancellationToken ct)
    {
        // What a person answered lies in the mailbox as a mail, too.
        if (await receipts.FindAsync(tenant, record.Id, record.Person, ct) is not ({ } receipt, _) || await messages.FindAsync(tenant, record.Id, ct) is not { } message
            || receipt.Verdict.Rules.Any(rule => rule is { Name: ReplyPolicy.OwnAnswer, Outcome: RuleOutcome.Never }))
            return;
        var answer = (await texts.FindAsync(message, ct))?.Answer;
        var draft = await drafts.FindAsync(tenant, record.Id, ct) is { Record.State: DraftState.Shadow } found ? found : null;
        sum.Add(record.Id, receipt.Verdict.Result, draft, answer);
    }
}
