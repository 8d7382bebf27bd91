using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Outbound;
using ReplyMint.Replies;
using Xunit;

namespace ReplyMint.Tests.Product;

/// <summary>The main job from the correspondent's side: a mail goes in by SMTP, an answer comes out, or a recorded reason.</summary>
public sealed class AnsweringTests
{
    private const string Faq = """
        # How long does delivery take?
        Delivery within Germany takes two to three working days. You get a tracking link as soon as the parcel has left us.

        # How can I return an item?
        Send it back within 30 days in its original packaging. Print the return label in your customer account.

        # What are your opening hours?
        Our shop in Freiburg is open from Monday to Saturday between 10:00 and 18:00.
        """;

    [Fact]
    public async Task A_question_that_the_knowledge_answers_is_answered_once_and_marked_as_automatic()
    {
        await using var host = await ProductHost.StartAsync(knowledge: Faq);

        var message = await host.DeliverAndDecideAsync(host.Mail("Hello,\r\n\r\nhow long does delivery take?\r\n\r\nBest regards\r\nAnna", messageId: "<q1@customer.example>"));

        Assert.Equal(MessageState.Answered, message.Record.State);
        var answer = await host.AnswerAsync(message);
        Assert.Contains("two to three working days", answer.TextBody, StringComparison.Ordinal);
        Assert.Contains("Your shop team", answer.TextBody, StringComparison.Ordinal);
        Assert.Equal("anna@customer.example", answer.To.Mailboxes.Single().Address);
        Assert.Equal(ProductHost.Address, answer.From.Mailboxes.Single().Address);
        Assert.Equal("Re: A question", answer.Subject);
        Assert.Equal("q1@customer.example", answer.InReplyTo);
        Assert.Contains("q1@customer.example", answer.References);
        Assert.Equal("auto-replied", answer.Headers["Auto-Submitted"]);
        Assert.Equal("All", answer.Headers["X-Auto-Response-Suppress"]);
        Assert.Equal(OutboxState.Sent, (await host.Get<Outbox>().StateAsync(host.Tenant.Id, message.Id, default))!.State);
    }

    [Fact]
    public async Task A_receipt_names_every_rule_that_was_asked_and_what_the_answer_rests_on()
    {
        await using var host = await ProductHost.StartAsync(knowledge: Faq);
        var message = await host.DeliverAndDecideAsync(host.Mail("How long does delivery take?"));

        var (receipt, _) = (await host.Get<Receipts>().FindAsync(host.Tenant.Id, message.Id, message.Record.Person, default))!.Value;

        Assert.Equal(Decision.Answer, receipt.Verdict.Result);
        foreach (var rule in new[] { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 17, 19 })
            Assert.Contains(receipt.Verdict.Rules, asked => asked.Rule == rule && asked.Outcome == RuleOutcome.Pass);
        Assert.Equal("How long does delivery take?", receipt.Passages[0].Question);
    }

    [Fact]
    public async Task A_question_that_the_knowledge_does_not_answer_waits_for_a_person()
    {
        await using var host = await ProductHost.StartAsync(knowledge: Faq);
        var message = await host.DeliverAndDecideAsync(host.Mail("Do you sponsor our local football club this year?"));

        Assert.Equal(MessageState.Held, message.Record.State);
        Assert.Contains("no-knowledge", message.Record.Reasons);
        Assert.Empty(host.OutFiles);
        Assert.Equal(message.Id, (await host.Get<Drafts>().WaitingAsync(host.Tenant.Id, default)).Single().Id);
    }

    [Theory]
    [InlineData("Auto-Submitted: auto-replied", "anna@customer.example", "auto-submitted")]
    [InlineData("Precedence: bulk", "anna@customer.example", "precedence")]
    [InlineData("List-Id: <news.customer.example>", "anna@customer.example", "list")]
    [InlineData(null, "", "null-reverse-path")]
    public async Task A_machine_is_never_answered(string? header, string reversePath, string reason)
    {
        await using var host = await ProductHost.StartAsync(knowledge: Faq);
        var message = await host.DeliverAndDecideAsync(host.Mail("How long does delivery take?", extra: header), reversePath);

        Assert.Equal(MessageState.Ignored, message.Record.State);
        Assert.Equal(reason, message.Record.Reasons[0]);
        Assert.Empty(host.OutFiles);
    }

    [Theory]
    [InlineData("dmarc=fail")]
    [InlineData(null)]
    public async Task A_sender_whom_nobody_vouches_for_is_held(string? authentication)
    {
        await using var host = await ProductHost.StartAsync(knowledge: Faq);
        var message = await host.DeliverAndDecideAsync(host.Mail("How long does delivery take?", authentication: authentication));
        Assert.Equal(MessageState.Held, message.Record.State);
        Assert.Contains("dmarc", message.Record.Reasons);
        Assert.Empty(host.OutFiles);
    }

    [Fact]
    public async Task The_same_mail_again_is_acknowledged_and_does_nothing_also_after_a_restart()
    {
        var folder = new Storage.TemporaryFolder();
        var host = await ProductHost.StartAsync(knowledge: Faq, folder: folder);
        var raw = host.Mail("How long does delivery take?");
        var first = await host.DeliverAndDecideAsync(raw);
        await host.SmtpAsync(raw);
        Assert.Single(await host.ListAsync());
        var tenant = host.Tenant;
        await host.StopAsync();

        await using var again = await ProductHost.StartAsync(folder: folder, time: host.Time);
        await again.SmtpAsync(raw);
        var (messages, _) = await again.Get<Messages>().ListAsync(tenant.Id, 10, null, default);
        Assert.Equal(first.Id, Assert.Single(messages).Id);
        Assert.Single(again.OutFiles);
    }

