using ReplyMint.Audit;
using ReplyMint.Jobs;
using ReplyMint.Limits;
using ReplyMint.Storage;

namespace ReplyMint.Outbound;

/// <summary>
/// Sends what is queued. A sending starts in one commit that also asks the stop switches; it ends in another. What was
/// started and has no end is uncertain: a person or a delivery event settles it, and it is never sent twice.
/// </summary>
internal sealed class OutboxSender(Outbox outbox, IStore store, JobQueue jobs, Switches switches, Suppressions suppressions, Alerts alerts, IOutboundChannel channel, TimeProvider time)
{
    private static readonly TimeSpan WhileStopped = TimeSpan.FromSeconds(15);
    // One minute, then about 5, 15, 45 minutes, then every few hours for two days, each with a fifth of jitter.
    private static readonly TimeSpan[] Backoff = [.. new[] { 1, 5, 15, 45, 120, 240, 360, 480, 720, 960 }.Select(minutes => TimeSpan.FromMinutes(minutes))];

    private readonly string _process = Ids.Random('p');

    public async Task<JobOutcome> SendAsync(Job job, CancellationToken ct)
    {
        var entry = await outbox.FindAsync(job.Tenant, job.Target, ct);
        switch (entry?.Record.State)
        {
            case OutboxState.Queued:
                return await StartAsync(job, entry, ct) switch
                {
                    Start.Started => await HandOverAsync(job, ct),
                    Start.Stopped => new JobOutcome.Wait(WhileStopped),
                    // Somebody moved a switch or the entry in between: look again.
                    _ => await SendAsync(job, ct),
                };
            case OutboxState.Sending when entry.Record.By != _process:
                await EndAsync(job, entry, entry.Record with { State = OutboxState.Uncertain, Detail = "the process ended while this was being sent" }, ct);
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

    private async Task<Start> StartAsync(Job job, OutboxEntry entry, CancellationToken ct)
    {
        var commit = new Commit();
        foreach (var state in await SwitchesAsync(job.Tenant, entry.Record.Mailbox, ct))
        {
            if (state.Stopped)
                return Start.Stopped;
            state.Hold(commit);
        }
        await outbox.ChangeAsync(commit, entry, entry.Record with { State = OutboxState.Sending, By = _process, Attempts = entry.Record.Attempts + 1 }, ct);
        return await store.CommitAsync(commit, ct) == CommitResult.Committed ? Start.Started : Start.Moved;
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

    private async Task<JobOutcome> HandOverAsync(Job job, CancellationToken ct)
    {
        var entry = (await outbox.FindAsync(job.Tenant, job.Target, ct))!;
        var outcome = await channel.SendAsync(job.Target, entry.Mail, ct);
        // From here on the result must be stored even while the host stops; else the mail would be uncertain for nothing.
        ct = CancellationToken.None;
        var record = entry.Record with { Detail = outcome.Detail };
        switch (outcome.Result)
        {
            case SendResult.Sent:
                await EndAsync(job, entry, record with { State = OutboxState.Sent }, ct);
                return JobOutcome.Finished;
            case SendResult.Permanent:
                await EndAsync(job, entry, record with { State = OutboxState.Failed }, ct);
                // Only when the address itself was refused: a wrong account or sender of ours says nothing about it.
                if (record.Purpose == OutboxPurpose.Reply && outcome.AddressRefused)
                    await suppressions.AddAsync(job.Tenant, entry.Mail.To, SuppressionReason.PermanentFailure, ct);
                return JobOutcome.Finished;
            case SendResult.Uncertain:
                await EndAsync(job, entry, record with { State = OutboxState.Uncertain }, ct);
                await AlertUncertainAsync(job, ct);
                return JobOutcome.Finished;
            default:
                return await AgainAsync(job, entry, record, ct);
        }
    }

    private async Task<JobOutcome> AgainAsync(Job job, OutboxEntry entry, OutboxRecord record, CancellationToken ct)
    {
        if (record.Attempts > Backoff.Length)
        {
            await EndAsync(job, entry, record with { State = OutboxState.Dead }, ct);
            await alerts.RaiseAsync("dead-letter", job.Target, $"A mail could not be sent in {record.Attempts} attempts; last answer: {record.Detail}. See `replymint outbox list`.", ct);
            return JobOutcome.Finished;
        }
        var wait = Backoff[record.Attempts - 1] * (0.8 + 0.4 * Random.Shared.NextDouble());
        var commit = new Commit();
        await outbox.ChangeAsync(commit, entry, record with { State = OutboxState.Queued }, ct);
        job.Complete(commit);
        jobs.Add(commit, job.Tenant, Outbox.JobKind, job.Target, time.GetUtcNow() + wait);
        await store.CommitAsync(commit, ct);
        return JobOutcome.Finished;
    }

    private async Task EndAsync(Job job, OutboxEntry entry, OutboxRecord record, CancellationToken ct)
    {
        var commit = new Commit();
        await outbox.ChangeAsync(commit, entry, record, ct);
        job.Complete(commit);
        await store.CommitAsync(commit, ct);
    }

    private Task AlertUncertainAsync(Job job, CancellationToken ct) =>
        alerts.RaiseAsync("uncertain-send", job.Target, "Nobody can tell whether a mail left. Look into the recipient's or the provider's log, then `replymint outbox settle`.", ct);
}
