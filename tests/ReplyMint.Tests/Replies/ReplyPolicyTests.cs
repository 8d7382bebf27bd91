using ReplyMint.Mail;
using ReplyMint.Replies;

namespace ReplyMint.Tests.Replies;

public class ReplyPolicyTests
{
    private static Verdict Decide(PolicyFacts facts) => ReplyPolicy.Decide(facts);
    private static Verdict Decide(InboundMail mail) => Decide(Mails.Facts(mail));

    [Fact]
    public void A_persons_question_is_answered_and_every_rule_was_asked()
    {
        var verdict = Decide(Mails.Facts());
        Assert.Equal(Decision.Answer, verdict.Result);
        Assert.False(verdict.NoDraft);
        Assert.Empty(verdict.Reasons);
        Assert.All(verdict.Rules, r => Assert.Equal(RuleOutcome.Pass, r.Outcome));
        Assert.Equal(Enumerable.Range(1, 19), verdict.Rules.Select(r => r.Rule).Distinct());
    }

    [Fact]
    public void The_table_is_in_order_and_its_names_are_unique()
    {
        Assert.Equal(ReplyPolicy.Rules.Select(r => r.Number).Order(), ReplyPolicy.Rules.Select(r => r.Number));
        Assert.Equal(ReplyPolicy.Rules.Count, ReplyPolicy.Rules.Select(r => r.Name).Distinct().Count());
    }

    [Fact]
    public void Without_store_and_channel_their_rules_are_not_asked()
    {
        var verdict = Decide(new PolicyFacts { Mail = Mails.Person() });
        Assert.Equal(Decision.Answer, verdict.Result);
        var notAsked = verdict.Rules.Where(r => r.Outcome == RuleOutcome.NotAsked).Select(r => r.Rule).Distinct();
        Assert.Equal([4, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19], notAsked);
    }

    [Theory]
    [InlineData("Auto-Submitted", "auto-replied", "auto-submitted")]
    [InlineData("Auto-Submitted", "Auto-Generated", "auto-submitted")]
    [InlineData("AUTO-SUBMITTED", "(a (nested \\) comment)) auto-replied (vacation); owner-email=\"no@example.com\"", "auto-submitted")]
    [InlineData("Auto-Submitted", "auto-notified; type=\"no\"", "auto-submitted")]
    [InlineData("Precedence", "Bulk", "precedence")]
    [InlineData("Precedence", "list", "precedence")]
    [InlineData("Precedence", "junk", "precedence")]
    [InlineData("Precedence", "auto_reply", "precedence")]
    [InlineData("List-Id", "Talk <talk.example.org>", "list")]
    [InlineData("List-Unsubscribe", "<mailto:leave@example.org>", "list")]
    [InlineData("Mailing-List", "contact list-help@example.org; run by ezmlm", "list")]
    [InlineData("Feedback-ID", "4711:campaign:example", "list")]
    [InlineData("X-Auto-Response-Suppress", "DR, OOF, AutoReply", "auto-response-suppress")]
    [InlineData("X-Auto-Response-Suppress", "all", "auto-response-suppress")]
    [InlineData("X-Auto-Response-Suppress", "DR,\tOOF", "auto-response-suppress")]
    [InlineData("X-Auto-Response-Suppress", "\"All\"", "auto-response-suppress")]
    [InlineData("Auto-Submitted", "\"auto-replied\"; x=y", "auto-submitted")]
    [InlineData("Precedence", " (x) bulk; y", "precedence")]
    [InlineData("Precedence", "autoreply", "precedence")]
    [InlineData("X-Precedence", "bulk", "precedence")]
    [InlineData("List-Help", "", "list")]
    [InlineData("X-SHOP-Auto-Response", "1", "autoreply-header")]
    [InlineData("X-Desk_AutoReply", "ticket 5", "autoreply-header")]
    [InlineData("X-FC-MachineGenerated", "true", "autoreply-header")]
    [InlineData("X-Autoreply", "yes", "autoreply-header")]
    [InlineData("X-Autorespond", "", "autoreply-header")]
    [InlineData("X-Failed-Recipients", "x@example.com", "report")]
    [InlineData("X-ReplyMint-Loop", "ours", "own-loop-mark")]
    public void A_machines_header_is_never_answered(string name, string value, string reason)
    {
        var verdict = Decide(Mails.With(name, value));
        Assert.Equal(Decision.Ignore, verdict.Result);
        Assert.Equal(reason, verdict.Reasons.First());
    }

