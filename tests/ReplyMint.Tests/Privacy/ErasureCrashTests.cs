using Microsoft.Extensions.Time.Testing;
using ReplyMint.Audit;
using ReplyMint.Privacy;
using ReplyMint.Storage;
using ReplyMint.Tests.Aws;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Privacy;

/// <summary>A server that is killed in the middle of an erasure completes it when it starts again. REPLYMINT_TEST_FULL=1 runs the long form.</summary>
public sealed class ErasureCrashTests
{
    private const string Anna = "anna-marked@customer.example";
    private static readonly bool Full = Environment.GetEnvironmentVariable("REPLYMINT_TEST_FULL") == "1";

    [Fact]
    public async Task Killed_at_any_step_it_is_completed_by_the_next_start()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(Full ? 15 : 3));
        var (folder, random) = (new TemporaryFolder(), new Random(Random.Shared.Next()));
        var host = await ProductHost.StartAsync(folder: folder, services: CorrespondentErasureTests.NoErasures, time: new FakeTimeProvider(TimeProvider.System.GetUtcNow()));
        var mails = Full ? 400 : 60;
        for (var i = 0; i < mails; i++)
            Assert.StartsWith("250", await host.SmtpAsync(host.Mail($"marked-text-{i} ", i % 3 == 0 ? "ben@other.example" : Anna)), StringComparison.Ordinal);
        foreach (var message in await host.ListAsync())
            await host.DecidedAsync(message);
        var start = Assert.IsType<ErasureStart.Started>(await host.Get<Erasures>().CorrespondentAsync(host.Tenant.Id, Anna, Actor.Machine, default)).Erasure;
        await host.StopAsync();

        // Each server begins where the one before was killed, some milliseconds into its work.
        var kills = 0;
        for (; kills < (Full ? 40 : 6); kills++)
        {
            AwsInstallation.NeedsDataFolder();
            using var server = await ServerChild.StartAsync(folder.Path, [], ct: limit.Token);
            await Task.Delay(random.Next(60), limit.Token);
            await server.KillAsync();
        }
        await using var again = await ProductHost.StartAsync(folder: folder, of: host.Tenant, time: new FakeTimeProvider(TimeProvider.System.GetUtcNow()));
        var done = await ProductHost.EventuallyAsync(async () =>
        {
            again.Time.Advance(TimeSpan.FromSeconds(1));
            return (await again.Get<Erasures>().FindAsync(host.Tenant.Id, start.Id, default))?.Erasure is { State: ErasureState.Done } erasure ? erasure : null;
        });
        Assert.NotNull(done.Certificate);
        var expected = Enumerable.Range(0, mails).Count(i => i % 3 != 0);
        Assert.Equal(expected, (await again.Get<ErasureCounts>().ReadAsync(done, default))["message"]);
        Assert.Equal(mails - expected, (await again.ListAsync()).Count);
        var reader = await StoreReader.ReadAsync(folder.Sub("data"), folder.Sub("config"));
        Assert.Equal(0, reader.Count([Anna, .. Enumerable.Range(0, mails).Where(i => i % 3 != 0).Select(i => $"marked-text-{i} ")]));
        Assert.Single(await again.Get<AuditLog>().NewestAsync(host.Tenant.Id, 20, default), entry => entry.Act == "erasure.done");
        Assert.Empty(Directory.GetFiles(folder.Sub("data/blobs"), "*", SearchOption.AllDirectories));
    }

    /// <summary>The same without chance: what is stored after each piece of work is what the next start finds, whichever it is.</summary>
    [Fact]
    public async Task Each_step_can_be_done_again_and_counts_once()
    {
        await using var host = await ProductHost.StartAsync(services: CorrespondentErasureTests.NoErasures);
        for (var i = 0; i < 20; i++)
            await host.DeliverAndDecideAsync(host.Mail($"question {i}", Anna));
        var start = Assert.IsType<ErasureStart.Started>(await host.Get<Erasures>().CorrespondentAsync(host.Tenant.Id, Anna, Actor.Machine, default)).Erasure;
        var store = host.Get<IStore>();
        ErasureProgress? now;
        do
        {
            var before = (await store.GetAsync(Erasures.KeyOf(host.Tenant.Id, start.Id), default))!;
            now = await host.Get<ErasureWork>().RunAsync(host.Tenant.Id, start.Id, default);
            var after = (await store.GetAsync(before.Key, default))!;
            if (Erasures.Read(after).State == ErasureState.Done)
                break;
            // As if the process had ended before it could store how far it got.
            var own = await host.Get<KeyRing>().RequireAsync(host.Tenant.Id, default);
            var back = new Commit();
            Erasures.Write(back, own, Erasures.Read(before), new ErasureSecret(Anna), after);
            await store.CommitAsync(back, default);
            now = await host.Get<ErasureWork>().RunAsync(host.Tenant.Id, start.Id, default);
        }
        while (now is { Progress: Progress.More });
        var done = (await host.Get<Erasures>().FindAsync(host.Tenant.Id, start.Id, default))!.Erasure;
        var counts = await host.Get<ErasureCounts>().ReadAsync(done, default);
        Assert.Equal((20L, 20L, 20L, 20L), (counts["message"], counts["raw"], counts["text"], counts["receipt"]));
        Assert.Empty(await host.ListAsync());
    }
}
