using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Secrets;
using ReplyMint.Storage;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Secrets;

/// <summary>The master key changes while the product runs, and whatever breaks it off, one of the two keys opens all.</summary>
public sealed class MasterKeyRotationTests
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private static string KeyFile(SecretsRun run) => Directory.GetFiles(Path.Combine(run.Config, "keys"), "*.key").Single();

    private static async Task<StoreIdentity> IdentityAsync(SecretsRun run) => (await StoreIdentity.ReadAsync(run.Host.Get<IStore>(), Ct))!.Value.Value;

    /// <summary>Every tenant opens, and its keys are under the one master key.</summary>
    internal static async Task CheckAsync(SecretsRun run, int tenants)
    {
        var identity = await IdentityAsync(run);
        Assert.Null(identity.NextKeyCheck);
        Assert.Equal(MasterKey.Read(identity.KeyBeside ?? KeyFile(run)).Check, identity.KeyCheck);
        var seen = 0;
        await foreach (var id in run.Host.Get<Tenants>().IdsAsync(Ct))
        {
            Assert.Equal(identity.KeyCheck, (await run.Host.Get<KeyRing>().RecordAsync(id, Ct))!.Value.Value.Master);
            Assert.NotNull(await run.Host.Get<Tenants>().FindAsync(id, Ct));
            seen++;
        }
        Assert.Equal(tenants, seen);
    }

    [Fact]
    public async Task The_new_key_takes_the_old_ones_place_and_the_old_one_is_told_of()
    {
        await using var run = await SecretsRun.StartAsync();
        var (file, old) = (KeyFile(run), await File.ReadAllTextAsync(KeyFile(run), Ct));
        var said = await run.OkAsync("", "secrets", "rotate", "master-key");
        var kept = Directory.GetFiles(Path.Combine(run.Config, "keys"), "*.before-*").Single();
        Assert.Contains($"the old key is {kept}: keep it until no backup needs it that was made before now (30 days: 2026-12-24)", said, StringComparison.Ordinal);
        Assert.Equal(old, await File.ReadAllTextAsync(kept, Ct));
        Assert.NotEqual(old, await File.ReadAllTextAsync(file, Ct));
        Assert.All((string[])[file, kept], path => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path)));
        Assert.False(File.Exists(file + ".next"));

        await CheckAsync(run, 1);
        await run.RestartAsync();
        await CheckAsync(run, 1);
        Assert.Contains("master-key (before)", await run.OkAsync("", "secrets", "list"), StringComparison.Ordinal);
        Assert.DoesNotContain("\nmaster-key", "\n" + await run.OkAsync("", "secrets", "list", "--problems"), StringComparison.Ordinal);
        Assert.Equal(["master-key.changed", "master-key.rotate"], (await run.Host.Get<AuditLog>().NewestAsync(KeyRing.Installation, 2, Ct)).Select(entry => entry.Act));
        await run.RestartAsync(after: TimeSpan.FromDays(31));
        Assert.Contains("destroy it", await run.OkAsync("", "secrets", "list", "--problems"), StringComparison.Ordinal);

        // Under the old key this store is refused, with a word on where the right one may be.
        await run.StopAsync();
        var fresh = await File.ReadAllTextAsync(file, Ct);
        File.Copy(kept, file, overwrite: true);
        var refused = await Assert.ThrowsAsync<StoreRefusedException>(() => OpenStore.OpenAsync(DataFolder.Open(run.Data), run.Config, new MasterKeySettings(), run.Time, Ct));
        Assert.Contains("is not the one of this store", refused.Message, StringComparison.Ordinal);
        File.Delete(file);
        await Assert.ThrowsAsync<StoreRefusedException>(() => OpenStore.OpenAsync(DataFolder.Open(run.Data), run.Config, new MasterKeySettings(), run.Time, Ct));
        await File.WriteAllTextAsync(file, fresh, Ct);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await run.OpenAsync(null, null, null);
        await CheckAsync(run, 1);
    }

    [Fact]
    public async Task Tenants_that_come_meanwhile_are_not_lost()
    {
        await using var run = await SecretsRun.StartAsync();
        var (stop, made) = (false, 0);
        var makers = Enumerable.Range(0, 4).Select(maker => Task.Run(async () =>
        {
            while (!Volatile.Read(ref stop))
                await run.Host.Get<Tenants>().AddAsync($"tenant {maker}/{Interlocked.Increment(ref made)}", Actor.Machine, Ct);
        }, Ct)).ToList();
        for (var round = 0; round < 4; round++)
        {
            var before = Volatile.Read(ref made);
            await ProductHost.EventuallyAsync(() => Task.FromResult(Volatile.Read(ref made) > before + 10 ? "" : null));
            await run.OkAsync("", "secrets", "rotate", "master-key");
            run.Time.Advance(TimeSpan.FromSeconds(1));
        }
        Volatile.Write(ref stop, true);
        await Task.WhenAll(makers);
        await CheckAsync(run, made + 1);
        await run.RestartAsync();
        await CheckAsync(run, made + 1);
    }

    /// <summary>What was wrapped with the old key can't be stored once everybody was looked at.</summary>
    [Fact]
    public async Task Keys_that_were_wrapped_before_are_not_stored_after()
    {
        await using var run = await SecretsRun.StartAsync();
        var late = new Commit();
        await run.Host.Get<KeyRing>().CreateAsync(late, Ids.Random('t'), Ct);
        await run.OkAsync("", "secrets", "rotate", "master-key");
        Assert.Equal(CommitResult.Conflict, await run.Host.Get<IStore>().CommitAsync(late, Ct));
        var again = new Commit();
        await run.Host.Get<KeyRing>().CreateAsync(again, Ids.Random('t'), Ct);
        Assert.Equal(CommitResult.Committed, await run.Host.Get<IStore>().CommitAsync(again, Ct));
    }

    /// <summary>Breaks off before each of the commits, as a crash would, and starts anew.</summary>
    [Fact]
    public async Task Broken_off_at_any_commit_the_next_start_ends_it()
    {
        for (var at = 0; ; at++)
        {
            WatchedStore? watched = null;
            await using var run = await SecretsRun.StartAsync(services: services => watched = WatchedStore.Put(services));
            for (var i = 0; i < 120; i++)
                await run.Host.Get<Tenants>().AddAsync($"tenant {i}", Actor.Machine, Ct);
            var (old, left) = (await File.ReadAllTextAsync(KeyFile(run), Ct), at);
            watched!.BeforeCommit = _ =>
            {
                if (left-- <= 0)
                    throw new IOException("the machine lost its power");
            };
            var code = await run.RunAsync("", "secrets", "rotate", "master-key");
            var next = File.Exists(KeyFile(run) + ".next");
            await run.RestartAsync();
            if (at == 0)
            {
                // Nothing names the new key yet; the next try takes it.
                Assert.True(next);
                Assert.Equal(old, await File.ReadAllTextAsync(KeyFile(run), Ct));
                await run.OkAsync("", "secrets", "rotate", "master-key");
            }
            await run.EventuallyAsync(TimeSpan.FromSeconds(3), async () => (await IdentityAsync(run)).NextKeyCheck is null ? "" : null);
            Assert.NotEqual(old, await File.ReadAllTextAsync(KeyFile(run), Ct));
            await CheckAsync(run, 121);
            if (code == 0)
            {
                // Begin, 120 tenants and the installation in batches of 50, the end.
                Assert.True(at >= 5, $"{at}");
                return;
            }
        }
    }

    [Fact]
    public async Task Files_that_changed_places_before_the_store_was_told_are_understood()
    {
        await using var run = await SecretsRun.StartAsync(services: services => WatchedStore.Put(services));
        var watched = (WatchedStore)run.Host.Get<IStore>();
        var file = KeyFile(run);
        var old = MasterKey.Read(file).Check;
        // The last commit is the one after the files.
        watched.BeforeCommit = commit =>
        {
            if (MasterKey.Read(file).Check != old)
                throw new IOException("the machine lost its power");
        };
        Assert.Equal(1, await run.RunAsync("", "secrets", "rotate", "master-key"));
        Assert.NotEqual(old, MasterKey.Read(file).Check);
        Assert.Equal(old, (await IdentityAsync(run)).KeyCheck);
        foreach (var copy in Directory.GetFiles(Path.Combine(run.Config, "keys"), "*.before-*"))
            File.Delete(copy);
        await run.RestartAsync();
        await run.EventuallyAsync(TimeSpan.FromSeconds(3), async () => (await IdentityAsync(run)).NextKeyCheck is null ? "" : null);
        await CheckAsync(run, 1);
    }

    [Fact]
    public async Task Where_we_cannot_write_a_person_names_the_new_key()
    {
        await using var run = await SecretsRun.StartAsync();
        var own = MasterKey.Read(KeyFile(run));
        var mine = Path.Combine(run.Here, "new.key");
        MasterKey.Create(mine);
        Assert.Contains("absolute path", await run.FailsAsync("", "secrets", "rotate", "master-key", "--new-key", "new.key"), StringComparison.Ordinal);
        Assert.Contains("is in use", await run.FailsAsync("", "secrets", "rotate", "master-key", "--new-key", KeyFile(run)), StringComparison.Ordinal);
        File.SetUnixFileMode(mine, UnixFileMode.UserRead | UnixFileMode.GroupRead);
        Assert.Contains("chmod 600", await run.FailsAsync("", "secrets", "rotate", "master-key", "--new-key", mine), StringComparison.Ordinal);
        File.SetUnixFileMode(mine, UnixFileMode.UserRead);
        var said = await run.OkAsync("", "secrets", "rotate", "master-key", "--new-key", mine);
        Assert.Contains($"the new key is {mine}: put it where the settings lead", said, StringComparison.Ordinal);
        Assert.Equal(own.Check, MasterKey.Read(KeyFile(run)).Check);
        await CheckAsync(run, 1);

        // The settings still lead to the old key; the start says so, and works.
        await run.StopAsync();
        await using (var open = await OpenStore.OpenAsync(DataFolder.Open(run.Data), run.Config, new MasterKeySettings(), run.Time, Ct))
            Assert.Contains(mine, open.KeyNotice, StringComparison.Ordinal);
        File.Move(mine, KeyFile(run), overwrite: true);
        await using (var open = await OpenStore.OpenAsync(DataFolder.Open(run.Data), run.Config, new MasterKeySettings(), run.Time, Ct))
            Assert.Null(open.KeyNotice);
        await run.OpenAsync(null, null, null);
    }

    /// <summary>The file that the settings lead to holds the key of the backups, and a start in between would take it for the one in use.</summary>
    [Fact]
    public async Task While_the_settings_lead_to_the_key_before_it_is_not_changed_again()
    {
        await using var run = await SecretsRun.StartAsync();
        var (file, first, mine) = (KeyFile(run), await File.ReadAllTextAsync(KeyFile(run), Ct), Path.Combine(run.Here, "new.key"));
        MasterKey.Create(mine);
        await run.OkAsync("", "secrets", "rotate", "master-key", "--new-key", mine);
        var third = Path.Combine(run.Here, "third.key");
        MasterKey.Create(third);
        foreach (var more in (string[][])[[], ["--new-key", third]])
            Assert.Contains($"put {mine} in its place", await run.FailsAsync("", ["secrets", "rotate", "master-key", .. more]), StringComparison.Ordinal);
        Assert.Equal(first, await File.ReadAllTextAsync(file, Ct));
        Assert.Empty(Directory.GetFiles(Path.GetDirectoryName(file)!, "*.before-*"));
        await run.RestartAsync();
        await CheckAsync(run, 1);

        File.Move(file, Path.Combine(run.Here, "first.key"));
        Assert.Contains($"put {mine} in its place", await run.FailsAsync("", "secrets", "rotate", "master-key"), StringComparison.Ordinal);
        File.Move(mine, file);
        await run.OkAsync("", "secrets", "rotate", "master-key");
        await run.RestartAsync();
        await CheckAsync(run, 1);
        File.Delete(file);
        Assert.Contains("put it back there", await run.FailsAsync("", "secrets", "rotate", "master-key"), StringComparison.Ordinal);
        File.Copy(Directory.GetFiles(Path.GetDirectoryName(file)!, "*.before-*").Single(), file);
        Assert.Contains("put it back there", await run.FailsAsync("", "secrets", "rotate", "master-key"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_third_key_in_the_old_ones_place_is_not_overwritten()
    {
        WatchedStore? watched = null;
        await using var run = await SecretsRun.StartAsync(services: services => watched = WatchedStore.Put(services));
        var (file, first) = (KeyFile(run), await File.ReadAllTextAsync(KeyFile(run), Ct));
        var foreign = Path.Combine(run.Here, "foreign.key");
        MasterKey.Create(foreign);
        watched!.BeforeCommit = commit =>
        {
            if (commit.Operations.Any(operation => operation.Key.Table == Table.Keys))
                File.Copy(foreign, file, overwrite: true);
        };
        Assert.Contains("neither the old nor the new", await run.FailsAsync("", "secrets", "rotate", "master-key"), StringComparison.Ordinal);
        Assert.Equal(await File.ReadAllTextAsync(foreign, Ct), await File.ReadAllTextAsync(file, Ct));
        watched.BeforeCommit = _ => { };
        await File.WriteAllTextAsync(file, first, Ct);
        await run.OkAsync("", "secrets", "rotate", "master-key");
        await CheckAsync(run, 1);
        await run.RestartAsync();
    }

    [Fact]
    public async Task A_copy_of_before_opens_with_the_key_that_was_kept()
    {
        await using var run = await SecretsRun.StartAsync();
        await run.StopAsync();
        using var copy = new TemporaryFolder();
        run.CopyTo(copy);
        var data = copy.Sub("data");
        await run.OpenAsync(null, null, null);
        await run.OkAsync("", "secrets", "rotate", "master-key");
        await run.StopAsync();

        var refused = await Assert.ThrowsAsync<StoreRefusedException>(() => OpenStore.OpenAsync(DataFolder.Open(data), run.Config, new MasterKeySettings(), run.Time, Ct));
        var kept = Directory.GetFiles(Path.Combine(run.Config, "keys"), "*.before-*").Single();
        Assert.Contains(kept, refused.Message, StringComparison.Ordinal);
        await using (var open = await OpenStore.OpenAsync(DataFolder.Open(data), run.Config, new MasterKeySettings { File = kept }, run.Time, Ct))
            Assert.NotNull(await open.Keys.TenantAsync(run.Host.Tenant.Id, Ct));
        await run.OpenAsync(null, null, null);
    }
}
