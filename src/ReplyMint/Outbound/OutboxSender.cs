using ReplyMint.Audit;
using ReplyMint.Jobs;
using ReplyMint.Limits;
using ReplyMint.Storage;

namespace ReplyMint.Outbound;

/// <summary>
/// Sends what is queued. A sending starts in one commit that also asks the stop switches; it ends in another. What was
/// started and has no end is uncertain: a person or a delivery event settles it, and it is never sent twice.
/// </summary>
internal sealed class OutboxSender(Outbox outbox, IStore store, JobQueue jobs, Switches switches, Suppressions suppressions, Alerts alerts, IOutboundChannel channel, OutboundSettings settings, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan WhileStopped = TimeSpan.FromSeconds(15);
    // One minute, then about 5, 15, 45 minutes, then every few hours for two days, each with a fifth of jitter.
    private static readonly TimeSpan[] Backoff = [.. new[] { 1, 5, 15, 45, 120, 240, 360, 480, 720, 960 }.Select(minutes => TimeSpan.FromMinutes(minutes))];

    private readonly string _process = Ids.Random('p');
    private readonly SemaphoreSlim _places = new(settings.Concurrency, settings.Concurrency);

    public async Task<JobOutcome> SendAsync(Job job, CancellationToken ct)
    {
        // Before the start is stored: a crash leaves no more uncertain mails than are handed over at once.
        await _places.WaitAsync(ct);
        try
        {
            return await SendInPlaceAsync(job, ct);
        }
        finally
        {
            _places.Release();
        }
    }

    public void Dispose() => _places.Dispose();

    private async Task<JobOutcome> SendInPlaceAsync(Job job, CancellationToken ct)
    {
        var entry = await outbox.FindAsync(job.Tenant, job.Target, ct);
        switch (entry?.Record.State)
        {
            case OutboxState.Queued when entry.Record.SendBefore <= time.GetUtcNow():
                var cancelled = new Commit();
                await outbox.ChangeAsync(cancelled, entry, entry.Record with { State = OutboxState.Cancelled, Detail = "it was of no use any more" }, ct);
                job.Complete(cancelled);
                await store.CommitAsync(cancelled, ct);
                return JobOutcome.Finished;
            case OutboxState.Queued:
                var (start, started) = await StartAsync(job, entry, ct);
                return start switch
                {
                    Start.Started => await HandOverAsync(job, started, ct),
                    Start.Stopped => new JobOutcome.Wait(WhileStopped),
                    // Somebody moved a switch or the entry in between, or the job was done and this is an old hint of it.
                    _ => await store.GetAsync(job.Key, ct) is null ? JobOutcome.Finished : await SendInPlaceAsync(job, ct),
                };
            case OutboxState.Sending:
                if (await CloseAsync(job, entry, ct))
                    await AlertUncertainAsync(job, ct);
                return JobOutcome.Finished;
            default:
                var commit = new Commit();
                job.Complete(commit);
                await store.CommitAsync(commit, ct);
                return JobOutcome.Finished;
        }
    }

    private enum Start { Started, Stopped, Moved }

    private async Task<(Start, OutboxEntry)> StartAsync(Job job, OutboxEntry entry, CancellationToken ct)
    {
        var commit = new Commit().Check(job.Key, Condition.At(job.Version));
        foreach (var state in await SwitchesAsync(job.Tenant, entry.Record.Mailbox, ct))
        {
            if (state.Stopped)
                return (Start.Stopped, entry);
            state.Hold(commit);
        }
        var started = await outbox.ChangeAsync(commit, entry, entry.Record with { State = OutboxState.Sending, By = _process, Attempts = entry.Record.Attempts + 1 }, ct);
        return (await store.CommitAsync(commit, ct) == CommitResult.Committed ? Start.Started : Start.Moved, started);
    }

    /// <summary>A sending that nobody carries out any more: its process ended, or ours could not store the outcome. False: an old hint, somebody does.</summary>
    private async Task<bool> CloseAsync(Job job, OutboxEntry entry, CancellationToken ct)
    {
        var commit = new Commit();
        var detail = entry.Record.By == _process ? "the outcome of the sending could not be stored" : "the process ended while this was being sent";
        await outbox.ChangeAsync(commit, entry, entry.Record with { State = OutboxState.Uncertain, Detail = detail }, ct);
        job.Complete(commit);
        return await store.CommitAsync(commit, ct) == CommitResult.Committed;
    }

    private async Task<IReadOnlyList<SwitchState>> SwitchesAsync(string tenant, string? mailbox, CancellationToken ct)
    {
        var states = new List<SwitchState> { await switches.ReadAsync(KeyRing.Installation, null, ct) };
        if (tenant != KeyRing.Installation)
            states.Add(await switches.ReadAsync(tenant, null, ct));
        if (mailbox is not null)
            states.Add(await switches.ReadAsync(tenant, mailbox, ct));
        return states;
    }

    private async Task<JobOutcome> HandOverAsync(Job job, OutboxEntry entry, CancellationToken ct)
    {
        var outcome = await channel.SendAsync(job.Target, entry.Mail, ct);
        // From here on the result must be stored even while the host stops; else the mail would be uncertain for nothing.
        ct = CancellationToken.None;
        switch (outcome.Result)
        {
            case SendResult.Sent:
                await EndAsync(job, entry, OutboxState.Sent, outcome.Detail, ct);
                break;
            case SendResult.Permanent:
                await EndAsync(job, entry, OutboxState.Failed, outcome.Detail, ct);
                // Only when the address itself was refused: a wrong account or sender of ours says nothing about it.
                if (entry.Record.Purpose == OutboxPurpose.Reply && outcome.AddressRefused)
                    await suppressions.AddAsync(job.Tenant, entry.Mail.To, SuppressionReason.PermanentFailure, ct);
                break;
            case SendResult.Uncertain:
                await EndAsync(job, entry, OutboxState.Uncertain, outcome.Detail, ct);
                await AlertUncertainAsync(job, ct);
                break;
            case SendResult.Temporary when entry.Record.Attempts > Backoff.Length:
                await EndAsync(job, entry, OutboxState.Dead, outcome.Detail, ct);
                await alerts.RaiseAsync("dead-letter", job.Target, $"A mail could not be sent in {entry.Record.Attempts} attempts; last answer: {outcome.Detail}. See `replymint outbox list`.", ct);
                break;
            default:
                await EndAsync(job, entry, OutboxState.Queued, outcome.Detail, ct);
                break;
        }
        return JobOutcome.Finished;
    }

    /// <summary>Stores how a sending ended. What others wrote meanwhile stays: a delivery event may be faster than we are.</summary>
    private Task EndAsync(Job job, OutboxEntry started, OutboxState state, string detail, CancellationToken ct)
    {
        OutboxEntry? entry = started;
        return store.RetryAsync(async (commit, token) =>
        {
            entry ??= await outbox.FindAsync(job.Tenant, job.Target, token);
            if (entry is not { Record.State: OutboxState.Sending })
                return false;
            await outbox.ChangeAsync(commit, entry, entry.Record with { State = state, Detail = detail }, token);
            job.Complete(commit);
            if (state == OutboxState.Queued)
                jobs.Add(commit, job.Tenant, Outbox.JobKind, job.Target, time.GetUtcNow() + Backoff[entry.Record.Attempts - 1] * (0.8 + 0.4 * Random.Shared.NextDouble()));
            entry = null;
            return true;
        }, ct);
    }

    private Task AlertUncertainAsync(Job job, CancellationToken ct) =>
        alerts.RaiseAsync("uncertain-send", job.Target, "Nobody can tell whether a mail left. Look into the recipient's or the provider's log, then `replymint outbox settle`.", ct);
}