    [Theory]
    [InlineData("Auto-Submitted", "no")]
    [InlineData("Auto-Submitted", " No (a person; auto-replied) ; x=y")]
    [InlineData("Auto-Submitted", "(auto-replied) no")]
    [InlineData("Auto-Submitted", "")]
    [InlineData("Precedence", "first-class")]
    [InlineData("X-Auto-Response-Suppress", "None")]
    [InlineData("X-Auto-Response-Suppress", "DR, RN, NRN")]
    [InlineData("X-Autoreply", "no")]
    [InlineData("X-Autoreply", "False")]
    [InlineData("X-Desk-AutoReply", "false")]
    [InlineData("X-Precedence", "normal")]
    [InlineData("X-ReplyMint-Loop", "forged")]
    [InlineData("Listener", "x")]
    public void A_header_that_says_no_stands_in_nobodys_way(string name, string value) =>
        Assert.Equal(Decision.Answer, Decide(Mails.With(name, value)).Result);

    [Fact]
    public void A_second_field_of_the_same_name_counts_too()
    {
        var mail = Mails.Person() with { Headers = [new("Auto-Submitted", "no"), new("Auto-Submitted", "auto-replied")] };
        Assert.Equal(Decision.Ignore, Decide(mail).Result);
    }

    [Theory]
    [InlineData("")]
    [InlineData("<>")]
    public void A_bounces_envelope_is_never_answered(string path)
    {
        var verdict = Decide(Mails.Person() with { Envelope = new Envelope(path, Mails.Mailbox) });
        Assert.Equal((Decision.Ignore, "null-reverse-path"), (verdict.Result, verdict.Reasons.First()));
    }

    [Theory]
    [InlineData("multipart/report", "multipart/mixed")]
    [InlineData("multipart/mixed", "message/delivery-status")]
    [InlineData("multipart/mixed", "message/disposition-notification")]
    [InlineData("multipart/mixed", "message/feedback-report")]
    public void A_report_is_never_answered(string type, string part)
    {
        var mail = Mails.Person() with { Shape = new MailShape { ContentType = type, Parts = ["text/plain", part] } };
        Assert.Equal("report", Decide(mail).Reasons.First());
        Assert.Equal(Decision.Ignore, Decide(mail).Result);
    }

    [Theory]
    [InlineData("MAILER-DAEMON@mx.example")]
    [InlineData("post_master@mx.example")]
    [InlineData("noreply@example.com")]
    [InlineData("no-reply+17@example.com")]
    [InlineData("gmail-noreply@example.com")]
    [InlineData("do_not.reply@example.com")]
    [InlineData("ne-pas-repondre@example.fr")]
    [InlineData("nichtantworten@example.de")]
    [InlineData("no-responder@example.es")]
    [InlineData("owner-talk@example.org")]
    [InlineData("talk-request@example.org")]
    [InlineData("talk-bounces@example.org")]
    [InlineData("bounces+17-ab=example.com@mail.example.net")]
    [InlineData("noreplybilling@example.com", nameof(Decision.Answer))]
    [InlineData("anna.bouncer@example.com", nameof(Decision.Answer))]
    [InlineData("d.mailer@example.com", nameof(Decision.Answer))]
    [InlineData("rob.ot@example.com", nameof(Decision.Answer))]
    [InlineData("owner@shop.example", nameof(Decision.Answer))]
    [InlineData("norbert.eply@example.com", nameof(Decision.Answer))]
    [InlineData("newsletter@example.com", nameof(Decision.Hold))]
    public void The_senders_address_tells_robots_by_whole_words(string address, string expected = nameof(Decision.Ignore))
    {
        var mail = Mails.Person() with { From = [new MailAddress("", address)], Envelope = new Envelope("x@example.com", Mails.Mailbox) };
        Assert.Equal(expected, Decide(mail).Result.ToString());
    }

    [Fact]
    public void A_robots_envelope_behind_a_person_waits_for_a_human()
    {
        var verdict = Decide(Mails.Person() with { Envelope = new Envelope("bounces+17@mail.example.net", Mails.Mailbox) });
        Assert.Equal((Decision.Hold, "robot-envelope"), (verdict.Result, verdict.Reasons.First()));
    }

    [Theory]
    [InlineData(Mails.Mailbox)]
    [InlineData("HELP+tag@Shop.example")]
    [InlineData("alerts@shop.example")]
    public void We_never_answer_ourselves(string address)
    {
        var verdict = Decide(Mails.Person() with { From = [new MailAddress("Shop", address)] });
        Assert.Equal((Decision.Ignore, "own-address"), (verdict.Result, verdict.Reasons.First()));
    }

