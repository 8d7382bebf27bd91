using ReplyMint.Audit;
using ReplyMint.Incidents;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Secrets;
using Xunit;

namespace ReplyMint.Tests.Incidents;

/// <summary>A restore with keys that changed since: the installation's own, and the master key.</summary>
public sealed class RestoredKeysTests : IDisposable
{
    private readonly BackupFolder _backups = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _backups.Dispose();

    [Fact]
    public async Task A_store_whose_installation_does_not_open_with_the_keys_is_none()
    {
        await using var run = await SecretsRun.StartAsync(BackupFolder.Faq);
        var user = await run.Host.PersonAsync(Role.Admin);
        await run.Host.SignInAsync(user);
        var before = await _backups.CreateAsync(run.Host);
        await run.OkAsync("", "secrets", "rotate", "tenant-key", "--tenant", KeyRing.Installation);
        Assert.Equal(2, (await run.OneKeyAsync(KeyRing.Installation)).Current);
        var after = await _backups.CreateAsync(run.Host);
        Assert.Equal(1, await _backups.RestoreAsync(before.Data!.Path, after.Keys!.Path, _backups.Sub("new"), run.Config));
        Assert.Contains("The installation's own items (signing-keys) do not open: its key was changed between the data of", Assert.Single(_backups.Error.TrimEnd().Split('\n')), StringComparison.Ordinal);
        Assert.Contains("was not finished", Assert.Throws<StoreRefusedException>(() => DataFolder.Open(_backups.Sub("new"))).Message, StringComparison.Ordinal);
        // Each pair of one moment opens.
        Assert.Equal(0, await _backups.RestoreAsync(before.Data.Path, before.Keys!.Path, _backups.Sub("one"), run.Config));
        Assert.Equal(0, await _backups.RestoreAsync(after.Data!.Path, after.Keys.Path, _backups.Sub("two"), run.Config));
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
