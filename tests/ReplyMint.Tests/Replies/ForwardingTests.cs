using ReplyMint.Accounts;
using ReplyMint.Inbound;
using ReplyMint.Mail;
using ReplyMint.Replies;
using ReplyMint.Tests.Product;

namespace ReplyMint.Tests.Replies;

/// <summary>Who sets a forwarding up waits for a mail of a machine's: it is shown, and nothing follows its link.</summary>
public sealed class ForwardingTests
{
    private const string Google = "forwarding-noreply@google.com";

    private static string Text(string mailbox) =>
        $"anna@gmail.com asked for her mail to be passed on to {mailbox}.\nConfirmation code: 123456789\nTo allow it, open https://mail-settings.google.com/mail/vf-abc\n";

    private static InboundMail Confirmation(string from = Google, string subject = "(#123456789) Gmail Forwarding Confirmation - Receive Mail from anna@gmail.com", string mailbox = Mails.Mailbox) =>
        Mails.Person(Text(mailbox), subject) with { From = [new MailAddress("Gmail Team", from)], Envelope = new Envelope("3xyz@gaia.bounces.google.com", Mails.Mailbox) };

    [Theory]
    [InlineData(Google, "(#1) Gmail Forwarding Confirmation")]
    [InlineData(Google, "(#1) Gmail 转发确认")]
    [InlineData("noreply@zoho.eu", "Confirm your email forwarding")]
    [InlineData("no-reply@outlook.com", "Weiterleitung bestätigen")]
    [InlineData("no-reply@notify.cloudflare.com", "Verify your address for Email Routing: forward mail")]
    public void A_confirmation_for_this_mailbox_is_held_without_a_draft(string from, string subject)
    {
        var verdict = ReplyPolicy.Decide(Mails.Facts(Confirmation(from, subject)));
        Assert.Equal((Decision.Hold, true), (verdict.Result, verdict.NoDraft));
        Assert.Contains(ReplyPolicy.ForwardingConfirmation, verdict.Reasons);
    }

    [Theory]
    [InlineData("Auto-Submitted", "auto-generated")]
    [InlineData("Precedence", "bulk")]
    [InlineData("Feedback-ID", "1:forwarding:google")]
    [InlineData("X-Auto-Response-Suppress", "All")]
    public void Marks_of_a_machine_do_not_swallow_it(string name, string value) =>
        Assert.Equal(Decision.Hold, ReplyPolicy.Decide(Mails.Facts(Confirmation() with { Headers = [new HeaderField(name, value)] })).Result);

    [Theory]
    [InlineData(Google, "other@shop.example")]
    [InlineData(Google, "nothelp@shop.example")]
    [InlineData(Google, "help@shop.example.stranger.example")]
    [InlineData("forwarding-noreply@google.com.stranger.example", Mails.Mailbox)]
    [InlineData("noreply@stranger.example", Mails.Mailbox)]
    public void Another_mailbox_or_another_sender_makes_it_a_machines_mail(string from, string mailbox)
    {
        var verdict = ReplyPolicy.Decide(Mails.Facts(Confirmation(from, mailbox: mailbox)));
        Assert.DoesNotContain(ReplyPolicy.ForwardingConfirmation, verdict.Reasons);
        Assert.Equal(Decision.Ignore, verdict.Result);
    }

    [Fact]
    public void A_forged_one_a_bounce_and_other_mail_of_the_provider_are_no_confirmation()
    {
        var proved = Mails.Facts(Confirmation());
        Assert.Equal(Decision.Ignore, ReplyPolicy.Decide(proved with { Authentication = proved.Authentication! with { Dmarc = AuthResult.Fail } }).Result);
        Assert.Equal(Decision.Ignore, ReplyPolicy.Decide(Mails.Facts(Confirmation() with { Envelope = new Envelope("", Mails.Mailbox) })).Result);
        Assert.Equal(Decision.Ignore, ReplyPolicy.Decide(Mails.Facts(Confirmation("no-reply@google.com", "Security alert"))).Result);
    }

    [Fact]
    public async Task It_is_shown_to_a_person_and_nothing_leaves_not_even_where_rule_9_is_switched_off()
    {
        await using var host = await ProductHost.StartAsync(knowledge: "# Confirmation code\nTo allow it, open the link.\n");
        var message = await host.DeliverAndDecideAsync(host.Mail(Text(ProductHost.Address), from: Google, subject: "(#123456789) Gmail Forwarding Confirmation"), "3xyz@gaia.bounces.google.com");
        Assert.Equal(MessageState.Held, message.Record.State);
        Assert.Contains(ReplyPolicy.ForwardingConfirmation, message.Record.Reasons);
        Assert.Empty(host.OutFiles);
        Assert.Contains("vf-abc", (await host.Get<MessageTexts>().FindAsync(message, default))?.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("vf-abc", (await host.Get<Drafts>().FindAsync(host.Tenant.Id, message.Id, default))?.Content.Text ?? "", StringComparison.Ordinal);
        Assert.Equal(Decision.Hold, ReplyPolicy.Decide(Mails.Facts(Confirmation()) with { Overrides = new HashSet<int> { 9 } }).Result);
        Assert.Contains("asks whether mail may be forwarded", ReplyPolicy.Decide(Mails.Facts(Confirmation())).Rules.Single(rule => rule.Name == ReplyPolicy.ForwardingConfirmation).Saw, StringComparison.Ordinal);
    }
}