    [Fact]
    public void A_colleague_of_the_same_domain_is_answered() =>
        Assert.Equal(Decision.Answer, Decide(Mails.Person() with { From = [new MailAddress("Ben", "ben@shop.example")] }).Result);

    [Fact]
    public void Our_own_mail_coming_back_is_known_by_its_message_id() =>
        Assert.Equal("own-message-id", Decide(Mails.Person() with { MessageId = "v1.t.o.mac@shop.example" }).Reasons.First());

    [Fact]
    public void A_mail_that_does_not_name_us_waits()
    {
        var mail = Mails.Person() with { To = [new MailAddress("", "everybody@customer.example")] };
        Assert.Equal("not-addressed", Decide(mail).Reasons.Single());
        Assert.Equal(Decision.Answer, Decide(mail with { Cc = [new MailAddress("", "Help+orders@SHOP.example")] }).Result);
    }

    [Theory]
    [InlineData("mallory@elsewhere.example", AuthResult.Pass, AuthResult.None, "", nameof(Decision.Hold))]
    [InlineData("mallory@elsewhere.example", AuthResult.None, AuthResult.Pass, "v=1; d=elsewhere.example; s=k", nameof(Decision.Hold))]
    [InlineData("mallory@elsewhere.example", AuthResult.Pass, AuthResult.Pass, "v=1; d=elsewhere.example; d=customer.example", nameof(Decision.Hold))]
    [InlineData("mallory@elsewhere.example", AuthResult.None, AuthResult.Pass, "", nameof(Decision.Hold))]
    [InlineData("anna@mail.customer.example", AuthResult.Pass, AuthResult.None, "", nameof(Decision.Answer))]
    [InlineData("list@elsewhere.example", AuthResult.Fail, AuthResult.Pass, "v=1; a=rsa-sha256; d=mail.customer.example; s=k", nameof(Decision.Answer))]
    internal void A_proof_of_another_domain_than_the_authors_proves_nothing(string path, AuthResult spf, AuthResult dkim, string signature, string expected)
    {
        var mail = (signature.Length > 0 ? Mails.With("DKIM-Signature", signature) : Mails.Person()) with { Envelope = new Envelope(path, Mails.Mailbox) };
        Assert.Equal(expected, Decide(Mails.Facts(mail) with { Authentication = new("mailgun", spf, dkim, AuthResult.None) }).Result.ToString());
    }

    [Theory]
    [InlineData("anna@gmail.com", "victim@gmail.com", nameof(Decision.Hold))]
    [InlineData("anna@gmail.com", "Anna+shop@gmail.com", nameof(Decision.Answer))]
    [InlineData("anna@customer.example", "office@customer.example", nameof(Decision.Answer))]
    public void Nobody_has_answers_sent_to_a_stranger_at_the_same_provider(string from, string replyTo, string expected)
    {
        var mail = Mails.Person() with { From = [new("Anna", from)], ReplyTo = [new("", replyTo)] };
        Assert.Equal(expected, Decide(mail).Result.ToString());
    }

    [Theory]
    [InlineData(AuthResult.Pass, AuthResult.Pass, AuthResult.Fail, nameof(Decision.Hold))]
    [InlineData(AuthResult.None, AuthResult.None, AuthResult.None, nameof(Decision.Hold))]
    [InlineData(AuthResult.Fail, AuthResult.None, AuthResult.None, nameof(Decision.Hold))]
    [InlineData(AuthResult.Pass, AuthResult.Pass, AuthResult.TempError, nameof(Decision.Hold))]
    [InlineData(AuthResult.TempError, AuthResult.TempError, AuthResult.None, nameof(Decision.Hold))]
    [InlineData(AuthResult.Pass, AuthResult.None, AuthResult.None, nameof(Decision.Answer))]
    [InlineData(AuthResult.Fail, AuthResult.None, AuthResult.Pass, nameof(Decision.Answer))]
    internal void An_unproved_sender_waits(AuthResult spf, AuthResult dkim, AuthResult dmarc, string expected) =>
        Assert.Equal(expected, Decide(Mails.Facts() with { Authentication = new SenderAuthentication("mx", spf, dkim, dmarc) }).Result.ToString());

