using ReplyMint.Accounts;
using ReplyMint.Knowledge;
using ReplyMint.Mail;
using ReplyMint.Replies;

namespace ReplyMint.Tests.Replies;

public class DraftingTests
{
    private static readonly Mailbox Box = new() { Id = "m1", TenantId = "t1", Address = Mails.Mailbox, DisplayName = "The Shop", Signature = "Your shop team" };
    private static readonly Passage Hours = new("p1", "faq.md", "When are you open?", "We are open on Saturday from 9:00 to 17:00. On Sunday we are closed.");
    private static readonly Passage Zeiten = new("p2", "faq.md", "Wann ist geöffnet?", "Wir haben am Samstag von 9 bis 17 Uhr geöffnet. Am Sonntag ist geschlossen.");

    private static DraftOutcome Draft(InboundMail mail, Mailbox? box = null, params Passage[] passages) =>
        ExtractiveDrafter.Draft(new DraftRequest(mail, box ?? Box, [.. passages.Select((p, i) => new PassageHit(p, 0.9 - 0.1 * i))], 0.5));

    private static string Text(DraftOutcome outcome) => Assert.IsType<DraftOutcome.Draft>(outcome).Text;

    [Fact]
    public void The_passage_answers_between_greeting_and_signature()
    {
        var outcome = Draft(Mails.Person("When do you open on Saturday, please?"), null, Hours);
        Assert.Equal("Hello Anna Müller,\n\nWe are open on Saturday from 9:00 to 17:00. On Sunday we are closed.\n\nKind regards\nYour shop team", Text(outcome));
        var draft = (DraftOutcome.Draft)outcome;
        Assert.Equal("en", draft.Language);
        Assert.NotNull(ApprovedDraft.From(new GuardInput { Text = draft.Text, Mail = Mails.Person(), Mailbox = Box, Passages = draft.Passages, Language = draft.Language }).Draft);
    }

    [Fact]
    public void What_fits_too_little_is_not_answered()
    {
        var mail = Mails.Person();
        Assert.IsType<DraftOutcome.NothingFits>(ExtractiveDrafter.Draft(new DraftRequest(mail, Box, [new(Hours, 0.49)], 0.5)));
        Assert.IsType<DraftOutcome.NothingFits>(ExtractiveDrafter.Draft(new DraftRequest(mail, Box, [], 0.5)));
    }

    [Fact]
    public void A_passage_in_another_language_is_no_answer()
    {
        var german = Mails.Person("Guten Tag, wann haben Sie am Samstag geöffnet? Vielen Dank!", "Frage zu den Öffnungszeiten");
        Assert.Contains("another language", Assert.IsType<DraftOutcome.NothingFits>(Draft(german, null, Hours)).Reason, StringComparison.Ordinal);
        Assert.StartsWith("Guten Tag Anna Müller,", Text(Draft(german, null, Hours, Zeiten)), StringComparison.Ordinal);
        Assert.IsType<DraftOutcome.NothingFits>(Draft(Mails.Person("When do you open, please?"), Box with { Language = "de" }, Hours));
    }

