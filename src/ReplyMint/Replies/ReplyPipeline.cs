using ReplyMint.Billing;
using ReplyMint.Inbound;
using ReplyMint.Jobs;
using ReplyMint.Limits;
using ReplyMint.Outbound;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Telemetry;

namespace ReplyMint.Replies;

/// <summary>The way of one accepted mail, from its job to the outbox (or to a recorded reason for silence).</summary>
internal sealed class ReplyPipeline(IStore store, Messages messages, TimeProvider time, ReplyWorkReader reader, ReplyJudge judge, ReplyEndings endings, OwnAnswers ownAnswers, OutboxSender sender, SecurityEvents events, QuotaWarnings warnings)
{
    // Others' commits moved what was read, so each try stands for progress of somebody; so many in a row are no bad luck.
    private const int MaxTries = 20;

    public async Task<JobOutcome> HandleAsync(Job job, CancellationToken ct)
    {
        for (var tries = 0; tries < MaxTries; tries++)
        {
            if (await reader.ReadAsync(job, ct) is not { } work)
                return await DropAsync(job, ct);
            if (await DecideAsync(work, ct) is { } outcome)
                return outcome;
        }
        // The job counts it as a failure, comes again later, and is buried in the end.
        throw new StoreUnavailableException($"A decision met {MaxTries} conflicts in a row.");
    }

    private async Task<JobOutcome?> DecideAsync(ReplyWork work, CancellationToken ct)
    {
        if (work.Switches.FirstOrDefault(state => state.Contained) is { } contained)
            return await WaitAsync(work, contained, ct);
        // Before its own end: whoever dies in between does it once more.
        if (work.AnswersIn.Count > 0)
            await ownAnswers.TellAsync(work, ct);
        var judged = await judge.JudgeAsync(work.ToTask(), work.Facts, work.Mode, ct);
        var outcome = await EndAsync(work, judged, ct);
        // On a conflict it is decided anew.
        if (outcome is not null)
        {
            Measures.Verdicts.Add(judged.Ending switch { ReplyEnding.Answer => "answer", ReplyEnding.Hold => "hold", ReplyEnding.Ignore => "ignore", _ => "later" });
            Note(work, judged);
            // Behind the commit: whoever dies in between leaves it to the next mail, or to the daily look.
            if (work.Quota is not null)
                await warnings.LookAsync(work.Tenant.Id, ct);
        }
        return outcome;
    }

    private async Task<JobOutcome?> EndAsync(ReplyWork work, ReplyJudgement judged, CancellationToken ct) =>
        judged.Ending switch
        {
            ReplyEnding.Later => judged.Drafted.Retry,
            ReplyEnding.Ignore => await endings.IgnoreAsync(work, judged.Verdict, ct, judged.Drafted.Note),
            ReplyEnding.Hold => await endings.HoldAsync(work, judged.Verdict, judged.Drafted, judged.Why, ct),
            _ => await endings.AnswerAsync(work, judged.Verdict, judged.Drafted, judged.Approved!, ct),
        };

    /// <summary>MON-3: ids and counts only.</summary>
    private void Note(ReplyWork work, ReplyJudgement judged)
    {
        if (judged.Ending == ReplyEnding.Later)
            return;
        if (judged.Drafted.Findings.Any(IsHeard) || InjectionSigns.In(work.Mail))
            events.Note(SecurityEventKind.InjectionFound, tenant: work.Tenant.Id, subject: work.Message.Record.Person);
        if (judged.Ending == ReplyEnding.Answer)
            events.Note(SecurityEventKind.SendingCounted, tenant: work.Tenant.Id, number: work.Rates.TenantHour + 1);
    }

    /// <summary>No honest draft brings these: somebody's words reached the model as orders.</summary>
    private static bool IsHeard(GuardFinding finding) =>
        finding.Rule is GuardRule.Canary or GuardRule.SystemPrompt or GuardRule.Secret or GuardRule.Hidden or GuardRule.Header or GuardRule.Recipient;

    /// <summary>The tenant or mailbox is isolated: the mail waits, undecided, and its release brings the job back. Null: it was released meanwhile.</summary>
    private async Task<JobOutcome?> WaitAsync(ReplyWork work, SwitchState contained, CancellationToken ct)
    {
        var commit = new Commit();
        StoppedSendings.Park(commit, work.Job, work.Mailbox.Id, contained);
        return await store.CommitAsync(commit, ct) == CommitResult.Committed || !await work.Job.StandsAsync(store, ct) ? JobOutcome.Finished : null;
    }

    /// <summary>
    /// Nothing can be decided. An answered message has a sending that this job carries; one that still waits is closed with
    /// the reason: nobody comes for it any more.
    /// </summary>
    private async Task<JobOutcome> DropAsync(Job job, CancellationToken ct)
    {
        var message = await messages.FindAsync(job.Tenant, job.Target, ct);
        if (message is { Record.State: MessageState.Answered })
            return await sender.SendAsync(job, ct);
        var commit = new Commit();
        job.Complete(commit);
        if (message is { Record.State: MessageState.Received } && await messages.PersonAsync(job.Tenant, message.Record.Person, ct) is { } person)
            Messages.Change(commit, person, message, message.Record with { State = MessageState.Ignored, Reasons = ["mail-or-mailbox-gone"], DecidedAt = time.GetUtcNow() });
        // On a conflict the job is there still, and the next sweep finds it.
        await store.CommitAsync(commit, ct);
        return JobOutcome.Finished;
    }
}
