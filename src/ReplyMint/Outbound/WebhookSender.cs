using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using ReplyMint.Audit;
using ReplyMint.Jobs;
using ReplyMint.Limits;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Outbound;

/// <summary>How one try went.</summary>
/// <param name="Status">The answer's status, or null when there was none.</param>
/// <param name="Failure">"status", "timeout", "connection" or "not-listed" (the operator's list no longer holds its place, and nothing was connected to); null when it was taken.</param>
internal readonly record struct WebhookTry(int? Status, string? Failure)
{
    public bool Taken => Failure is null;
}

/// <summary>
/// Tells webhooks what happened, again and again for about a day. One that nothing reaches for days is switched off, and
/// so is one that says that it is gone; somebody hears of either.
/// </summary>
internal sealed class WebhookSender(Webhooks webhooks, WebhookEvents events, IStore store, JobQueue jobs, Alerts alerts, AuditLog audit, OutsideClients http, Containments contained, TimeProvider time)
{
    /// <summary>How long nothing may reach a webhook before a delivery that is given up switches it off.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromDays(3);

    /// <summary>Before the second try, the third and so on: a little less than a day together.</summary>
    public static readonly TimeSpan[] Backoff =
        [TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(30), TimeSpan.FromHours(2), TimeSpan.FromHours(5), TimeSpan.FromHours(7), TimeSpan.FromHours(8)];

    // A receiver that hangs holds a worker for seconds; mail must find enough others.
    private const int MostAtOnce = 8;
    private const int MostOfTenant = 3;
    private const int MostOfOne = 2;
    private static readonly TimeSpan WhileBusy = TimeSpan.FromSeconds(3);
    // Those that were turned away come again one by one: a backlog must not be written anew every few seconds.
    private static readonly TimeSpan Apart = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan WhileContained = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan AfterTimeouts = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, int> _busy = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, DateTimeOffset> _turns = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, (int Timeouts, DateTimeOffset Until)> _hanging = new(StringComparer.Ordinal);
    private int _all;

    /// <summary>The job.</summary>
    public async Task<JobOutcome> DeliverAsync(Job job, CancellationToken ct)
    {
        var found = await events.FindAsync(job.Tenant, job.Target, ct);
        if (found is not ({ State: not DeliveryState.Delivered } delivery, _) || await webhooks.FindAsync(job.Tenant, delivery.Webhook, ct) is not { Value: { Enabled: true } webhook })
            return await DropAsync(job, ct);
        // An isolated tenant tells nobody anything; what happened waits.
        if (await contained.IsAsync(ContainedKind.Tenant, job.Tenant, ct))
            return new JobOutcome.Wait(WhileContained);
        if (Rest(webhook.Id) is { } rest)
            return new JobOutcome.Wait(rest);
        if (!Enter(job.Tenant, webhook.Id))
            return new JobOutcome.Wait(Turn(webhook.Id));
        WebhookTry went;
        try
        {
            went = await TryAsync(webhook, delivery.Id, BodyOf(delivery.Event, delivery.At), ct);
        }
        finally
        {
            Leave(job.Tenant, webhook.Id);
        }
        Note(webhook.Id, went);
        // What the receiver got must be stored, even while the host stops.
        await EndAsync(job, webhook, went, CancellationToken.None);
        return JobOutcome.Finished;
    }

    /// <summary>One try of a made-up event, for whoever sets a webhook up.</summary>
    public async Task<WebhookTry> TestAsync(string tenant, Webhook webhook, Actor actor, CancellationToken ct)
    {
        await store.RetryAsync(async (commit, token) =>
        {
            await audit.AppendAsync(commit, tenant, new AuditEntry(actor, "webhook.test", webhook.Id), token);
            return true;
        }, ct);
        return await TryAsync(webhook, Ids.Timed(time), BodyOf(new WebhookEvent(WebhookEventKind.Test, "", ""), time.GetUtcNow()), ct);
    }

    private static byte[] BodyOf(WebhookEvent happened, DateTimeOffset at) =>
        JsonSerializer.SerializeToUtf8Bytes(new WebhookBody(happened.Kind, at, new(happened.Message, happened.Mailbox, happened.State)), WebhookJson.Default.WebhookBody);

