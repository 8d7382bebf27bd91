using System.Text.Json.Serialization;
using ReplyMint.Security;

namespace ReplyMint.Accounts;

/// <param name="Address">Of a domain that was proved to be the tenant's.</param>
/// <param name="CatchAll">It also gets what is sent to unknown names of its domain.</param>
internal sealed record NewMailbox([Address] string Address, bool CatchAll = false, [Line(100, Least = 0)] string? DisplayName = null);

/// <param name="DomainLost">Another tenant has proved the domain of its address: until that changes it takes no mail and sends none.</param>
/// <param name="ShadowUntil">End of its shadow mode, running or over; null: it never was in it.</param>
internal sealed record MailboxView(string Id, string Address, string DisplayName, [property: JsonConverter(typeof(WireEnum<MailboxMode>))] MailboxMode Mode, bool CatchAll, bool DomainLost, DateTimeOffset? ShadowUntil)
{
    public static async Task<MailboxView> OfAsync(Mailbox box, DomainOwners domains, CancellationToken ct) => new(box.Id, box.Address, box.DisplayName, box.Mode, box.CatchAll, await domains.HasLostAsync(box, ct), box.Shadow?.Until);
}

/// <summary>How a mailbox answers. All members have to be given: there is no half of it.</summary>
/// <param name="Mode">draft: a person approves each answer.</param>
/// <param name="MaxLength">Characters of an answer.</param>
/// <param name="Language">auto follows the mail; else en, de, fr or es.</param>
/// <param name="FixedAnswer">One text for all mails in place of drafted ones, or empty.</param>
/// <param name="AllowedFacts">Links, addresses, numbers and prices that any answer may name.</param>
/// <param name="NullReversePath">Answers leave with an empty envelope sender.</param>
/// <param name="QuietSeconds">How long a thread has to be quiet before its newest mail is answered, together with those before it; 0 answers each at once.</param>
internal sealed record MailboxSettings(
    [property: JsonConverter(typeof(WireEnum<MailboxMode>))] MailboxMode Mode,
    [property: JsonConverter(typeof(WireEnum<Tone>))] Tone Tone,
    [Line(100, Least = 0)] string DisplayName,
    [Text(500, Least = 0)] string Signature,
    [Whole(100, 1000)] int MaxLength,
    [Line(4), Example("en")] string Language,
    [Text(1000, Least = 0)] string FixedAnswer,
    [Text(2000, Least = 0)] string AllowedFacts,
    bool NullReversePath,
    [Whole(0, MailboxChecks.MaxQuiet)] int QuietSeconds = 0)
{
    public static MailboxSettings Of(Mailbox box) =>
        new(box.Mode, box.Tone, box.DisplayName, box.Signature, box.MaxLength, box.Language, box.FixedAnswer, box.AllowedFacts, box.NullReversePath, box.QuietSeconds);

    public Mailbox On(Mailbox box) => box with
    {
        Mode = Mode, Tone = Tone, DisplayName = DisplayName, Signature = Signature.ReplaceLineEndings("\n"), MaxLength = MaxLength, Language = Language,
        FixedAnswer = FixedAnswer.ReplaceLineEndings("\n"), AllowedFacts = AllowedFacts.ReplaceLineEndings("\n"), NullReversePath = NullReversePath, QuietSeconds = QuietSeconds,
    };
}

/// <param name="Days">How long answers are drafted and none leaves, from now on; 0 ends it. Then, and at its end, everything is held.</param>
internal sealed record ShadowPlan([Whole(0, MailboxChecks.MaxShadowDays)] int Days);

/// <summary>A mailbox's shadow mode; without times it never was in it.</summary>
internal sealed record ShadowView(bool Running, DateTimeOffset? From, DateTimeOffset? Until)
{
    public static ShadowView Of(Mailbox box, DateTimeOffset now) => new(box.IsInShadow(now), box.Shadow?.From, box.Shadow?.Until);
}

[JsonConverter(typeof(WireEnum<Weekday>))]
internal enum Weekday { Sunday, Monday, Tuesday, Wednesday, Thursday, Friday, Saturday }

/// <summary>When which mode holds, in the tenant's time zone: a holiday before any span, the first span that covers the moment before others.</summary>
internal sealed record SchedulePlan(
    [Items(MailboxChecks.MaxSpans)] IReadOnlyList<SpanPlan> Spans,
    [Items(MailboxChecks.MaxHolidays)] IReadOnlyList<HolidayPlan> Holidays,
    [property: JsonConverter(typeof(WireEnum<MailboxMode>))] MailboxMode Otherwise)
{
    public static SchedulePlan Of(Schedule schedule) => new(
        [.. schedule.Spans.Select(span => new SpanPlan([.. span.Days.Select(day => (Weekday)day)], span.From, span.To, span.Mode))],
        [.. schedule.Holidays.Select(holiday => new HolidayPlan(holiday.Date, holiday.Mode, holiday.Answer))], schedule.Otherwise);

    public Schedule ToSchedule() => new()
    {
        Spans = [.. Spans.Select(span => new ScheduleSpan([.. span.Days.Select(day => (DayOfWeek)day)], span.From, span.To, span.Mode))],
        Holidays = [.. Holidays.Select(holiday => new Holiday(holiday.Date, holiday.Mode, holiday.Answer.ReplaceLineEndings("\n")))],
        Otherwise = Otherwise,
    };
}

