using System.Globalization;
using ReplyMint.Mail;
using ReplyMint.Security;

namespace ReplyMint.Accounts;

/// <summary>What is wrong, and with which member; the caller puts the name in front as he knows it.</summary>
internal readonly record struct Wrong(string Member, string What);

/// <summary>What a mailbox's and a channel's settings may be: the same for a command and for a call over HTTP.</summary>
internal static class MailboxChecks
{
    public const int MaxRules = 100;
    public const int MaxSpans = 100;
    public const int MaxHolidays = 400;
    public const int MaxTemplate = 2_000;
    public const int MaxQuiet = 600;
    public const int MaxShadowDays = 90;
    public const string InShadow = "The mailbox is in shadow mode, so nothing leaves by itself. End that first, or wait for its end.";
    /// <summary>Of a channel by SMTP on AWS, where it is made and wherever one stands already.</summary>
    public const string NoOwnServer = "on AWS answers can't leave by a mailbox's own SMTP server: functions get out by HTTPS only. They leave by the installation's way out (outbound.channel), Amazon SES or Mailgun";
    public const string TooLarge = "The settings, rules and schedule of the mailbox are too large together.";
    public static readonly string[] Languages = ["auto", "en", "de", "fr", "es"];

    // All of a mailbox is one item of the store, and each character may take six there.
    private const int MaxTexts = 50_000;

    public static Wrong? Settings(Mailbox box)
    {
        if (box.MaxLength is < 100 or > 1000)
            return new("maxLength", "takes 100 to 1000");
        if (box.QuietSeconds is < 0 or > MaxQuiet)
            return new("quietSeconds", "takes 0 to 600");
        if (!Languages.Contains(box.Language))
            return new("language", $"must be one of {string.Join(", ", Languages)}");
        return Text("displayName", box.DisplayName, 100) ?? Text("signature", box.Signature, 500) ?? Text("fixedAnswer", box.FixedAnswer, 1000) ?? Text("allowedFacts", box.AllowedFacts, 2000);
    }

    public static Wrong? Rules(IReadOnlyList<MailRule> rules)
    {
        if (rules.Count > MaxRules)
            return new("rules", $"takes at most {MaxRules} rules");
        for (var i = 0; i < rules.Count; i++)
        {
            var (rule, at) = (rules[i], string.Create(CultureInfo.InvariantCulture, $"rules[{i}]"));
            if (rule.Name.Length == 0 || rules.Count(other => other.Name == rule.Name) > 1)
                return new(at + ".name", "each rule needs a name of its own");
            if (rule.From.Length + rule.Subject.Length + rule.Word.Length == 0)
                return new(at, "has no condition; give from, subject or word");
            if (rule.Action == RuleAction.Template != rule.Template.Length > 0)
                return new(at + ".template", "the action template, and only that, needs a template");
            if (rule.Name.Length > 100 || rule.From.Length > 254 || rule.Subject.Length > 200 || rule.Word.Length > 100 || rule.Template.Length > MaxTemplate)
                return new(at, $"is too long: a name has 100 characters, from 254, subject 200, word 100, template {MaxTemplate} at most");
        }
        return rules.Sum(rule => rule.Template.Length) > MaxTexts ? new("rules", $"all templates together have at most {MaxTexts} characters") : null;
    }

    public static Wrong? Schedule(Schedule schedule)
    {
        if (schedule.Spans.Count > MaxSpans || schedule.Holidays.Count > MaxHolidays)
            return new("spans", $"takes at most {MaxSpans} spans and {MaxHolidays} holidays");
        if (schedule.Spans.Any(span => span.Days.Count == 0 || span.From == span.To))
            return new("spans", "each span needs days, and a from that differs from its to");
        if (schedule.Spans.Any(span => span.Mode == MailboxMode.Schedule) || schedule.Holidays.Any(holiday => holiday.Mode == MailboxMode.Schedule) || schedule.Otherwise == MailboxMode.Schedule)
            return new("mode", "a schedule chooses among off, draft and automatic");
        if (schedule.Holidays.Any(holiday => holiday.Answer.Length > 1000))
            return new("holidays", "an answer has at most 1000 characters");
        return schedule.Holidays.Sum(holiday => holiday.Answer.Length) > MaxTexts ? new("holidays", $"all answers together have at most {MaxTexts} characters") : null;
    }

