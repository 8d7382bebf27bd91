using System.Diagnostics;
using ReplyMint.Audit;
using ReplyMint.Jobs;
using ReplyMint.Limits;
using ReplyMint.Storage;
using ReplyMint.Telemetry;

namespace ReplyMint.Outbound;

/// <summary>
/// Why a mailbox may not send a mail (any more), or null; the commit then happens only as long as it may. Given by the room that knows
/// whose domains are, and which mailboxes are only tried.
/// </summary>
/// <param name="mailbox">Its id; it may be gone.</param>
/// <param name="from">The address that the mail is from.</param>
/// <param name="byPerson">A person wrote it.</param>
internal delegate ValueTask<string?> SenderRight(Commit commit, string tenant, string mailbox, string from, bool byPerson, CancellationToken ct);

/// <summary>
/// Sends. A sending starts in one commit that also asks the stop switches: the one that decides on the mail while there is
/// a place to send from, else one of its own once the queued mail's turn has come. It ends in another. What was
/// started and has no end is uncertain: a person or a delivery event settles it, and it is never sent twice.
/// </summary>
internal sealed class OutboxSender(Outbox outbox, IStore store, JobQueue jobs, Switches switches, KeyRing keys, Consents consents, Suppressions suppressions, SenderRight right, OwnWay way, Alerts alerts, IOutboundChannel channel, OutboundSettings settings, Watches watches, TimeProvider time) : IDisposable
{
    // One minute, then about 5, 15, 45 minutes, then every few hours for two days, each with a fifth of jitter.
    private static readonly TimeSpan[] Backoff = [.. new[] { 1, 5, 15, 45, 120, 240, 360, 480, 720, 960 }.Select(minutes => TimeSpan.FromMinutes(minutes))];

    private const int MaxTries = 20;
    private static readonly TimeSpan WhenTaken = TimeSpan.FromSeconds(10);

    private readonly string _process = Ids.Random('p');
    private readonly SendingLease _lease = new(store, settings, time);
    private readonly SemaphoreSlim _places = new(settings.Places, settings.Places);
    private readonly OwnPlaces _ownPlaces = new();

    /// <summary>
    /// Adds the mail to the commit that decides on it as one whose sending has started already, so that it needs no commit
    /// of its own. Null, and nothing added, when all places are taken, or its mailbox has a server of its own: then it is queued like any other.
    /// </summary>
    /// <param name="stops">As they were read for the decision; the commit holds them (MAIL-5).</param>
    public async ValueTask<StartedSending?> TryStartAsync(Commit commit, string tenant, SealingKey sealer, OutboxRecord record, OutboundMail mail, IReadOnlyList<SwitchState> stops, CancellationToken ct)
    {
        if (stops.Any(state => state.Stopped) || await OwnAsync(tenant, record, ct) is not null || !_places.Wait(0, CancellationToken.None))
            return null;
        foreach (var state in stops)
            state.Hold(commit);
        return new StartedSending(_places, Outbox.Add(commit, tenant, sealer, record with { State = OutboxState.Sending, By = _process, Until = _lease.Begin(), Attempts = 1 }, mail));
    }

    /// <summary>Carries out what was started, once that is committed.</summary>
    /// <param name="job">The job that decided. It stays until the sending has ended: whoever finds it knows of the sending.</param>
    public Task<JobOutcome> FinishAsync(Job job, StartedSending started, CancellationToken ct) => HandOverAsync(job, started.Entry, channel, ct);

    /// <summary>Sends a queued mail, or closes a sending that somebody left.</summary>
    public async Task<JobOutcome> SendAsync(Job job, CancellationToken ct)
    {
        if (await outbox.StateAsync(job.Tenant, job.Target, ct) is { } record && await OwnAsync(job.Tenant, record, ct) is { } own)
        {
            // Not waited for: a worker who does is one less for everybody.
            if (!_ownPlaces.TryTake(job.Tenant))
                return new JobOutcome.Wait(WhenTaken * (1 + Random.Shared.NextDouble()));
            try
            {
                return await SendAsync(job, own, ct);
            }
            finally
            {
                _ownPlaces.Return(job.Tenant);
            }
        }
        // Before the start is stored: a crash leaves no more uncertain mails than are handed over at once.
        await _places.WaitAsync(ct);
        try
        {
            return await SendAsync(job, channel, ct);
        }
        finally
        {
            _places.Release();
        }
    }

    public void Dispose() => _places.Dispose();

    /// <summary>A notice of the house leaves as the house's mail does, whatever mailbox it is about.</summary>
    private async ValueTask<IOutboundChannel?> OwnAsync(string tenant, OutboxRecord record, CancellationToken ct) =>
        record is { Purpose: OutboxPurpose.Reply or OutboxPurpose.Test, Mailbox: { } mailbox } ? await way(tenant, mailbox, ct) : null;