/// <param name="To">Earlier than from: until that time of the next day.</param>
internal sealed record SpanPlan([Items(7, Least = 1)] IReadOnlyList<Weekday> Days, [property: Example("09:00:00")] TimeOnly From, [property: Example("17:00:00")] TimeOnly To, [property: JsonConverter(typeof(WireEnum<MailboxMode>))] MailboxMode Mode);

/// <param name="Answer">One text for all mails of that day, or empty.</param>
internal sealed record HolidayPlan(DateOnly Date, [property: JsonConverter(typeof(WireEnum<MailboxMode>))] MailboxMode Mode, [Text(1000, Least = 0)] string Answer = "");

/// <summary>Asked in their order before any drafting; the first that fits decides.</summary>
internal sealed record RulePlan([Items(MailboxChecks.MaxRules)] IReadOnlyList<RuleItem> Rules)
{
    public static RulePlan Of(IReadOnlyList<MailRule> rules) => new([.. rules.Select(rule => new RuleItem(rule.Name, rule.Action, rule.From, rule.Subject, rule.Word, rule.Template))]);

    public IReadOnlyList<MailRule> ToRules() => [.. Rules.Select(rule => new MailRule(rule.Name, rule.From, rule.Subject, rule.Word, rule.Action, rule.Template.ReplaceLineEndings("\n")))];
}

/// <summary>All conditions that are given must match.</summary>
/// <param name="From">An address, or a domain.</param>
/// <param name="Template">The answer, for the action template.</param>
internal sealed record RuleItem(
    [Line(100)] string Name,
    [property: JsonConverter(typeof(WireEnum<RuleAction>))] RuleAction Action,
    [Line(254, Least = 0), Example("news.example")] string From = "",
    [Line(200, Least = 0)] string Subject = "",
    [Line(100, Least = 0)] string Word = "",
    [Text(MailboxChecks.MaxTemplate, Least = 0)] string Template = "");

/// <param name="Kind">mailgun, ses or imap.</param>
/// <param name="Secret">mailgun: the webhook signing key; imap: the password, or the refresh token of OAuth2. Never shown again.</param>
/// <param name="Topics">ses: the SNS topics that are believed.</param>
/// <param name="Verdicts">mailgun: the spam filter of its domains is on, so what it says of senders is believed.</param>
/// <param name="Imap">imap: the account that mail is fetched from.</param>
/// <param name="Smtp">smtp: the account that a mailbox's answers leave by.</param>
internal sealed record NewChannel([Token(10), Example("mailgun")] string Kind, [Line(4_000), Example("8f3c1a97e2b64d05b7c9f1e83a6d2450")] string? Secret = null, [Items(Channel.MaxTopics), Token(300), Example("""["arn:aws:sns:eu-central-1:123456789012:mail"]""")] IReadOnlyList<string>? Topics = null, bool Verdicts = false, NewImap? Imap = null, NewSmtp? Smtp = null);

/// <param name="Mailbox">The id of the mailbox that all of its mail is for.</param>
/// <param name="Host">The mail server.</param>
/// <param name="User">The account's name.</param>
/// <param name="Port">993 unless it is named.</param>
/// <param name="Security">tls from the first octet, or starttls, which then is required.</param>
/// <param name="Folder">Where mail comes in.</param>
/// <param name="Server">The name that the server signs its Authentication-Results with. Empty believes nobody, and each mail waits for a person.</param>
/// <param name="Since">Mail from then on is taken; left out, from now on.</param>
/// <param name="DraftsThere">Drafts are put into the account's own folder for drafts instead of the list of what waits.</param>
/// <param name="TokenUrl">OAuth2: where the refresh token, which then is the channel's secret, is changed for access tokens.</param>
/// <param name="ClientId">OAuth2: the client that the account's owner let in.</param>
/// <param name="ClientSecret">OAuth2: its secret, where it has one. Never shown again.</param>
internal sealed record NewImap(
    [Id] string Mailbox, [Line(253), Example("imap.example.com")] string Host, [Line(254), Example("support@example.com")] string User, [Whole(1, 65535)] int Port = ImapAccount.UsualPort, [Token(10), Example("tls")] string Security = MailAccount.Tls,
    [Line(200), Example("INBOX")] string Folder = ImapAccount.UsualFolder, [Line(253, Least = 0), Example("mx.example.com")] string Server = "", DateTimeOffset? Since = null, bool DraftsThere = false,
    [WebUrl(1_000), Example("https://oauth2.googleapis.com/token")] string? TokenUrl = null, [Line(300), Example("client-1")] string? ClientId = null, [Line(1_000), Example("secret-of-the-client")] string? ClientSecret = null)
{
    public ImapAccount ToAccount(DateTimeOffset now) => new(Mailbox, Host, Port, Security, User, Folder, Server, Since ?? now) { DraftsThere = DraftsThere, TokenUrl = TokenUrl, ClientId = ClientId, ClientSecret = ClientSecret };
}

