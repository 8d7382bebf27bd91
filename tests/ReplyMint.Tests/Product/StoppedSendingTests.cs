using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Time.Testing;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Jobs;
using ReplyMint.Limits;
using ReplyMint.Outbound;
using ReplyMint.Replies;
using ReplyMint.Storage;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Product;

/// <summary>Answers that were decided on wait behind a stop switch, and leave once it is lifted.</summary>
public sealed class StoppedSendingTests
{
    private const string Faq = """
        # How long does delivery take?
        Delivery within Germany takes two to three working days. You get a tracking link as soon as the parcel has left us.
        """;

    [Fact]
    public async Task What_waits_behind_a_stop_writes_nothing_until_it_is_lifted()
    {
        await using var host = await StartAsync();
        var message = await ApproveStoppedAsync(host, host.Tenant.Id);
        var before = await WaitingAsync(host);

        for (var minute = 0; minute < 10; minute++)
            host.Time.Advance(TimeSpan.FromMinutes(1));
        // A job that was due by now would have run before this later one.
        await SettledAsync(host);

        Assert.Equal(before, await WaitingAsync(host));
        Assert.DoesNotContain(before, item => item.StartsWith("due/", StringComparison.Ordinal) && item.Contains(message.Id, StringComparison.Ordinal));
        Assert.Equal(OutboxState.Queued, (await host.Get<Outbox>().StateAsync(host.Tenant.Id, message.Id, default))!.State);
        Assert.Empty(host.OutFiles);

        await host.SwitchAsync(stopped: false, host.Tenant.Id);
        await SentAsync(host, 1);
        await ParkedAsync(host, 0);
    }

    [Fact]
    public async Task The_process_may_end_before_the_lift_and_between_it_and_the_sending()
    {
        using var folder = new TemporaryFolder();
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
        var host = await StartAsync(folder, time);
        await ApproveStoppedAsync(host, KeyRing.Installation, 3);
        await host.StopAsync();

        host = await StartAsync(folder, time, host.Tenant);
        await Worker(host).StopAsync(default);
        await host.SwitchAsync(stopped: false, KeyRing.Installation);
        await host.StopAsync();

        host = await StartAsync(folder, time, host.Tenant);
        await SentAsync(host, 3);
        await host.StopAsync();
    }

    [Fact]
    public async Task While_one_switch_is_set_lifting_another_lets_nothing_go()
    {
        await using var host = await StartAsync();
        await ApproveStoppedAsync(host, KeyRing.Installation);
        await host.SwitchAsync(stopped: true, host.Tenant.Id);
        await host.SwitchAsync(stopped: false, KeyRing.Installation);
        host.Time.Advance(TimeSpan.FromSeconds(10));
        await SettledAsync(host);
        await ParkedAsync(host, 1);
        Assert.Empty(host.OutFiles);

        await host.SwitchAsync(stopped: false, host.Tenant.Id);
        await SentAsync(host, 1);
    }

    [Fact]
    public async Task More_than_a_commit_holds_leave_after_the_lift()
    {
        await using var host = await StartAsync();
        await Worker(host).StopAsync(default);
        await host.SwitchAsync(stopped: true, host.Tenant.Id);
        var stop = await host.Get<Switches>().ReadAsync(host.Tenant.Id, null, default);
        var own = await host.Get<KeyRing>().RequireAsync(host.Tenant.Id, default);
        for (var i = 0; i < 90; i++)
        {
            var commit = new Commit();
            var job = host.Get<Outbox>().Enqueue(commit, host.Tenant.Id, own, new OutboxRecord { Id = $"o{i:D3}0", Purpose = OutboxPurpose.Notice, CreatedAt = host.Time.GetUtcNow() }, Tests.Outbound.Mails.Answer());
            await host.Get<IStore>().CommitAsync(commit, default);
            var parked = new Commit();
            StoppedSendings.Park(parked, job, null, stop);
            await host.Get<IStore>().CommitAsync(parked, default);
        }
        await ParkedAsync(host, 90);
        await host.SwitchAsync(stopped: false, host.Tenant.Id);
        var resume = (await host.Get<JobQueue>().DueAsync(1, 10, default)).Single(job => job.Record.Kind == StoppedSendings.JobKind);
        Assert.IsType<JobOutcome.Done>(await host.Get<StoppedSendings>().ResumeAsync(resume, default));
        Assert.Equal(90, (await host.Get<JobQueue>().DueAsync(0, 200, default)).Count);
        await ParkedAsync(host, 0);
    }

    [Fact]
    public async Task A_stop_switch_set_between_looking_and_sending_keeps_the_answer_in()
    {
        await using var host = await StartAsync();
        await Worker(host).StopAsync(default);
        var job = await EnqueueAsync(host);
        using var sender = ActivatorUtilities.CreateInstance<OutboxSender>(host.Services, new StoreWithSomethingBefore(host.Get<IStore>(), () => host.SwitchAsync(stopped: true, host.Tenant.Id)));

        Assert.IsType<JobOutcome.Done>(await sender.SendAsync(job, default));

        Assert.Equal(OutboxState.Queued, (await host.Get<Outbox>().StateAsync(host.Tenant.Id, job.Target, default))!.State);
        await ParkedAsync(host, 1);
        Assert.Empty(host.OutFiles);
    }

