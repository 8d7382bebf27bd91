using System.Text.Json.Serialization;

namespace ReplyMint.Accounts;

/// <summary>How the mailbox deals with mail that may be answered.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<MailboxMode>))]
internal enum MailboxMode { Off, Draft, Automatic, Schedule }

[JsonConverter(typeof(JsonStringEnumConverter<Tone>))]
internal enum Tone { Professional, Friendly, Casual, Formal }

/// <summary>An organisation. <see cref="Name"/> is no personal data; everything that may be is sealed in the mailbox.</summary>
internal sealed record Tenant
{
    public int V { get; init; } = 1;
    public required string Id { get; init; }
    public required string Name { get; init; }
    /// <summary>Made by somebody who signed up by himself: what it may do to strangers is bounded closer.</summary>
    public bool SelfMade { get; set; }
    /// <summary>IANA name, such as "Europe/Berlin"; schedules and the wording of dates follow it.</summary>
    public string TimeZone { get; init; } = "Etc/UTC";
    public DateTimeOffset CreatedAt { get; init; }
    /// <summary>Addresses that are told what waits for approval; sealed with the tenant's key.</summary>
    public NoticeSettings Notices { get; init; } = new();
    /// <summary>
    /// The operator lets mail that this tenant's callers vouch for be answered by itself. A caller may name anybody as its author,
    /// so without that a person looks at each answer.
    /// </summary>
    public bool AnswersVouched { get; set; }
    /// <summary>Nobody works here without a second factor, members and auditors neither.</summary>
    public bool SecondFactorForAll { get; set; }
    /// <summary>What models may cost in 24 hours for this tenant, in the currency of the operator's prices; null: no bound of its own.</summary>
    public decimal? ModelPerDay { get; set; }
}

/// <summary>Who is told of waiting drafts, and how often. Never holds an approval link.</summary>
internal sealed record NoticeSettings
{
    public IReadOnlyList<string> Emails { get; init; } = [];
    public Uri? Webhook { get; init; }
    /// <summary>0 tells at once; otherwise minutes between digests, at most 1,440.</summary>
    public int DigestMinutes { get; init; }
    /// <summary>A reminder after so many hours without a decision; 0 is none.</summary>
    public int ReminderHours { get; init; } = 24;
}

/// <summary>One answered address with its settings. All of it is sealed with the tenant's key.</summary>
internal sealed record Mailbox
{
    public int V { get; init; } = 1;
    public required string Id { get; init; }
    public required string TenantId { get; init; }
    public required string Address { get; init; }
    public string DisplayName { get; init; } = "";
    public MailboxMode Mode { get; init; } = MailboxMode.Draft;
    public Schedule Schedule { get; init; } = new();
    public Tone Tone { get; init; } = Tone.Professional;
    public string Signature { get; init; } = "";
    /// <summary>Characters of an answer's text, 100 to 1,000.</summary>
    public int MaxLength { get; init; } = 800;
    /// <summary>"auto" follows the mail; otherwise "en", "de", "fr" or "es".</summary>
    public string Language { get; init; } = "auto";
    public IReadOnlyList<MailRule> Rules { get; init; } = [];
    /// <summary>A fixed answer instead of a drafted one, or empty.</summary>
    public string FixedAnswer { get; init; } = "";
    /// <summary>Links, addresses, numbers and prices that any answer may contain, beside the passages'.</summary>
    public string AllowedFacts { get; init; } = "";
    public bool CatchAll { get; init; }
    /// <summary>Claimed because DNS proved the domain, and not on the operator's word: it ends with the proof.</summary>
    public bool ProvedByDns { get; set; }
    /// <summary>The null reverse-path instead of the signed bounce address.</summary>
    public bool NullReversePath { get; init; }
    /// <summary>Seconds that a thread has to be quiet before its newest mail is answered, with those before it; 0 (at once) to 600.</summary>
    public int QuietSeconds { get; set; }
    /// <summary>When it was tried without sending; null: never.</summary>
    public ShadowTime? Shadow { get; set; }

    /// <summary>Answers are drafted and none of a machine's leaves, whatever the mode says.</summary>
    public bool IsInShadow(DateTimeOffset now) => Shadow is { } shadow && now < shadow.Until;

    /// <summary>Begins or prolongs the shadow, or ends it with 0 days. When it is over everything is held: only a person's new setting lets anything leave by itself.</summary>
    public Mailbox InShadowFor(int days, DateTimeOffset now) => days > 0 ? this with { Mode = MailboxMode.Draft, Shadow = new(IsInShadow(now) ? Shadow!.From : now, now.AddDays(days)) }
        : IsInShadow(now) ? this with { Mode = MailboxMode.Draft, Shadow = Shadow! with { Until = now } } : this;
}

/// <summary>A mailbox's shadow mode.</summary>
internal sealed record ShadowTime(DateTimeOffset From, DateTimeOffset Until);

/// <summary>A weekly schedule in the tenant's zone: the first span that covers the moment chooses, a holiday before any span.</summary>
internal sealed record Schedule
{
    public IReadOnlyList<ScheduleSpan> Spans { get; init; } = [];
    public IReadOnlyList<Holiday> Holidays { get; init; } = [];
    public MailboxMode Otherwise { get; init; } = MailboxMode.Draft;
}

internal sealed record ScheduleSpan(IReadOnlyList<DayOfWeek> Days, TimeOnly From, TimeOnly To, MailboxMode Mode);

internal sealed record Holiday(DateOnly Date, MailboxMode Mode, string Answer = "");

[JsonConverter(typeof(JsonStringEnumConverter<RuleAction>))]
internal enum RuleAction { Template, Hold, Ignore }

/// <summary>A tenant's own simple rule, asked in order before any drafting. Empty conditions match all; all given must match.</summary>
internal sealed record MailRule(string Name, string From, string Subject, string Word, RuleAction Action, string Template = "");