    private async Task<JobOutcome> SendAsync(Job job, IOutboundChannel by, CancellationToken ct)
    {
        for (var tries = 0; tries < MaxTries; tries++)
            if (await SendInPlaceAsync(job, by, ct) is { } outcome)
                return outcome;
        // The job counts it as a failure, comes again later, and is buried in the end.
        throw new StoreUnavailableException($"The start of a sending met {MaxTries} conflicts in a row.");
    }

    /// <summary>Null: somebody moved a switch or the entry between looking and writing.</summary>
    private async Task<JobOutcome?> SendInPlaceAsync(Job job, IOutboundChannel by, CancellationToken ct)
    {
        var entry = await outbox.FindAsync(job.Tenant, job.Target, ct);
        switch (entry?.Record.State)
        {
            case OutboxState.Queued when entry.Record.SendBefore <= time.GetUtcNow():
                var cancelled = new Commit();
                outbox.Change(cancelled, entry, entry.Record with { State = OutboxState.Cancelled, Detail = "it was of no use any more" });
                job.Complete(cancelled);
                await store.CommitAsync(cancelled, ct);
                return JobOutcome.Finished;
            case OutboxState.Queued:
                var (start, started) = await StartAsync(job, entry, ct);
                return start switch
                {
                    Start.Started => await HandOverAsync(job, started, by, ct),
                    Start.Parked or Start.Refused => JobOutcome.Finished,
                    // The job was done, or claimed, and this is an old hint of it.
                    _ => await job.StandsAsync(store, ct) ? null : JobOutcome.Finished,
                };
            case OutboxState.Sending when !_lease.IsOver(entry.Record):
                // Somebody may be at work on it. The job stays as it is: he ends it, or the next look finds it.
                return JobOutcome.Finished;
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

    private enum Start { Started, Parked, Refused, Moved }

    private async Task<(Start, OutboxEntry)> StartAsync(Job job, OutboxEntry entry, CancellationToken ct)
    {
        var commit = new Commit().Check(job.Key, Condition.At(job.Version));
        foreach (var state in await switches.ReadAllAsync(job.Tenant, entry.Record.Mailbox, ct))
        {
            if (state.Stopped)
            {
                var parked = new Commit();
                StoppedSendings.Park(parked, job, entry.Record.Mailbox, state);
                return (await store.CommitAsync(parked, ct) == CommitResult.Committed ? Start.Parked : Start.Moved, entry);
            }
            state.Hold(commit);
        }
        // GDPR-4: who has said meanwhile that he wants no automatic answers gets none of those that wait.
        if (entry.Record is { Purpose: OutboxPurpose.Reply, ByPerson: false, Person: { } person } && await keys.TenantAsync(job.Tenant, ct) is { } own)
        {
            var wishes = await consents.WishesAsync(own, person, [entry.Mail.To], ct);
            if (wishes.Withdrawn || wishes.ConsentMissing)
            {
                var cancelled = new Commit();
                outbox.Change(cancelled, entry, entry.Record with { State = OutboxState.Cancelled, Detail = wishes.Withdrawn ? "its recipient wants no automatic answers" : "its recipient has not consented" });
                job.Complete(cancelled);
                return (await store.CommitAsync(cancelled, ct) == CommitResult.Committed ? Start.Parked : Start.Moved, entry);
            }
            wishes.AddTo(commit);
        }
        if (entry.Record.Mailbox is { } mailbox && await right(commit, job.Tenant, mailbox, entry.Mail.From, entry.Record.ByPerson, ct) is { } why)
            return (await RefuseAsync(job, entry, why, ct) ? Start.Refused : Start.Moved, entry);
        var started = outbox.Change(commit, entry, entry.Record with { State = OutboxState.Sending, By = _process, Until = _lease.Begin(), Attempts = entry.Record.Attempts + 1 });
        return (await store.CommitAsync(commit, ct) == CommitResult.Committed ? Start.Started : Start.Moved, started);
    }

    /// <summary>It waited, and its mailbox may not send it by now. A person may try it again.</summary>
    private async Task<bool> RefuseAsync(Job job, OutboxEntry entry, string why, CancellationToken ct)
    {
        var commit = new Commit();
        outbox.Change(commit, entry, entry.Record with { State = OutboxState.Failed, Detail = why });
        await outbox.TellAsync(commit, entry, OutboxState.Failed, ct);
        job.Complete(commit);
        return await store.CommitAsync(commit, ct) == CommitResult.Committed;
    }

    /// <summary>A sending that nobody carries out any more: its process ended, or ours could not store the outcome. False: an old hint, somebody does.</summary>
    private async Task<bool> CloseAsync(Job job, OutboxEntry entry, CancellationToken ct)
    {
        var commit = new Commit();
        var detail = entry.Record.By == _process ? "the outcome of the sending could not be stored" : "the process ended while this was being sent";
        outbox.Change(commit, entry, entry.Record with { State = OutboxState.Uncertain, Detail = detail });
        job.Complete(commit);
        return await store.CommitAsync(commit, ct) == CommitResult.Committed;
    }

    private async Task<SendOutcome> HandOverAsync(OutboxEntry entry, IOutboundChannel by, CancellationToken ct)
    {
        if (!_lease.MayHandOver(entry.Record))
            return new(SendResult.Temporary, "its start took too long; it was not handed over");
        // No such domain can be (RFC 6761 6.4), so nobody is asked to take it on; and what is only rehearsed never leaves.
        if (entry.Mail.To.EndsWith(".invalid", StringComparison.OrdinalIgnoreCase))
            return new(SendResult.Permanent, "no mail can go to a domain of .invalid; it was not handed over");
        using var span = Spans.Part("send", ActivityKind.Producer);
        span.Tag("replymint.message.id", entry.Record.Id);
        span.Tag("replymint.channel", by.Name);
        using var limit = new CancellationTokenSource(settings.LongestHandOver, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        return await by.SendAsync(entry.Record.Id, entry.Mail, either.Token);
    }

    private async Task<JobOutcome> HandOverAsync(Job job, OutboxEntry entry, IOutboundChannel by, CancellationToken ct)
    {
        var outcome = await HandOverAsync(entry, by, ct);
        // From here on the result must be stored even while the host stops; else the mail would be uncertain for nothing.
        ct = CancellationToken.None;
        switch (outcome.Result)
        {
            case SendResult.Sent:
                await EndAsync(job, entry, by, OutboxState.Sent, outcome.Detail, ct);
                break;
            case SendResult.Permanent:
                await EndAsync(job, entry, by, OutboxState.Failed, outcome.Detail, ct);
                // Only when the address itself was refused: a wrong account or sender of ours says nothing about it.
                if (entry.Record.Purpose == OutboxPurpose.Reply && outcome.AddressRefused)
                    await suppressions.AddAsync(job.Tenant, entry.Mail.To, SuppressionReason.PermanentFailure, ct);
                break;
            case SendResult.Uncertain:
                await EndAsync(job, entry, by, OutboxState.Uncertain, outcome.Detail, ct);
                await AlertUncertainAsync(job, ct);
                break;
            case SendResult.Temporary when entry.Record.Attempts > Backoff.Length:
                await EndAsync(job, entry, by, OutboxState.Dead, outcome.Detail, ct);
                await alerts.RaiseAsync("dead-letter", job.Target, $"A mail could not be sent in {entry.Record.Attempts} attempts; last answer: {outcome.Detail}. See `replymint outbox list`.", ct);
                break;
            default:
                await EndAsync(job, entry, by, OutboxState.Queued, outcome.Detail, ct);
                break;
        }
        return JobOutcome.Finished;
    }

    /// <summary>Stores how a sending ended. What others wrote meanwhile stays: a delivery event may be faster than we are.</summary>
    private Task EndAsync(Job job, OutboxEntry started, IOutboundChannel by, OutboxState state, string detail, CancellationToken ct)
    {
        Measures.Sendings.Add(state.ToString().ToLowerInvariant(), by.Name);
        // An answer has its message's id, which tells when that came.
        if (state == OutboxState.Sent && started.Record.Purpose == OutboxPurpose.Reply && Ids.IsTimed(started.Record.Id))
            Measures.AnswerTime.Record(time.GetUtcNow() - DateTimeOffset.FromUnixTimeMilliseconds(Ids.TimeOf(started.Record.Id)));
        watches.Note(job.Tenant, started.Record.Mailbox, "mail." + state.ToString().ToLowerInvariant(), started.Record.Id);
        OutboxEntry? entry = started;
        return store.RetryAsync(async (commit, token) =>
        {
            entry ??= await outbox.FindAsync(job.Tenant, job.Target, token);
            if (entry is not { Record.State: OutboxState.Sending })
                return false;
            outbox.Change(commit, entry, entry.Record with { State = state, Detail = detail });
            await outbox.TellAsync(commit, entry, state, token);
            // That nobody else has ended it says the entry.
            job.End(commit);
            if (state == OutboxState.Queued)
                jobs.Add(commit, job.Tenant, Outbox.JobKind, job.Target, time.GetUtcNow() + Backoff[entry.Record.Attempts - 1] * (0.8 + 0.4 * Random.Shared.NextDouble()));
            entry = null;
            return true;
        }, ct);
    }

    private Task AlertUncertainAsync(Job job, CancellationToken ct) =>
        alerts.RaiseAsync("uncertain-send", job.Target, "Nobody can tell whether a mail left. Look into the recipient's or the provider's log, then `replymint outbox settle`.", ct);
}

/// <summary>A mail whose sending starts with the commit that decides on it. Holds a place among those handed over at once until it is disposed of.</summary>
internal sealed class StartedSending(SemaphoreSlim places, OutboxEntry entry) : IDisposable
{
    public OutboxEntry Entry => entry;

    public void Dispose() => places.Release();
}
