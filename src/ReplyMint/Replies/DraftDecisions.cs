using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Jobs;
using ReplyMint.Limits;
using ReplyMint.Storage;

namespace ReplyMint.Replies;

/// <summary>What a person decided on a draft and may still take back; sealed with the draft.</summary>
/// <param name="Reject">Leave the mail without an answer; else send it.</param>
/// <param name="Text">The person's text, or null for the draft's.</param>
/// <param name="Overridden">Rules of the guard that the person has seen and decided against.</param>
/// <param name="By">The user's id.</param>
/// <param name="Network">Where he sat, for the audit entry.</param>
internal sealed record PendingDecision(bool Reject, string? Text, IReadOnlyList<GuardRule> Overridden, string By, string? Network, DateTimeOffset At);

/// <summary>
/// A decision that takes effect after ten seconds, in which it can be taken back. The window is the server's, a job in the store:
/// whoever closes his browser has decided all the same, and a restart forgets nothing. All that is asked of a decision is asked
/// when it takes effect, so what became wrong meanwhile does not leave.
/// </summary>
internal sealed class DraftDecisions(IStore store, Drafts drafts, Messages messages, DraftDesk desk, DraftTalk talk, Containments contained, JobQueue jobs, TimeProvider time)
{
    public const string JobKind = "draft-decision";
    public static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    /// <summary>Keeps a decision; what the guard holds is said at once.</summary>
    /// <param name="version">The version that the person read.</param>
    public Task<DeskOutcome> DecideAsync(string tenant, string id, bool reject, string? text, IReadOnlySet<GuardRule> overridden, long version, Actor actor, CancellationToken ct) =>
        ChangeAsync(tenant, id, version, async (commit, draft, message, token) =>
        {
            if (!reject && await desk.FindingsAsync(draft, message, text, overridden, actor, token) is { Count: > 0 } findings)
                return (new DeskOutcome.Guarded(findings), null);
            var now = time.GetUtcNow();
            jobs.Add(commit, tenant, JobKind, id, now + Window);
            return (new DeskOutcome.Done(), draft.Content with { Pending = new(reject, text, [.. overridden], actor.Id, actor.Network, now), Refused = null });
        }, ct);

    /// <summary>Takes a decision back that has not taken effect.</summary>
    public Task<DeskOutcome> UndoAsync(string tenant, string id, CancellationToken ct) =>
        ChangeAsync(tenant, id, null, (_, draft, _, _) => Task.FromResult<(DeskOutcome, DraftContent?)>(
            draft.Content.Pending is null ? (new DeskOutcome.NotFound(), null) : (new DeskOutcome.Done(), draft.Content with { Pending = null })), ct);

    /// <summary>The window is over.</summary>
    public async Task<JobOutcome> RunAsync(Job job, CancellationToken ct)
    {
        if (await drafts.FindAsync(job.Tenant, job.Target, ct) is { Record.State: DraftState.Waiting, Content.Pending: { } decided } draft && decided.At + Window <= time.GetUtcNow())
        {
            var refused = await ActAsync(job.Tenant, draft, decided, ct);
            if (refused is not null)
                await ChangeAsync(job.Tenant, job.Target, draft.Item.Version, (_, now, _, _) => Task.FromResult<(DeskOutcome, DraftContent?)>((new DeskOutcome.Done(), now.Content with { Pending = null, Refused = refused })), ct);
        }
        var commit = new Commit();
        job.End(commit);
        await store.CommitAsync(commit, ct);
        return JobOutcome.Finished;
    }

    /// <summary>Null when it was done, or when somebody changed the draft meanwhile, who then decides anew; else why not, by name.</summary>
    private async Task<string?> ActAsync(string tenant, Draft draft, PendingDecision decided, CancellationToken ct)
    {
        // Rights count when something happens, not when it was asked for.
        if (!await talk.MayDecideAsync(tenant, decided.By, draft.Record.Mailbox, ct) || await contained.IsAsync(ContainedKind.User, decided.By, ct))
            return "not-a-member";
        var actor = Actor.Of(decided.By, decided.Network);
        var outcome = decided.Reject ? await desk.RejectAsync(tenant, draft.Id, actor, ct, draft.Item.Version)
            : await desk.ApproveAsync(tenant, draft.Id, decided.Text, decided.Overridden.ToHashSet(), draft.Item.Version, actor, ct);
        return outcome switch
        {
            DeskOutcome.Done or DeskOutcome.Changed or DeskOutcome.NotFound or DeskOutcome.NotWaiting => null,
            DeskOutcome.Guarded => "guarded",
            DeskOutcome.QuotaUsedUp => "quota",
            DeskOutcome.NotWanted => "not-wanted",
            DeskOutcome.DomainLost => "domain-lost",
            DeskOutcome.InShadow => "in-shadow",
            _ => "gone",
        };
    }

    private Task<DeskOutcome> ChangeAsync(string tenant, string id, long? version, Func<Commit, Draft, Message, CancellationToken, Task<(DeskOutcome Outcome, DraftContent? To)>> change, CancellationToken ct) =>
        store.RetryAsync(async (commit, token) =>
        {
            if (await drafts.FindAsync(tenant, id, token) is not { } draft || await messages.FindAsync(tenant, id, token) is not { } message)
                return new DeskOutcome.NotFound();
            if (draft.Record.State != DraftState.Waiting)
                return new DeskOutcome.NotWaiting(draft.Record.State);
            if (version is { } read && read != draft.Item.Version)
                return new DeskOutcome.Changed();
            if (await messages.PersonAsync(tenant, draft.Record.Person, token) is not { } person)
                return new DeskOutcome.Gone();
            var (outcome, to) = await change(commit, draft, message, token);
            if (to is null)
                commit.Clear();
            else
                Drafts.Change(commit, person, draft.Record, to, draft.Item);
            return outcome;
        }, ct);
}