    [Fact]
    public async Task A_domain_that_is_lost_between_looking_and_sending_keeps_the_answer_in()
    {
        await using var host = await StartAsync();
        await Worker(host).StopAsync(default);
        // Of a mailbox that is gone: what the operator gave stays given.
        var job = await EnqueueAsync(host, Ids.Random('m'));
        using var sender = ActivatorUtilities.CreateInstance<OutboxSender>(host.Services, new StoreWithSomethingBefore(host.Get<IStore>(), async () =>
        {
            var (_, key, item) = await host.Get<DomainOwners>().FindAsync("shop.example", default);
            var moved = new Commit();
            DomainOwners.Write(moved, key, "another", item);
            await host.Get<IStore>().CommitAsync(moved, default);
        }));

        Assert.IsType<JobOutcome.Done>(await sender.SendAsync(job, default));

        Assert.Equal(OutboxState.Failed, (await host.Get<Outbox>().StateAsync(host.Tenant.Id, job.Target, default))!.State);
        Assert.Empty(host.OutFiles);
    }

    [Fact]
    public async Task A_switch_lifted_between_looking_and_parking_lets_the_answer_go()
    {
        await using var host = await StartAsync();
        await Worker(host).StopAsync(default);
        var job = await EnqueueAsync(host);
        await host.SwitchAsync(stopped: true, host.Tenant.Id);
        using var sender = ActivatorUtilities.CreateInstance<OutboxSender>(host.Services, new StoreWithSomethingBefore(host.Get<IStore>(), () => host.SwitchAsync(stopped: false, host.Tenant.Id)));

        Assert.IsType<JobOutcome.Done>(await sender.SendAsync(job, default));

        await ParkedAsync(host, 0);
        Assert.Single(host.OutFiles);
    }

    private static Task<ProductHost> StartAsync(TemporaryFolder? folder = null, FakeTimeProvider? time = null, Tenant? of = null) =>
        ProductHost.StartAsync(mailbox => mailbox with { Mode = MailboxMode.Draft }, knowledge: Faq, folder: folder, time: time, of: of);

    private static JobWorker Worker(ProductHost host) => host.Services.GetServices<IHostedService>().OfType<JobWorker>().Single();

    /// <summary>A person sends the drafts of as many mails after the switch was set.</summary>
    private static async Task<Message> ApproveStoppedAsync(ProductHost host, string partition, int count = 1)
    {
        var messages = new List<Message>();
        for (var i = 0; i < count; i++)
            messages.Add(await host.DeliverAndDecideAsync(host.Mail("How long does delivery take?", $"person-{i}@customer.example")));
        await host.SwitchAsync(stopped: true, partition);
        foreach (var message in messages)
            Assert.IsType<DeskOutcome.Done>(await host.Get<DraftDesk>().ApproveAsync(host.Tenant.Id, message.Id, null, new HashSet<GuardRule>(), null, Actor.Machine, default));
        await ParkedAsync(host, count);
        return messages[0];
    }

    private static async Task<Job> EnqueueAsync(ProductHost host, string? mailbox = null)
    {
        var commit = new Commit();
        var job = host.Get<Outbox>().Enqueue(commit, host.Tenant.Id, await host.Get<KeyRing>().RequireAsync(host.Tenant.Id, default),
            new OutboxRecord { Id = "o1", Purpose = OutboxPurpose.Notice, Mailbox = mailbox, CreatedAt = host.Time.GetUtcNow() }, Tests.Outbound.Mails.Answer() with { From = ProductHost.Address });
        await host.Get<IStore>().CommitAsync(commit, default);
        return job;
    }

    private static async Task SentAsync(ProductHost host, int count) =>
        await ProductHost.EventuallyAsync(() =>
        {
            host.Time.Advance(TimeSpan.FromSeconds(2));
            return Task.FromResult(host.OutFiles.Count == count ? host : null);
        });

    private static async Task ParkedAsync(ProductHost host, int count) =>
        await ProductHost.EventuallyAsync(async () => (await WaitingAsync(host)).Count(item => item.StartsWith("stopped/", StringComparison.Ordinal)) == count ? host : null);

    /// <summary>All jobs that may run now have run.</summary>
    private static async Task SettledAsync(ProductHost host) =>
        await ProductHost.EventuallyAsync(async () =>
        {
            host.Time.Advance(TimeSpan.FromSeconds(2));
            for (var shard = 0; shard < JobQueue.Shards; shard++)
                if ((await host.Get<JobQueue>().DueAsync(shard, 10, default)).Count > 0)
                    return null;
            return host;
        });

    /// <summary>Sending jobs and what stands in their place, each with its version: what a stop must not write again and again.</summary>
    private static async Task<IReadOnlyList<string>> WaitingAsync(ProductHost host)
    {
        var waiting = new List<string>();
        for (var shard = 0; shard < JobQueue.Shards; shard++)
            foreach (var partition in (string[])[$"due/{shard}", $"stopped/{shard}"])
                foreach (var item in (await host.Get<IStore>().QueryAsync(Table.Main, partition, new ReplyMint.Storage.Range(""), null, default)).Items)
                    if (partition[0] == 's' || item.Key.Sort.Contains($"/{Outbox.JobKind}/", StringComparison.Ordinal))
                        waiting.Add($"{partition}/{item.Key.Sort} {item.Version}");
        return waiting;
    }

    /// <summary>Lets something happen once, right before the first commit.</summary>
    private sealed class StoreWithSomethingBefore(IStore store, Func<Task> before) : IStore
    {
        private Func<Task>? _before = before;

        public bool IsShared => store.IsShared;

        public ValueTask<Item?> GetAsync(ItemKey key, CancellationToken ct) => store.GetAsync(key, ct);

        public ValueTask<Page> QueryAsync(Table table, string partition, ReplyMint.Storage.Range range, string? cursor, CancellationToken ct) => store.QueryAsync(table, partition, range, cursor, ct);

        public async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken ct)
        {
            if (Interlocked.Exchange(ref _before, null) is { } happening)
                await happening();
            return await store.CommitAsync(commit, ct);
        }
    }
}
