using ReplyMint.Accounts;
using ReplyMint.Mail;
using ReplyMint.Outbound;
using ReplyMint.Replies;

namespace ReplyMint.Tests.Replies;

public class ReplyComposerTests
{
    private static readonly Mailbox Box = new() { Id = "m1", TenantId = "t1", Address = Mails.Mailbox, DisplayName = "Shop" };
    private static readonly ReplyNames Names = new("v1.t.o.mac@shop.example", "bounces+token@shop.example", "v1.t.o.loop");
    private static readonly DateTimeOffset Now = new(2026, 11, 24, 23, 0, 0, TimeSpan.Zero);

    private static OutboundMail Compose(InboundMail mail, PersonDecision? decision = null, string text = "We open at nine.", Mailbox? box = null)
    {
        var outcome = ApprovedDraft.From(new GuardInput { Text = text, Mail = mail, Mailbox = box ?? Box }, decision);
        return ReplyComposer.Compose(mail, box ?? Box, outcome.Draft!, Names, Now);
    }

    [Fact]
    public void An_automatic_answer_says_so_and_stays_in_its_thread()
    {
        var mail = Mails.Person() with { References = ["root@x.example", "second@x.example"], InReplyTo = "second@x.example" };
        var answer = Compose(mail);
        Assert.Equal("Re: Opening hours", answer.Subject);
        Assert.Equal("abc@customer.example", answer.InReplyTo);
        Assert.Equal(["root@x.example", "second@x.example", "abc@customer.example"], answer.References);
        Assert.Equal([new("Auto-Submitted", "auto-replied"), new("X-Auto-Response-Suppress", "All"), new("X-ReplyMint-Loop", "v1.t.o.loop")], answer.Headers);
        Assert.Equal((Mails.Mailbox, "Shop", "anna@customer.example", "Anna Müller"), (answer.From, answer.FromName, answer.To, answer.ToName));
        Assert.Equal((Names.MessageId, Names.ReversePath, Now), (answer.MessageId, answer.ReversePath, answer.Date));
        Assert.Equal("We open at nine.\n", answer.Text);
    }

    [Fact]
    public void A_persons_own_words_are_no_automatic_answer()
    {
        var edited = Compose(Mails.Person(), new PersonDecision("u1", new HashSet<GuardRule>(), Edited: true));
        Assert.Equal(["X-ReplyMint-Loop"], edited.Headers.Select(h => h.Key));
        var approved = Compose(Mails.Person(), new PersonDecision("u1", new HashSet<GuardRule>(), Edited: false));
        Assert.Contains(approved.Headers, h => h.Key == "Auto-Submitted");
    }

    [Fact]
    public void Without_references_the_parents_parent_starts_the_thread()
    {
        Assert.Equal(["up@x.example", "abc@customer.example"], Compose(Mails.Person() with { InReplyTo = "up@x.example" }).References);
        Assert.Empty(Compose(Mails.Person() with { MessageId = "" }).References);
        Assert.Equal("", Compose(Mails.Person() with { MessageId = "" }).InReplyTo);
    }

    [Fact]
    public void A_long_thread_keeps_its_root_and_its_newest()
    {
        var mail = Mails.Person() with { References = [.. Enumerable.Range(0, 500).Select(i => $"m{i}@x.example")] };
        var references = Compose(mail).References;
        Assert.Equal(ReplyComposer.MaxReferences, references.Count);
        Assert.Equal(("m0@x.example", "m499@x.example", "abc@customer.example"), (references[0], references[^2], references[^1]));
    }

    [Fact]
    public void Nothing_of_the_mail_can_begin_a_header()
    {
        var mail = Mails.Person(subject: "a\r\nBcc: evil@x.example\u2028c") with
        {
            From = [new MailAddress("Anna\r\nBcc: evil@x.example\0", "anna@customer.example")],
            MessageId = "abc@x.example>\r\nBcc: <evil@x.example",
            References = ["ok@x.example", "a b@x.example", "ü@x.example", new string('a', 300) + "@x.example", ""],
        };
        var answer = Compose(mail, box: Box with { DisplayName = "Shop\nX: y" });
        foreach (var value in new[] { answer.Subject, answer.ToName, answer.FromName, answer.To, answer.From, answer.InReplyTo }.Concat(answer.References).Concat(answer.Headers.Select(h => h.Value)))
            Assert.DoesNotContain(value, c => char.IsControl(c) || c == '\u2028');
        Assert.Equal(["ok@x.example"], answer.References);
        Assert.Equal("", answer.InReplyTo);
    }

    [Theory]
    [InlineData("anna.private@customer.example", "anna.private@customer.example")]
    [InlineData("anna@mail.customer.example", "anna@mail.customer.example")]
    [InlineData("anna@elsewhere.example", "anna@customer.example")]
    [InlineData("a@customer.example,b@customer.example", "anna@customer.example")]
    public void The_answer_goes_to_reply_to_only_within_the_organisation(string replyTo, string expected) =>
        Assert.Equal(expected, Compose(Mails.Person() with { ReplyTo = [new MailAddress("", replyTo)] }).To);

    [Fact]
    public void At_a_provider_that_strangers_share_the_answer_goes_to_the_author() =>
        Assert.Equal("anna@gmail.com", Compose(Mails.Person() with { From = [new("", "anna@gmail.com")], ReplyTo = [new("", "victim@gmail.com")] }).To);

    [Fact]
    public void Several_reply_addresses_are_not_served() =>
        Assert.Equal("anna@customer.example", Compose(Mails.Person() with { ReplyTo = [new("", "a@customer.example"), new("", "b@customer.example")] }).To);

    [Fact]
    public void A_mailbox_may_prefer_the_null_reverse_path() =>
        Assert.Equal("", Compose(Mails.Person(), box: Box with { NullReversePath = true }).ReversePath);
}
