using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Billing;
using ReplyMint.Inbound;
using ReplyMint.Jobs;
using ReplyMint.Limits;
using ReplyMint.Mail;
using ReplyMint.Outbound;
using ReplyMint.Storage;

namespace ReplyMint.Replies;

/// <summary>How a person's decision on a draft ended.</summary>
internal abstract record DeskOutcome
{
    public sealed record Done : DeskOutcome;
    public sealed record NotFound : DeskOutcome;
    /// <summary>Decided before, by a person or since somebody answered.</summary>
    public sealed record NotWaiting(DraftState State) : DeskOutcome;
    /// <summary>The guard holds it. What can be overridden has to be named by the person.</summary>
    public sealed record Guarded(IReadOnlyList<GuardFinding> Findings) : DeskOutcome;
    public sealed record QuotaUsedUp : DeskOutcome;
    /// <summary>The person wants no automatic answers, or has not consented: only a text of somebody's own may leave.</summary>
    public sealed record NotWanted : DeskOutcome;
    /// <summary>Another tenant has proved the domain of the mailbox.</summary>
    public sealed record DomainLost : DeskOutcome;
    /// <summary>The mailbox is in shadow mode: only a text of somebody's own may leave.</summary>
    public sealed record InShadow : DeskOutcome;
    /// <summary>The text was removed by retention or erasure, so there is nothing left to answer to.</summary>
    public sealed record Gone : DeskOutcome;
    /// <summary>Somebody changed it after it was read.</summary>
    public sealed record Changed : DeskOutcome;
    /// <summary>A legal hold keeps what the act would remove.</summary>
    public sealed record Held : DeskOutcome;
    /// <summary>Nobody of the tenant, or somebody who may not see the mailbox or decide.</summary>
    public sealed record NotAMember : DeskOutcome;
    public sealed record TooManyNotes : DeskOutcome;
}

