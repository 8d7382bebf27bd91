using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Replies;
using ReplyMint.Storage;
using ReplyMint.Tests.Cli;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Product;

/// <summary>Who writes twice in a row gets one answer to both, where the mailbox waits for that.</summary>
public sealed class BurstTests
{
    private const string Faq = """
        # How long does delivery take?
        Delivery within Germany takes two to three working days.

        # How can I return an item?
        Send it back within 30 days in its original packaging.
        """;

    private const string InThread = "References: <root@customer.example>";

    [Fact]
    public async Task Mails_of_a_burst_get_one_answer_that_looks_at_all_of_them()
    {
        await using var host = await StartAsync();
        var first = await host.DeliverAsync(host.Mail("How long does delivery take?", messageId: "<root@customer.example>"));
        host.Time.Advance(TimeSpan.FromSeconds(40));
        var second = await host.DeliverAsync(host.Mail("I forgot my good manners: many greetings from Freiburg.", extra: InThread, messageId: "<second@customer.example>"));

        (first, second) = (await WaitAsync(host, first), await WaitAsync(host, second));

        Assert.Equal((MessageState.Ignored, "newer-mail"), (first.Record.State, Assert.Single(first.Record.Reasons)));
        Assert.Contains(second.Id, (await ReceiptAsync(host, first)).Verdict.Rules.Single(rule => rule.Name == "newer-mail").Saw, StringComparison.Ordinal);
        Assert.Equal(MessageState.Answered, second.Record.State);
        Assert.Contains(first.Id, (await ReceiptAsync(host, second)).Note, StringComparison.Ordinal);
        var answer = await host.AnswerAsync(second);
        Assert.Contains("two to three working days", answer.TextBody, StringComparison.Ordinal);
        Assert.Equal("second@customer.example", answer.InReplyTo);
        Assert.Single(host.OutFiles);
    }

    [Fact]
    public async Task A_mail_waits_for_its_time_and_what_comes_later_is_no_part_of_it()
    {
        await using var host = await StartAsync();
        var first = await host.DeliverAsync(host.Mail("How long does delivery take?", messageId: "<root@customer.example>"));
        Assert.Equal(MessageState.Answered, (await WaitAsync(host, first)).Record.State);
        Assert.True(host.Time.GetUtcNow() - first.Record.ReceivedAt >= TimeSpan.FromSeconds(60), "It was answered before the thread was quiet for so long.");
        host.Time.Advance(TimeSpan.FromMinutes(20));

        var second = await WaitAsync(host, await host.DeliverAsync(host.Mail("How can I return an item?", extra: InThread)));

        Assert.Equal(MessageState.Answered, second.Record.State);
        Assert.Equal("", (await ReceiptAsync(host, second)).Note);
        Assert.Equal(2, host.OutFiles.Count);
    }

    [Fact]
    public async Task A_mail_that_is_decided_on_anew_is_not_overtaken_by_one_that_came_long_after_it()
    {
        await using var host = await StartAsync();
        var first = await WaitAsync(host, await host.DeliverAsync(host.Mail("Many greetings from Freiburg.", messageId: "<root@customer.example>")));
        host.Time.Advance(TimeSpan.FromMinutes(20));
        Assert.Equal(MessageState.Answered, (await WaitAsync(host, await host.DeliverAsync(host.Mail("How can I return an item?", extra: InThread)))).Record.State);

        Assert.IsType<DeskOutcome.Done>(await host.Get<DraftDesk>().RetryAsync(host.Tenant.Id, first.Id, Actor.Machine, default));
        Assert.Equal(MessageState.Held, (await WaitAsync(host, first)).Record.State);
    }

    [Fact]
    public async Task A_burst_stays_one_over_a_restart_however_late_it_is_decided()
    {
        using var folder = new TemporaryFolder();
        var host = await StartAsync(folder: folder);
        var first = await host.DeliverAsync(host.Mail("How long does delivery take?", messageId: "<root@customer.example>"));
        var second = await host.DeliverAsync(host.Mail("And many greetings from Freiburg.", extra: InThread));
        await host.StopAsync();

        host.Time.Advance(TimeSpan.FromHours(3));
        host = await StartAsync(folder: folder, host);
        // Which of the two is decided first is nobody's promise.
        Assert.Equal("newer-mail", (await WaitAsync(host, first)).Record.Reasons[0]);
        Assert.Equal(MessageState.Answered, (await WaitAsync(host, second)).Record.State);
        Assert.Single(host.OutFiles);
        await host.StopAsync();
    }

