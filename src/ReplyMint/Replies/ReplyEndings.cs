using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Jobs;
using ReplyMint.Limits;
using ReplyMint.Mail;
using ReplyMint.Outbound;
using ReplyMint.Storage;

namespace ReplyMint.Replies;

/// <summary>
/// The three ends of a message, each one commit: state, receipt, text, and what follows from it. Null is a conflict: a
/// rate, the quota, a switch or the message moved since it was read, so it has to be decided anew on what is true now.
/// </summary>
internal sealed class ReplyEndings(IStore store, Outbox outbox, OutboxSender sender, SenderRight right, JobQueue jobs, Drafts drafts, Notices notices, WebhookEvents webhooks, ReplyLetters letters, Suppressions suppressions, Consents consents, KeyRing keys, ReplyTokens tokens, BounceAddresses bounces, Retention retention, TimeProvider time)
{
    /// <summary>No answer. A bounce of one of our own mails is noted where it belongs.</summary>
    public async Task<JobOutcome?> IgnoreAsync(ReplyWork work, Verdict verdict, CancellationToken ct, string note = "")
    {
        await NoteBounceAsync(work, ct);
        var (commit, keep) = await BeginAsync(work, MessageState.Ignored, note.Length > 0 ? [.. verdict.Reasons, note] : [.. verdict.Reasons], ct);
        Receipts.Add(commit, work.Person, work.Message.Record, new Receipt { Verdict = verdict, Mode = work.Mode.ToString(), Note = note }, keep);
        await WishAsync(work, verdict, commit, ct);
        return await CompleteAsync(work, commit, [], ct);
    }

    /// <summary>A person has to look: with a draft where there is one.</summary>
    public async Task<JobOutcome?> HoldAsync(ReplyWork work, Verdict verdict, Drafted drafted, IEnumerable<string> why, CancellationToken ct)
    {
        // Nobody waits for it and nobody may send it: people answer as they did before.
        var shadow = work.Mailbox.IsInShadow(time.GetUtcNow());
        List<string> reasons = shadow ? [.. why.Where(reason => reason != ReplyJudge.Mode), ShadowSum.Shadow] : [.. why];
        var (commit, keep) = await BeginAsync(work, MessageState.Held, reasons, ct);
        Receipts.Add(commit, work.Person, work.Message.Record, ReceiptOf(work, verdict, drafted), keep);
        // A retry left one where somebody was to look at it, or had said something.
        var before = await drafts.FindAsync(work.Tenant.Id, work.Message.Id, ct);
        var (draft, content) = Drafts.TalkedOf(new DraftRecord
        {
            Id = work.Message.Id,
            Mailbox = work.Mailbox.Id,
            Person = work.Person.Person,
            State = shadow ? DraftState.Shadow : DraftState.Waiting,
            Reasons = reasons,
            CreatedAt = time.GetUtcNow(),
        }, drafted.Content, before);
        Drafts.Add(commit, work.Person, draft, content, keep.Text(draft.Person, draft.Id, work.Message.Record.ReceivedAt), before?.Item);
        if (drafted.HasText)
            Quality.Add(commit, work.Tenant.Id, work.Mailbox.Id, time.GetUtcNow(), Quality.Held);
        await WishAsync(work, verdict, commit, ct);
        if (shadow)
            return await CompleteAsync(work, commit, [], ct);
        await webhooks.RaiseAsync(commit, work.Tenant.Id, new(WebhookEventKind.DraftWaiting, draft.Id, draft.Mailbox), ct);
        return await CompleteAsync(work, commit, notices.Announce(commit, work.Tenant, draft.Id), ct);
    }

    /// <summary>The answer goes to the outbox, counted in the same commit against rates and quota, and leaves at once while there is a place to send from.</summary>
    public async Task<JobOutcome?> AnswerAsync(ReplyWork work, Verdict verdict, Drafted drafted, ApprovedDraft approved, CancellationToken ct)
    {
        var (commit, keep) = await BeginAsync(work, MessageState.Answered, [drafted.Content.Drafter], ct);
        Receipts.Add(commit, work.Person, work.Message.Record, ReceiptOf(work, verdict, drafted), keep);
        Quality.Add(commit, work.Tenant.Id, work.Mailbox.Id, time.GetUtcNow(), Quality.Alone);
        var (record, mail) = (letters.RecordOf(work.Message, work.Mailbox, keep) with { Quota = Allowances.Reserve(commit, work.Tenant.Id, work.Quota) }, letters.Write(work.Mail, work.Mailbox, work.Message, approved, await consents.BasisAsync(work.Tenant.Id, ct)));
        // GDPR-4: who takes his consent back while this is being decided gets no answer.
        work.Wishes.AddTo(commit);
        // Lost, or in shadow mode, since it was asked for the decision: it is decided anew.
        if (await right(commit, work.Tenant.Id, work.Mailbox.Id, mail.From, byPerson: false, ct) is not null)
            return null;
        // Last, since room that was taken for a commit that never comes is lost for the hour.
        if (!await work.Rates.RecordAsync(commit, work.Mailbox.Id, byPerson: false, ct))
            return null;
        using var sending = await sender.TryStartAsync(commit, work.Tenant.Id, work.Person, record, mail, work.Switches, ct);
        if (sending is null)
            return await CompleteAsync(work, commit, [outbox.Enqueue(commit, work.Tenant.Id, work.Person, record, mail)], ct) ?? GiveBack(work);
        // Nothing is deleted that this job's end could conflict on, so it asks for itself.
        commit.Check(work.Job.Key, Condition.At(work.Job.Version));
        return await store.CommitAsync(commit, ct) == CommitResult.Conflict ? GiveBack(work) : await sender.FinishAsync(work.Job, sending, ct);
    }

