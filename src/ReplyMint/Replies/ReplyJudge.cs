using ReplyMint.Accounts;
using ReplyMint.Telemetry;

namespace ReplyMint.Replies;

internal enum ReplyEnding
{
    Answer,
    /// <summary>A person has to look.</summary>
    Hold,
    Ignore,
    /// <summary>The machinery failed for now.</summary>
    Later,
}

/// <summary>What is to become of a mail.</summary>
/// <param name="Why">For a held one: names of rules and the like, the first one first.</param>
/// <param name="Approved">Only with <see cref="ReplyEnding.Answer"/>.</param>
internal sealed record ReplyJudgement(ReplyEnding Ending, Verdict Verdict, Drafted Drafted, IReadOnlyList<string> Why, ApprovedDraft? Approved = null);

/// <summary>Policy, drafting, guard and mode, in this order. Reads knowledge and writes nothing, so that a dry run is judged as a real mail is.</summary>
internal sealed class ReplyJudge(Drafting drafting)
{
    /// <summary>The one reason of a draft that would leave by itself in mode automatic.</summary>
    public const string Mode = "mode";

    /// <param name="mode">The mailbox's at this moment.</param>
    public async Task<ReplyJudgement> JudgeAsync(DraftTask task, PolicyFacts facts, MailboxMode mode, CancellationToken ct)
    {
        Verdict verdict;
        using (var span = Spans.Part("policy"))
        {
            verdict = ReplyPolicy.Decide(facts);
            span.Tag("replymint.verdict", verdict.Result.ToString());
        }
        // Who wants a person gets one: his mail is shown, with no word of a machine. What else forbids an answer is for nobody to look at.
        if (verdict.Result == Decision.Ignore && verdict.Rules.Where(rule => rule.Outcome is RuleOutcome.Never or RuleOutcome.Cancel).All(rule => rule.Name == ReplyPolicy.HumanPlease))
            return new(ReplyEnding.Hold, verdict, Drafted.Nothing(""), [.. verdict.Reasons]);
        if (verdict.Result == Decision.Ignore)
            return new(ReplyEnding.Ignore, verdict, Drafted.Nothing(""), []);
        if (verdict.NoDraft)
            return new(ReplyEnding.Hold, verdict, Drafted.Nothing(""), [.. verdict.Reasons]);

        Drafted drafted;
        using (Spans.Part("draft"))
            drafted = await drafting.DraftAsync(task, ct);
        if (drafted.HasText && !task.Trial)
            Measures.Drafts.Add();
        if (drafted.Retry is not null)
            return new(ReplyEnding.Later, verdict, drafted, []);
        if (drafted.Ignore)
            return new(ReplyEnding.Ignore, verdict, drafted, []);
        if (!drafted.HasText || verdict.Result == Decision.Hold || drafted.Hold is not null)
            return new(ReplyEnding.Hold, verdict, drafted, drafted.Hold is null ? [.. verdict.Reasons] : [.. verdict.Reasons, drafted.Hold]);

        GuardOutcome guarded;
        using (Spans.Part("guard"))
            guarded = ApprovedDraft.From(Drafting.ToGuard(task, drafted));
        foreach (var finding in guarded.Findings)
            Measures.GuardFindings.Add(finding.Rule.ToString().ToLowerInvariant());
        if (guarded.Draft is not { } approved)
            return new(ReplyEnding.Hold, verdict, drafted with { Findings = guarded.Findings }, [.. guarded.Findings.Select(finding => $"guard-{finding.Rule}".ToLowerInvariant()).Distinct()]);
        return mode == MailboxMode.Automatic ? new(ReplyEnding.Answer, verdict, drafted, [], approved) : new(ReplyEnding.Hold, verdict, drafted, [Mode]);
    }
}
