using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Outbound;
using ReplyMint.Replies;
using ReplyMint.Security;
using ReplyMint.Tests.Api;
using Xunit;

namespace ReplyMint.Tests.Product;

/// <summary>The human always wins: who answers himself, however we hear of it, has what a machine would still say taken back.</summary>
public sealed class HumanAnswerTests
{
    private const string Faq = """
        # How long does delivery take?
        Delivery within Germany takes two to three working days.

        # How can I return an item?
        Send it back within 30 days in its original packaging.
        """;

    private const string Root = "<root@customer.example>";
    private const string InThread = "References: " + Root + "\r\nIn-Reply-To: " + Root;
    private const string Max = "max@shop.example";

    [Fact]
    public async Task A_person_says_that_he_answered_and_the_draft_is_gone_until_the_next_mail()
    {
        await using var api = await ApiHost.StartAsync(box => box with { Mode = MailboxMode.Draft }, knowledge: Faq);
        var host = api.Product;
        var first = await host.DeliverAndDecideAsync(host.Mail("How long does delivery take?", messageId: Root));
        Assert.Equal(MessageState.Held, first.Record.State);

        (await api.PostAsync("admin", $"messages/{first.Id}/answered")).Expect(204);

        Assert.Equal(("message.answered", "uadmin", first.Id), ((await api.LastActAsync()) is var act ? (act.Act, act.Actor, act.Target) : default));
        await GoneAsync(host, first, "person-answered");
        Assert.NotNull((string?)(await api.GetAsync("admin", "threads/" + first.Record.Thread)).Expect(200)["answeredAt"]);
        Assert.IsType<DeskOutcome.NotWaiting>(await host.Get<DraftDesk>().ApproveAsync(host.Tenant.Id, first.Id, null, new HashSet<GuardRule>(), null, Actor.Machine, default));

        host.Time.Advance(TimeSpan.FromMinutes(1));
        var next = await host.DeliverAndDecideAsync(host.Mail("How can I return an item?", extra: InThread));
        Assert.Equal((MessageState.Held, "mode"), (next.Record.State, next.Record.Reasons[0]));
    }

    [Fact]
    public async Task An_answer_in_a_persons_own_words_takes_back_what_else_waits_in_the_thread_and_an_approved_draft_does_not()
    {
        await using var host = await ProductHost.StartAsync(box => box with { Mode = MailboxMode.Draft }, knowledge: Faq);
        var first = await host.DeliverAndDecideAsync(host.Mail("How long does delivery take?", messageId: Root));
        var second = await host.DeliverAndDecideAsync(host.Mail("How can I return an item?", extra: InThread));
        var third = await host.DeliverAndDecideAsync(host.Mail("How can I return an item after a week?", extra: InThread));

        await ApproveAsync(host, first, null);
        Assert.True(await host.Get<Drafts>().IsWaitingAsync(host.Tenant.Id, second.Id, default));

        await ApproveAsync(host, second, "We have written to you about both.");
        await EventuallyGoneAsync(host, third, "person-answered");
        await host.DecidedAsync(second);
        Assert.Contains(second.Id, host.OutFiles);
        Assert.Equal(OutboxState.Sent, (await host.Get<Outbox>().StateAsync(host.Tenant.Id, second.Id, default))!.State);
    }

    [Theory]
    [InlineData(ProductHost.Address)]
    [InlineData(Max)]
    public async Task A_copy_of_a_persons_own_answer_takes_the_draft_back(string from)
    {
        await using var host = await StartAsync();
        var first = await host.DeliverAndDecideAsync(host.Mail("How long does delivery take?", messageId: Root));

        host.Time.Advance(TimeSpan.FromMinutes(5));
        var copy = await host.DecidedAsync(await host.DeliverAsync(Copy(host, from), from));

        Assert.Equal(MessageState.Ignored, copy.Record.State);
        Assert.Contains("own-answer", copy.Record.Reasons);
        await EventuallyGoneAsync(host, first, "person-answered");
        Assert.Empty(host.OutFiles);

        host.Time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal("mode", (await host.DeliverAndDecideAsync(host.Mail("How can I return an item?", extra: InThread))).Record.Reasons[0]);
    }

