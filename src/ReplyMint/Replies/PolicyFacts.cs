using ReplyMint.Mail;

namespace ReplyMint.Replies;

/// <summary>
/// All that the policy may know of one mail. A fact that is null was not to be had, and its rules are "not asked":
/// the pipeline fills everything, <c>explain</c> has no store and no channel.
/// </summary>
internal sealed record PolicyFacts
{
    public required InboundMail Mail { get; init; }

    /// <summary>The mailbox that this delivery belongs to; null leaves rule 10 unasked.</summary>
    public string? MailboxAddress { get; init; }

    /// <summary>What is believed about the sender; null leaves rule 11 unasked.</summary>
    public SenderAuthentication? Authentication { get; init; }

    /// <summary>The channel should have had a verdict, so its absence holds the mail (rule 11).</summary>
    public bool VerdictExpected { get; init; } = true;

    /// <summary>A caller's word for the author is enough for an answer (rule 11); the operator's decision for the tenant.</summary>
    public bool VouchedCounts { get; init; }

    /// <summary>Is this normalised address one of the installation's or the tenant's configured ones (not merely of their domain)?</summary>
    public Func<string, bool>? IsOwnAddress { get; init; }

    /// <summary>Does our signature stand in this Message-ID (without angle brackets)?</summary>
    public Func<string, bool>? IsOwnMessageId { get; init; }

    /// <summary>Does our signature stand in this value of <see cref="ReplyPolicy.LoopHeader"/>?</summary>
    public Func<string, bool>? IsOwnLoopMark { get; init; }

    /// <summary>A mail to the sender bounced for good in the last 60 days.</summary>
    public bool? PermanentBounce { get; init; }

    /// <summary>The same Message-ID and content came before, by whatever path.</summary>
    public bool? SeenBefore { get; init; }

    /// <summary>The store was restored from a copy since the mail was written or taken: it may have been answered already.</summary>
    public bool? BeforeRestore { get; init; }

    /// <summary>It is a person's own answer in a thread of the mailbox, of which we got a copy.</summary>
    public bool? OwnAnswer { get; init; }

    public RateFacts? Rates { get; init; }
    public ThreadFacts? Thread { get; init; }

    /// <summary>The newly written text equals that of the sender's last mail in the thread.</summary>
    public bool? SameTextAsLast { get; init; }

    /// <summary>Seconds between our last mail to that thread and this one; null when there was none or nobody looked.</summary>
    public double? SecondsSinceOurs { get; init; }

    /// <summary>The mail carries a thread token that was given to somebody else.</summary>
    public bool? ForeignThreadToken { get; init; }

    public AllowanceFacts? Allowance { get; init; }

    /// <summary>The correspondent asked for a human, or withdrew consent to automatic answers.</summary>
    public bool? SuppressedByPerson { get; init; }

    /// <summary>The tenant answers by consent only, and there is none that counts (GDPR-4).</summary>
    public bool? ConsentMissing { get; init; }

    /// <summary>Rules (5 to 9 only) that an administrator switched off for this sender's address; recorded where it was done.</summary>
    public IReadOnlySet<int> Overrides { get; init; } = new HashSet<int>();
}

/// <summary>Automatic answers that already went out (rule 15).</summary>
internal sealed record RateFacts(int ThreadIn10Minutes, int ThreadIn24Hours, int PersonIn24Hours, bool TenantTripped = false, bool InstallationTripped = false);

/// <summary>What happened in the thread meanwhile (rule 16).</summary>
/// <param name="NewerMail">Which message is answered in its place.</param>
internal sealed record ThreadFacts(bool PersonAnswered, bool NewerMailWaits, bool Closed, string NewerMail = "");

/// <summary>Switches, quota and mode (rule 19).</summary>
/// <param name="MailboxOff">The mailbox's mode at this moment is off: the mail is recorded and nothing is drafted.</param>
internal sealed record AllowanceFacts(bool QuotaUsedUp = false, bool Paused = false, bool Stopped = false, bool MailboxOff = false);