    [Fact]
    public void A_vouching_key_stands_for_the_sender_where_the_operator_says_so()
    {
        var vouched = Mails.Facts() with { Authentication = SenderAuthentication.Unknown with { Vouched = true } };
        Assert.Equal(Decision.Answer, Decide(vouched with { VouchedCounts = true }).Result);
        Assert.Equal(Decision.Hold, Decide(vouched).Result);
        Assert.Equal(Decision.Hold, Decide(Mails.Facts() with { Authentication = SenderAuthentication.Unknown }).Result);
        Assert.Equal(Decision.Answer, Decide(Mails.Facts() with { Authentication = SenderAuthentication.Unknown, VerdictExpected = false }).Result);
    }

    [Theory]
    [InlineData("anna@mail.customer.example", nameof(Decision.Answer))]
    [InlineData("collector@evil.example", nameof(Decision.Hold))]
    public void An_answer_is_not_redirected_to_another_organisation(string replyTo, string expected) =>
        Assert.Equal(expected, Decide(Mails.Person() with { ReplyTo = [new MailAddress("", replyTo)] }).Result.ToString());

    [Fact]
    public void Spam_and_viruses_are_quarantined_without_a_draft()
    {
        var spam = Decide(Mails.Facts() with { Authentication = new("mailgun", AuthResult.Pass, AuthResult.Pass, AuthResult.Pass, Spam: true) });
        Assert.Equal((Decision.Ignore, true, "spam"), (spam.Result, spam.NoDraft, spam.Reasons.First()));
        var virus = Decide(Mails.Facts() with { Authentication = new("mailgun", AuthResult.Pass, AuthResult.Pass, AuthResult.Pass, false, Virus: true) });
        Assert.Equal((Decision.Ignore, true, "virus"), (virus.Result, virus.NoDraft, virus.Reasons.First()));
    }

    public static TheoryData<string, string, bool> Facts() => new()
    {
        { "permanent-bounce", nameof(Decision.Hold), false }, { "seen-before", nameof(Decision.Ignore), false }, { "before-restore", nameof(Decision.Hold), false },
        { "rate-thread", nameof(Decision.Hold), false }, { "rate-person", nameof(Decision.Hold), false },
        { "breaker-tenant", nameof(Decision.Hold), false }, { "breaker-installation", nameof(Decision.Hold), false },
        { "person-answered", nameof(Decision.Ignore), false }, { "newer-mail", nameof(Decision.Ignore), false }, { "thread-closed", nameof(Decision.Ignore), false },
        { "same-text", nameof(Decision.Hold), false }, { "too-quick", nameof(Decision.Hold), false }, { "foreign-thread-token", nameof(Decision.Hold), false },
        { "human-please", nameof(Decision.Ignore), false }, { "mailbox-off", nameof(Decision.Ignore), false },
        { "stopped", nameof(Decision.Hold), true }, { "paused", nameof(Decision.Hold), true }, { "quota", nameof(Decision.Hold), true },
        { "no-consent", nameof(Decision.Hold), true },
    };

    [Theory, MemberData(nameof(Facts))]
    public void Each_stored_fact_has_its_rule(string rule, string expected, bool noDraft)
    {
        var facts = Mails.Facts();
        facts = rule switch
        {
            "permanent-bounce" => facts with { PermanentBounce = true },
            "seen-before" => facts with { SeenBefore = true },
            "before-restore" => facts with { BeforeRestore = true },
            "rate-thread" => facts with { Rates = new RateFacts(1, 1, 1) },
            "rate-person" => facts with { Rates = new RateFacts(0, 2, 5) },
            "breaker-tenant" => facts with { Rates = new RateFacts(0, 0, 0, TenantTripped: true) },
            "breaker-installation" => facts with { Rates = new RateFacts(0, 0, 0, InstallationTripped: true) },
            "person-answered" => facts with { Thread = new ThreadFacts(true, false, false) },
            "newer-mail" => facts with { Thread = new ThreadFacts(false, true, false) },
            "thread-closed" => facts with { Thread = new ThreadFacts(false, false, true) },
            "same-text" => facts with { SameTextAsLast = true },
            "too-quick" => facts with { SecondsSinceOurs = 2 },
            "foreign-thread-token" => facts with { ForeignThreadToken = true },
            "human-please" => facts with { SuppressedByPerson = true },
            "no-consent" => facts with { ConsentMissing = true },
            "mailbox-off" => facts with { Allowance = new AllowanceFacts(MailboxOff: true) },
            "stopped" => facts with { Allowance = new AllowanceFacts(Stopped: true) },
            "paused" => facts with { Allowance = new AllowanceFacts(Paused: true) },
            _ => facts with { Allowance = new AllowanceFacts(QuotaUsedUp: true) },
        };
        var verdict = Decide(facts);
        Assert.Equal((expected, noDraft, rule), (verdict.Result.ToString(), verdict.NoDraft, verdict.Reasons.Single()));
    }

