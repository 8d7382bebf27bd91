using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Jobs;
using ReplyMint.Limits;
using ReplyMint.Outbound;
using ReplyMint.Replies;
using ReplyMint.Storage;
using Xunit;

namespace ReplyMint.Tests.Product;

/// <summary>The commit that decides on a mail also starts its sending; the worker stands still and the test runs the job by hand.</summary>
public sealed class DecidingCommitTests
{
    private const string Faq = """
        # How long does delivery take?
        Delivery within Germany takes two to three working days. You get a tracking link as soon as the parcel has left us.
        """;

    [Fact]
    public async Task A_mail_is_decided_and_sent_with_two_commits()
    {
        await using var host = await StartAsync();
        var (message, job) = await AcceptAsync(host);
        var store = new WatchedStore(host.Get<IStore>());

        Assert.IsType<JobOutcome.Done>(await Pipeline(host, store).HandleAsync(job, default));

        Assert.Equal(OutboxState.Sent, (await host.Get<Outbox>().StateAsync(host.Tenant.Id, message.Id, default))!.State);
        Assert.Equal(2, store.Commits);
        Assert.Empty(await JobsAsync(host));
    }

    [Fact]
    public async Task A_stop_switch_set_between_the_decision_and_its_commit_keeps_the_answer_in()
    {
        await using var host = await StartAsync();
        var (message, job) = await AcceptAsync(host);
        var store = new WatchedStore(host.Get<IStore>()) { Before = _ => StopAsync(host) };

        await Pipeline(host, store).HandleAsync(job, default);

        Assert.Equal("stopped", (await host.Get<Messages>().FindAsync(host.Tenant.Id, message.Id, default))!.Record.Reasons[0]);
        Assert.Null(await host.Get<Outbox>().StateAsync(host.Tenant.Id, message.Id, default));
        Assert.Empty(host.OutFiles);
    }

    [Fact]
    public async Task A_sending_whose_end_nobody_saw_is_uncertain_and_never_begins_again()
    {
        await using var host = await StartAsync();
        var (message, job) = await AcceptAsync(host);
        await Assert.ThrowsAsync<InvalidOperationException>(() => Pipeline(host, host.Get<IStore>(), new BrokenChannel()).HandleAsync(job, default));
        Assert.Equal(OutboxState.Sending, (await host.Get<Outbox>().StateAsync(host.Tenant.Id, message.Id, default))!.State);

        // The next process finds the job.
        Assert.IsType<JobOutcome.Done>(await Pipeline(host, host.Get<IStore>()).HandleAsync(Assert.Single(await JobsAsync(host)), default));

        Assert.Equal(OutboxState.Uncertain, (await host.Get<Outbox>().StateAsync(host.Tenant.Id, message.Id, default))!.State);
        Assert.Equal("uncertain-send", (await host.Get<Alerts>().NewestAsync(5, default)).Single().Kind);
        Assert.Empty(host.OutFiles);
        Assert.DoesNotContain(await JobsAsync(host), left => left.Target == message.Id);
    }

    [Fact]
    public async Task Without_an_end_of_conflicts_the_job_fails_and_comes_later()
    {
        await using var host = await StartAsync();
        var (_, job) = await AcceptAsync(host);
        var store = new WatchedStore(host.Get<IStore>()) { Before = _ => Task.FromResult(true) };
        await Assert.ThrowsAsync<StoreUnavailableException>(() => Pipeline(host, store).HandleAsync(job, default));
        Assert.InRange(store.Commits, 2, 100);
        Assert.Empty(host.OutFiles);
    }

    [Fact]
    public async Task Nor_does_a_sender_go_on_for_ever()
    {
        await using var host = await StartAsync();
        var commit = new Commit();
        var job = host.Get<Outbox>().Enqueue(commit, host.Tenant.Id, await host.Get<KeyRing>().RequireAsync(host.Tenant.Id, default),
            new OutboxRecord { Id = "o1", Purpose = OutboxPurpose.Notice, CreatedAt = host.Time.GetUtcNow() }, Tests.Outbound.Mails.Answer());
        await host.Get<IStore>().CommitAsync(commit, default);
        var store = new WatchedStore(host.Get<IStore>()) { Before = _ => Task.FromResult(true) };
        using var sender = ActivatorUtilities.CreateInstance<OutboxSender>(host.Services, store);
        await Assert.ThrowsAsync<StoreUnavailableException>(() => sender.SendAsync(job, default));
        Assert.InRange(store.Commits, 2, 100);
    }

    private static async Task<ProductHost> StartAsync()
    {
        var host = await ProductHost.StartAsync(knowledge: Faq);
        await host.Services.GetServices<IHostedService>().OfType<JobWorker>().Single().StopAsync(default);
        return host;
    }

    private static async Task<(Message, Job)> AcceptAsync(ProductHost host)
    {
        var message = await host.DeliverAsync(host.Mail("How long does delivery take?"));
        return (message, Assert.Single(await JobsAsync(host)));
    }

    private static ReplyPipeline Pipeline(ProductHost host, IStore store, IOutboundChannel? channel = null)
    {
        // Its places are the process's, which ends with the test.
        var sender = ActivatorUtilities.CreateInstance<OutboxSender>(host.Services, store, channel ?? host.Get<IOutboundChannel>());
        return ActivatorUtilities.CreateInstance<ReplyPipeline>(host.Services, sender, ActivatorUtilities.CreateInstance<ReplyEndings>(host.Services, store, sender));
    }

    private static async Task<IReadOnlyList<Job>> JobsAsync(ProductHost host)
    {
        var jobs = new List<Job>();
        for (var shard = 0; shard < JobQueue.Shards; shard++)
            jobs.AddRange(await host.Get<JobQueue>().DueAsync(shard, 10, default));
        return jobs;
    }

    private static async Task<bool> StopAsync(ProductHost host)
    {
        await host.Get<IStore>().RetryAsync(async (commit, ct) =>
        {
            await host.Get<Switches>().SetAsync(commit, host.Tenant.Id, null, true, "test", ct);
            return true;
        }, default);
        return false;
    }

    private sealed class BrokenChannel : IOutboundChannel
    {
        public string Name => "broken";

        public Task<SendOutcome> SendAsync(string outboxId, OutboundMail mail, CancellationToken ct) => throw new InvalidOperationException("It broke.");
    }

    /// <summary>Counts commits. What happens before one may say that it is a conflict; before the first only, unless it says so.</summary>
    private sealed class WatchedStore(IStore store) : IStore
    {
        private int _commits;

        public int Commits => _commits;
        public bool IsShared => store.IsShared;
        public Func<int, Task<bool>>? Before { get; set; }

        public ValueTask<Item?> GetAsync(ItemKey key, CancellationToken ct) => store.GetAsync(key, ct);

        public ValueTask<Page> QueryAsync(Table table, string partition, ReplyMint.Storage.Range range, string? cursor, CancellationToken ct) => store.QueryAsync(table, partition, range, cursor, ct);

        public async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken ct)
        {
            var number = Interlocked.Increment(ref _commits);
            if (Before is not null)
            {
                if (await Before(number))
                    return CommitResult.Conflict;
                Before = null;
            }
            return await store.CommitAsync(commit, ct);
        }
    }
}