    private static JobOutcome? GiveBack(ReplyWork work)
    {
        work.Rates.GiveBack();
        return null;
    }

    /// <summary>
    /// A mail that says that its author wants no automatic answers counts from the commit that decides on it, for all that follow;
    /// of an author who was not proved for this mail only, or anybody could say it for anybody.
    /// </summary>
    private async ValueTask WishAsync(ReplyWork work, Verdict verdict, Commit commit, CancellationToken ct)
    {
        if (!work.Wishes.Withdrawn && Says(ReplyPolicy.HumanPlease, RuleOutcome.Never) && Says("dmarc", RuleOutcome.Pass) && AddressRules.Normalize(work.Message.Summary.From.Address) is { } author)
            await consents.AddWithdrawalAsync(commit, await keys.RequireAsync(work.Tenant.Id, ct), author, ConsentWay.Mail, work.Message.Id, new Actor("correspondent"), ct);

        bool Says(string rule, RuleOutcome outcome) => verdict.Rules.Any(result => result.Name == rule && result.Outcome == outcome);
    }

    // How long is asked now and not when the work was read: a model may have taken minutes since.
    private async ValueTask<(Commit, Keeping)> BeginAsync(ReplyWork work, MessageState state, IReadOnlyList<string> reasons, CancellationToken ct)
    {
        var commit = new Commit();
        var keep = await retention.ReadAsync(work.Tenant.Id, ct);
        var record = work.Message.Record with { State = state, Reasons = reasons, DecidedAt = time.GetUtcNow() };
        Messages.Change(commit, work.Person, work.Message, record);
        MessageTexts.Write(commit, work.Person, record, MessageText.Of(work.Mail), keep);
        work.Thread.Add(commit, record, work.TextHash, keep.Record(record.Person, record.Id, record.ReceivedAt));
        return (commit, keep);
    }

    private static Receipt ReceiptOf(ReplyWork work, Verdict verdict, Drafted drafted) => new()
    {
        Verdict = verdict,
        Mode = work.Mode.ToString(),
        Drafter = drafted.Content.Drafter,
        Passages = [.. drafted.Content.Passages.Select(hit => new ReceiptPassage(hit.Passage.Id, hit.Passage.Source, hit.Passage.Question, hit.Score))],
        Findings = drafted.Findings,
        Note = work.Earlier.Count == 0 ? drafted.Note : $"{(drafted.Note.Length == 0 ? "" : drafted.Note + "; ")}together with {string.Join(", ", work.Earlier.Select(mail => mail.Id))}",
        Usage = drafted.Usage,
    };

    private async Task<JobOutcome?> CompleteAsync(ReplyWork work, Commit commit, IReadOnlyList<Job> wake, CancellationToken ct)
    {
        work.Job.Complete(commit);
        if (await store.CommitAsync(commit, ct) == CommitResult.Conflict)
            return null;
        foreach (var job in wake)
            jobs.Wake(job);
        return JobOutcome.Finished;
    }

    private async Task NoteBounceAsync(ReplyWork work, CancellationToken ct)
    {
        if (await BouncedOfAsync(work, ct) is not { } subject || subject.TenantId != work.Tenant.Id)
            return;
        var permanent = BounceReport.Read(work.Mail).FirstOrDefault(report => report.Permanent);
        if (await outbox.FindAsync(subject.TenantId, subject.OutboxId, ct) is not { } entry)
            return;
        await outbox.RecordEventAsync(subject.TenantId, subject.OutboxId, new DeliveryEvent(work.Message.Id, "bounced", time.GetUtcNow(), permanent?.Status ?? ""), ct);
        // Whom we wrote to is suppressed, not whom the report names: anybody may write a report.
        if (permanent is not null)
            await suppressions.AddAsync(subject.TenantId, entry.Mail.To, SuppressionReason.PermanentFailure, ct);
    }

    /// <summary>
    /// By the signed address that it came to; where the mailbox's own server sent the answer, the report comes to the mailbox and names the answer's signed
    /// Message-ID. Who else knows that is its recipient, and he can only end his own answers.
    /// </summary>
    private async ValueTask<TokenSubject?> BouncedOfAsync(ReplyWork work, CancellationToken ct)
    {
        var mail = work.Mail;
        if (mail.Envelope.Recipient is { } recipient && await bounces.ReadAsync(recipient, ct) is { } addressed)
            return addressed;
        // Receipts and delays name it, too.
        return !BounceReport.Read(mail).Any(report => report.Permanent) ? null
            : mail.References.Append(mail.InReplyTo).Select(tokens.ReadMessageId).FirstOrDefault(named => named is not null);
    }
}
