using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Jobs;
using ReplyMint.Outbound;
using ReplyMint.Replies;
using ReplyMint.Storage;
using ReplyMint.Tests.Outbound;
using Xunit;

namespace ReplyMint.Tests.Product;

/// <summary>What went wrong is seen by somebody, and what a recipient has does not come again.</summary>
public sealed class UnseenTests
{
    private const string Faq = """
        # How long does delivery take?
        Delivery within Germany takes two to three working days. You get a tracking link as soon as the parcel has left us.
        """;

    [Fact]
    public async Task A_job_that_is_given_up_raises_an_alert()
    {
        await using var host = await ProductHost.StartAsync();
        var commit = new Commit();
        var job = host.Get<JobQueue>().Add(commit, host.Tenant.Id, "unknown", "x1");
        await host.Get<IStore>().CommitAsync(commit, default);
        host.Get<JobQueue>().Wake(job);

        var alert = await ProductHost.EventuallyAsync(async () => await host.Get<Alerts>().NewestAsync(1, default) is [{ } first] ? first : null);
        Assert.Equal(("dead-job", "x1"), (alert.Kind, alert.Subject));
    }

    [Fact]
    public async Task A_waiting_message_whose_mailbox_is_gone_does_not_wait_for_ever()
    {
        await using var host = await ProductHost.StartAsync(mailbox => mailbox with { Mode = MailboxMode.Draft }, knowledge: Faq);
        var message = await host.DeliverAndDecideAsync(host.Mail("How long does delivery take?"));
        await host.Get<Mailboxes>().RemoveAsync(host.Tenant.Id, host.Mailbox.Id, Actor.Machine, default);

        await host.Get<DraftDesk>().RetryAsync(host.Tenant.Id, message.Id, Actor.Machine, default);

        var closed = await host.DecidedAsync(message);
        var again = await ProductHost.EventuallyAsync(async () => await host.Get<Messages>().FindAsync(host.Tenant.Id, message.Id, default) is { Record.State: MessageState.Ignored } found ? found : null);
        Assert.Equal(["mail-or-mailbox-gone"], again.Record.Reasons);
        Assert.Equal(closed.Id, again.Id);
    }

    [Fact]
    public async Task What_is_reported_as_delivered_is_not_sent_again()
    {
        await using var sink = new SmtpSink { Answer = stage => stage == "content" ? "451 4.3.0 later" : null };
        await using var host = await ProductHost.StartAsync(knowledge: Faq, settings: settings => settings with
        {
            Outbound = new OutboundSettings { Channel = OutboundSettings.ToSmtp, Smtp = new SmtpSettings { Host = "127.0.0.1", Port = sink.Port, Security = SmtpSettings.None } },
        });
        var message = await host.DeliverAsync(host.Mail("How long does delivery take?"));
        var outbox = host.Get<Outbox>();
        await ProductHost.EventuallyAsync(async () => await outbox.StateAsync(host.Tenant.Id, message.Id, default) is { State: OutboxState.Queued, Attempts: 1 } state ? state : null);

        await outbox.RecordEventAsync(host.Tenant.Id, message.Id, new DeliveryEvent("e1", "delivered", host.Time.GetUtcNow(), ""), default);

        Assert.Equal(OutboxState.Sent, (await outbox.StateAsync(host.Tenant.Id, message.Id, default))!.State);
    }

    [Fact]
    public async Task A_webhook_that_stays_away_does_not_silence_the_alert_mail()
    {
        await using var host = await ProductHost.StartAsync(settings: settings => settings with
        {
            Notices = new OperatorNoticeSettings { Email = "ops@shop.example", From = ProductHost.Address, Webhook = new Uri("http://127.0.0.1:1/") },
            Outside = Places.Here,
        });
        await host.Get<Alerts>().RaiseAsync("breaker", "x1", "Something is wrong.", default);

        await ProductHost.EventuallyAsync(() =>
        {
            host.Time.Advance(TimeSpan.FromMinutes(5));
            return Task.FromResult(host.OutFiles.Count > 0 ? host : null);
        });
        Assert.Single(host.OutFiles);
    }

    [Fact]
    public async Task An_address_that_complained_is_not_written_to_by_another_ones_reply_to()
    {
        await using var host = await ProductHost.StartAsync(knowledge: Faq);
        await host.Get<Suppressions>().AddAsync(host.Tenant.Id, "office@customer.example", SuppressionReason.Complaint, default);
        var message = await host.DeliverAndDecideAsync(host.Mail("How long does delivery take?", extra: "Reply-To: office@customer.example"));
        Assert.Equal(MessageState.Held, message.Record.State);
    }
}
