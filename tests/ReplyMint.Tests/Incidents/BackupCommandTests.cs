using System.Diagnostics;
using ReplyMint.Cli;
using ReplyMint.Incidents;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Cli;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Incidents;

/// <summary>The commands as an operator gives them, with a server and without, and what a kill leaves.</summary>
public sealed class BackupCommandTests : IAsyncDisposable
{
    private readonly CliRun _cli = CliRun.OnStore();
    private ServerProcess? _server;

    public BackupCommandTests()
    {
        _cli.Environment["REPLYMINT_URLS"] = "http://localhost:0";
        _cli.Environment["REPLYMINT_SMTP__PORT"] = "0";
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string Folder(string name) => Path.Combine(_cli.Folder, name);

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
        _cli.Dispose();
    }

    [Fact]
    public async Task Made_with_and_without_a_server_listed_verified_rehearsed_and_restored()
    {
        await _cli.OkAsync("tenant", "add", "Acme");
        Assert.Contains("last backup of the data: never", await _cli.OkAsync("backup", "list"), StringComparison.Ordinal);
        Assert.Contains("warn  backup: none are made by themselves", await _cli.OkAsync("doctor"), StringComparison.Ordinal);
        var first = (await _cli.OkAsync("backup", "create")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')[0]).ToArray();
        Assert.Equal(2, first.Length);
        _server = await ServerProcess.StartAsync(new ReplyMintSettings
        {
            Data = Folder("data"), Config = Folder("config"), Urls = ["http://localhost:0"], Environment = DeploymentEnvironment.Development, Smtp = new() { Port = 0 },
        }, _cli.Host(TextWriter.Null, TextWriter.Null), Ct);
        await _cli.OkAsync("tenant", "add", "Beta");
        var second = (await _cli.OkAsync("backup", "create", "--to", Folder("elsewhere"))).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')[0]).ToArray();
        Assert.Contains("is no whole path", await _cli.FailsAsync("backup", "create", "--to", "elsewhere"), StringComparison.Ordinal);
        var list = await _cli.OkAsync("backup", "list", "--in", Folder("elsewhere"));
        Assert.Contains(second[0], list, StringComparison.Ordinal);
        Assert.Contains("last backup of the data: within the hour; of the keys: within the hour; last drill: never", list, StringComparison.Ordinal);
        Assert.Contains("the drill passed in", await _cli.OkAsync("backup", "drill"), StringComparison.Ordinal);
        Assert.Contains("last drill: within the hour", await _cli.OkAsync("backup", "list"), StringComparison.Ordinal);
        Assert.Contains("is whole: data of store", await _cli.OkAsync(["backup", "verify", .. first, .. second]), StringComparison.Ordinal);

        // Older data and newer keys, in a folder that is not there yet.
        Assert.Contains("0 mails that were on their way out", await _cli.OkAsync("backup", "restore", first[0], second[1], "--into", Folder("again")), StringComparison.Ordinal);
        Assert.Contains("erase replay", await _cli.FailsAsync("serve", "--data", Folder("again")), StringComparison.Ordinal);
        await _cli.OkAsync("erase", "replay", "--nothing-was-erased-since", "--data", Folder("again"));
        var tenants = await _cli.OkAsync("tenant", "list", "--data", Folder("again"));
        Assert.Contains("Acme", tenants, StringComparison.Ordinal);
        Assert.DoesNotContain("Beta", tenants, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_restore_that_is_killed_leaves_what_nothing_starts_on()
    {
        await _cli.OkAsync("tenant", "add", "Acme");
        var parts = (await _cli.OkAsync("backup", "create")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')[0]).ToArray();
        // The keys come through a pipe that stops in the middle: there the restore waits until it is killed.
        var pipe = Folder("pipe");
        using (var made = Process.Start("mkfifo", pipe))
            await made.WaitForExitAsync(Ct);
        string[] order = ["backup", "restore", parts[0], parts[1], "--into", Folder("again"), "--config", Folder("config")];
        using var restore = Process.Start(ServerChild.Command(_cli.Folder, null, [.. order.Select(word => word == parts[1] ? pipe : word)]))!;
        await using (var keys = new FileStream(pipe, FileMode.Open, FileAccess.Write))
        {
            await keys.WriteAsync((await File.ReadAllBytesAsync(parts[1], Ct)).AsMemory(0, BackupHeader.Bytes + 100), Ct);
            await keys.FlushAsync(Ct);
            await ProductHost.EventuallyAsync(() => Task.FromResult(File.Exists(Path.Combine(Folder("again"), "db", "replymint.db")) ? "" : null));
            restore.Kill();
            await restore.WaitForExitAsync(Ct);
        }
        Assert.Contains("was not finished", await _cli.FailsAsync("serve", "--data", Folder("again")), StringComparison.Ordinal);
        Assert.Contains("was not finished", await _cli.FailsAsync("tenant", "list", "--data", Folder("again")), StringComparison.Ordinal);
        Assert.Contains("was not finished. Remove the folder", await _cli.FailsAsync(order), StringComparison.Ordinal);
        Directory.Delete(Folder("again"), recursive: true);
        await _cli.OkAsync(order);
        await _cli.OkAsync("erase", "replay", "--nothing-was-erased-since", "--data", Folder("again"));
        Assert.Contains("Acme", await _cli.OkAsync("tenant", "list", "--data", Folder("again")), StringComparison.Ordinal);
    }
}