    [Theory]
    [InlineData(ProductHost.Address, "dmarc=fail", "anna@customer.example", InThread)]
    [InlineData(ProductHost.Address, null, "anna@customer.example", InThread)]
    [InlineData(Max, "dmarc=fail", "anna@customer.example", InThread)]
    [InlineData("nobody@shop.example", "dmarc=pass", "anna@customer.example", InThread)]
    [InlineData("max@elsewhere.example", "dmarc=pass", "anna@customer.example", InThread)]
    // Passed on to a colleague, which answers nobody.
    [InlineData(Max, "dmarc=pass", "ben@shop.example", InThread)]
    [InlineData(Max, "dmarc=pass", "anna@customer.example", "In-Reply-To: <another@customer.example>")]
    // A machine's.
    [InlineData(Max, "dmarc=pass", "anna@customer.example", InThread + "\r\nAuto-Submitted: auto-replied")]
    public async Task What_is_no_proved_answer_of_a_person_takes_nothing_back(string from, string? authentication, string to, string fields)
    {
        await using var host = await StartAsync();
        var first = await host.DeliverAndDecideAsync(host.Mail("How long does delivery take?", messageId: Root));

        var copy = await host.DecidedAsync(await host.DeliverAsync(Copy(host, from, authentication, to, fields), from));

        Assert.DoesNotContain("own-answer", copy.Record.Reasons);
        Assert.Null((await host.Get<Threads>().ReadAsync(host.Tenant.Id, first.Record.Thread, default)).Record.AnsweredAt);
        Assert.True(await host.Get<Drafts>().IsWaitingAsync(host.Tenant.Id, first.Id, default));
    }

    [Fact]
    public async Task A_copy_that_names_only_our_answer_is_understood_and_one_that_comes_late_overtakes_nothing_newer()
    {
        await using var host = await StartAsync();
        var first = await host.DeliverAndDecideAsync(host.Mail("How long does delivery take?", messageId: Root));
        await ApproveAsync(host, first, null);
        await host.DecidedAsync(first);
        var ours = (await host.AnswerAsync(first)).MessageId;
        // Written at 11:59, by the mail's own date.
        var copy = Copy(host, Max, fields: $"In-Reply-To: <{ours}>");
        host.Time.Advance(TimeSpan.FromMinutes(20));
        var second = await host.DeliverAndDecideAsync(host.Mail("How can I return an item?", extra: InThread));

        // To a colleague it only passes the answer on.
        await host.DecidedAsync(await host.DeliverAsync(Copy(host, Max, to: "ben@shop.example", fields: $"In-Reply-To: <{ours}>"), Max));
        Assert.Null((await host.Get<Threads>().ReadAsync(host.Tenant.Id, first.Record.Thread, default)).Record.AnsweredAt);

        await host.DecidedAsync(await host.DeliverAsync(copy, Max));

        Assert.NotNull((await host.Get<Threads>().ReadAsync(host.Tenant.Id, first.Record.Thread, default)).Record.AnsweredAt);
        Assert.True(await host.Get<Drafts>().IsWaitingAsync(host.Tenant.Id, second.Id, default));
    }

