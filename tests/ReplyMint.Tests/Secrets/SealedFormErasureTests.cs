using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Jobs;
using ReplyMint.Privacy;
using ReplyMint.Secrets;
using ReplyMint.Storage;
using ReplyMint.Tests.Aws;
using ReplyMint.Tests.Privacy;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;
using Xunit;
using static ReplyMint.Tests.Secrets.SealedForms;

namespace ReplyMint.Tests.Secrets;

/// <summary>An erasure comes between what the change of form has read and what it writes: nothing of what was erased comes back, and the change ends.</summary>
public sealed class SealedFormErasureTests
{
    private const string Ben = "ben-marked@customer.example";
    private const string BensText = "marked-of-ben";
    private const string AnnasText = "kept-of-anna";

    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("keys")]
    [InlineData("items")]
    [InlineData("file")]
    public async Task Of_a_correspondent_who_is_erased_meanwhile_nothing_comes_back(string where)
    {
        AwsInstallation.NeedsDataFolder();
        await using var run = await SecretsRun.StartAsync();
        var tenant = run.Host.Tenant.Id;
        // His file is the first that is written: what came earlier stands before it.
        foreach (var (from, text) in new[] { (Ben, BensText), ("anna@customer.example", AnnasText) })
        {
            await run.Host.DeliverAndDecideAsync(run.Host.Mail(text, from), from);
            await run.Host.DeliverAndDecideAsync(run.Host.Mail(string.Concat(Enumerable.Repeat($"A line of a long story, {text}.\r\n", 9_000)), from), from);
            run.Time.Advance(TimeSpan.FromSeconds(1));
        }
        Erasure? done = null;
        await OpenAsync(run, (services, interrupt) =>
        {
            CorrespondentErasureTests.NoErasures(services);
            if (where == "file")
                WatchedBlobs.Put(services, interrupt);
            else
                WatchedStore.Put(services).InterruptQuery(tenant, where == "keys" ? "person/" : "", interrupt);
        }, async host => done = await host.FinishAsync(await host.Get<Erasures>().CorrespondentAsync(tenant, Ben, Actor.Machine, Ct)));
        await DoneAsync(run, tenant);

        Assert.Equal(ErasureState.Done, done!.State);
        var own = await run.Host.Get<KeyRing>().RequireAsync(tenant, Ct);
        Assert.Null(await run.Host.Get<KeyRing>().FindPersonAsync(own, own.Person(Ben), Ct));
        Assert.Equal(2, (await run.Host.ListAsync()).Count);
        await run.StopAsync();
        var left = Forms(run.Data);
        Assert.Empty(Kinds(left.Where(value => value.Form != 2)).Except(["entry"]));
        Assert.Single(left, value => value.Name.EndsWith(" blobs", StringComparison.Ordinal));
        var thief = await StoreReader.ReadAsync(run.Data, run.Config);
        Assert.Equal((0, 1), (thief.Count([Ben, BensText]), thief.Count([AnnasText])));
        await run.OpenAsync(null, ChaCha, null);
    }

    [Fact]
    public async Task Of_a_tenant_that_is_erased_meanwhile_nothing_comes_back()
    {
        AwsInstallation.NeedsDataFolder();
        await using var run = await SecretsRun.StartAsync();
        var tenant = run.Host.Tenant.Id;
        var other = await run.Host.Get<Tenants>().AddAsync("other", Actor.Machine, Ct);
        await run.Host.DeliverAndDecideAsync(run.Host.Mail(BensText, Ben), Ben);
        Erasure? done = null;
        await OpenAsync(run, (services, interrupt) =>
        {
            CorrespondentErasureTests.NoErasures(services);
            WatchedStore.Put(services).InterruptQuery(tenant, "", interrupt);
        }, async host => done = await host.FinishAsync(await host.Get<Erasures>().TenantAsync(tenant, Actor.Machine, Ct)));
        await DoneAsync(run, other.Id);
        await DoneAsync(run, KeyRing.Installation);

        Assert.Equal(ErasureState.Done, done!.State);
        await run.EventuallyAsync(TimeSpan.FromSeconds(2), async () => await JobQueue.AllAsync(run.Host.Get<IStore>(), Ct).AnyAsync(job => job.Job.Kind == FormChange.JobKind, Ct) ? null : "");
        Assert.False(await run.Host.Get<TenantRemoval>().IsThereAsync(tenant, Ct));
        await run.StopAsync();
        Assert.Empty(Kinds(Forms(run.Data).Where(value => value.Form != 2)).Except(["entry"]));
        Assert.Equal(0, (await StoreReader.ReadAsync(run.Data, run.Config)).Count([Ben, BensText]));
        await run.OpenAsync(null, ChaCha, null);
    }

    /// <summary>Starts the product once more with the other form named, and with others who come in between once, as soon as it runs.</summary>
    private static async Task OpenAsync(SecretsRun run, Action<IServiceCollection, Func<Task>> interrupted, Func<ProductHost, Task> others)
    {
        var (runs, over) = (new TaskCompletionSource<ProductHost>(TaskCreationOptions.RunContinuationsAsynchronously), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        await run.StopAsync();
        await run.OpenAsync(null, ChaCha, services => interrupted(services, async () =>
        {
            try
            {
                await others(await runs.Task);
                over.SetResult();
            }
            catch (Exception failure)
            {
                over.SetException(failure);
            }
        }));
        runs.SetResult(run.Host);
        await over.Task.WaitAsync(ProductHost.Patience, Ct);
    }
}
