using System.Diagnostics;
using ReplyMint.Accounts;
using ReplyMint.Jobs;
using ReplyMint.Knowledge;
using ReplyMint.Mail;
using ReplyMint.Telemetry;

namespace ReplyMint.Replies;

/// <summary>What came of drafting: a text, or why there is none, or when to try again.</summary>
internal sealed record Drafted
{
    public required DraftContent Content { get; init; }
    /// <summary>A reason to hold it whatever else; null for none.</summary>
    public string? Hold { get; init; }
    /// <summary>A tenant's rule says that this mail gets no answer.</summary>
    public bool Ignore { get; init; }
    /// <summary>The machinery failed for now; the mail is decided on later.</summary>
    public JobOutcome? Retry { get; init; }
    public string Note { get; init; } = "";
    public IReadOnlyList<GuardFinding> Findings { get; init; } = [];
    public ModelUsage? Usage { get; init; }
    public string SystemPrompt { get; init; } = "";
    public string Canary { get; init; } = "";

    public bool HasText => Content.Text.Length > 0;

    public static Drafted Nothing(string note) => new() { Content = new DraftContent { Text = "", Drafter = "", Language = "" }, Note = note };
}

/// <summary>What there is to write.</summary>
/// <param name="HolidayAnswer">A holiday's fixed answer, or empty.</param>
/// <param name="Name">Names the try in the model's budget and logs; a random id.</param>
/// <param name="Attempts">Tries before this one.</param>
/// <param name="Trial">Somebody tries something out; no mail waits for it.</param>
internal sealed record DraftTask(string Tenant, InboundMail Mail, Mailbox Mailbox, string HolidayAnswer, string Name, int Attempts, bool Trial = false);

/// <summary>
/// Chooses who writes: the tenant's own rules first, then a fixed answer, then the model where one is configured, else
/// the extractive drafter.
/// </summary>
internal sealed class Drafting(KnowledgeSearch knowledge, KnowledgeSettings settings, ModelSpending spending, ModelDrafter? model = null)
{
    // The drafters look at few; a person who decides is shown these.
    private const int Hits = 5;
    private const int MaxModelTries = 4;

    public async Task<Drafted> DraftAsync(DraftTask work, CancellationToken ct)
    {
        var (mail, mailbox) = (work.Mail, work.Mailbox);
        var rule = MailRules.Match(mailbox.Rules, mail);
        if (rule is { Action: RuleAction.Ignore })
            return Drafted.Nothing("rule:" + rule.Name) with { Ignore = true };
        if (rule is { Action: RuleAction.Template })
            return Of(MailRules.Fill(rule.Template, mail, mailbox, "rule:" + rule.Name), [], work);
        var fixedAnswer = work.HolidayAnswer.Length > 0 ? work.HolidayAnswer : mailbox.FixedAnswer;
        var drafted = fixedAnswer.Length > 0
            ? Of(MailRules.Fill(fixedAnswer, mail, mailbox, "fixed"), [], work)
            : await FromKnowledgeAsync(work, ct);
        return rule is null ? drafted : drafted with { Hold = "rule:" + rule.Name };
    }

    /// <summary>What the guard is asked for a draft of this moment.</summary>
    public static GuardInput ToGuard(DraftTask work, Drafted drafted) =>
        ToGuard(work.Mail, work.Mailbox, drafted.Content.Text, drafted.Content) with { SystemPrompt = drafted.SystemPrompt, Canary = drafted.Canary };

    /// <summary>What the guard is asked for what a drafter wrote.</summary>
    public static GuardInput ToGuard(InboundMail mail, Mailbox mailbox, DraftOutcome.Draft draft) =>
        ToGuard(mail, mailbox, draft.Text, Content(draft, [.. draft.Passages.Select(passage => new PassageHit(passage, 1))])) with { SystemPrompt = draft.SystemPrompt, Canary = draft.Canary };

    /// <summary>What the guard is asked for a stored draft, as it is or with a person's text.</summary>
    public static GuardInput ToGuard(InboundMail mail, Mailbox mailbox, string text, Draft draft) =>
        ToGuard(mail, mailbox, text, draft.Content) with { Restored = RestoredDrafts.IsHeld(draft.Record) };

