using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Outbound;
using ReplyMint.Replies;
using ReplyMint.Storage;
using Xunit;

namespace ReplyMint.Tests.Product;

/// <summary>Whose thread a mail continues: by the name that only the correspondent was given, and by nothing that a stranger can quote.</summary>
public sealed class ThreadTokenTests
{
    private const string Faq = """
        # How long does delivery take?
        Delivery within Germany takes two to three working days.

        # How can I return an item?
        Send it back within 30 days in its original packaging.
        """;

    [Theory]
    [InlineData("In-Reply-To: <{0}>")]
    [InlineData("References: <{0}>")]
    [InlineData("References: <rewritten@gateway.example> <{0}>\r\nIn-Reply-To: <rewritten@gateway.example>")]
    [InlineData("References: <rewritten@gateway.example>\r\nIn-Reply-To: <{0}>")]
    public async Task A_mail_that_answers_ours_joins_its_thread_however_its_references_were_cut(string fields)
    {
        await using var host = await ProductHost.StartAsync(knowledge: Faq);
        var first = await host.DeliverAndDecideAsync(host.Mail("How long does delivery take?"));
        var ours = (await host.AnswerAsync(first)).MessageId;
        host.Time.Advance(TimeSpan.FromMinutes(5));

        var second = await host.DeliverAndDecideAsync(host.Mail("And how can I return an item?", extra: string.Format(null, fields, ours)));

        Assert.Equal(first.Record.Thread, second.Record.Thread);
        // So the rates of the thread can't be gone around by writing References anew.
        Assert.Equal(["rate-thread"], second.Record.Reasons);
    }

    [Theory]
    [InlineData("In-Reply-To: <{0}>")]
    [InlineData("References: <root@customer.example> <{0}>")]
    public async Task A_stranger_who_quotes_an_answer_of_somebody_else_gets_a_thread_of_his_own_and_waits(string fields)
    {
        await using var host = await ProductHost.StartAsync(knowledge: Faq);
        var first = await host.DeliverAndDecideAsync(host.Mail("How long does delivery take? My order is 778899.", messageId: "<root@customer.example>"));
        var ours = (await host.AnswerAsync(first)).MessageId;

        var mallory = await host.DeliverAndDecideAsync(
            host.Mail("How can I return an item?", "mallory@elsewhere.example", "Re: A question", string.Format(null, fields, ours)), "mallory@elsewhere.example");

        Assert.Equal(MessageState.Held, mallory.Record.State);
        Assert.Equal(["foreign-thread-token"], mallory.Record.Reasons);
        Assert.NotEqual(first.Record.Thread, mallory.Record.Thread);
        var draft = (await host.Get<Drafts>().FindAsync(host.Tenant.Id, mallory.Id, default))!;
        Assert.DoesNotContain("778899", draft.Content.Text, StringComparison.Ordinal);
        Assert.Single(host.OutFiles);
    }

    [Fact]
    public async Task A_name_of_another_mailbox_or_tenant_leads_nowhere_either()
    {
        await using var host = await ProductHost.StartAsync(knowledge: Faq);
        var sales = (await host.Get<Mailboxes>().AddAsync(new Mailbox { Id = Ids.Random('m'), TenantId = host.Tenant.Id, Address = "sales@shop.example", Mode = MailboxMode.Automatic }, Actor.Machine, default)).Mailbox!;
        var first = await host.DeliverAndDecideAsync(host.Mail("How long does delivery take?"));
        var ours = (await host.AnswerAsync(first)).MessageId;
        var tokens = host.Get<ReplyTokens>();

        var elsewhere = await host.DecidedAsync(await host.DeliverAsync(host.Mail("How can I return an item?", extra: $"In-Reply-To: <{ours}>", to: sales.Address), recipient: sales.Address));
        Assert.Equal(["foreign-thread-token"], elsewhere.Record.Reasons);
        Assert.NotEqual(first.Record.Thread, elsewhere.Record.Thread);

        var others = tokens.MessageId(new TokenSubject("tanother", first.Id), "other.example");
        var foreign = await host.DeliverAndDecideAsync(host.Mail("How can I return an item?", extra: $"In-Reply-To: <{others}>"));
        Assert.Contains("foreign-thread-token", foreign.Record.Reasons);
        Assert.NotEqual(first.Record.Thread, foreign.Record.Thread);
    }

    [Fact]
    public async Task A_forged_name_is_no_name()
    {
        await using var host = await ProductHost.StartAsync(knowledge: Faq);
        var first = await host.DeliverAndDecideAsync(host.Mail("How long does delivery take?"));
        var ours = (await host.AnswerAsync(first)).MessageId!;
        var forged = ours.Replace(ours[ours.IndexOf('@', StringComparison.Ordinal) - 1], ours[ours.IndexOf('@', StringComparison.Ordinal) - 1] == 'q' ? 'r' : 'q');

        var mail = await host.DeliverAndDecideAsync(host.Mail("How can I return an item?", extra: $"In-Reply-To: <{forged}>"));

        Assert.NotEqual(first.Record.Thread, mail.Record.Thread);
        Assert.Equal(MessageState.Answered, mail.Record.State);
    }

    [Fact]
    public async Task Who_got_an_answer_of_his_own_goes_on_in_its_thread_whatever_else_he_quotes()
    {
        await using var host = await ProductHost.StartAsync(knowledge: Faq);
        var anna = (await host.AnswerAsync(await host.DeliverAndDecideAsync(host.Mail("How long does delivery take?")))).MessageId;
        var bob = await host.DeliverAndDecideAsync(host.Mail("How long does delivery take?", "bob@customer.example"), "bob@customer.example");
        var his = (await host.AnswerAsync(bob)).MessageId;
        host.Time.Advance(TimeSpan.FromHours(1));

        var next = await host.DeliverAndDecideAsync(host.Mail("How can I return an item?", "bob@customer.example", extra: $"References: <{anna}> <{his}>\r\nIn-Reply-To: <{his}>"), "bob@customer.example");

        Assert.Equal(bob.Record.Thread, next.Record.Thread);
        Assert.Equal(MessageState.Answered, next.Record.State);
    }

    [Fact]
    public async Task Whoever_an_answer_went_to_by_reply_to_is_no_stranger()
    {
        await using var host = await ProductHost.StartAsync(knowledge: Faq);
        var first = await host.DeliverAndDecideAsync(host.Mail("How long does delivery take?", extra: "Reply-To: team@customer.example"));
        var ours = (await host.AnswerAsync(first)).MessageId;

        var team = await host.DeliverAndDecideAsync(host.Mail("How can I return an item?", "team@customer.example", extra: $"In-Reply-To: <{ours}>"), "team@customer.example");

        Assert.Equal(MessageState.Answered, team.Record.State);
        Assert.NotEqual(first.Record.Thread, team.Record.Thread);
    }
}
