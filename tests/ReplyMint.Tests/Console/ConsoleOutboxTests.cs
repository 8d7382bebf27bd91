using ReplyMint.Outbound;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Console;

/// <summary>Mails that did not leave, or of which nobody knows, as a person settles them.</summary>
public sealed class ConsoleOutboxTests
{
    private const string Home = "/console/outbox";
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_did_not_leave_is_shown_and_settled_once_with_who_did_it()
    {
        await using var host = await ProductHost.StartAsync();
        using var admin = await ConsoleClient.SignedInAsync(host, factor: true);
        Assert.Contains("Everything left.", (await admin.GetAsync(Home)).Expect(200).Html, StringComparison.Ordinal);
        await PutAsync(host, "o1", OutboxState.Uncertain);
        await PutAsync(host, "o2", OutboxState.Dead);
        await PutAsync(host, "o3", OutboxState.Sent);
        var page = (await admin.GetAsync(Home)).Expect(200).Html;
        Assert.Contains("/outbox/o1/sent", page, StringComparison.Ordinal);
        Assert.Contains("/outbox/o2/replay", page, StringComparison.Ordinal);
        Assert.DoesNotContain("/outbox/o3/", page, StringComparison.Ordinal);
        Assert.Contains("&lt;b&gt;Re&lt;/b&gt;", page, StringComparison.Ordinal);

        using var member = await ConsoleClient.SignedInAsync(host, Role.Member, factor: true);
        (await member.GetAsync(Home)).Expect(403);
        (await member.ActAsync("/console/inbox", Home + "/o1/again")).Expect(403);
        (await admin.ActAsync(Home, Home + "/o1/sent")).Expect(303);
        Assert.Equal(OutboxState.Sent, (await host.Get<Outbox>().StateAsync(host.Tenant.Id, "o1", Ct))!.State);
        (await admin.ActAsync(Home, Home + "/o1/again")).Expect(404);
        (await admin.ActAsync(Home, Home + "/o3/replay")).Expect(404);
        var log = (await admin.GetAsync("/console/audit?act=outbox.")).Expect(200).Html;
        Assert.Contains("outbox.settle-sent", log, StringComparison.Ordinal);
    }

    private static async Task PutAsync(ProductHost host, string id, OutboxState state)
    {
        var commit = new Commit();
        host.Get<Outbox>().Enqueue(commit, host.Tenant.Id, await host.Get<KeyRing>().RequireAsync(host.Tenant.Id, Ct),
            new OutboxRecord { Id = id, Purpose = OutboxPurpose.Reply, Mailbox = host.Mailbox.Id, State = state, CreatedAt = host.Time.GetUtcNow() },
            new OutboundMail { MessageId = id + "@shop.example", ReversePath = "", From = ProductHost.Address, To = "anna@customer.example", Subject = "<b>Re</b>", Text = "Two days." });
        Assert.Equal(CommitResult.Committed, await host.Get<IStore>().CommitAsync(commit, Ct));
    }
}