    [Fact]
    public async Task Who_forges_a_mail_in_a_thread_neither_keeps_the_genuine_one_from_an_answer_nor_speaks_in_it()
    {
        await using var host = await StartAsync();
        var genuine = await host.DeliverAsync(host.Mail("How long does delivery take?", messageId: "<root@customer.example>"));
        var forged = await host.DeliverAsync(host.Mail("Never mind.", extra: InThread, authentication: "dmarc=fail"));
        Assert.Equal(MessageState.Answered, (await WaitAsync(host, genuine)).Record.State);
        Assert.Contains("dmarc", (await WaitAsync(host, forged)).Record.Reasons);
        host.Time.Advance(TimeSpan.FromHours(1));

        forged = await host.DeliverAsync(host.Mail("How can I return an item?", authentication: "dmarc=fail", messageId: "<other@customer.example>"));
        genuine = await host.DeliverAsync(host.Mail("Many greetings from Freiburg.", extra: "References: <other@customer.example>"));
        Assert.Equal(["no-knowledge"], (await WaitAsync(host, genuine)).Record.Reasons);
        Assert.Equal("dmarc", (await WaitAsync(host, forged)).Record.Reasons[0]);
        Assert.Single(host.OutFiles);
    }

    [Fact]
    public async Task Who_sends_his_question_twice_at_once_has_asked_once()
    {
        await using var host = await StartAsync();
        var first = await host.DeliverAsync(host.Mail("How long does delivery take?", messageId: "<root@customer.example>"));
        host.Time.Advance(TimeSpan.FromSeconds(5));
        var second = await host.DeliverAsync(host.Mail("How long does delivery take?", extra: InThread));

        Assert.Equal(MessageState.Ignored, (await WaitAsync(host, first)).Record.State);
        Assert.Equal(MessageState.Answered, (await WaitAsync(host, second)).Record.State);
    }

    [Fact]
    public async Task What_a_burst_says_is_read_together_when_it_has_to_wait_for_a_person_too()
    {
        await using var host = await StartAsync();
        Assert.Equal(MessageState.Answered, (await WaitAsync(host, await host.DeliverAsync(host.Mail("How can I return an item?", messageId: "<root@customer.example>")))).Record.State);
        host.Time.Advance(TimeSpan.FromMinutes(2));
        var first = await host.DeliverAsync(host.Mail("How long does delivery take?", extra: InThread));
        host.Time.Advance(TimeSpan.FromSeconds(40));
        var second = await host.DeliverAsync(host.Mail("Many greetings from Freiburg.", extra: InThread));

        Assert.Equal(["newer-mail", "rate-thread"], (await WaitAsync(host, first)).Record.Reasons.Order(StringComparer.Ordinal));
        Assert.Equal(MessageState.Held, (await WaitAsync(host, second)).Record.State);
        Assert.Contains("two to three working days", (await host.Get<Drafts>().FindAsync(host.Tenant.Id, second.Id, default))!.Content.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Mails_of_different_people_and_threads_are_no_burst()
    {
        await using var host = await StartAsync();
        var anna = await host.DeliverAsync(host.Mail("How long does delivery take?"));
        var also = await host.DeliverAsync(host.Mail("How can I return an item?"));
        var bob = await host.DeliverAsync(host.Mail("How long does delivery take?", "bob@customer.example"), "bob@customer.example");
        foreach (var message in (Message[])[anna, also, bob])
            Assert.Equal(MessageState.Answered, (await WaitAsync(host, message)).Record.State);
    }

    [Fact]
    public async Task How_long_a_mailbox_waits_is_set_by_command()
    {
        using var cli = CliRun.OnStore();
        await cli.OkAsync("tenant", "add", "Shop");
        await cli.OkAsync("mailbox", "add", "support@shop.example", "--tenant", "Shop");
        Assert.Contains("\"quietSeconds\":0", await cli.OkAsync("mailbox", "show", "support@shop.example"), StringComparison.Ordinal);
        await cli.OkAsync("mailbox", "set", "support@shop.example", "--quiet-seconds", "90");
        Assert.Contains("\"quietSeconds\":90", await cli.OkAsync("mailbox", "show", "support@shop.example"), StringComparison.Ordinal);
        Assert.Contains("--quiet-seconds takes 0 to 600", await cli.FailsAsync("mailbox", "set", "support@shop.example", "--quiet-seconds", "601"), StringComparison.Ordinal);
    }

    private static Task<ProductHost> StartAsync(TemporaryFolder? folder = null, ProductHost? before = null) =>
        ProductHost.StartAsync(box => box with { QuietSeconds = 60 }, knowledge: Faq, folder: folder, time: before?.Time, of: before?.Tenant);

    /// <summary>Lets time pass until the message is decided, and its answer has left.</summary>
    private static async Task<Message> WaitAsync(ProductHost host, Message message) =>
        await host.DecidedAsync(await ProductHost.EventuallyAsync(async () =>
        {
            if (await host.Get<Messages>().FindAsync(host.Tenant.Id, message.Id, default) is { Record.State: not MessageState.Received } found)
                return found;
            host.Time.Advance(TimeSpan.FromSeconds(1));
            return null;
        }));

    private static async Task<Receipt> ReceiptAsync(ProductHost host, Message message) =>
        (await host.Get<Receipts>().FindAsync(host.Tenant.Id, message.Id, message.Record.Person, default))!.Value.Receipt;
}
