using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Cli;
using ReplyMint.Privacy;
using ReplyMint.Tests.Aws;
using ReplyMint.Tests.Cli;
using ReplyMint.Tests.Incidents;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Privacy;

/// <summary>
/// Exports and imports that are killed (SIGKILL, in a process of their own) at any moment: an export is offered whole or not at all, an
/// import goes on when it is run again. REPLYMINT_TEST_FULL=1 runs the long form.
/// </summary>
public sealed class ExportCrashTests : IDisposable
{
    private static readonly bool Full = Environment.GetEnvironmentVariable("REPLYMINT_TEST_FULL") == "1";
    private static readonly int Mails = Full ? 8_000 : 1_200;
    private static readonly int Kills = Full ? 20 : 3;

    private readonly TemporaryFolder _folder = new();
    // The long form reads many mails in.
    private readonly CliRun _cli = new() { Patience = TimeSpan.FromMinutes(3) };
    private readonly int _seed = Random.Shared.Next();

    public ExportCrashTests()
    {
        _cli.Environment["REPLYMINT_ENVIRONMENT"] = "development";
        _cli.Open = (settings, ct) => Installation.OpenForCommandAsync(settings, _cli.Host(TextWriter.Null, TextWriter.Null), ct);
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string[] Here => ["--data", _folder.Sub("data"), "--config", _folder.Sub("config")];

    public void Dispose()
    {
        _cli.Dispose();
        if (Directory.Exists(_folder.Path))
            _folder.Dispose();
    }

    [Fact]
    public async Task An_import_that_is_killed_goes_on_when_it_is_run_again()
    {
        var (file, random, broken) = (await ExportedFile.WithManyMailsAsync(_folder.Sub("many.zip"), Mails, Ct), new Random(_seed), 0);
        for (var kill = 0; kill < Kills; kill++)
            broken += await KilledAsync(["import", file, .. Here], Written, random.Next(600)) ? 1 : 0;
        // One that was done before it could be killed is there already.
        if (await _cli.RunAsync(["import", file, .. Here]) != 0)
            Assert.Contains("here already", _cli.Error, StringComparison.Ordinal);
        await OkAsync(["export", "tenant", "--out", "again.zip", .. Here]);
        Assert.Equal(ExportedFile.Counts(file), ExportedFile.Counts(Path.Combine(_cli.Folder, "again.zip")));
        Assert.Equal(1, await _cli.RunAsync(["import", file, "--undo", .. Here]));
        Tell(broken);
    }

    [Fact]
    public async Task An_export_by_command_has_its_name_only_when_it_is_whole()
    {
        await ImportedAsync();
        var (random, broken) = (new Random(_seed), 0);
        var (file, part) = (_folder.Sub("out.zip"), _folder.Sub("out.zip.part"));
        for (var kill = 0; kill < Kills; kill++)
        {
            broken += await KilledAsync(["export", "tenant", "--out", file, .. Here], () => File.Exists(part) ? new FileInfo(part).Length : 0, random.Next(300)) ? 1 : 0;
            if (File.Exists(file))
                await WholeAsync(await File.ReadAllBytesAsync(file, Ct));
            File.Delete(file);
        }
        await OkAsync(["export", "tenant", "--out", file, .. Here]);
        await WholeAsync(await File.ReadAllBytesAsync(file, Ct));
        Assert.False(File.Exists(part));
        Tell(broken);
    }

    [Fact]
    public async Task An_export_by_the_server_is_made_anew_by_the_next_start()
    {
        await ImportedAsync();
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        string tenant, id;
        // Asked for where nothing runs, so that all of it is left to those that are killed.
        var (open, rooms) = await BackupFolder.OpenAsync(_folder, time);
        await using (open)
        await using (rooms)
        {
            tenant = (await rooms.GetRequiredService<Tenants>().ListAsync(Ct))[0].Id;
            id = (await rooms.GetRequiredService<Exports>().AskAsync(tenant, ExportScope.Tenant, null, Actor.Machine, Ct))!.Id;
        }
        var random = new Random(_seed);
        for (var kill = 0; kill < Kills; kill++)
        {
            AwsInstallation.NeedsDataFolder();
            using var server = await ServerChild.StartAsync(_folder.Path, [], ct: Ct);
            await Task.Delay(random.Next(400), Ct);
            await server.KillAsync();
        }
        await using var again = await ProductHost.StartAsync(folder: _folder, time: time);
        var ready = await ProductHost.EventuallyAsync(async () =>
        {
            again.Time.Advance(TimeSpan.FromSeconds(1));
            return (await again.Get<Exports>().FindAsync(tenant, id, Ct))?.Value is { State: ExportState.Ready } done ? done : null;
        });
        using var bytes = new MemoryStream();
        Assert.True(await again.Get<Exports>().SendAsync(tenant, id, 0, ready.Size, async some => await bytes.WriteAsync(some, Ct), Ct));
        await WholeAsync(bytes.ToArray());
        Assert.Single(Directory.GetFiles(_folder.Sub("data/exports"), "*", SearchOption.AllDirectories));
    }

    /// <summary>A store with all the mails.</summary>
    private async Task ImportedAsync() => await OkAsync(["import", await ExportedFile.WithManyMailsAsync(_folder.Sub("many.zip"), Mails, Ct), .. Here]);

    private static async Task WholeAsync(byte[] bytes)
    {
        var (file, wrong) = await ImportFile.OpenAsync(new MemoryStream(bytes), ImportBounds.Usual, Ct);
        Assert.True(file is not null, wrong);
        using (file)
            Assert.Equal(Mails, file.Count("messages.jsonl"));
    }

    /// <summary>Starts a command, and kills it some milliseconds after the first sign of its work. False when it was done before.</summary>
    private async Task<bool> KilledAsync(string[] arguments, Func<long> work, int after)
    {
        var before = work();
        using var command = Process.Start(ServerChild.Command(_folder.Path, null, arguments))!;
        await ProductHost.EventuallyAsync(() => Task.FromResult(command.HasExited || work() != before ? "" : null));
        await Task.Delay(after, Ct);
        if (command.HasExited)
            return false;
        command.Kill();
        await command.WaitForExitAsync(Ct);
        return true;
    }

    /// <summary>The store's log grows with each commit.</summary>
    private long Written() => new FileInfo(_folder.Sub("data/db/replymint.db-wal")) is { Exists: true } log ? log.Length : 0;

    private async Task OkAsync(string[] arguments) => Assert.True(await _cli.RunAsync(arguments) == 0, $"{string.Join(' ', arguments)}: {_cli.Error}");

    private void Tell(int broken) => TestContext.Current.TestOutputHelper?.WriteLine($"seed {_seed}: {broken} of {Kills} were broken off");
}