    [Fact]
    public void The_third_answer_of_a_day_in_a_thread_is_the_last()
    {
        Assert.Equal(Decision.Answer, Decide(Mails.Facts() with { Rates = new RateFacts(0, 2, 4) }).Result);
        Assert.Equal(Decision.Hold, Decide(Mails.Facts() with { Rates = new RateFacts(0, 3, 3) }).Result);
    }

    [Fact]
    public void The_strongest_wins_and_the_first_among_equals_names_the_reason()
    {
        var mail = Mails.With("List-Id", "x.example") with { Subject = "Automatic reply: x", MessageId = "v1.x" };
        var verdict = Decide(Mails.Facts(mail) with { Thread = new ThreadFacts(true, false, false), Allowance = new AllowanceFacts(Paused: true) });
        Assert.Equal(Decision.Ignore, verdict.Result);
        Assert.True(verdict.NoDraft);
        Assert.Equal(["own-message-id", "list", "person-answered", "absence-subject", "paused"], verdict.Reasons);
    }

    [Fact]
    public void An_administrator_overrides_only_rules_5_to_9_and_it_shows()
    {
        var overrides = Enumerable.Range(1, 19).ToHashSet();
        var list = Decide(Mails.Facts(Mails.With("List-Id", "x.example")) with { Overrides = overrides });
        Assert.Equal(Decision.Answer, list.Result);
        Assert.Contains("overridden", list.Rules.Single(r => r.Name == "list").Saw, StringComparison.Ordinal);
        Assert.Equal(Decision.Ignore, Decide(Mails.Facts(Mails.With("Auto-Submitted", "auto-replied")) with { Overrides = overrides }).Result);
        Assert.Equal(Decision.Ignore, Decide(Mails.Facts(Mails.Person() with { From = [new("", Mails.Mailbox)] }) with { Overrides = overrides }).Result);
        Assert.Equal(Decision.Hold, Decide(Mails.Facts() with { PermanentBounce = true, Overrides = overrides }).Result);
    }

    [Fact]
    public void What_nobody_could_answer_waits()
    {
        var person = Mails.Person();
        Assert.Equal("encrypted", Decide(person with { Shape = person.Shape with { Encrypted = true } }).Reasons.Single());
        Assert.Equal("calendar-only", Decide(person with { Shape = person.Shape with { CalendarOnly = true } }).Reasons.Single());
        Assert.Equal("empty", Decide(person with { Reply = " \n", Subject = "Re: " }).Reasons.Single());
        Assert.Equal(Decision.Answer, Decide(person with { Reply = "", Subject = "Are you open on Sunday?" }).Result);
        Assert.Equal("empty", Decide(person with { Reply = "", Shape = new MailShape { Parts = ["message/rfc822"] } }).Reasons.Single());
        Assert.Equal("huge", Decide(person with { Reply = new string('a', 20_001) }).Reasons.Single());
        Assert.Equal("many-recipients", Decide(person with { Cc = [.. Enumerable.Range(0, 10).Select(i => new MailAddress("", $"a{i}@x.example"))] }).Reasons.Single());
        Assert.Equal("no-sender", Decide(person with { From = [] }).Reasons.Single());
        Assert.Equal("no-sender", Decide(person with { From = [new("", "a@x.example"), new("", "b@x.example")] }).Reasons.Single());
    }

    [Fact]
    public void Hostile_mails_cost_time_that_grows_with_their_size_only()
    {
        var watch = System.Diagnostics.Stopwatch.StartNew();
        foreach (var unit in new[] { "(", "Re:", "[", "to ", "unsubscribe", "((((\\", "re[1", "-", "<", "a.", "bounce" })
        {
            var flood = string.Concat(Enumerable.Repeat(unit, 200_000 / unit.Length));
            var mail = Mails.Person(flood, flood) with
            {
                From = [new MailAddress(flood, flood + "@x.example")],
                Headers = [new("Auto-Submitted", flood), new("Precedence", flood), new("X-Auto-Response-Suppress", flood)],
                DeliveryStatus = flood,
            };
            Decide(mail);
            BounceReport.Read(mail);
            ReplySubject.ForReply(flood);
        }
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(5), watch.Elapsed.ToString());
    }
}
