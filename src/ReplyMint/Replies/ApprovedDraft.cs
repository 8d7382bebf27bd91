using ReplyMint.Mail;

namespace ReplyMint.Replies;

/// <summary>A person's decision on a held draft.</summary>
/// <param name="UserId">Who decided; a random id.</param>
/// <param name="Overridden">The findings' rules that he saw and sends all the same.</param>
/// <param name="Edited">The text is his own now, and the answer no machine's any more.</param>
internal sealed record PersonDecision(string UserId, IReadOnlySet<GuardRule> Overridden, bool Edited);

/// <summary>What the guard said: an approved draft, or why it is held.</summary>
/// <param name="Findings">All that was found; with an approved draft those that the person overrode.</param>
internal sealed record GuardOutcome(ApprovedDraft? Draft, IReadOnlyList<GuardFinding> Findings);

/// <summary>A text that passed the guard. There is no other way to make one, and only this can be composed and sent.</summary>
internal sealed class ApprovedDraft
{
    private ApprovedDraft(string text, MailAddress recipient, PersonDecision? decision)
    {
        Text = text;
        Recipient = recipient;
        Decision = decision;
    }

    public string Text { get; }
    public MailAddress Recipient { get; }
    public PersonDecision? Decision { get; }

    /// <summary>Runs the guard. An edited text is checked like any other.</summary>
    public static GuardOutcome From(GuardInput input, PersonDecision? decision = null)
    {
        var findings = DraftGuard.Check(input);
        if (ReplyRecipient.Of(input.Mail) is not { } recipient || findings.Any(f => !f.Overridable || decision?.Overridden.Contains(f.Rule) != true))
            return new(null, findings);
        return new(new ApprovedDraft(input.Text, recipient, decision), findings);
    }
}
