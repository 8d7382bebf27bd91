using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Incidents;
using ReplyMint.Knowledge;
using ReplyMint.Privacy;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Privacy;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Secrets;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Incidents;

/// <summary>A restore with keys that changed since: the installation's own, and the master key.</summary>
public sealed class RestoredKeysTests : IDisposable
{
    private readonly BackupFolder _backups = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _backups.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Data_of_before_a_change_of_keys_open_with_the_newest_keys_for_as_long_as_they_are_kept(bool master)
    {
        await using var run = await SecretsRun.StartAsync(BackupFolder.Faq);
        var user = await run.Host.PersonAsync(Role.Admin);
        await run.Host.SignInAsync(user);
        var message = await run.Host.DeliverAndDecideAsync(run.Host.Mail("How long does delivery take?"));
        var before = await _backups.CreateAsync(run.Host);
        foreach (var tenant in (string[])[KeyRing.Installation, run.Host.Tenant.Id])
        {
            await run.OkAsync("", "secrets", "rotate", "tenant-key", "--tenant", tenant);
            Assert.Equal(2, (await run.OneKeyAsync(tenant)).Current);
            // Nothing here opens what the old key sealed.
            await ProductHost.EventuallyAsync(async () => (await run.Host.Get<KeyRing>().RequireAsync(tenant, Ct)).IsOld(1) ? null : "");
        }
        if (master)
            await run.OkAsync("", "secrets", "rotate", "master-key");
        var after = await _backups.CreateAsync(run.Host, data: false);
        // The host gives the folder back.
        var folder = await BackupFolder.RestoredAsync(before with { Keys = after.Keys }, run.Config, run.Time);

        await using var again = await ProductHost.StartAsync(folder: folder, time: run.Time, of: run.Host.Tenant);
        Assert.Equal("shop", (await again.Get<Tenants>().FindAsync(again.Tenant.Id, Ct))!.Name);
        Assert.Contains("two to three working days", await AnswersAsync(again), StringComparison.Ordinal);
        Assert.Equal(message.Id, Assert.Single(await again.ListAsync()).Id);
        // Its items come under the key in use, and the old one goes again.
        foreach (var tenant in (string[])[KeyRing.Installation, again.Tenant.Id])
            Assert.Equal(2, (await ProductHost.EventuallyAsync(async () =>
            {
                again.Time.Advance(TimeSpan.FromSeconds(30));
                return await again.Get<KeyRing>().RecordAsync(tenant, Ct) is { Value: { Keys.Count: 1 } record } ? record : null;
            })).Current);
        Assert.Contains("two to three working days", await AnswersAsync(again), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_old_key_of_a_tenant_that_is_erased_is_gone_with_it_at_once()
    {
        await using var run = await SecretsRun.StartAsync(BackupFolder.Faq, services: CorrespondentErasureTests.NoErasures);
        var (host, tenant) = (run.Host, run.Host.Tenant.Id);
        var before = await _backups.CreateAsync(host);
        await run.OkAsync("", "secrets", "rotate", "tenant-key", "--tenant", tenant);
        await run.OneKeyAsync(tenant);
        Assert.Equal([1], await DroppedAsync(host, tenant));
        // The first commit alone.
        Assert.IsType<ErasureStart.Started>(await host.Get<Erasures>().TenantAsync(tenant, Actor.Machine, Ct));
        Assert.Empty(await DroppedAsync(host, tenant));
        var after = await _backups.CreateAsync(host, data: false);
        using var folder = await BackupFolder.RestoredAsync(before with { Keys = after.Keys }, run.Config, run.Time);
        await using var open = await OpenStore.OpenAsync(DataFolder.Open(folder.Sub("data")), folder.Sub("config"), new(), run.Time, Ct);
        Assert.NotNull(await open.Store.GetAsync(Tenants.KeyOf(tenant), Ct));
        Assert.Null(await open.Keys.TenantAsync(tenant, Ct));
        Assert.Empty((await open.Store.QueryAsync(Table.Keys, tenant, new ReplyMint.Storage.Range(""), null, Ct)).Items);
    }

    [Fact]
    public async Task An_old_key_that_goes_while_the_erasure_of_its_tenant_begins_is_gone_with_it_too()
    {
        WatchedStore? watched = null;
        await using var run = await SecretsRun.StartAsync(services: services =>
        {
            CorrespondentErasureTests.NoErasures(services);
            watched = WatchedStore.Put(services);
        });
        var (host, tenant) = (run.Host, run.Host.Tenant.Id);
        await run.OkAsync("", "secrets", "rotate", "tenant-key", "--tenant", tenant);
        watched!.Interrupt("erased/", async () =>
        {
            var drop = new Commit();
            Assert.NotNull(await host.Get<KeyRing>().DropAsync(drop, tenant, 2, TimeSpan.FromDays(30), Ct));
            Assert.Equal(CommitResult.Committed, await host.Get<IStore>().CommitAsync(drop, Ct));
            Assert.Equal([1], await DroppedAsync(host, tenant));
        });
        Assert.IsType<ErasureStart.Started>(await host.Get<Erasures>().TenantAsync(tenant, Actor.Machine, Ct));
        Assert.Empty(await DroppedAsync(host, tenant));
    }

    [Fact]
    public async Task Each_old_key_goes_with_the_last_data_of_before_its_own_end()
    {
        static ReplyMintSettings Settings(ReplyMintSettings all) => all with { Backup = new() { KeepDays = 30 } };
        await using var run = await SecretsRun.StartAsync(settings: Settings);
        var tenant = run.Host.Tenant.Id;
        async Task DropAsync()
        {
            await run.OkAsync("", "secrets", "rotate", "tenant-key", "--tenant", tenant);
            await run.OneKeyAsync(tenant);
        }
        await DropAsync();
        await run.RestartAsync(Settings, after: TimeSpan.FromDays(29));
        await DropAsync();
        Assert.Equal([1, 2], await DroppedAsync(run.Host, tenant));
        // Both are wrapped anew, and end when they would have.
        await run.OkAsync("", "secrets", "rotate", "master-key");
        Assert.Equal([1, 2], await DroppedAsync(run.Host, tenant));
        await run.RestartAsync(Settings, after: TimeSpan.FromDays(1));
        Assert.Equal([2], await DroppedAsync(run.Host, tenant));
        await run.RestartAsync(Settings, after: TimeSpan.FromDays(29));
        Assert.Empty(await DroppedAsync(run.Host, tenant));
    }

    private static async Task<IReadOnlyList<int>> DroppedAsync(ProductHost host, string tenant)
    {
        var numbers = new List<int>();
        await foreach (var item in DroppedKeys.OfAsync(host.Get<IStore>(), tenant, Ct))
            numbers.AddRange(DroppedKeys.Read(item).Keys.Select(key => key.Number));
        return numbers;
    }

    [Fact]
    public async Task A_store_whose_installation_does_not_open_with_the_keys_is_none()
    {
        static ReplyMintSettings Settings(ReplyMintSettings all) => all with { Backup = new() { KeepDays = 1 } };
        await using var run = await SecretsRun.StartAsync(BackupFolder.Faq, Settings);
        var user = await run.Host.PersonAsync(Role.Admin);
        await run.Host.SignInAsync(user);
        var before = await _backups.CreateAsync(run.Host);
        foreach (var tenant in (string[])[KeyRing.Installation, run.Host.Tenant.Id])
        {
            await run.OkAsync("", "secrets", "rotate", "tenant-key", "--tenant", tenant);
            await run.OneKeyAsync(tenant);
        }
        // Longer than data are kept: the old key is in no part any more.
        await run.RestartAsync(Settings, after: TimeSpan.FromHours(25));
        var after = await _backups.CreateAsync(run.Host);
        Assert.Equal(1, await _backups.RestoreAsync(before.Data!.Path, after.Keys!.Path, _backups.Sub("new"), run.Config));
        Assert.Contains("The installation's own items (signing-keys) do not open: its key was changed between the data of", Assert.Single(_backups.Error.TrimEnd().Split('\n')), StringComparison.Ordinal);
        Assert.Contains("was not finished", Assert.Throws<StoreRefusedException>(() => DataFolder.Open(_backups.Sub("new"))).Message, StringComparison.Ordinal);
        // Each pair of one moment opens.
        Assert.Equal(0, await _backups.RestoreAsync(before.Data.Path, before.Keys!.Path, _backups.Sub("one"), run.Config));
        Assert.Equal(0, await _backups.RestoreAsync(after.Data!.Path, after.Keys.Path, _backups.Sub("two"), run.Config));
    }

    private static async Task<string> AnswersAsync(ProductHost host)
    {
        var answers = "";
        await foreach (var passage in host.Get<KnowledgeStore>().PassagesAsync(host.Tenant.Id, Ct))
            answers += passage.Answer;
        return answers;
    }

    [Fact]
    public async Task The_master_key_of_before_is_found_where_its_change_left_it_whatever_else_lies_there()
    {
        await using var run = await SecretsRun.StartAsync();
        var before = await _backups.CreateAsync(run.Host);
        await run.OkAsync("", "secrets", "rotate", "master-key");
        var key = Directory.GetFiles(Path.Combine(run.Config, "keys"), "*.key").Single();
        var kept = Directory.GetFiles(Path.Combine(run.Config, "keys"), "*.before-*").Single();
        await File.WriteAllTextAsync(key + ".a-note", "which of these is which", Ct);
        Assert.True(await _backups.VerifyAsync(before.Data!.Path, run.Config) == 0, _backups.Error);
        Assert.True(await _backups.RestoreAsync(before.Data.Path, before.Keys!.Path, _backups.Sub("new"), run.Config) == 0, _backups.Error);
        Assert.Contains($"\nits master key is {kept}: name it with masterKey.file", _backups.Out, StringComparison.Ordinal);
        // Also when the one in use is lost.
        File.Move(key, key + ".lost");
        Assert.True(await _backups.VerifyAsync(before.Data.Path, run.Config) == 0, _backups.Error);
        File.Move(kept, kept + ".lost");
        Assert.Equal(1, await _backups.VerifyAsync(before.Data.Path, run.Config));
        Assert.Contains($"The master key {key} is missing", _backups.Error, StringComparison.Ordinal);
        File.Move(key + ".lost", key);
    }
}