    [Fact]
    public async Task An_answer_whose_sending_has_not_begun_is_taken_back_and_does_not_leave_behind_a_stop()
    {
        await using var host = await StartAsync();
        var first = await host.DeliverAndDecideAsync(host.Mail("How long does delivery take?", messageId: Root));
        await host.SwitchAsync(stopped: true);
        await ApproveAsync(host, first, null);

        await host.Get<ThreadDesk>().AnsweredAsync((await host.Get<Messages>().FindAsync(host.Tenant.Id, first.Id, default))!, null, Actor.Machine, default);
        await host.SwitchAsync(stopped: false);

        var other = await host.DeliverAndDecideAsync(host.Mail("How long does delivery take?", "bob@customer.example"), "bob@customer.example");
        await ApproveAsync(host, other, null);
        await host.DecidedAsync(other);
        var state = (await host.Get<Outbox>().StateAsync(host.Tenant.Id, first.Id, default))!;
        Assert.Equal((OutboxState.Cancelled, "person-answered"), (state.State, state.Detail));
        Assert.Equal([other.Id], host.OutFiles);
        Assert.Contains("taken back", (await host.Get<Receipts>().FindAsync(host.Tenant.Id, first.Id, first.Record.Person, default))!.Value.Receipt.Note, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_person_wrote_himself_is_never_taken_back()
    {
        await using var host = await StartAsync();
        var first = await host.DeliverAndDecideAsync(host.Mail("How long does delivery take?", messageId: Root));
        await host.SwitchAsync(stopped: true);
        await ApproveAsync(host, first, "I have looked into it myself.");

        await host.Get<ThreadDesk>().AnsweredAsync((await host.Get<Messages>().FindAsync(host.Tenant.Id, first.Id, default))!, null, Actor.Machine, default);
        await host.SwitchAsync(stopped: false);

        // The look for what waited behind the stop is the sweep's.
        await ProductHost.EventuallyAsync(() =>
        {
            host.Time.Advance(TimeSpan.FromSeconds(2));
            return Task.FromResult(host.OutFiles.Count == 1 ? host : null);
        });
        Assert.Equal([first.Id], host.OutFiles);
    }

    [Fact]
    public async Task A_mail_that_still_waits_for_its_burst_is_not_answered_once_a_person_has()
    {
        await using var host = await StartAsync(box => box with { QuietSeconds = 60, Mode = MailboxMode.Automatic });
        var waits = await host.DeliverAsync(host.Mail("How long does delivery take?", messageId: Root));
        host.Time.Advance(TimeSpan.FromSeconds(30));
        // A copy waits for nothing.
        await host.DecidedAsync(await host.DeliverAsync(Copy(host, Max), Max));

        var decided = await ProductHost.EventuallyAsync(async () =>
        {
            host.Time.Advance(TimeSpan.FromSeconds(1));
            return await host.Get<Messages>().FindAsync(host.Tenant.Id, waits.Id, default) is { Record.State: not MessageState.Received } found ? found : null;
        });

        Assert.Equal((MessageState.Ignored, "person-answered"), (decided.Record.State, decided.Record.Reasons[0]));
        Assert.Empty(host.OutFiles);
    }

    [Fact]
    public async Task Nothing_in_a_closed_thread_is_answered_until_it_is_opened_again()
    {
        await using var api = await ApiHost.StartAsync(box => box with { Mode = MailboxMode.Draft }, knowledge: Faq);
        var host = api.Product;
        var first = await host.DeliverAndDecideAsync(host.Mail("How long does delivery take?", messageId: Root));
        api.Add("elsewhere", Role.Member, null, "mother");
        (await api.PostAsync("elsewhere", $"threads/{first.Record.Thread}/close")).Expect(404);
        (await api.PostAsync("auditor", $"threads/{first.Record.Thread}/close")).Expect(403);

        (await api.PostAsync("admin", $"threads/{first.Record.Thread}/close")).Expect(204);
        await GoneAsync(host, first, "thread-closed");
        host.Time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(["thread-closed"], (await host.DeliverAndDecideAsync(host.Mail("How can I return an item?", extra: InThread))).Record.Reasons);

        (await api.PostAsync("admin", $"threads/{first.Record.Thread}/reopen")).Expect(204);
        Assert.Equal("thread.reopen", (await api.LastActAsync()).Act);
        Assert.Equal("mode", (await host.DeliverAndDecideAsync(host.Mail("How long does delivery take?", extra: InThread))).Record.Reasons[0]);
    }

    private static async Task<ProductHost> StartAsync(Func<Mailbox, Mailbox>? mailbox = null)
    {
        var host = await ProductHost.StartAsync(mailbox ?? (box => box with { Mode = MailboxMode.Draft }), knowledge: Faq);
        await host.PersonAsync(Role.Member, Max, host.Tenant.Id);
        return host;
    }

    /// <summary>What a person wrote by his own program, and sent to the mailbox by Bcc.</summary>
    private static string Copy(ProductHost host, string from, string? authentication = "dmarc=pass", string to = "anna@customer.example", string fields = InThread) =>
        host.Mail("Dear Anna, I have looked into it myself.", from, "Re: A question", fields, authentication, to: to);

    private static async Task ApproveAsync(ProductHost host, Message message, string? text) =>
        Assert.IsType<DeskOutcome.Done>(await host.Get<DraftDesk>().ApproveAsync(host.Tenant.Id, message.Id, text, new HashSet<GuardRule>(), null, Actor.Machine, default));

    private static async Task GoneAsync(ProductHost host, Message message, string why)
    {
        var now = (await host.Get<Messages>().FindAsync(host.Tenant.Id, message.Id, default))!;
        Assert.Equal((MessageState.Ignored, why), (now.Record.State, now.Record.Reasons[0]));
        Assert.Equal(DraftState.Cancelled, (await host.Get<Drafts>().FindAsync(host.Tenant.Id, message.Id, default))!.Record.State);
        Assert.False(await host.Get<Drafts>().IsWaitingAsync(host.Tenant.Id, message.Id, default));
        Assert.Contains("taken back", (await host.Get<Receipts>().FindAsync(host.Tenant.Id, message.Id, message.Record.Person, default))!.Value.Receipt.Note, StringComparison.Ordinal);
    }

    private static async Task EventuallyGoneAsync(ProductHost host, Message message, string why)
    {
        await ProductHost.EventuallyAsync(async () => await host.Get<Messages>().FindAsync(host.Tenant.Id, message.Id, default) is { Record.State: MessageState.Ignored } gone ? gone : null);
        await GoneAsync(host, message, why);
    }
}