    private async Task<WebhookTry> TryAsync(Webhook webhook, string id, byte[] body, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        using var request = new HttpRequestMessage(HttpMethod.Post, webhook.Url) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.TryAddWithoutValidation("webhook-id", id);
        request.Headers.TryAddWithoutValidation("webhook-timestamp", now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture));
        request.Headers.TryAddWithoutValidation("webhook-signature", WebhookSignature.Of(webhook, id, now, body));
        request.Headers.TryAddWithoutValidation("User-Agent", "ReplyMint-Webhooks/1");
        try
        {
            // Only the status counts; nobody reads the answer's body.
            using var answer = await http.Tenants.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
            return new((int)answer.StatusCode, answer.IsSuccessStatusCode ? null : "status");
        }
        catch (TaskCanceledException) when (!ct.IsCancellationRequested)
        {
            return new(null, "timeout");
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return new(null, OutsideHttp.IsUnlisted(e) ? "not-listed" : "connection");
        }
    }

    private async Task EndAsync(Job job, Webhook webhook, WebhookTry went, CancellationToken ct)
    {
        var gone = went.Status == (int)HttpStatusCode.Gone;
        var (dead, since) = await store.RetryAsync<(bool, DateTimeOffset?)>(async (commit, token) =>
        {
            // Another worker may have had an old hint of the same job.
            if (!await job.StandsAsync(store, token) || await events.FindAsync(job.Tenant, job.Target, token) is not ({ } delivery, { } item))
                return (false, null);
            job.Complete(commit);
            var now = time.GetUtcNow();
            delivery = delivery with { Attempts = delivery.Attempts + 1, Status = went.Status, Failure = went.Failure, LastAt = now, NextAt = null };
            if (went.Taken)
                delivery = delivery with { State = DeliveryState.Delivered };
            else if (gone || delivery.Attempts > Backoff.Length)
                delivery = delivery with { State = DeliveryState.Dead };
            else
                delivery = delivery with { NextAt = now + Backoff[delivery.Attempts - 1] * (1 + 0.1 * Random.Shared.NextDouble()) };
            if (delivery.NextAt is { } next)
                jobs.Add(commit, job.Tenant, WebhookEvents.JobKind, job.Target, next);
            if (delivery.State == DeliveryState.Dead)
                jobs.Bury(commit, job, $"the webhook took it at none of {delivery.Attempts} tries, last: {went.Status?.ToString(CultureInfo.InvariantCulture) ?? went.Failure}");
            WebhookEvents.Write(commit, job.Tenant, delivery, item);
            return (delivery.State == DeliveryState.Dead, await webhooks.RecordAsync(commit, job.Tenant, webhook.Id, went.Taken, token));
        }, ct);
        if (!dead)
            return;
        if (gone || (since is { } failing && time.GetUtcNow() - failing >= Patience))
            await SwitchOffAsync(job.Tenant, webhook.Id, gone ? "gone" : "failing", ct);
        else
            await alerts.RaiseAsync("webhook-failing", webhook.Id, $"A webhook of tenant {job.Tenant} did not take an event for a day. See `replymint jobs list`; it is switched off when nothing reaches it for {Patience.Days} days.", ct);
    }

    private async Task SwitchOffAsync(string tenant, string id, string because, CancellationToken ct)
    {
        await webhooks.ChangeAsync(tenant, id, null, webhook => webhook with { Enabled = false, DisabledBecause = because }, "webhook.switch-off", Actor.System, ct);
        await alerts.RaiseAsync("webhook-off", id, $"A webhook of tenant {tenant} was switched off ({because}). Its administrators can switch it on again.", ct);
    }

    private async Task<JobOutcome> DropAsync(Job job, CancellationToken ct)
    {
        var commit = new Commit();
        job.Complete(commit);
        if (await events.FindAsync(job.Tenant, job.Target, ct) is ({ State: not DeliveryState.Delivered } delivery, { } item))
            WebhookEvents.Write(commit, job.Tenant, delivery with { State = DeliveryState.Dropped, NextAt = null }, item);
        // On a conflict the job is there still, and the next sweep finds it.
        await store.CommitAsync(commit, ct);
        return JobOutcome.Finished;
    }

    private bool Enter(string tenant, string webhook)
    {
        var (all, ours, one) = (Interlocked.Increment(ref _all), Count(tenant), Count(webhook));
        if (all <= MostAtOnce && ours <= MostOfTenant && one <= MostOfOne)
            return true;
        Leave(tenant, webhook);
        return false;
    }

    private void Leave(string tenant, string webhook)
    {
        Interlocked.Decrement(ref _all);
        foreach (var id in (ReadOnlySpan<string>)[tenant, webhook])
            if (_busy.AddOrUpdate(id, 0, static (_, count) => count - 1) == 0)
                _busy.TryRemove(new(id, 0));
    }

    private int Count(string id) => _busy.AddOrUpdate(id, 1, static (_, count) => count + 1);

    private TimeSpan Turn(string webhook)
    {
        var now = time.GetUtcNow();
        var turn = _turns.AddOrUpdate(webhook, now + WhileBusy, (_, last) => Later(last + Apart, now + WhileBusy));
        return turn - now < LongestWait ? turn - now : LongestWait;

        static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;
    }

    /// <summary>How long a webhook that hung again and again is left alone; null when it is not.</summary>
    private TimeSpan? Rest(string webhook) =>
        _hanging.TryGetValue(webhook, out var hanging) && hanging.Until - time.GetUtcNow() is var left && left > TimeSpan.Zero ? left : null;

    // From the second timeout on all of its deliveries wait, not only the one that was tried.
    private void Note(string webhook, WebhookTry went)
    {
        var now = time.GetUtcNow();
        if (_turns.TryGetValue(webhook, out var turn) && turn <= now)
            _turns.TryRemove(new(webhook, turn));
        if (went.Failure != "timeout")
        {
            _hanging.TryRemove(webhook, out _);
            return;
        }
        _hanging.AddOrUpdate(webhook, (1, now), (_, before) => (before.Timeouts + 1, now + Shorter(AfterTimeouts * Math.Pow(2, Math.Min(before.Timeouts - 1, 10)), LongestWait)));

        static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;
    }
}
