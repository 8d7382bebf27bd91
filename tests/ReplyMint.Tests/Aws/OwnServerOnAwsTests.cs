using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Outbound;
using ReplyMint.Tests.Console;
using ReplyMint.Tests.Outbound;
using ReplyMint.Tests.Product;

namespace ReplyMint.Tests.Aws;

/// <summary>A mailbox's own SMTP server that stands in a store on AWS from an older day: never tried, and said where people look.</summary>
public sealed class OwnServerOnAwsTests : IAsyncDisposable
{
    private readonly AwsInstallation _aws = new();

    public ValueTask DisposeAsync() => _aws.DisposeAsync();

    [Fact]
    public async Task It_is_not_tried_and_said_where_people_look()
    {
        await using var sink = new SmtpSink();
        await using var host = await ProductHost.StartAsync(knowledge: "# Where is my parcel?\n\nYour parcel is on its way.", aws: _aws);
        var account = new MailAccount(host.Mailbox.Id, "127.0.0.1", sink.Port, MailAccount.None, "support");
        var (_, channel) = await host.Get<Channels>().AddAsync(new Channel("", host.Tenant.Id, Channel.BySmtp, "secret") { Smtp = account }, Actor.Machine, default);

        var message = await host.DeliverAsync(host.Mail("Where is my parcel?"));
        var record = await ProductHost.EventuallyAsync(async () => await host.Get<Outbox>().StateAsync(host.Tenant.Id, message.Id, default) is { State: OutboxState.Failed } failed ? failed : null);
        Assert.Equal(MailboxChecks.NoOwnServer, record.Detail);
        Assert.Equal(MailboxChecks.NoOwnServer, (await host.Get<OwnServers>().LookAsync(channel!, default)).Problem);
        // Neither by that server, nor quietly by another way than the tenant's.
        Assert.Empty(sink.Commands);
        Assert.Empty(host.OutFiles);

        using var client = await ConsoleClient.SignedInAsync(host, factor: true);
        var place = $"/console/mailboxes/{host.Mailbox.Id}/way-out";
        Assert.Contains("no mail leaves by a server of your own", (await client.GetAsync(place)).Expect(200).Html, StringComparison.Ordinal);
        await client.ActAsync(place, place + "/remove", ("channel", channel!.Id));
        var without = (await client.GetAsync(place)).Expect(200).Html;
        Assert.Contains("no mail leaves by a server of your own", without, StringComparison.Ordinal);
        Assert.DoesNotContain("name=\"password\"", without, StringComparison.Ordinal);
        Assert.Equal(OutboxState.Sent, (await ProductHost.EventuallyAsync(async () =>
            await host.DeliverAndDecideAsync(host.Mail("Where is my parcel?", from: "ben@customer.example")) is var next && await host.Get<Outbox>().StateAsync(host.Tenant.Id, next.Id, default) is { } sent ? sent : null)).State);
    }
}