    public static Wrong? Notices(Tenant tenant, OutsideAddress outside, bool needsHttps)
    {
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(tenant.TimeZone, out _))
            return new("timeZone", "is no time zone; names are such as Europe/Berlin");
        if (tenant.Notices.Emails.Any(address => AddressRules.Normalize(address) is null))
            return new("notices.emails", "holds what is no mail address");
        if (tenant.Notices.DigestMinutes is < 0 or > 1440)
            return new("notices.digestMinutes", "takes 0 to 1440 minutes");
        if (tenant.Notices.ReminderHours is < 0 or > 720)
            return new("notices.reminderHours", "takes 0 to 720 hours");
        return tenant.Notices.Webhook is { } webhook && outside.Problem(webhook, needsHttps) is { } wrong ? new("notices.webhook", wrong) : null;
    }

    /// <param name="channel">As it would be stored.</param>
    /// <param name="hasSecret">A secret was given, or was there before.</param>
    /// <param name="outside">Where calls may lead.</param>
    /// <param name="needsTls">Outside of development.</param>
    /// <param name="onAws">Functions there are to use it (<see cref="Channels.AreOnAws"/>).</param>
    public static Wrong? Channel(Channel channel, bool hasSecret, OutsideAddress outside, bool needsTls, bool onAws)
    {
        // Their network lets out HTTPS, and IMAP of one function (AWS-3): said now, and not when answers wait.
        if (channel.Kind == Accounts.Channel.BySmtp && onAws)
            return new("kind", NoOwnServer);
        if (channel.Kind is Accounts.Channel.ByImap or Accounts.Channel.BySmtp)
            return channel.Topics is not null ? new("topics", "is for ses")
                : channel.Verdicts ? new("verdicts", "is for mailgun; an imap channel names the server whose Authentication-Results are believed instead")
                : (channel.Kind == Accounts.Channel.ByImap ? channel.Smtp : channel.Imap) is not null ? new(channel.Kind == Accounts.Channel.ByImap ? Accounts.Channel.BySmtp : Accounts.Channel.ByImap, "is for a channel of that kind")
                : channel.Account is not { } account ? new(channel.Kind, channel.Kind == Accounts.Channel.ByImap ? "is missing: the account that mail is fetched from" : "is missing: the account that answers leave by")
                : channel.Owner == Accounts.Channel.Operator ? new(channel.Kind, "belongs to a mailbox, and so to a tenant")
                : !hasSecret || channel.Secret.Length is 0 or > 4_000 || channel.Secret.Any(char.IsControl) ? new("secret", "is missing, or holds control characters: the account's password, or the refresh token of OAuth2")
                : account.Problem(outside, needsTls) is { } of ? of with { Member = $"{channel.Kind}.{of.Member}" } : null;
        if (channel.Account is not null)
            return new(channel.Imap is not null ? Accounts.Channel.ByImap : Accounts.Channel.BySmtp, "is for a channel of that kind");
        if (channel.Kind == Accounts.Channel.Ses)
            return hasSecret ? new("secret", "a ses channel has no secret; Amazon signs with a certificate")
                : channel.Verdicts ? new("verdicts", "is for mailgun; what Amazon SES says of a sender is signed")
                : channel.Topics is not { Count: > 0 and <= Accounts.Channel.MaxTopics } topics ? new("topics", $"name 1 to {Accounts.Channel.MaxTopics} SNS topics, such as arn:aws:sns:eu-west-1:123456789012:mail-in")
                : topics.Any(arn => SnsTopic.TryParse(arn) is null) ? new("topics", $"one of them is no topic; the form is {SnsTopic.Form}") : null;
        if (channel.Kind != Accounts.Channel.Mailgun)
            return new("kind", $"must be {Accounts.Channel.Mailgun}, {Accounts.Channel.Ses}, {Accounts.Channel.ByImap} or {Accounts.Channel.BySmtp}");
        return channel.Topics is not null ? new("topics", "is for ses")
            : !hasSecret ? new("secret", "is missing: the webhook signing key")
            : SecretStrength.Weakness(channel.Secret) is { } weakness ? new("secret", $"the secret {weakness}") : null;
    }

    private static Wrong? Text(string member, string text, int most) => text.Length <= most && !text.Any(c => char.IsControl(c) && c is not ('\n' or '\t'))
        ? null : new(member, $"takes at most {most} characters, without control characters");
}
