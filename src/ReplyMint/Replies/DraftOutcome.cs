using ReplyMint.Accounts;
using ReplyMint.Knowledge;
using ReplyMint.Mail;

namespace ReplyMint.Replies;

/// <summary>What a drafter works on.</summary>
/// <param name="Hits">Passages found for the mail, best first.</param>
/// <param name="Threshold">Passages with a lower score fit nothing.</param>
internal sealed record DraftRequest(InboundMail Mail, Mailbox Mailbox, IReadOnlyList<PassageHit> Hits, double Threshold)
{
    /// <summary>Names this try in the model's budget and logs; a random id.</summary>
    public string MailId { get; init; } = "";
}

/// <summary>What a model call used.</summary>
internal sealed record ModelUsage(string Model, long InputTokens, long OutputTokens, decimal Cost);

/// <summary>A draft, or why there is none.</summary>
internal abstract record DraftOutcome
{
    /// <summary>What a model used, also when it failed; null when none was asked.</summary>
    public ModelUsage? Usage { get; init; }

    /// <param name="Passages">What the text rests on, for the guard.</param>
    /// <param name="Language">"en", "de", "fr", "es", or empty when nobody can tell.</param>
    internal sealed record Draft(string Text, IReadOnlyList<Passage> Passages, string Language) : DraftOutcome
    {
        /// <summary>What the guard must not find in the text; empty without a model.</summary>
        public string SystemPrompt { get; init; } = "";
        public string Canary { get; init; } = "";
        /// <summary>On what each sentence rests; empty when each of them stands in a passage as it is, or in the settings.</summary>
        public IReadOnlyList<SupportedSentence> Support { get; init; } = [];
        /// <summary>Who wrote: "extractive", "fixed", "rule:NAME" or the model's name.</summary>
        public string Author { get; init; } = "extractive";
    }

    /// <summary>No answer, but a held mail: a person must write.</summary>
    internal sealed record NothingFits(string Reason) : DraftOutcome;

    /// <summary>The machinery failed; the correspondent never hears of it.</summary>
    internal sealed record Failed(string Reason, bool Retryable) : DraftOutcome
    {
        /// <summary>The server asked to wait so long.</summary>
        public TimeSpan? RetryAfter { get; init; }
    }
}

