using Microsoft.Extensions.Time.Testing;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Knowledge;
using ReplyMint.Storage;
using ReplyMint.Tests.Aws;
using ReplyMint.Tests.Cli;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Secrets;

/// <summary>The server is killed while keys change (SIGKILL, in a process of its own), again and again; then all is there, under one key.</summary>
public sealed class KeyCrashTests : IDisposable
{
    private const int Others = 120;
    private const int Passages = 1_500;
    private static readonly int Kills = Environment.GetEnvironmentVariable("REPLYMINT_TEST_FULL") == "1" ? 20 : 4;

    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;
    private readonly TemporaryFolder _folder = new();
    private readonly int _seed = Random.Shared.Next();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("tenant-key", "--all")]
    [InlineData("master-key", null)]
    public async Task Killed_while_keys_change_the_next_start_goes_on(string what, string? option)
    {
        var (tenant, ids) = await SeedAsync();
        var random = new Random(_seed);
        var broken = 0;
        for (var kill = 0; kill < Kills; kill++)
        {
            AwsInstallation.NeedsDataFolder();
            using var server = await ServerChild.StartAsync(_folder.Path, [], ct: Ct);
            using var cli = new CliRun();
            var before = Written;
            var command = cli.RunAsync(["secrets", "rotate", what, .. option is null ? Array.Empty<string>() : [option], "--data", _folder.Sub("data"), "--config", _folder.Sub("config")]);
            // From the first sign of the work on, a moment later.
            await ProductHost.EventuallyAsync(() => Task.FromResult(command.IsCompleted || Written > before ? "" : null));
            await Task.Delay(random.Next(option is null ? 20 : 300), Ct);
            await server.KillAsync();
            broken += await command == 0 ? 0 : 1;
        }

        var host = await ProductHost.StartAsync(folder: _folder, time: new FakeTimeProvider(TimeProvider.System.GetUtcNow()), of: tenant);
        var keys = host.Get<KeyRing>();
        var master = "";
        await ProductHost.EventuallyAsync(async () =>
        {
            host.Time.Advance(TimeSpan.FromMinutes(2));
            var identity = (await StoreIdentity.ReadAsync(host.Get<IStore>(), Ct))!.Value.Value;
            master = identity.KeyCheck;
            if (identity.NextKeyCheck is not null)
                return null;
            foreach (var id in ids)
                if ((await keys.RecordAsync(id, Ct))!.Value.Value.Keys.Count > 1)
                    return null;
            return "";
        });
        foreach (var id in ids)
        {
            Assert.NotNull(await host.Get<Tenants>().FindAsync(id, Ct));
            Assert.Equal(master, (await keys.RecordAsync(id, Ct))!.Value.Value.Master);
        }
        var passages = 0;
        await foreach (var passage in host.Get<KnowledgeStore>().PassagesAsync(tenant.Id, Ct))
            passages += passage.Answer.Length > 0 ? 1 : 0;
        Assert.Equal(Passages, passages);
        Assert.Equal(10, (await host.ListAsync()).Count);
        Assert.Single(Directory.GetFiles(_folder.Sub("config/keys"), "*.key"));
        Assert.Contains(await host.Get<AuditLog>().NewestAsync(KeyRing.Installation, 100, Ct), entry => entry.Act == what + ".rotate");
        await host.StopAsync();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {_seed}: {broken} of {Kills} changes were broken off");
    }

    /// <summary>The store's log grows with each commit.</summary>
    private long Written => new FileInfo(_folder.Sub("data/db/replymint.db-wal")) is { Exists: true } log ? log.Length : 0;

    private async Task<(Tenant Tenant, List<string> Ids)> SeedAsync()
    {
        var text = string.Join("\n", Enumerable.Range(0, Passages).Select(number => $"# Question {number}?\nThe answer to question {number} is written in chapter {number}.\n"));
        var host = await ProductHost.StartAsync(folder: _folder, knowledge: text, time: new FakeTimeProvider(TimeProvider.System.GetUtcNow()));
        for (var i = 0; i < 10; i++)
            await host.DeliverAsync(host.Mail($"Question {i}?", $"person-{i}@customer.example"));
        for (var i = 0; i < Others; i++)
            await host.Get<Tenants>().AddAsync($"tenant {i}", Actor.Machine, Ct);
        var ids = new List<string>();
        await foreach (var id in host.Get<Tenants>().IdsAsync(Ct))
            ids.Add(id);
        await host.StopAsync();
        return (host.Tenant, ids);
    }
}
