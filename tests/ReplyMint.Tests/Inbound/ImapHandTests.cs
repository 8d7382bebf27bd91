using MailKit;
using ReplyMint.Accounts;
using ReplyMint.Inbound;
using ReplyMint.Outbound;
using ReplyMint.Replies;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Inbound;

/// <summary>Who answers in his own mail program always wins, and finds drafts there where he wants them.</summary>
public sealed class ImapHandTests(DovecotServer server) : IClassFixture<DovecotServer>
{
    private static readonly Func<Mailbox, Mailbox> ByPeople = mailbox => mailbox with { Mode = MailboxMode.Draft };

    private static string Sent(string inReplyTo, string text = "Three days, I think.", string messageId = "<by-hand@shop.example>", string? extra = null) => string.Join("\r\n",
    [
        $"From: {ProductHost.Address}", "To: anna@customer.example", "Subject: Re: A question", $"Message-ID: {messageId}", $"In-Reply-To: {inReplyTo}", "Date: Tue, 24 Nov 2026 12:30:00 +0000",
        .. extra is null ? Array.Empty<string>() : [extra], "Content-Type: text/plain", "", text, "",
    ]);

    private static async Task<Draft?> DraftAsync(ImapHost host, string id) => await host.Product.Get<Drafts>().FindAsync(host.Product.Tenant.Id, id, default);

    [Fact]
    public async Task An_answer_by_hand_cancels_the_draft_and_says_so()
    {
        await using var host = await ImapHost.StartAsync(server, mailbox: ByPeople);
        await host.AppendAsync(host.Product.Mail(ImapHost.Question, messageId: "<q1@customer.example>"));
        var held = Assert.Single(await host.DecidedAsync(1));
        Assert.Equal(DraftState.Waiting, (await DraftAsync(host, held.Id))!.Record.State);

        await host.AppendAsync(Sent("<q1@customer.example>"), "Sent");

        await host.UntilAsync(async () => (await DraftAsync(host, held.Id))!.Record.State == DraftState.Cancelled ? "cancelled" : null);
        var closed = (await host.Product.Get<Messages>().FindAsync(host.Product.Tenant.Id, held.Id, default))!;
        Assert.Equal((MessageState.Ignored, HandAnswers.Reason), (closed.Record.State, Assert.Single(closed.Record.Reasons)));
        var (receipt, _) = (await host.Product.Get<Receipts>().FindAsync(host.Product.Tenant.Id, held.Id, held.Record.Person, default))!.Value;
        Assert.Equal(("mailbox-owner", "a person answered in the mailbox itself"), (receipt.DecidedBy, receipt.Note));
        Assert.Empty(await host.Product.Get<Drafts>().WaitingAsync(host.Product.Tenant.Id, default));
        Assert.Empty(host.Product.OutFiles);
    }

    /// <summary>Also to a mail that the policy ignores: that a person answered it is what a shadow is for.</summary>
    [Theory]
    [InlineData(null, "Held")]
    [InlineData("List-Id: <l.customer.example>", "Ignored")]
    public async Task An_answer_by_hand_is_kept_to_be_compared_while_the_mailbox_is_in_shadow_mode(string? extra, string state)
    {
        await using var host = await ImapHost.StartAsync(server, mailbox: mailbox => mailbox.InShadowFor(14, new(2026, 11, 24, 0, 0, 0, TimeSpan.Zero)));
        await host.AppendAsync(host.Product.Mail(ImapHost.Question, messageId: "<q1@customer.example>", extra: extra));
        var decided = Assert.Single(await host.DecidedAsync(1));
        Assert.Equal(state, decided.Record.State.ToString());
        await host.AppendAsync(Sent("<q1@customer.example>"), "Sent");
        var text = await host.UntilAsync(async () => await host.Product.Get<MessageTexts>().FindAsync(decided, default) is { Answer: not null } found ? found : null);
        Assert.Equal("Three days, I think.", text.Answer);
    }

    [Fact]
    public async Task What_waits_in_other_threads_goes_on_waiting()
    {
        await using var host = await ImapHost.StartAsync(server, mailbox: ByPeople);
        await host.AppendAsync(host.Product.Mail(ImapHost.Question, messageId: "<q1@customer.example>"));
        await host.AppendAsync(host.Product.Mail("And how can I pay?", from: "bert@customer.example", messageId: "<q2@customer.example>"));
        await host.DecidedAsync(2);
        await host.AppendAsync(Sent("<q1@customer.example>"), "Sent");
        var left = await host.UntilAsync(async () => await host.Product.Get<Drafts>().WaitingAsync(host.Product.Tenant.Id, default) is [var one] ? one : null);
        Assert.Equal("bert@customer.example", (await host.Product.Get<Messages>().FindAsync(host.Product.Tenant.Id, left.Id, default))!.Summary.From.Address);
    }

    [Fact]
    public async Task Our_own_answers_among_the_sent_mail_are_no_persons()
    {
        await using var host = await ImapHost.StartAsync(server, mailbox: ByPeople);
        await host.AppendAsync(host.Product.Mail(ImapHost.Question, messageId: "<q1@customer.example>"));
        var held = Assert.Single(await host.DecidedAsync(1));
        var ours = host.Product.Get<ReplyTokens>().MessageId(new(host.Product.Tenant.Id, held.Id), "shop.example");
        await host.AppendAsync(Sent("<q1@customer.example>", messageId: $"<{ours}>"), "Sent");
        await host.UntilAsync(async () => await host.Product.Get<ImapPositions>().FindAsync(host.Channel, default) is { SentLast: >= 1 } ? "looked" : null);
        Assert.Equal(DraftState.Waiting, (await DraftAsync(host, held.Id))!.Record.State);
    }

    [Fact]
    public async Task Drafts_go_into_the_accounts_own_folder_once_and_out_of_the_list()
    {
        await using var host = await ImapHost.StartAsync(server, account => account with { DraftsThere = true }, ByPeople);
        await host.AppendAsync(host.Product.Mail(ImapHost.Question, messageId: "<q1@customer.example>"));
        var held = Assert.Single(await host.DecidedAsync(1));

        await host.UntilAsync(async () => (await host.Product.Get<Drafts>().WaitingAsync(host.Product.Tenant.Id, default)).Count == 0 && (await DraftAsync(host, held.Id))!.Record.State == DraftState.Waiting ? "there" : null);
        var draft = Assert.Single(await server.MailsAsync(host.User, "Drafts"));
        Assert.Equal(MessageFlags.Draft | MessageFlags.Seen, Assert.Single(await server.FlagsAsync(host.User, "Drafts")).Value);
        Assert.Equal(("q1@customer.example", "anna@customer.example", "Re: A question"), (draft.InReplyTo, draft.To.Mailboxes.Single().Address, draft.Subject));
        Assert.Contains("two to three working days", draft.TextBody, StringComparison.Ordinal);
        Assert.Null(draft.Headers["Auto-Submitted"]);
        Assert.Empty(host.Product.OutFiles);

        // Sent as it lies there, it is a person's answer.
        await host.AppendAsync(Sent("<q1@customer.example>", messageId: $"<{draft.MessageId}>"), "Sent");
        await host.UntilAsync(async () => (await DraftAsync(host, held.Id))!.Record.State == DraftState.Cancelled ? "cancelled" : null);
        Assert.Single(await server.MailsAsync(host.User, "Drafts"));
    }
}
