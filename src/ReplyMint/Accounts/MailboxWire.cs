using System.Text.Json.Serialization;
using ReplyMint.Security;

namespace ReplyMint.Accounts;

/// <param name="Address">Of a domain that was proved to be the tenant's.</param>
/// <param name="CatchAll">It also gets what is sent to unknown names of its domain.</param>
internal sealed record NewMailbox([Address] string Address, bool CatchAll = false, [Line(100, Least = 0)] string? DisplayName = null);

/// <param name="DomainLost">Another tenant has proved the domain of its address: until that changes it takes no mail and sends none.</param>
internal sealed record MailboxView(string Id, string Address, string DisplayName, [property: JsonConverter(typeof(WireEnum<MailboxMode>))] MailboxMode Mode, bool CatchAll, bool DomainLost)
{
    public static async Task<MailboxView> OfAsync(Mailbox box, DomainOwners domains, CancellationToken ct) => new(box.Id, box.Address, box.DisplayName, box.Mode, box.CatchAll, await domains.HasLostAsync(box, ct));
}

/// <summary>How a mailbox answers. All members have to be given: there is no half of it.</summary>
/// <param name="Mode">draft: a person approves each answer.</param>
/// <param name="MaxLength">Characters of an answer.</param>
/// <param name="Language">auto follows the mail; else en, de, fr or es.</param>
/// <param name="FixedAnswer">One text for all mails in place of drafted ones, or empty.</param>
/// <param name="AllowedFacts">Links, addresses, numbers and prices that any answer may name.</param>
/// <param name="NullReversePath">Answers leave with an empty envelope sender.</param>
internal sealed record MailboxSettings(
    [property: JsonConverter(typeof(WireEnum<MailboxMode>))] MailboxMode Mode,
    [property: JsonConverter(typeof(WireEnum<Tone>))] Tone Tone,
    [Line(100, Least = 0)] string DisplayName,
    [Text(500, Least = 0)] string Signature,
    [Whole(100, 1000)] int MaxLength,
    [Line(4), Example("en")] string Language,
    [Text(1000, Least = 0)] string FixedAnswer,
    [Text(2000, Least = 0)] string AllowedFacts,
    bool NullReversePath)
{
    public static MailboxSettings Of(Mailbox box) =>
        new(box.Mode, box.Tone, box.DisplayName, box.Signature, box.MaxLength, box.Language, box.FixedAnswer, box.AllowedFacts, box.NullReversePath);

    public Mailbox On(Mailbox box) => box with
    {
        Mode = Mode, Tone = Tone, DisplayName = DisplayName, Signature = Signature.ReplaceLineEndings("\n"), MaxLength = MaxLength, Language = Language,
        FixedAnswer = FixedAnswer.ReplaceLineEndings("\n"), AllowedFacts = AllowedFacts.ReplaceLineEndings("\n"), NullReversePath = NullReversePath,
    };
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

/// <param name="Kind">mailgun or ses.</param>
/// <param name="Secret">mailgun: the webhook signing key. Never shown again.</param>
/// <param name="Topics">ses: the SNS topics that are believed.</param>
/// <param name="Verdicts">mailgun: the spam filter of its domains is on, so what it says of senders is believed.</param>
internal sealed record NewChannel([Token(10), Example("mailgun")] string Kind, [Token(200), Example("8f3c1a97e2b64d05b7c9f1e83a6d2450")] string? Secret = null, [Items(Channel.MaxTopics), Token(300), Example("""["arn:aws:sns:eu-central-1:123456789012:mail"]""")] IReadOnlyList<string>? Topics = null, bool Verdicts = false);

/// <param name="Paths">Where the provider has to deliver, behind the API's own address.</param>
internal sealed record ChannelView(string Id, string Kind, IReadOnlyList<string>? Topics, bool Verdicts, IReadOnlyList<string> Paths)
{
    public static ChannelView Of(Channel channel) => new(channel.Id, channel.Kind, channel.Topics, channel.Verdicts,
        channel.Kind == Channel.Ses ? [$"/webhooks/ses/{channel.Id}"] : [$"/webhooks/mailgun/{channel.Id}/inbound", $"/webhooks/mailgun/{channel.Id}/events"]);
}

/// <param name="TimeZone">An IANA name, such as Europe/Berlin: of schedules and of dates in answers.</param>
internal sealed record TenantSettings([Line(64), Example("Europe/Berlin")] string TimeZone, NoticePlan Notices)
{
    /// <param name="full">False shows of the webhook only its host: with chat services the rest is a secret.</param>
    public static TenantSettings Of(Tenant tenant, bool full) =>
        new(tenant.TimeZone, new(tenant.Notices.Emails, tenant.Notices.DigestMinutes, tenant.Notices.ReminderHours, full ? tenant.Notices.Webhook?.OriginalString : tenant.Notices.Webhook?.GetLeftPart(UriPartial.Authority)));

    public Tenant On(Tenant tenant) => tenant with
    {
        TimeZone = TimeZone,
        Notices = new() { Emails = [.. Notices.Emails], Webhook = Notices.Webhook is null ? null : new Uri(Notices.Webhook), DigestMinutes = Notices.DigestMinutes, ReminderHours = Notices.ReminderHours },
    };
}

/// <summary>Who is told that drafts wait. A notice holds ids and reasons, never a correspondent's words.</summary>
/// <param name="Emails">Members' addresses, and those that the operator named.</param>
/// <param name="Webhook">An https address that is told too, or none. Callers who may not change settings see its host only. It is not signed; webhooks of /webhooks are, and hear of draft.waiting.</param>
/// <param name="DigestMinutes">0 tells at once; else minutes between digests.</param>
/// <param name="ReminderHours">A reminder after so many hours without a decision; 0 is none.</param>
internal sealed record NoticePlan([Items(10), Address, Example("[]")] IReadOnlyList<string> Emails, [Whole(0, 1440)] int DigestMinutes, [Whole(0, 720)] int ReminderHours, [WebUrl(1_000)] string? Webhook = null);
