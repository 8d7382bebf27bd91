using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Jobs;
using ReplyMint.Limits;
using ReplyMint.Mail;
using ReplyMint.Outbound;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Replies;

/// <summary>Whom the installation's alerts are told to.</summary>
internal sealed record OperatorNoticeSettings
{
    public string? Email { get; init; }
    /// <summary>The sender of notices to the operator; one of the installation's own mailboxes. Needed with email.</summary>
    public string? From { get; init; }
    public Uri? Webhook { get; init; }
    /// <summary>Where the webhook's address lies, instead of webhook: who knows a chat's address may write there.</summary>
    public string? WebhookSecret { get; init; }

    /// <summary>By mail or by webhook.</summary>
    public bool TellsSomebody => Email is not null || Webhook is not null || WebhookSecret is not null;

    public IEnumerable<string> Problems()
    {
        if (Webhook is not null && WebhookSecret is not null)
            yield return "notices.webhookSecret and notices.webhook are the same in two ways; name one.";
        if (WebhookSecret is not null && SecretSource.Problem("notices.webhookSecret", WebhookSecret) is { } wrong)
            yield return wrong;
        if (Email is not null && AddressRules.Normalize(Email) is null)
            yield return "notices.email is no mail address.";
        if (Email is not null && (From is null || AddressRules.Normalize(From) is null))
            yield return "notices.from has to name the mailbox that notices come from.";
        if (Webhook is not null && Webhook.Scheme is not ("https" or "http"))
            yield return "notices.webhook has to be an https or http address.";
    }
}

/// <summary>Tells a topic of alerts outside; false when it did not take one. Given where there is such a topic.</summary>
internal delegate Task<bool> AlertTopic(string subject, string text, CancellationToken ct);

/// <summary>What a webhook is told: ids only. Chats show the text, programs read the rest.</summary>
internal sealed record NoticeEvent(string Kind, string? Tenant, IReadOnlyList<string> Ids, string Text, DateTimeOffset At);