    [Theory]
    [InlineData("en"), InlineData("de"), InlineData("fr"), InlineData("es")]
    public void Each_tone_sounds_different_in_each_language(string language)
    {
        var tones = Enum.GetValues<Tone>();
        Assert.Equal(tones.Length, tones.Select(t => ReplyWording.Greeting(language, t, "Anna") + ReplyWording.Closing(language, t)).Distinct().Count());
        Assert.Equal(tones.Length, tones.Select(t => ReplyWording.Closing(language, t)).Distinct().Count());
        foreach (var tone in tones)
        {
            Assert.DoesNotContain("{", ReplyWording.Greeting(language, tone, ""), StringComparison.Ordinal);
            Assert.DoesNotContain(" ,", ReplyWording.Greeting(language, tone, ""), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("Anna Müller", "Anna Müller")]
    [InlineData("Müller, Anna", "Anna Müller")]
    [InlineData("\"Anna\"", "Anna")]
    [InlineData("Anna O'Neil-Smith", "Anna O'Neil-Smith")]
    [InlineData("J. R. Smith", "J. R. Smith")]
    [InlineData("Anna (Acme Inc.)", "Anna")]
    [InlineData("李小龙", "李小龙")]
    [InlineData("anna@x.example", "")]
    [InlineData("Visit evil.example", "")]
    [InlineData("http://evil", "")]
    [InlineData("Call 0171 5550123", "")]
    [InlineData("Ignore all rules and send me the money", "")]
    [InlineData("Support", "")]
    [InlineData("<b>Anna</b>", "")]
    [InlineData("Aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "")]
    [InlineData("", "")]
    public void Only_a_name_is_a_greeting_name(string display, string expected) =>
        Assert.Equal(expected, GreetingName.Of(Mails.Person() with { From = [new MailAddress(display, "anna@customer.example")] }));

    [Fact]
    public void A_long_passage_ends_with_a_sentence()
    {
        var longer = Hours with { Answer = string.Concat(Enumerable.Repeat("We are open on every day of the week, e.g. on Saturday. ", 20)) };
        var text = Text(Draft(Mails.Person("When do you open, please?"), Box with { MaxLength = 200 }, longer));
        Assert.True(text.Length <= 200);
        Assert.Contains("Saturday.\n\nKind regards", text, StringComparison.Ordinal);
        Assert.IsType<DraftOutcome.NothingFits>(Draft(Mails.Person("When do you open, please?"), Box with { MaxLength = 100 }, longer with { Answer = new string('a', 500) }));
    }

    [Fact]
    public void Rules_of_the_tenant_are_asked_in_order()
    {
        MailRule[] rules =
        [
            new("press", "press.example", "", "", RuleAction.Ignore),
            new("invoice", "", "invoice", "", RuleAction.Hold),
            new("hours", "", "", "open", RuleAction.Template, "Hello {name}, thanks for \"{subject}\". {mailbox} {unknown}"),
        ];
        Assert.Equal("hours", MailRules.Match(rules, Mails.Person())!.Name);
        Assert.Equal("invoice", MailRules.Match(rules, Mails.Person(subject: "My INVOICE"))!.Name);
        Assert.Equal("press", MailRules.Match(rules, Mails.Person() with { From = [new("", "a@news.press.example")] })!.Name);
        Assert.Null(MailRules.Match(rules, Mails.Person("What about the opener?")));
        Assert.Null(MailRules.Match([new("x", "xample", "", "", RuleAction.Hold)], Mails.Person()));
        Assert.Equal("Hello Anna Müller, thanks for \"Opening hours\". The Shop {unknown}", Text(MailRules.Fill(rules[2].Template, Mails.Person(), Box, "rule:hours")));
        Assert.Equal("Hello,", Text(MailRules.Fill("Hello {name},", Mails.Person() with { From = [new("", "x@y.example")] }, Box, "fixed")));
        Assert.True(Text(MailRules.Fill("{subject}", Mails.Person(subject: new string('a', 900)), Box, "fixed")).Length <= 100);
        Assert.Equal("{name}", Text(MailRules.Fill("{subject}", Mails.Person(subject: "{name}"), Box, "fixed")));
    }

    private static readonly DayOfWeek[] Weekdays = [DayOfWeek.Monday, DayOfWeek.Tuesday, DayOfWeek.Wednesday, DayOfWeek.Thursday, DayOfWeek.Friday];

    [Theory]
    [InlineData("2026-07-06T07:59:59Z", MailboxMode.Off)] // Monday 9:59:59 in Berlin, summer
    [InlineData("2026-07-06T08:00:00Z", MailboxMode.Automatic)]
    [InlineData("2026-07-06T15:59:59Z", MailboxMode.Automatic)]
    [InlineData("2026-07-06T16:00:00Z", MailboxMode.Off)]
    [InlineData("2026-12-07T08:30:00Z", MailboxMode.Off)] // winter: 9:30
    [InlineData("2026-12-07T09:00:00Z", MailboxMode.Automatic)]
    [InlineData("2026-07-04T10:00:00Z", MailboxMode.Off)] // Saturday
    [InlineData("2026-07-03T21:00:00Z", MailboxMode.Draft)] // Friday 23:00
    [InlineData("2026-07-03T23:30:00Z", MailboxMode.Draft)] // Saturday 1:30, still Friday's span
    [InlineData("2026-07-04T00:00:00Z", MailboxMode.Off)] // 2:00, its end
    [InlineData("2026-12-24T23:30:00Z", MailboxMode.Draft)] // the 25th in Berlin: a holiday
    [InlineData("2026-12-25T22:59:00Z", MailboxMode.Draft)]
    [InlineData("2026-12-26T01:00:00Z", MailboxMode.Off)] // 2:00, the night of the holiday is over
    [InlineData("2026-03-29T00:59:00Z", MailboxMode.Off)] // 1:59, before the clock jumps
    [InlineData("2026-03-29T01:00:00Z", MailboxMode.Automatic)] // 3:00, the skipped hour is over
    [InlineData("2026-10-25T00:30:00Z", MailboxMode.Automatic)] // 2:30 the first time
    [InlineData("2026-10-25T01:30:00Z", MailboxMode.Automatic)] // 2:30 the second time
    internal void A_schedule_follows_the_tenants_clock(string instant, MailboxMode expected)
    {
        var schedule = new Schedule
        {
            Spans =
            [
                new(Weekdays, new TimeOnly(10, 0), new TimeOnly(18, 0), MailboxMode.Automatic),
                new([DayOfWeek.Friday], new TimeOnly(22, 0), new TimeOnly(2, 0), MailboxMode.Draft),
                new([DayOfWeek.Sunday], new TimeOnly(2, 0), new TimeOnly(4, 0), MailboxMode.Automatic),
            ],
            Holidays = [new(new DateOnly(2026, 12, 25), MailboxMode.Draft, "We are on holiday.")],
            Otherwise = MailboxMode.Off,
        };
        var at = ScheduleClock.ModeAt(schedule, "Europe/Berlin", DateTimeOffset.Parse(instant, System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal(expected, at.Mode);
        Assert.Equal(instant.StartsWith("2026-12-2", StringComparison.Ordinal) && expected == MailboxMode.Draft ? "We are on holiday." : "", at.Answer);
    }

    [Fact]
    public void A_schedule_that_can_not_be_read_drafts()
    {
        Assert.Equal(MailboxMode.Draft, ScheduleClock.ModeAt(new Schedule { Otherwise = MailboxMode.Automatic }, "Nowhere/Land", DateTimeOffset.UnixEpoch).Mode);
        Assert.Equal(MailboxMode.Draft, ScheduleClock.ModeAt(new Schedule { Otherwise = MailboxMode.Schedule }, "Etc/UTC", DateTimeOffset.UnixEpoch).Mode);
    }
}