/// <summary>Where people decide: approve, edit, reject. Each decision is one commit with its audit entry.</summary>
internal sealed class DraftDesk(
    IStore store, KeyRing keys, Messages messages, MessageTexts texts, Mailboxes mailboxes, DomainOwners domains, Drafts drafts, Receipts receipts,
    RateWindows rates, Allowances allowances, Retention retention, Consents consents, HumanAnswers answers, Outbox outbox, WebhookEvents webhooks, JobQueue jobs, ReplyLetters letters, AuditLog audit, QuotaWarnings warnings, TimeProvider time)
{
    /// <summary>Sends a waiting draft, as it is or with a person's text.</summary>
    /// <param name="text">The person's text, or null to send the draft as it stands.</param>
    /// <param name="overridden">Rules of the guard whose findings the person has seen and sends all the same.</param>
    /// <param name="version">The version that the person read, or null to approve whatever is there.</param>
    public async Task<DeskOutcome> ApproveAsync(string tenant, string id, string? text, IReadOnlySet<GuardRule> overridden, long? version, Actor actor, CancellationToken ct)
    {
        Job? send = null, overtaken = null;
        var outcome = await store.RetryAsync<DeskOutcome>(async (commit, token) =>
        {
            send = overtaken = null;
            var (draft, message, refusal) = await WaitingAsync(tenant, id, version, token);
            if (refusal is not null)
                return refusal;
            if (await texts.FindAsync(message, token) is not { } stored || await mailboxes.GetAsync(tenant, message.Record.Mailbox, token) is not { } mailbox
                || await messages.PersonAsync(tenant, message.Record.Person, token) is not { } person)
                return new DeskOutcome.Gone();
            if (await domains.HasLostAsync(mailbox, token))
                return new DeskOutcome.DomainLost();
            var mail = stored.ToMail(message.Summary);
            // A machine's words don't reach who wants none of them, whoever presses the button (GDPR-4).
            var byPerson = text is not null || draft.Content.Drafter == Quality.ByPerson;
            var wishes = await consents.WishesAsync(await keys.RequireAsync(tenant, token), message.Record.Person, [message.Summary.From.Address, .. ReplyRecipient.Of(mail) is { } to ? [to.Address] : (string[])[]], token);
            if (!byPerson && (wishes.Withdrawn || wishes.ConsentMissing))
                return new DeskOutcome.NotWanted();
            if (!byPerson && mailbox.IsInShadow(time.GetUtcNow()))
                return new DeskOutcome.InShadow();
            var decision = new PersonDecision(actor.Id, overridden, text is not null);
            var guarded = ApprovedDraft.From(Drafting.ToGuard(mail, mailbox, text ?? draft.Content.Text, draft), decision);
            if (guarded.Draft is not { } approved)
                return new DeskOutcome.Guarded(guarded.Findings);
            wishes.AddTo(commit);
            var (quota, left) = await allowances.ReadAsync(tenant, token);
            if (left <= 0 || !await CountAsync(commit, tenant, message, token))
            {
                commit.Clear();
                return new DeskOutcome.QuotaUsedUp();
            }
            var decided = Decided(draft, DraftState.Approved, actor) with { Distance = Quality.Approve(commit, draft, approved.Text, time.GetUtcNow()) };
            Drafts.Change(commit, person, decided, (text is null ? draft.Content : Quality.Edit(draft.Content, text)) with { Pending = null, Refused = null }, draft.Item);
            Messages.Change(commit, person, message, message.Record with { State = MessageState.Answered, Reasons = ["approved"], DecidedAt = time.GetUtcNow() });
            await WriteReceiptAsync(commit, person, message, actor, guarded.Findings, token);
            await webhooks.RaiseAsync(commit, tenant, Decided(draft, "approved"), token);
            send = outbox.Enqueue(commit, tenant, person, letters.RecordOf(message, mailbox, await retention.ReadAsync(tenant, token)) with { ByPerson = byPerson, Quota = Allowances.Reserve(commit, tenant, quota) },
                letters.Write(mail, mailbox, message, approved, await consents.BasisAsync(tenant, token)));
            // A person's own words: what a machine would still say in the thread is taken back.
            if (byPerson)
                overtaken = await answers.AddAsync(commit, tenant, message.Record.Thread, thread => HumanAnswers.Answered(thread, time.GetUtcNow()), token);
            await audit.AppendAsync(commit, tenant, Entry(actor, text is null ? "draft.approve" : "draft.edit-and-approve", id, guarded.Findings), token);
            return new DeskOutcome.Done();
        }, ct);
        if (send is not null)
            jobs.Wake(send);
        if (overtaken is not null)
            jobs.Wake(overtaken);
        if (outcome is DeskOutcome.Done)
            await warnings.LookAsync(tenant, ct);
        return outcome;
    }

    /// <summary>Keeps a person's text with the draft, without sending it.</summary>
    /// <param name="version">The version that the person read, or null to overwrite whatever is there.</param>
    public Task<DeskOutcome> EditAsync(string tenant, string id, string text, long? version, Actor actor, CancellationToken ct) =>
        store.RetryAsync<DeskOutcome>(async (commit, token) =>
        {
            var (draft, message, refusal) = await WaitingAsync(tenant, id, version, token);
            if (refusal is not null)
                return refusal;
            if (await messages.PersonAsync(tenant, message.Record.Person, token) is not { } person)
                return new DeskOutcome.Gone();
            Drafts.Change(commit, person, draft.Record, Quality.Edit(draft.Content, text) with { Pending = null, Refused = null }, draft.Item);
            await audit.AppendAsync(commit, tenant, new AuditEntry(actor, "draft.edit", id), token);
            return new DeskOutcome.Done();
        }, ct);

    /// <summary>What the guard would say to the draft as it stands; nothing when there is no text, or no mail any more.</summary>
    public async Task<IReadOnlyList<GuardFinding>> FindingsAsync(Draft draft, Message message, MessageText? text, CancellationToken ct) =>
        draft.Record.State == DraftState.Waiting && draft.Content.Text.Length > 0 && text is not null
            && await mailboxes.GetAsync(draft.Tenant, draft.Record.Mailbox, ct) is { } mailbox
            ? ApprovedDraft.From(Drafting.ToGuard(text.ToMail(message.Summary), mailbox, draft.Content.Text, draft)).Findings : [];

    /// <summary>What the guard holds a person's decision for: nothing when it would let the text leave.</summary>
    public async Task<IReadOnlyList<GuardFinding>> FindingsAsync(Draft draft, Message message, string? text, IReadOnlySet<GuardRule> overridden, Actor actor, CancellationToken ct)
    {
        if (await texts.FindAsync(message, ct) is not { } stored || await mailboxes.GetAsync(draft.Tenant, draft.Record.Mailbox, ct) is not { } mailbox)
            return [];
        var guarded = ApprovedDraft.From(Drafting.ToGuard(stored.ToMail(message.Summary), mailbox, text ?? draft.Content.Text, draft), new PersonDecision(actor.Id, overridden, text is not null));
        return guarded.Draft is null ? guarded.Findings : [];
    }

    /// <summary>Leaves the mail without an answer.</summary>
    /// <param name="version">The version that the person read, or null to reject whatever is there.</param>
    public Task<DeskOutcome> RejectAsync(string tenant, string id, Actor actor, CancellationToken ct, long? version = null) =>
        store.RetryAsync<DeskOutcome>(async (commit, token) =>
        {
            var (draft, message, refusal) = await WaitingAsync(tenant, id, version, token);
            if (refusal is not null)
                return refusal;
            if (await messages.PersonAsync(tenant, message.Record.Person, token) is not { } person)
                return new DeskOutcome.Gone();
            Drafts.Change(commit, person, Decided(draft, DraftState.Rejected, actor), draft.Content with { Pending = null, Refused = null }, draft.Item);
            if (Quality.OfMachine(draft.Content).Length > 0)
                Quality.Add(commit, tenant, draft.Record.Mailbox, time.GetUtcNow(), Quality.Rejected);
            Messages.Change(commit, person, message, message.Record with { State = MessageState.Ignored, Reasons = ["rejected"], DecidedAt = time.GetUtcNow() });
            await webhooks.RaiseAsync(commit, tenant, Decided(draft, "rejected"), token);
            await audit.AppendAsync(commit, tenant, new AuditEntry(actor, "draft.reject", id), token);
            return new DeskOutcome.Done();
        }, ct);

    /// <summary>Decides on a held message anew, such as after a stop switch was lifted or knowledge was added.</summary>
    public async Task<DeskOutcome> RetryAsync(string tenant, string id, Actor actor, CancellationToken ct)
    {
        Job? job = null;
        var outcome = await store.RetryAsync<DeskOutcome>(async (commit, token) =>
        {
            job = null;
            if (await FindAsync(tenant, id, token) is not ({ } draft, { } message))
                return new DeskOutcome.NotFound();
            if (draft.Record.State != DraftState.Waiting || message.Record.State != MessageState.Held)
                return new DeskOutcome.NotWaiting(draft.Record.State);
            if (await messages.PersonAsync(tenant, message.Record.Person, token) is not { } person || await messages.RawAsync(message, token) is null)
                return new DeskOutcome.Gone();
            var keep = await retention.ReadAsync(tenant, token);
            if (keep.Holds(message.Record.Person, id))
                return new DeskOutcome.Held();
            keep.AddTo(commit);
            Messages.Change(commit, person, message, message.Record with { State = MessageState.Received, Reasons = [], DecidedAt = null });
            // The new decision writes these anew. The thread stays as it is: it knows which message said its last text first.
            foreach (var key in (ItemKey[])[Receipts.KeyOf(tenant, id), MessageTexts.KeyOf(tenant, id)])
                commit.Delete(key);
            Drafts.Withdraw(commit, person, draft);
            job = jobs.Add(commit, tenant, Inbox.JobKind, id);
            await audit.AppendAsync(commit, tenant, new AuditEntry(actor, "message.retry", id), token);
            return new DeskOutcome.Done();
        }, ct);
        if (job is not null)
            jobs.Wake(job);
        return outcome;
    }

    /// <summary>A draft that waits and is as the person read it, with its mail; or why nothing is decided on it.</summary>
    private async Task<(Draft Draft, Message Message, DeskOutcome? Refusal)> WaitingAsync(string tenant, string id, long? version, CancellationToken ct)
    {
        if (await FindAsync(tenant, id, ct) is not ({ } draft, { } message))
            return (null!, null!, new DeskOutcome.NotFound());
        return (draft, message, draft.Record.State != DraftState.Waiting ? new DeskOutcome.NotWaiting(draft.Record.State)
            : version is { } read && read != draft.Item.Version ? new DeskOutcome.Changed() : null);
    }

    private async Task<(Draft?, Message?)> FindAsync(string tenant, string id, CancellationToken ct) =>
        (await drafts.FindAsync(tenant, id, ct), await messages.FindAsync(tenant, id, ct));

    private static WebhookEvent Decided(Draft draft, string state) => new(WebhookEventKind.DraftDecided, draft.Id, draft.Record.Mailbox, state);

    private DraftRecord Decided(Draft draft, DraftState state, Actor actor) =>
        draft.Record with { State = state, DecidedAt = time.GetUtcNow(), DecidedBy = actor.Id };

    // A person's answer counts like any other: the rates protect the correspondent.
    private async Task<bool> CountAsync(Commit commit, string tenant, Message message, CancellationToken ct)
    {
        var reading = await rates.ReadAsync(await keys.RequireAsync(tenant, ct), message.Record.Thread, message.Summary.From.Address, ct);
        return await reading.RecordAsync(commit, message.Record.Mailbox, byPerson: true, ct);
    }

    private async Task WriteReceiptAsync(Commit commit, PersonKey person, Message message, Actor actor, IReadOnlyList<GuardFinding> findings, CancellationToken ct)
    {
        if (await receipts.FindAsync(message.Tenant, message.Id, message.Record.Person, ct) is not ({ } receipt, { } item))
            return;
        var changed = receipt with { DecidedBy = actor.Id, Overridden = [.. findings.Select(finding => finding.Rule.ToString()).Distinct()] };
        Receipts.Change(commit, person, changed, item);
    }

    private static AuditEntry Entry(Actor actor, string act, string id, IReadOnlyList<GuardFinding> overridden) =>
        new(actor, act, id, overridden.Count == 0 ? null : new Dictionary<string, string> { ["overridden"] = string.Join(",", overridden.Select(finding => finding.Rule).Distinct()) });
}
