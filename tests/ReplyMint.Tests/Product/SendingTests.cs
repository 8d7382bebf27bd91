using ReplyMint.Inbound;
using ReplyMint.Outbound;
using ReplyMint.Tests.Outbound;
using Xunit;

namespace ReplyMint.Tests.Product;

/// <summary>The last stop: an answer on its way to another server.</summary>
public sealed class SendingTests
{
    private const string Faq = """
        # How long does delivery take?
        Delivery within Germany takes two to three working days. You get a tracking link as soon as the parcel has left us.
        """;

    private static ReplyMintSettings To(SmtpSink sink, ReplyMintSettings settings, int concurrency = 8) => settings with
    {
        Outbound = new OutboundSettings { Channel = OutboundSettings.ToSmtp, Concurrency = concurrency, Smtp = new SmtpSettings { Host = "127.0.0.1", Port = sink.Port, Security = SmtpSettings.None } },
    };

    [Fact]
    public async Task A_delivery_event_that_is_faster_than_our_own_note_is_kept_and_the_mail_counts_as_sent()
    {
        await using var sink = new SmtpSink();
        await using var host = await ProductHost.StartAsync(settings: settings => To(sink, settings), knowledge: Faq);
        sink.BeforeTaken = async () =>
        {
            var message = (await host.ListAsync()).Single();
            Assert.True(await host.Get<Outbox>().RecordEventAsync(host.Tenant.Id, message.Id, new DeliveryEvent("e1", "delivered", host.Time.GetUtcNow(), ""), default));
        };

        var message = await host.DeliverAndDecideAsync(host.Mail("How long does delivery take?"));

        var state = (await host.Get<Outbox>().StateAsync(host.Tenant.Id, message.Id, default))!;
        Assert.Equal(OutboxState.Sent, state.State);
        Assert.Equal("e1", Assert.Single(state.Events).Id);
        Assert.Single(sink.Mails);
    }

    [Fact]
    public async Task No_more_mails_are_under_way_than_are_handed_over_at_once()
    {
        await using var sink = new SmtpSink();
        await using var host = await ProductHost.StartAsync(settings: settings => To(sink, settings, concurrency: 2), knowledge: Faq);
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        sink.BeforeTaken = () => go.Task;
        var messages = new List<Message>();
        for (var i = 0; i < 5; i++)
            messages.Add(await host.DeliverAsync(host.Mail("How long does delivery take?", from: $"anna{i}@customer.example")));

        async Task<List<OutboxState>> StatesAsync()
        {
            var states = new List<OutboxState>();
            foreach (var message in messages)
                if (await host.Get<Outbox>().StateAsync(host.Tenant.Id, message.Id, default) is { } record)
                    states.Add(record.State);
            return states;
        }

        var waiting = await ProductHost.EventuallyAsync(async () => await StatesAsync() is { Count: 5 } states && sink.Mails.Count == 2 ? states : null);
        Assert.Equal(2, waiting.Count(state => state == OutboxState.Sending));
        Assert.Equal(3, waiting.Count(state => state == OutboxState.Queued));
        go.SetResult();
        await ProductHost.EventuallyAsync(async () => (await StatesAsync()).TrueForAll(state => state == OutboxState.Sent) ? this : null);
        Assert.Equal(5, sink.Mails.Count);
    }
}