/// <param name="Mailbox">The id of the mailbox whose answers leave by it.</param>
/// <param name="Host">The mail server.</param>
/// <param name="User">The account's name.</param>
/// <param name="Port">587 unless it is named.</param>
/// <param name="Security">starttls, which then is required, or tls from the first octet (port 465).</param>
/// <param name="TokenUrl">OAuth2: where the refresh token, which then is the channel's secret, is changed for access tokens.</param>
/// <param name="ClientId">OAuth2: the client that the account's owner let in.</param>
/// <param name="ClientSecret">OAuth2: its secret, where it has one. Never shown again.</param>
internal sealed record NewSmtp(
    [Id] string Mailbox, [Line(253), Example("smtp.example.com")] string Host, [Line(254), Example("support@example.com")] string User, [Whole(1, 65535)] int Port = MailAccount.SubmissionPort, [Token(10), Example("starttls")] string Security = MailAccount.StartTls,
    [WebUrl(1_000), Example("https://oauth2.googleapis.com/token")] string? TokenUrl = null, [Line(300), Example("client-1")] string? ClientId = null, [Line(1_000), Example("secret-of-the-client")] string? ClientSecret = null)
{
    public MailAccount ToAccount() => new(Mailbox, Host, Port, Security, User) { TokenUrl = TokenUrl, ClientId = ClientId, ClientSecret = ClientSecret };
}

/// <summary>An account that mail is fetched from, without what is secret of it.</summary>
internal sealed record ImapView(string Mailbox, string Host, int Port, string Security, string User, string Folder, string Server, DateTimeOffset Since, bool DraftsThere, string? TokenUrl, string? ClientId);

/// <summary>An account that answers leave by, without what is secret of it.</summary>
internal sealed record SmtpView(string Mailbox, string Host, int Port, string Security, string User, string? TokenUrl, string? ClientId);

/// <param name="Paths">Where the provider has to deliver, behind the API's own address; none where we fetch or send.</param>
internal sealed record ChannelView(string Id, string Kind, IReadOnlyList<string>? Topics, bool Verdicts, IReadOnlyList<string> Paths, ImapView? Imap = null, SmtpView? Smtp = null)
{
    public static ChannelView Of(Channel channel) => new(channel.Id, channel.Kind, channel.Topics, channel.Verdicts, channel.Kind switch
    {
        Channel.Ses => [$"/webhooks/ses/{channel.Id}"],
        Channel.ByImap or Channel.BySmtp => [],
        _ => [$"/webhooks/mailgun/{channel.Id}/inbound", $"/webhooks/mailgun/{channel.Id}/events"],
    }, channel.Imap is { } of ? new(of.Mailbox, of.Host, of.Port, of.Security, of.User, of.Folder, of.Server, of.Since, of.DraftsThere, of.TokenUrl, of.ClientId) : null,
        channel.Smtp is { } by ? new(by.Mailbox, by.Host, by.Port, by.Security, by.User, by.TokenUrl, by.ClientId) : null);
}

/// <param name="TimeZone">An IANA name, such as Europe/Berlin: of schedules and of dates in answers.</param>
/// <param name="SecondFactorForAll">Nobody works without a second factor or a passkey, not only administrators; left out: as it is.</param>
internal sealed record TenantSettings([Line(64), Example("Europe/Berlin")] string TimeZone, NoticePlan Notices, bool? SecondFactorForAll = null)
{
    /// <param name="full">False shows of the webhook only its host: with chat services the rest is a secret.</param>
    public static TenantSettings Of(Tenant tenant, bool full) =>
        new(tenant.TimeZone, new(tenant.Notices.Emails, tenant.Notices.DigestMinutes, tenant.Notices.ReminderHours, full ? tenant.Notices.Webhook?.OriginalString : tenant.Notices.Webhook?.GetLeftPart(UriPartial.Authority)), tenant.SecondFactorForAll);

    public Tenant On(Tenant tenant) => tenant with
    {
        TimeZone = TimeZone, SecondFactorForAll = SecondFactorForAll ?? tenant.SecondFactorForAll,
        Notices = new() { Emails = [.. Notices.Emails], Webhook = Notices.Webhook is null ? null : new Uri(Notices.Webhook), DigestMinutes = Notices.DigestMinutes, ReminderHours = Notices.ReminderHours },
    };
}

/// <summary>Who is told that drafts wait. A notice holds ids and reasons, never a correspondent's words.</summary>
/// <param name="Emails">Members' addresses, and those that the operator named.</param>
/// <param name="Webhook">An https address that is told too, or none. Callers who may not change settings see its host only. It is not signed; webhooks of /webhooks are, and hear of draft.waiting.</param>
/// <param name="DigestMinutes">0 tells at once; else minutes between digests.</param>
/// <param name="ReminderHours">A reminder after so many hours without a decision; 0 is none.</param>
internal sealed record NoticePlan([Items(10), Address, Example("[]")] IReadOnlyList<string> Emails, [Whole(0, 1440)] int DigestMinutes, [Whole(0, 720)] int ReminderHours, [WebUrl(1_000)] string? Webhook = null);
