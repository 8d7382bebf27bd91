using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using ReplyMint.Accounts;
using ReplyMint.Jobs;
using ReplyMint.Limits;
using ReplyMint.Outbound;
using ReplyMint.Storage;

namespace ReplyMint.Billing;

/// <summary>
/// Tells a tenant's people by mail, and his webhooks, how much of the quota is used: the highest of some steps that was reached, each once a
/// period. Asked behind every decision, so what was told is kept in memory; that it is told once says the store.
/// </summary>
internal sealed partial class QuotaWarnings(IStore store, KeyRing keys, Allowances allowances, Tenants tenants, Mailboxes mailboxes, WebhookEvents webhooks, HouseMail house, JobQueue jobs, ILogger<QuotaWarnings> log)
{
    private const int Ended = 101;
    private const int MostMails = 10;

    /// <summary>Per cent that are warned of.</summary>
    public static readonly int[] Steps = [60, 80, 90, 100];

    private readonly ConcurrentDictionary<string, WarningTold> _told = new(StringComparer.Ordinal);

    /// <summary>What a step is called in a webhook's event.</summary>
    public static string WordOf(int level) => level == Ended ? "ended" : level.ToString(CultureInfo.InvariantCulture);

    /// <summary>What could not be told now the next look tells: whoever decided behind has done his work, whatever becomes of this.</summary>
    public async Task LookAsync(string tenant, CancellationToken ct)
    {
        try
        {
            await TellAsync(tenant, ct);
        }
        catch (StoreUnavailableException failure)
        {
            LogUntold(log, tenant, failure.GetType().Name);
        }
    }

    private async Task TellAsync(string tenant, CancellationToken ct)
    {
        var (quota, _) = await allowances.ReadAsync(tenant, ct);
        if (quota is null || LevelOf(quota) is not (> 0 and var level))
            return;
        var now = new WarningTold(1, quota.Period, quota.Replies, level);
        if (_told.GetValueOrDefault(tenant) is { } known && Covers(known, now))
            return;
        List<Job> mails = [];
        await store.RetryAsync(async (commit, token) =>
        {
            mails.Clear();
            var item = await store.GetAsync(KeyOf(tenant), token);
            if (item is not null && Covers(JsonSerializer.Deserialize(item.Value.Span, BillingJson.Default.WarningTold)!, now))
                return false;
            commit.Put(KeyOf(tenant), JsonSerializer.SerializeToUtf8Bytes(now, BillingJson.Default.WarningTold), Condition.Same(item));
            await webhooks.RaiseAsync(commit, tenant, new WebhookEvent(WebhookEventKind.QuotaWarning, "", "", WordOf(level)), token);
            await MailAsync(commit, tenant, quota, level, mails, token);
            return true;
        }, ct);
        _told[tenant] = now;
        mails.ForEach(jobs.Wake);
    }

    private static int LevelOf(Quota quota) => quota.Ended ? Ended : Steps.LastOrDefault(step => quota.Percent >= step);

    /// <summary>Of the same quota in the same period nothing lower is told: a larger quota is another one.</summary>
    private static bool Covers(WarningTold told, WarningTold now) => told.Period == now.Period && told.Replies == now.Replies && told.Level >= now.Level;

    private async Task MailAsync(Commit commit, string tenant, Quota quota, int level, List<Job> mails, CancellationToken ct)
    {
        if (await tenants.FindAsync(tenant, ct) is not { Notices.Emails: { Count: > 0 } emails })
            return;
        var (found, _) = await mailboxes.ListAsync(tenant, static _ => true, 1, null, ct);
        if (found is not [var mailbox])
            return;
        var subject = level switch { Ended => "Your plan has ended", 100 => "All replies of this period are used", _ => string.Create(CultureInfo.InvariantCulture, $"{level} % of this period's replies are used") };
        var text = string.Create(CultureInfo.InvariantCulture, $"""
            {(level == Ended ? "The plan has ended." : $"{quota.Used} of {quota.Replies} replies of the period {quota.Period} are used.")}

            {(level >= 100 ? "Mail is still taken. It waits for a person, without a draft, until" : "When all are used, mail is still taken and waits for a person, without a draft, until")} {(level == Ended ? "there is a new plan" : "the next period begins or the plan is changed")}.

            """);
        var own = await keys.RequireAsync(tenant, ct);
        foreach (var to in emails.Take(MostMails))
            mails.Add(house.Enqueue(commit, tenant, own, mailbox.Id, mailbox.Address, to, subject, text));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "How much of its quota tenant {Tenant} has used could not be told ({Failure}); the next look tells")]
    private static partial void LogUntold(ILogger log, string tenant, string failure);

    private static ItemKey KeyOf(string tenant) => ItemKey.Main(tenant, "quota-warned");
}