    [Fact]
    public async Task Two_mails_in_one_thread_within_ten_minutes_get_one_answer()
    {
        await using var host = await ProductHost.StartAsync(knowledge: Faq);
        var first = await host.DeliverAndDecideAsync(host.Mail("How long does delivery take?", messageId: "<root@customer.example>"));
        host.Time.Advance(TimeSpan.FromMinutes(5));
        var second = await host.DeliverAndDecideAsync(host.Mail("And how can I return an item?", subject: "Re: A question", extra: "References: <root@customer.example>\r\nIn-Reply-To: <root@customer.example>"));
        Assert.Equal(MessageState.Answered, first.Record.State);
        Assert.Equal(MessageState.Held, second.Record.State);
        Assert.Contains("rate-thread", second.Record.Reasons);
    }

    [Fact]
    public async Task The_sixth_question_of_a_person_within_a_day_waits_and_a_day_later_he_is_answered_again()
    {
        await using var host = await ProductHost.StartAsync(knowledge: Faq);
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(MessageState.Answered, (await host.DeliverAndDecideAsync(host.Mail("How long does delivery take?", subject: $"Question {i}"))).Record.State);
            host.Time.Advance(TimeSpan.FromMinutes(30));
        }
        var sixth = await host.DeliverAndDecideAsync(host.Mail("How long does delivery take?", subject: "Question six"));
        Assert.Contains("rate-person", sixth.Record.Reasons);

        host.Leap(TimeSpan.FromDays(1));
        Assert.Equal(MessageState.Answered, (await host.DeliverAndDecideAsync(host.Mail("How long does delivery take?", subject: "The day after"))).Record.State);
    }

    [Fact]
    public async Task Draft_mode_is_the_default_and_sends_nothing_by_itself()
    {
        Assert.Equal(MailboxMode.Draft, new Mailbox { Id = "m", TenantId = "t", Address = "a@b.example" }.Mode);
        await using var host = await ProductHost.StartAsync(mailbox => mailbox with { Mode = MailboxMode.Draft }, knowledge: Faq);
        var message = await host.DeliverAndDecideAsync(host.Mail("How long does delivery take?"));
        Assert.Equal(MessageState.Held, message.Record.State);
        Assert.Equal(["mode"], message.Record.Reasons);
        Assert.Empty(host.OutFiles);

        var outcome = await host.Get<DraftDesk>().ApproveAsync(host.Tenant.Id, message.Id, null, new HashSet<GuardRule>(), null, Actor.Machine, default);
        Assert.IsType<DeskOutcome.Done>(outcome);
        await host.DecidedAsync(message);
        Assert.Contains("two to three working days", (await host.AnswerAsync(message)).TextBody, StringComparison.Ordinal);
        Assert.IsType<DeskOutcome.NotWaiting>(await host.Get<DraftDesk>().ApproveAsync(host.Tenant.Id, message.Id, null, new HashSet<GuardRule>(), null, Actor.Machine, default));
    }

    [Fact]
    public async Task An_edited_answer_is_checked_again_and_carries_no_machine_mark()
    {
        await using var host = await ProductHost.StartAsync(mailbox => mailbox with { Mode = MailboxMode.Draft }, knowledge: Faq);
        var message = await host.DeliverAndDecideAsync(host.Mail("How long does delivery take?"));
        var desk = host.Get<DraftDesk>();

        var held = Assert.IsType<DeskOutcome.Guarded>(await desk.ApproveAsync(host.Tenant.Id, message.Id, "Hello Anna,\n\nsee https://elsewhere.example/x\n", new HashSet<GuardRule>(), null, Actor.Machine, default));
        Assert.Equal(GuardRule.Link, held.Findings.Single().Rule);
        Assert.Empty(host.OutFiles);

        Assert.IsType<DeskOutcome.Done>(await desk.ApproveAsync(host.Tenant.Id, message.Id, "Hello Anna,\n\nsee https://elsewhere.example/x\n", new HashSet<GuardRule> { GuardRule.Link }, null, Actor.Machine, default));
        await host.DecidedAsync(message);
        var answer = await host.AnswerAsync(message);
        Assert.DoesNotContain("Auto-Submitted", answer.Headers.Select(header => header.Field));
        var entry = (await host.Get<AuditLog>().NewestAsync(host.Tenant.Id, 1, default))[0];
        Assert.Equal("draft.edit-and-approve", entry.Act);
        Assert.Equal("Link", entry.Details!["overridden"]);
    }

    [Fact]
    public async Task A_rejected_draft_never_leaves()
    {
        await using var host = await ProductHost.StartAsync(mailbox => mailbox with { Mode = MailboxMode.Draft }, knowledge: Faq);
        var message = await host.DeliverAndDecideAsync(host.Mail("How long does delivery take?"));
        Assert.IsType<DeskOutcome.Done>(await host.Get<DraftDesk>().RejectAsync(host.Tenant.Id, message.Id, Actor.Machine, default));
        Assert.IsType<DeskOutcome.NotWaiting>(await host.Get<DraftDesk>().ApproveAsync(host.Tenant.Id, message.Id, null, new HashSet<GuardRule>(), null, Actor.Machine, default));
        Assert.Empty(host.OutFiles);
        Assert.Empty(await host.Get<Drafts>().WaitingAsync(host.Tenant.Id, default));
    }
}
