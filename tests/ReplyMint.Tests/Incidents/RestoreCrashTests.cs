using System.Diagnostics;
using ReplyMint.Cli;
using ReplyMint.Storage;
using ReplyMint.Tests.Cli;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Incidents;

/// <summary>A restore that is killed (SIGKILL, in a process of its own) at any moment leaves what is no store, or all of it. REPLYMINT_TEST_FULL=1 runs the long form.</summary>
public sealed class RestoreCrashTests : IDisposable
{
    private static readonly bool Full = Environment.GetEnvironmentVariable("REPLYMINT_TEST_FULL") == "1";
    private static readonly int Kills = Full ? 25 : 4;

    // An import of thousands of mails is no command that takes seconds.
    private readonly CliRun _cli = new() { Patience = TimeSpan.FromMinutes(3) };
    private readonly int _seed = Random.Shared.Next();

    public RestoreCrashTests()
    {
        _cli.Environment["REPLYMINT_BASE"] = _cli.Folder;
        _cli.Environment["REPLYMINT_ENVIRONMENT"] = "development";
        _cli.Open = (settings, ct) => Installation.OpenForCommandAsync(settings, _cli.Host(TextWriter.Null, TextWriter.Null), ct);
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task Killed_at_any_moment_nothing_starts_on_half_of_it_and_the_next_one_makes_it_whole()
    {
        var file = await ExportedFile.WithManyMailsAsync(Folder("many.zip"), Full ? 8_000 : 1_200, Ct);
        await OkAsync("import", file);
        var parts = (await OkAsync("backup", "create")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')[0]).ToArray();
        string[] order = ["backup", "restore", parts[0], parts[1], "--into", Folder("again"), "--config", Folder("config")];
        var (random, broken) = (new Random(_seed), 0);
        for (var kill = 0; kill < Kills; kill++)
        {
            using (var restore = Process.Start(ServerChild.Command(_cli.Folder, null, order))!)
            {
                await ProductHost.EventuallyAsync(() => Task.FromResult(restore.HasExited || Directory.Exists(Folder("again")) ? "" : null));
                await Task.Delay(random.Next(800), Ct);
                if (!restore.HasExited)
                    restore.Kill();
                await restore.WaitForExitAsync(Ct);
            }
            // Its very first act is the mark; before it the folder is empty.
            if (File.Exists(Path.Combine(Folder("again"), DataFolder.UnfinishedName)))
            {
                broken++;
                Assert.Contains("was not finished", await FailsAsync("tenant", "list", "--data", Folder("again")), StringComparison.Ordinal);
                Assert.Contains("was not finished", await FailsAsync("serve", "--data", Folder("again")), StringComparison.Ordinal);
                Assert.Contains("was not finished. Remove the folder", await FailsAsync(order), StringComparison.Ordinal);
            }
            else if (Directory.EnumerateFileSystemEntries(Folder("again")).Any())
                // All of it is there, with the mark that its erasures are still to be done again.
                Assert.Contains("erase replay", await FailsAsync("serve", "--data", Folder("again")), StringComparison.Ordinal);
            Directory.Delete(Folder("again"), recursive: true);
        }
        await OkAsync(order);
        await OkAsync("erase", "replay", "--nothing-was-erased-since", "--data", Folder("again"));
        await OkAsync("export", "tenant", "--out", "again.zip", "--data", Folder("again"));
        Assert.Equal(ExportedFile.Counts(file), ExportedFile.Counts(Folder("again.zip")));
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {_seed}: {broken} of {Kills} were broken off");
    }

    /// <summary>The earliest moment without chance: the mark is there, and nothing else.</summary>
    [Fact]
    public async Task Killed_behind_its_first_act_every_command_says_what_lies_there()
    {
        Directory.CreateDirectory(Folder("again"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        await File.WriteAllTextAsync(Path.Combine(Folder("again"), DataFolder.UnfinishedName), "", Ct);
        foreach (var command in (string[])["tenant list", "tenant add Acme", "serve", "erase replay --nothing-was-erased-since"])
            Assert.Contains("was not finished", await FailsAsync([.. command.Split(' '), "--data", Folder("again")]), StringComparison.Ordinal);
    }

    private string Folder(string name) => Path.Combine(_cli.Folder, name);

    private async Task<string> OkAsync(params string[] arguments)
    {
        Assert.True(await _cli.RunAsync(arguments) == 0, $"{string.Join(' ', arguments)}: {_cli.Out} {_cli.Error}");
        return _cli.Out;
    }

    private async Task<string> FailsAsync(params string[] arguments)
    {
        Assert.Equal(1, await _cli.RunAsync(arguments));
        return _cli.Error;
    }
}
