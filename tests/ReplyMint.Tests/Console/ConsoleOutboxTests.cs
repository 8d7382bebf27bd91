using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Jobs;
using ReplyMint.Outbound;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Outbound;
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

    [Fact]
    public async Task What_was_refused_is_sent_again_or_left_and_then_nobody_asks_any_more()
    {
        await using var sink = new SmtpSink { Answer = verb => verb == "RCPT" ? "550 5.7.1 not today" : null };
        await using var host = await ProductHost.StartAsync(knowledge: "# How long does a parcel take?\n\nA parcel takes three days.\n", settings: settings => settings with
        {
            Outbound = new OutboundSettings { Channel = OutboundSettings.ToSmtp, Smtp = new SmtpSettings { Host = "127.0.0.1", Port = sink.Port, Security = SmtpSettings.None } },
        });
        using var admin = await ConsoleClient.SignedInAsync(host, factor: true);
        var again = await host.DeliverAndDecideAsync(host.Mail("How long does a parcel take?"));
        var left = await host.DeliverAndDecideAsync(host.Mail("How long does a parcel take?", from: "ben@customer.example"), "ben@customer.example");
        Assert.Contains($"/outbox/{again.Id}/replay", (await admin.GetAsync(Home)).Expect(200).Html, StringComparison.Ordinal);

        using var member = await ConsoleClient.SignedInAsync(host, Role.Member, factor: true);
        (await member.ActAsync("/console/inbox", $"{Home}/{left.Id}/discard")).Expect(403);
        (await admin.ActAsync(Home, $"{Home}/{left.Id}/discard")).Expect(303);
        (await admin.ActAsync(Home, $"{Home}/{left.Id}/discard")).Expect(404);
        (await admin.ActAsync(Home, $"{Home}/{left.Id}/replay")).Expect(404);
        Assert.Equal(OutboxState.Cancelled, (await StateAsync(host, left.Id)).State);

        sink.Answer = _ => null;
        (await admin.ActAsync(Home, $"{Home}/{again.Id}/replay")).Expect(303);
        await ProductHost.EventuallyAsync(async () => await StateAsync(host, again.Id) is { State: OutboxState.Sent } sent ? sent : null);
        Assert.Contains("three days", Assert.Single(sink.Mails), StringComparison.Ordinal);
        (await admin.ActAsync(Home, $"{Home}/{again.Id}/replay")).Expect(404);
        Assert.Contains("Everything left.", (await admin.GetAsync(Home)).Html, StringComparison.Ordinal);
        Assert.Equal(["outbox.replay", "outbox.discard"], (await host.Get<AuditLog>().NewestAsync(host.Tenant.Id, 20, Ct)).Where(entry => entry.Act.StartsWith("outbox.", StringComparison.Ordinal)).Select(entry => entry.Act));
    }

    [Fact]
    public async Task Nobody_knows_means_that_a_person_says_whether_it_goes_out_again()
    {
        await using var host = await ProductHost.StartAsync();
        using var admin = await ConsoleClient.SignedInAsync(host, factor: true);
        await PutAsync(host, "o1", OutboxState.Uncertain);
        (await admin.ActAsync(Home, Home + "/o1/discard")).Expect(404);
        (await admin.ActAsync(Home, Home + "/o1/again")).Expect(303);
        await ProductHost.EventuallyAsync(async () => await StateAsync(host, "o1") is { State: OutboxState.Sent } sent ? sent : null);
        Assert.Equal(["o1"], host.OutFiles);
    }

    [Fact]
    public async Task Work_that_was_given_up_is_shown_and_tried_again_once()
    {
        await using var host = await ProductHost.StartAsync();
        using var admin = await ConsoleClient.SignedInAsync(host, factor: true);
        var commit = new Commit();
        var job = host.Get<JobQueue>().Add(commit, host.Tenant.Id, "no-such-kind", "t1", host.Time.GetUtcNow().AddDays(1));
        Assert.Equal(CommitResult.Committed, await host.Get<IStore>().CommitAsync(commit, Ct));
        await host.Get<JobQueue>().BuryAsync(job, "<why> it failed", Ct);
        Assert.Contains("&lt;why&gt; it failed", (await admin.GetAsync(Home)).Expect(200).Html, StringComparison.Ordinal);
        (await admin.ActAsync(Home, Home + "/work/other-kind/t1")).Expect(404);
        using var member = await ConsoleClient.SignedInAsync(host, Role.Member, factor: true);
        (await member.ActAsync("/console/inbox", Home + "/work/no-such-kind/t1")).Expect(403);
        (await admin.ActAsync(Home, Home + "/work/no-such-kind/t1")).Expect(303);
        Assert.Contains(await host.Get<AuditLog>().NewestAsync(host.Tenant.Id, 5, Ct), entry => entry is { Act: "job.replay", Target: "t1" });
    }

    private static async Task<OutboxRecord> StateAsync(ProductHost host, string id) => (await host.Get<Outbox>().StateAsync(host.Tenant.Id, id, Ct))!;

    /// <summary>As a sending leaves it, whose job ended in the same commit.</summary>
    internal static async Task PutAsync(ProductHost host, string id, OutboxState state)
    {
        var commit = new Commit();
        Outbox.Add(commit, host.Tenant.Id, await host.Get<KeyRing>().RequireAsync(host.Tenant.Id, Ct),
            new OutboxRecord { Id = id, Purpose = OutboxPurpose.Reply, Mailbox = host.Mailbox.Id, State = state, CreatedAt = host.Time.GetUtcNow() },
            new OutboundMail { MessageId = id + "@shop.example", ReversePath = "", From = ProductHost.Address, To = "anna@customer.example", Subject = "<b>Re</b>", Text = "Two days." });
        Assert.Equal(CommitResult.Committed, await host.Get<IStore>().CommitAsync(commit, Ct));
    }
}