/// <summary>
/// Tells people that drafts wait, and the operator of alerts. A notice names ids, mailboxes and reasons; it never holds
/// a correspondent's words or a link that decides something, and is marked so that no machine answers it.
/// </summary>
internal sealed partial class Notices(
    IStore store, KeyRing keys, Tenants tenants, Mailboxes mailboxes, Drafts drafts, Alerts alerts, HouseMail house, NoticeRate rate, JobQueue jobs,
    OperatorNoticeSettings settings, SecretSource secrets, OutsideClients http, Containments contained, TimeProvider time, ILogger<Notices> log, AlertTopic? topic = null)
{
    public const string DraftsJob = "notice";
    public const string ReminderJob = "reminder";
    public const string AlertJob = "alert";

    private const string PendingPrefix = "notice-pending/";
    private const int MostInOne = 60;
    private const int MaxAttempts = 6;
    private static readonly TimeSpan WhileContained = TimeSpan.FromMinutes(1);

    internal static ItemKey PendingKey(string tenant, string draft) => ItemKey.Main(tenant, PendingPrefix + draft);

    /// <summary>Adds to a commit that holds a draft what makes its people hear of it; the jobs to wake come back.</summary>
    public IReadOnlyList<Job> Announce(Commit commit, Tenant tenant, string draft)
    {
        var told = tenant.Notices;
        if (told.Emails.Count == 0 && told.Webhook is null)
            return [];
        var now = time.GetUtcNow();
        commit.Put(PendingKey(tenant.Id, draft), "{\"v\":1}"u8.ToArray(), Condition.Any, expires: now.AddDays(30));
        var added = new List<Job> { jobs.Add(commit, tenant.Id, DraftsJob, draft, NextDigest(now, told.DigestMinutes)) };
        if (told.ReminderHours > 0)
            added.Add(jobs.Add(commit, tenant.Id, ReminderJob, draft, now.AddHours(told.ReminderHours)));
        return added;
    }

    /// <summary>Adds an alert's notice to the commit that stores it.</summary>
    public void Announce(Commit commit, Alert alert)
    {
        if (settings.TellsSomebody || topic is not null)
            jobs.AddUnhinted(commit, KeyRing.Installation, AlertJob, alert.Id);
    }

    /// <summary>One notice for all that is pending; whoever comes later finds nothing left.</summary>
    public async Task<JobOutcome> TellDraftsAsync(Job job, CancellationToken ct)
    {
        if (await contained.IsAsync(ContainedKind.Tenant, job.Tenant, ct))
            return new JobOutcome.Wait(WhileContained);
        var page = await store.QueryAsync(Table.Main, job.Tenant, new Storage.Range(PendingPrefix, Limit: MostInOne), null, ct);
        var commit = new Commit();
        job.Complete(commit);
        var waiting = new List<Draft>();
        foreach (var item in page.Items)
        {
            commit.Delete(item.Key, Condition.Same(item));
            if (await drafts.FindAsync(job.Tenant, item.Key.Sort[PendingPrefix.Length..], ct) is { Record.State: DraftState.Waiting } draft)
                waiting.Add(draft);
        }
        if (waiting.Count == 0 || await tenants.FindAsync(job.Tenant, ct) is not { } tenant)
        {
            await store.CommitAsync(commit, ct);
            return JobOutcome.Finished;
        }
        // What waits stays pending, and the next notice tells of all of it.
        if (await rate.TakeAsync(commit, tenant.Notices.Emails, ct) is { } wait)
            return new JobOutcome.Wait(wait);
        if (tenant.Notices.Webhook is { } webhook && !await PostAsync(http.Tenants, webhook, new NoticeEvent("drafts-waiting", tenant.Id, [.. waiting.Select(draft => draft.Id)], await TextAsync(tenant, waiting, addresses: false, ct), time.GetUtcNow()), ct) && MayTryAgain(job, tenant.Notices.Emails.Count > 0))
            return Again(job);
        var subject = waiting.Count == 1 ? "1 draft waits for you" : string.Create(CultureInfo.InvariantCulture, $"{waiting.Count} drafts wait for you");
        var mails = await MailsAsync(commit, tenant, waiting[0].Record.Mailbox, subject, await TextAsync(tenant, waiting, addresses: true, ct), ct);
        // A conflict means that another notice took some of them: it told; the sweep runs this job again, and it finds the rest.
        if (await store.CommitAsync(commit, ct) == CommitResult.Committed)
            mails.ForEach(jobs.Wake);
        return JobOutcome.Finished;
    }

    public async Task<JobOutcome> RemindAsync(Job job, CancellationToken ct)
    {
        var commit = new Commit();
        job.Complete(commit);
        Job? notice = null;
        if (await drafts.IsWaitingAsync(job.Tenant, job.Target, ct))
        {
            commit.Put(PendingKey(job.Tenant, job.Target), "{\"v\":1}"u8.ToArray(), Condition.Any, expires: time.GetUtcNow().AddDays(30));
            notice = jobs.Add(commit, job.Tenant, DraftsJob, job.Target);
        }
        if (await store.CommitAsync(commit, ct) == CommitResult.Committed && notice is not null)
            jobs.Wake(notice);
        return JobOutcome.Finished;
    }

    public async Task<JobOutcome> TellAlertAsync(Job job, CancellationToken ct)
    {
        var commit = new Commit();
        job.Complete(commit);
        Job? mail = null;
        if (await alerts.FindAsync(job.Target, ct) is { } alert && !await alerts.IsExpectedAsync(alert, ct))
        {
            var words = $"ReplyMint alert {alert.Kind}: {alert.Text} ({alert.Id}, about {alert.Subject})";
            if (!await PostAsync(alert, words, ct) && MayTryAgain(job, settings.Email is not null || topic is not null))
                return Again(job);
            if (topic is not null && !await topic($"ReplyMint alert: {alert.Kind}", words, ct) && MayTryAgain(job, settings.Email is not null))
                return Again(job);
            if (settings is { Email: { } to, From: { } from })
            {
                var own = await keys.RequireAsync(KeyRing.Installation, ct);
                var text = $"{alert.Text}\n\nKind: {alert.Kind}\nAbout: {alert.Subject}\nSince: {alert.At:u}\nAcknowledge with: replymint alerts ack {alert.Id}\n";
                mail = house.Enqueue(commit, KeyRing.Installation, own, null, from, to, $"ReplyMint alert: {alert.Kind}", text);
            }
        }
        if (await store.CommitAsync(commit, ct) == CommitResult.Committed && mail is not null)
            jobs.Wake(mail);
        return JobOutcome.Finished;
    }

    /// <summary>To the operator's chat or program, where there is one. Only public addresses are called, and those of outside.networks.</summary>
    private async Task<bool> PostAsync(Alert alert, string words, CancellationToken ct)
    {
        var webhook = settings.Webhook;
        if (settings.WebhookSecret is { } secret)
        {
            var reading = secrets.Read("notices.webhookSecret", secret);
            if (!Uri.TryCreate(reading.Value?.Trim(), UriKind.Absolute, out webhook) || webhook.Scheme is not ("https" or "http"))
            {
                LogWebhookFailed(log, alert.Kind, "no address in notices.webhookSecret");
                return false;
            }
        }
        return webhook is null || await PostAsync(http.Operator, webhook, new NoticeEvent("alert/" + alert.Kind, alert.Tenant, [alert.Id, alert.Subject], words, alert.At), ct);
    }

    /// <summary>A webhook that stays away must not silence the mail: the last attempt goes on without it.</summary>
    private static bool MayTryAgain(Job job, bool otherWay) => !otherWay || job.Attempts < MaxAttempts;

    private static JobOutcome Again(Job job) =>
        job.Attempts >= MaxAttempts ? new JobOutcome.Dead("the webhook did not take the notice") : new JobOutcome.Again(TimeSpan.FromMinutes(1 << job.Attempts));

    private static DateTimeOffset? NextDigest(DateTimeOffset now, int minutes)
    {
        if (minutes <= 0)
            return null;
        var slot = TimeSpan.FromMinutes(minutes).Ticks;
        return new DateTimeOffset((now.UtcTicks / slot + 1) * slot, TimeSpan.Zero);
    }

    /// <param name="addresses">Mailboxes by address; else by id, as it may leave for a webhook.</param>
    private async Task<string> TextAsync(Tenant tenant, List<Draft> waiting, bool addresses, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var text = new StringBuilder("These drafts wait for a decision:\n\n");
        foreach (var draft in waiting)
        {
            var mailbox = addresses ? (await mailboxes.GetAsync(tenant.Id, draft.Record.Mailbox, ct))?.Address : draft.Record.Mailbox;
            text.Append(CultureInfo.InvariantCulture, $"{draft.Id}  {mailbox}  for {(now - draft.Record.CreatedAt).TotalHours:0.#} h  ({string.Join(", ", draft.Record.Reasons)})\n");
        }
        return text.Append("\nLook at one with:   replymint drafts show ID\nThen decide with:   replymint drafts approve ID   or   reject ID\n").ToString();
    }

    private async Task<List<Job>> MailsAsync(Commit commit, Tenant tenant, string mailboxId, string subject, string text, CancellationToken ct)
    {
        var mails = new List<Job>();
        if (await mailboxes.GetAsync(tenant.Id, mailboxId, ct) is not { } mailbox)
            return mails;
        var own = await keys.RequireAsync(tenant.Id, ct);
        foreach (var to in tenant.Notices.Emails.Take(10))
            mails.Add(house.Enqueue(commit, tenant.Id, own, mailbox.Id, mailbox.Address, to, subject, text));
        return mails;
    }

    private async Task<bool> PostAsync(HttpClient client, Uri webhook, NoticeEvent notice, CancellationToken ct)
    {
        try
        {
            using var content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(notice, RepliesJson.Default.NoticeEvent));
            content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            using var answer = await client.PostAsync(webhook, content, ct);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception failure) when (failure is HttpRequestException or TaskCanceledException && !ct.IsCancellationRequested)
        {
            LogWebhookFailed(log, notice.Kind, failure.GetType().Name);
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The webhook for {Kind} failed with {Failure}")]
    private static partial void LogWebhookFailed(ILogger log, string kind, string failure);
}
