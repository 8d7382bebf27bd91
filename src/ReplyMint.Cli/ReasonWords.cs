using ReplyMint.Replies;

namespace ReplyMint.Cli;

/// <summary>Reasons in a person's words. Their short names stay beside them, since settings and lists use those.</summary>
internal static class ReasonWords
{
    private static readonly Dictionary<string, string> Words = new(StringComparer.Ordinal)
    {
        ["null-reverse-path"] = "it has no sender to return to, as bounces have",
        ["report"] = "it is a delivery, reading or abuse report",
        ["auto-submitted"] = "a machine sent it and says so",
        ["own-address"] = "it comes from one of our own addresses",
        ["own-answer"] = "it is a person's own answer to somebody, of which we got a copy",
        ["own-message-id"] = "it carries a Message-ID of ours",
        ["own-loop-mark"] = "it carries our loop mark: an answer of ours came back",
        ["precedence"] = "it is bulk mail",
        ["list"] = "it comes from a mailing list or newsletter",
        ["auto-response-suppress"] = "its sender asks for no automatic answers",
        ["autoreply-header"] = "it is marked as an automatic answer",
        ["robot-address"] = "its sender's address is a robot's",
        ["robot-envelope"] = "its envelope's sender is a robot's",
        ["forwarding-confirmation"] = "a provider asks whether mail may be forwarded here: whoever asked for that opens its link, or copies its code",
        ["not-addressed"] = "our address stands in neither To nor Cc",
        ["dmarc"] = "nobody trustworthy vouches for its sender",
        ["reply-to-elsewhere"] = "answers are to go to another organisation",
        ["virus"] = "a virus was found in it",
        ["attachment-malware"] = "malware was found in an attachment, which was not kept",
        ["spam"] = "it is spam",
        ["permanent-bounce"] = "mail to its sender bounced for good",
        ["seen-before"] = "the same mail came before",
        ["before-restore"] = "it is of before the store was restored, and may have been answered",
        ["rate-thread"] = "this thread got its share of automatic answers",
        ["rate-person"] = "this person got his share of automatic answers",
        ["breaker-tenant"] = "the tenant sends unusually many answers",
        ["breaker-installation"] = "the installation sends unusually many answers",
        ["person-answered"] = "a person answered in this thread",
        ["newer-mail"] = "it is answered together with a newer mail of the thread",
        ["thread-closed"] = "the thread was closed",
        ["foreign-thread-token"] = "it names an answer that was given to somebody else",
        ["absence-subject"] = "its subject says that somebody is away",
        ["bulk-text"] = "it reads like bulk mail",
        ["same-text"] = "it says the same as the last one",
        ["too-quick"] = "it came sooner after ours than a person types",
        ["no-sender"] = "it names no sender who could be answered",
        ["encrypted"] = "it is encrypted",
        ["calendar-only"] = "it is only an invitation",
        ["empty"] = "there is nothing to read in it",
        ["huge"] = "it is far longer than a question",
        ["many-recipients"] = "it went to many people",
        ["human-please"] = "the person wants no automatic answers",
        ["no-consent"] = "the tenant answers by consent, and this person has given none that counts",
        ["mailbox-off"] = "the mailbox is off",
        ["stopped"] = "a stop switch is set, or another tenant has proved the mailbox's domain",
        ["quota"] = "the quota of answers is used up",
        ["no-knowledge"] = "nothing in the knowledge answers it well enough",
        ["model-failed"] = "the model did not answer",
        ["mode"] = "the mailbox drafts; a person sends",
        ["approved"] = "a person approved the draft",
        ["mail-or-mailbox-gone"] = "the mail's text or its mailbox was removed before it was decided on",
        ["rejected"] = "a person rejected the draft",
    };

    public static IReadOnlyCollection<string> Names => Words.Keys;

    /// <param name="reason">A rule's name, "guard-RULE", "rule:NAME" or who drafted.</param>
    /// <param name="receipt">For what the rule saw, or null.</param>
    public static string Of(string reason, Receipt? receipt)
    {
        var saw = receipt?.Verdict.Rules.FirstOrDefault(rule => rule.Name == reason)?.Saw;
        var words = Words.GetValueOrDefault(reason)
            ?? (reason.StartsWith("guard-", StringComparison.Ordinal) ? "the draft says something that neither knowledge nor settings hold"
                : reason.StartsWith("rule:", StringComparison.Ordinal) ? "a rule of the mailbox says so" : "");
        return words.Length == 0 ? reason : string.IsNullOrEmpty(saw) ? $"{words} ({reason})" : $"{words} ({reason}: {Plain.Line(saw, 80)})";
    }
}