    private static GuardInput ToGuard(InboundMail mail, Mailbox mailbox, string text, DraftContent content) => new()
    {
        Text = text,
        Mail = mail,
        Mailbox = mailbox,
        Passages = [.. content.Passages.Select(hit => hit.Passage)],
        Language = content.Language,
        // A person's own text rests on himself.
        Support = text == content.Text ? content.Support : [],
    };

    public async Task<Drafted> FromKnowledgeAsync(DraftTask work, CancellationToken ct)
    {
        var hits = await knowledge.FindAsync(work.Tenant, work.Mail.Reply, Hits, work.Mail.Subject, work.Trial, ct);
        var request = new DraftRequest(work.Mail, work.Mailbox, hits, settings.Threshold) { MailId = work.Name };
        if (model is null)
            return Of(ExtractiveDrafter.Draft(request), hits, work);
        ModelLease? lease = null;
        using var span = Spans.Part("chat", ActivityKind.Client);
        var began = Stopwatch.GetTimestamp();
        var outcome = await model.DraftAsync(request, async (worst, perDay, token) => (lease = await spending.TakeAsync(work.Tenant, work.Trial, worst, perDay, token)) is not null, ct);
        Measure(outcome, Stopwatch.GetElapsedTime(began), span);
        if (lease is not null)
            await spending.SettleAsync(lease, outcome.Usage?.Cost ?? 0);
        return Of(outcome, hits, work);
    }

    private static void Measure(DraftOutcome outcome, TimeSpan took, Activity? span)
    {
        // Without a passage that fits nobody was asked.
        if (outcome is DraftOutcome.NothingFits { Usage: null })
            return;
        var word = outcome switch { DraftOutcome.Draft => "drafted", DraftOutcome.NothingFits => "nothing-fits", _ => "failed" };
        Measures.ModelTime.Record(took, word);
        span.Tag("replymint.outcome", word);
        if (outcome.Usage is not { } usage)
            return;
        Measures.ModelTokens.Add("input", usage.InputTokens);
        Measures.ModelTokens.Add("output", usage.OutputTokens);
        Measures.ModelCost.Add((long)(usage.Cost * 1_000_000m));
    }

    private static Drafted Of(DraftOutcome outcome, IReadOnlyList<PassageHit> hits, DraftTask work)
    {
        switch (outcome)
        {
            case DraftOutcome.Draft draft:
                return new Drafted
                {
                    Content = Content(draft, hits),
                    Usage = outcome.Usage,
                    SystemPrompt = draft.SystemPrompt,
                    Canary = draft.Canary,
                };
            case DraftOutcome.Failed { Retryable: true } failed when work.Attempts < MaxModelTries:
                return Drafted.Nothing(failed.Reason) with { Retry = new JobOutcome.Again(failed.RetryAfter ?? TimeSpan.FromSeconds(5 << work.Attempts)) };
            case DraftOutcome.Failed failed:
                return Near(hits, failed.Reason) with { Hold = "model-failed", Usage = outcome.Usage };
            case DraftOutcome.NothingFits nothing:
                return Near(hits, nothing.Reason) with { Hold = "no-knowledge", Usage = outcome.Usage };
            default:
                throw new InvalidOperationException("Unknown outcome.");
        }
    }

    private static DraftContent Content(DraftOutcome.Draft draft, IReadOnlyList<PassageHit> hits)
    {
        var used = draft.Passages.Select(passage => passage.Id).ToHashSet(StringComparer.Ordinal);
        return new() { Text = draft.Text, Drafter = draft.Author, Language = draft.Language, Support = draft.Support, Passages = [.. hits.Where(hit => used.Contains(hit.Passage.Id))] };
    }

    // Who has to write himself is shown the nearest passages all the same.
    private static Drafted Near(IReadOnlyList<PassageHit> hits, string note) =>
        Drafted.Nothing(note) with { Content = new DraftContent { Text = "", Drafter = "", Language = "", Passages = [.. hits.Take(3)] } };
}
