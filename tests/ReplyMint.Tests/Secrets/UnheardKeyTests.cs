using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Jobs;
using ReplyMint.Secrets;
using ReplyMint.Storage;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Secrets;

/// <summary>Between a change of keys that is stored and the memory that hears of it anything may happen; nothing is lost by it.</summary>
public sealed class UnheardKeyTests
{
    private const string Faq = """
        # How long does delivery take?
        Delivery within Germany takes two to three working days. You get a tracking link as soon as the parcel has left us.
        """;

    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private static async Task<(SecretsRun Run, WatchedStore Watched)> StartAsync()
    {
        WatchedStore? watched = null;
        var run = await SecretsRun.StartAsync(Faq, services: services => watched = WatchedStore.Put(services));
        return (run, watched!);
    }

    /// <summary>Does something once, behind the commit of this number among those that write an item.</summary>
    private static void After(WatchedStore watched, ItemKey written, int number, Func<Task> what) => watched.AfterCommit = commit =>
        commit.Operations.Any(operation => operation.Key == written && operation.Kind == OperationKind.Put) && --number == 0 ? what() : Task.CompletedTask;

    /// <summary>All that the tenant has opens with what its record holds, also in another process.</summary>
    private static async Task CheckAsync(SecretsRun run, int mails, int current)
    {
        Assert.Equal(current, (await run.OneKeyAsync(run.Host.Tenant.Id)).Current);
        await run.RestartAsync();
        var host = run.Host;
        Assert.Equal(mails, (await host.ListAsync()).Count);
        Assert.All(await host.ListAsync(), message => Assert.NotEmpty(message.Summary.MessageId));
        Assert.NotNull(await host.Get<Tenants>().FindAsync(host.Tenant.Id, Ct));
        // By the passages of before, and a correspondent's key of before.
        Assert.Equal(MessageState.Answered, (await host.DeliverAndDecideAsync(host.Mail("How long does delivery take?", "anna@customer.example"))).Record.State);
    }

    [Fact]
    public async Task Two_changes_that_are_heard_of_in_the_other_order_lose_nothing()
    {
        var (run, watched) = await StartAsync();
        await using var _ = run;
        var (tenant, rotation) = (run.Host.Tenant.Id, run.Host.Get<TenantKeyRotation>());
        await run.Host.DeliverAndDecideAsync(run.Host.Mail("How long does delivery take?", "anna@customer.example"));
        After(watched, KeyRing.KeyOf(tenant), 1, async () => Assert.Equal(3, await rotation.RotateAsync(tenant, Actor.Machine, Ct)));
        Assert.Equal(2, await rotation.RotateAsync(tenant, Actor.Machine, Ct));

        Assert.Equal(3, (await run.Host.Get<KeyRing>().RequireAsync(tenant, Ct)).Current);
        await run.Host.DeliverAndDecideAsync(run.Host.Mail("How long does delivery take?", "ben@customer.example"));
        await CheckAsync(run, 2, 3);
    }

    [Fact]
    public async Task A_change_that_nobody_heard_of_is_taken_up_by_its_job()
    {
        var (run, watched) = await StartAsync();
        await using var _ = run;
        var (tenant, rotation) = (run.Host.Tenant.Id, run.Host.Get<TenantKeyRotation>());
        await run.Host.DeliverAndDecideAsync(run.Host.Mail("How long does delivery take?", "anna@customer.example"));
        After(watched, KeyRing.KeyOf(tenant), 1, () => throw new IOException("the answer was lost"));
        await Assert.ThrowsAsync<IOException>(() => rotation.RotateAsync(tenant, Actor.Machine, Ct));
        // Sealed as memory has it still, and stored before the job comes.
        await run.Host.DeliverAndDecideAsync(run.Host.Mail("How long does delivery take?", "ben@customer.example"));
        await CheckAsync(run, 2, 2);
    }

    /// <summary>The master key's change is stored twice: when it begins, and when it ends. The job is there each time.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_change_of_the_master_key_that_nobody_heard_of_is_ended_by_its_job(int stored)
    {
        var (run, watched) = await StartAsync();
        await using var _ = run;
        After(watched, StoreIdentity.At, stored, () => throw new IOException("the answer was lost"));
        await run.FailsAsync("", "secrets", "rotate", "master-key");
        watched.AfterCommit = _ => Task.CompletedTask;
        var rotation = run.Host.Get<MasterKeyRotation>();
        for (var shard = 0; shard < JobQueue.Shards; shard++)
            foreach (var job in (await run.Host.Get<JobQueue>().DueAsync(shard, 100, Ct)).Where(job => job.Record.Kind == MasterKeyRotation.JobKind))
                Assert.Same(JobOutcome.Finished, await rotation.HandleAsync(job, Ct));
        await MasterKeyRotationTests.CheckAsync(run, 1);
        // Whoever comes now is wrapped with the new key, and stays.
        await run.Host.Get<Tenants>().AddAsync("another", Actor.Machine, Ct);
        await run.RestartAsync();
        await MasterKeyRotationTests.CheckAsync(run, 2);
    }

    /// <summary>A job that comes between the beginning of a change and whoever began it does all of it, and he finds it done.</summary>
    [Fact]
    public async Task A_job_that_is_faster_than_the_command_leaves_nothing_under_the_old_key()
    {
        var (run, watched) = await StartAsync();
        await using var _ = run;
        var rotation = run.Host.Get<MasterKeyRotation>();
        After(watched, StoreIdentity.At, 1, () => rotation.RotateAsync(null, Actor.Machine, Ct));
        await run.OkAsync("", "secrets", "rotate", "master-key");
        await MasterKeyRotationTests.CheckAsync(run, 1);
        await run.Host.Get<Tenants>().AddAsync("another", Actor.Machine, Ct);
        await run.RestartAsync();
        await MasterKeyRotationTests.CheckAsync(run, 2);
    }
}
