using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Incidents;
using ReplyMint.Storage;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Incidents;

/// <summary>Backups by themselves: made when due, removed when old, missed when absent, rehearsed.</summary>
public sealed class BackupUpkeepTests : IDisposable
{
    private static readonly DateTimeOffset Start = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);

    private readonly BackupFolder _backups = new();
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string Kept => _backups.Sub("kept");

    public void Dispose()
    {
        _backups.Dispose();
        _folder.Dispose();
    }

    /// <summary>The same installation, started so long after the first time: days pass without each of their seconds.</summary>
    private Task<ProductHost> StartAsync(double days = 0, BackupSettings? settings = null) => ProductHost.StartAsync(
        knowledge: BackupFolder.Faq, folder: _folder, time: new FakeTimeProvider(Start.AddDays(days)), settings: all => all with { Backup = (settings ?? new BackupSettings()) with { Folder = Kept } });

    /// <summary>Until the files are so, and the job that made the newest has ended.</summary>
    private async Task<IReadOnlyList<BackupFile>> UntilAsync(ProductHost host, Func<IReadOnlyList<BackupFile>, bool> reached) => await ProductHost.EventuallyAsync(async () =>
        await BackupFiles.ListAsync(Kept, Ct) is var files && reached(files) && (await host.Get<Backups>().StateAsync(Ct)).Keys?.At == files.Where(file => file.Part == BackupPart.Keys).Max(file => (DateTimeOffset?)file.At) ? files : null);

    private static string[] Of(IEnumerable<BackupFile> files, BackupPart part) => [.. files.Where(file => file.Part == part).Select(file => file.At.UtcDateTime.ToString("MM-dd", System.Globalization.CultureInfo.InvariantCulture)).Order()];

    [Fact]
    public async Task They_are_made_when_due_and_what_is_old_goes_the_keys_after_thirty_days_at_most()
    {
        var settings = new BackupSettings { Every = 240, KeysEvery = 168, KeepDays = 20 };
        var migration = Path.Combine(_folder.Path, "data", "backup", "before-form-2-20261124T120000.db");
        var host = await StartAsync(0, settings);
        await UntilAsync(host, files => files.Count == 2);
        await host.StopAsync();
        // A copy of before a migration holds data and keys together.
        await File.WriteAllTextAsync(migration, "", Ct);
        // Day 8: the keys are due, the data are not. Day 11: both.
        host = await StartAsync(8, settings);
        await UntilAsync(host, files => files.Count == 3);
        await host.StopAsync();
        host = await StartAsync(11, settings);
        var files = await UntilAsync(host, files => files.Count == 5);
        await host.StopAsync();
        Assert.Equal(["11-24", "12-05"], Of(files, BackupPart.Data));
        Assert.Equal(["11-24", "12-02", "12-05"], Of(files, BackupPart.Keys));
        // No more can be made from here on; what is old goes all the same, but for the newest data.
        host = await StartAsync(29.9, settings with { Every = 720, KeysEvery = 168 });
        files = await UntilAsync(host, files => Of(files, BackupPart.Data) is ["12-05"] && Of(files, BackupPart.Keys).Length == 4);
        Assert.Equal("11-24", Of(files, BackupPart.Keys)[0]);
        Assert.True(File.Exists(migration));
        await host.StopAsync();
        host = await StartAsync(60.4, settings with { Every = 720, KeysEvery = 168 });
        // What was the newest until then goes the next time that somebody looks.
        await UntilAsync(host, files => Of(files, BackupPart.Keys) is ["01-23"]);
        host.Time.Advance(TimeSpan.FromMinutes(10));
        files = await UntilAsync(host, files => Of(files, BackupPart.Data) is ["01-23"]);
        Assert.Equal(["01-23"], Of(files, BackupPart.Keys));
        Assert.False(File.Exists(migration));
        var log = await host.Get<AuditLog>().NewestAsync(KeyRing.Installation, 100, Ct);
        Assert.Contains(log, entry => entry is { Act: "backup.prune", Actor: "system" });
        Assert.Contains(log, entry => entry is { Act: "backup.create", Actor: "system" });
        await host.StopAsync();
    }

    [Fact]
    public async Task Keys_go_also_when_no_new_ones_can_be_made_and_the_newest_data_stays()
    {
        var host = await StartAsync();
        await UntilAsync(host, files => files.Count == 2);
        await host.StopAsync();
        var store = (await BackupFiles.ListAsync(Kept, Ct))[0].StoreId;
        // Another store's files in the same folder are none of ours.
        Assert.Empty(await BackupFiles.PruneAsync(Kept, "s00000000000000000000", new BackupSettings { KeepDays = 1 }, Start.AddDays(5000), Ct));
        foreach (var (days, data, keys) in (IReadOnlyList<(double, int, int)>)[(29.9, 1, 1), (30.1, 1, 0), (1000, 1, 0)])
        {
            await BackupFiles.PruneAsync(Kept, store, new BackupSettings(), Start.AddDays(days), Ct);
            var files = await BackupFiles.ListAsync(Kept, Ct);
            Assert.Equal((data, keys), (Of(files, BackupPart.Data).Length, Of(files, BackupPart.Keys).Length));
        }
    }

    [Fact]
    public async Task What_a_killed_backup_left_goes_at_the_next_start_and_its_keys_are_written_over()
    {
        var host = await ProductHost.StartAsync(folder: _folder);
        await host.StopAsync();
        // A drill's: copies of both, and a store that was put together of them. Other names of its files show what becomes of their contents.
        var left = Path.Combine(_folder.Path, "data", "backup", "work-0123456789abcdef");
        string[] files = ["data.db", "keys.db", "restored/db/replymint.db", "restored/db/replymint.db-wal", "restored/run/keys.db", "backup/replymint-x.keys.rmbackup"];
        foreach (var file in files)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(left, file))!);
            await File.WriteAllBytesAsync(Path.Combine(left, file), [.. Enumerable.Repeat((byte)7, 200_000)], Ct);
            using var link = Process.Start("ln", [Path.Combine(left, file), _backups.Sub(file.Replace('/', '-'))]);
            await link.WaitForExitAsync(Ct);
        }
        // No folder is named, so no backup is made by itself that would clear up.
        var again = await ProductHost.StartAsync(folder: _folder, of: host.Tenant);
        await ProductHost.EventuallyAsync(() => Task.FromResult(Directory.Exists(left) ? null : ""));
        foreach (var file in files.Skip(1))
            Assert.Equal([0], (await File.ReadAllBytesAsync(_backups.Sub(file.Replace('/', '-')), Ct)).Distinct());
        Assert.Empty(await BackupFiles.ListAsync(Path.Combine(again.DataFolder, "backup"), Ct));
        await again.StopAsync();
    }

    [Fact]
    public async Task A_folder_that_can_not_be_written_raises_alerts()
    {
        var host = await StartAsync();
        await UntilAsync(host, files => files.Count == 2);
        await host.StopAsync();
        Directory.Delete(Kept, recursive: true);
        await File.WriteAllTextAsync(Kept, "a file stands where the folder was", Ct);
        host = await StartAsync(91);
        await ProductHost.EventuallyAsync(async () =>
        {
            var kinds = (await host.Get<Alerts>().NewestAsync(50, Ct)).Select(alert => alert.Kind).ToHashSet();
            return kinds.IsSupersetOf(["backup-failed", "backup-overdue", "backup-keys-overdue"]) ? kinds : null;
        });
        await host.StopAsync();
    }

    [Fact]
    public async Task A_full_disk_leaves_nothing_half_and_says_so()
    {
        await using var host = await ProductHost.StartAsync();
        await host.DeliverAndDecideAsync(host.Mail(string.Concat(Enumerable.Repeat("> a line of an old mail\r\n", 80_000))));
        var small = Directory.CreateDirectory(_backups.Sub("small")).FullName;
        using var mount = Process.Start(new ProcessStartInfo("mount", ["-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", small]) { RedirectStandardError = true })!;
        await mount.WaitForExitAsync(Ct);
        if (mount.ExitCode != 0)
            Assert.Skip("A small file system can't be mounted here.");
        try
        {
            var failure = await Assert.ThrowsAsync<BackupFailedException>(() => host.Get<Backups>().CreateAsync(small, true, Actor.Machine, null, Ct));
            Assert.Equal($"the disk of {small} is full; free some space", failure.Message);
            Assert.Empty(Directory.GetFileSystemEntries(small));
            Assert.Empty(Directory.GetDirectories(Path.Combine(host.DataFolder, "backup")));
            Assert.Null((await host.Get<Backups>().StateAsync(Ct)).Data);
        }
        finally
        {
            using var umount = Process.Start("umount", small);
            await umount.WaitForExitAsync(CancellationToken.None);
        }
    }

    [Fact]
    public async Task A_drill_restores_compares_reads_and_leaves_a_signed_report()
    {
        await using var host = await ProductHost.StartAsync(knowledge: BackupFolder.Faq);
        await host.DeliverAndDecideAsync(host.Mail("How long does delivery take?\r\n" + string.Concat(Enumerable.Repeat("> a line of an old mail\r\n", 20_000))));
        var (report, statement) = await host.Get<BackupDrill>().RunAsync(Actor.Machine, Ct);
        Assert.Empty(report.Problems);
        foreach (var part in (string[])["backup: ", "restore: ", "comparison: ", "reading: ", "audit log: ", "ledger of erasures: "])
            Assert.Contains(report.Checked, line => line.StartsWith(part, StringComparison.Ordinal));
        Assert.True(report is { Items: > 20, Blobs: 1, Opened: >= 3 });
        Assert.Equal(report.Id, (await host.Get<Attestations>().VerifyAsync("backup-drill", statement, BackupJson.Default.DrillReport, Ct))!.Id);
        var state = await host.Get<Backups>().StateAsync(Ct);
        var record = (await host.Get<Records>().PageAsync(10, null, Ct)).Records.Single();
        Assert.Equal((RecordKinds.RestoreDrill, statement), (record.Item.Kind, record.Proof));
        Assert.Equal((report.At, true), (state.Drill, state.DrillPassed));
        Assert.Empty(Directory.GetDirectories(Path.Combine(host.DataFolder, "backup")));

        // A file that its item names is lost: the copy can't be whole, and the drill does not say that it is.
        Directory.Delete(Path.Combine(host.DataFolder, "blobs"), recursive: true);
        Directory.CreateDirectory(Path.Combine(host.DataFolder, "blobs"));
        (report, _) = await host.Get<BackupDrill>().RunAsync(Actor.Machine, Ct);
        Assert.Contains("the store lacks 1 files that its items name", report.Problems);
        Assert.False((await host.Get<Backups>().StateAsync(Ct)).DrillPassed);
        Assert.Single((await host.Get<Records>().PageAsync(10, null, Ct)).Records);
        Assert.Contains(await host.Get<Alerts>().NewestAsync(10, Ct), alert => alert.Kind == "backup-drill-failed");
    }

    [Fact]
    public async Task A_file_that_a_job_removes_meanwhile_breaks_no_backup()
    {
        await using var host = await ProductHost.StartAsync();
        var message = await host.DeliverAndDecideAsync(host.Mail(string.Concat(Enumerable.Repeat("> a line of an old mail\r\n", 20_000))));
        var work = Directory.CreateDirectory(_backups.Sub("work")).FullName;
        var key = ReplyMint.Inbound.Messages.RawKey(host.Tenant.Id, message.Id);
        // As it is when the retention comes between the copy and the files: the copy names the file, the store neither it nor the item.
        var copy = (Path.Combine(work, "data.db"), Path.Combine(work, "keys.db"));
        StoreCopy.Make(Path.Combine(host.DataFolder, "db", "replymint.db"), copy.Item1, copy.Item2, host.Time.GetUtcNow());
        Assert.Equal(key, Assert.Single(StoreCopy.Unsealed(copy.Item1, Table.Main, ReplyMint.Inbound.Messages.RawPrefix)).Key);
        await host.Get<IStore>().CommitAsync(new Commit().Delete(key), Ct);
        File.Delete(Path.Combine(host.DataFolder, "blobs", host.Tenant.Id, message.Id));
        var made = await host.Get<BackupMaker>().WritePartsAsync(_backups.Sub("parts"), copy.Item1, copy.Item2, host.Time.GetUtcNow(), data: true, Ct);
        Assert.Equal(0, made.MissingBlobs);
        Assert.True(await _backups.VerifyAsync(made.Data!.Path, BackupFolder.Config(host)) == 0, _backups.Error);
        Assert.Empty(StoreCopy.Unsealed(copy.Item1, Table.Main, ReplyMint.Inbound.Messages.RawPrefix));
    }

    [Fact]
    public async Task Two_copies_are_compared_item_by_item()
    {
        // Nothing runs on it: what works in the background would change more than this test does.
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        var (open, rooms) = await BackupFolder.OpenAsync(_folder, time);
        await using var _ = open;
        await using var __ = rooms;
        var (store, database) = (rooms.GetRequiredService<IStore>(), _folder.Sub("data/db/replymint.db"));
        var tenant = await rooms.GetRequiredService<Tenants>().AddAsync("One", Actor.System, Ct);
        var key = ItemKey.Main(tenant.Id, "compared");
        string[] data = [_backups.Sub("1.db"), _backups.Sub("2.db")], keys = [_backups.Sub("1k.db"), _backups.Sub("2k.db")];
        await store.CommitAsync(new Commit().Put(key, "{\"v\":1}"u8.ToArray(), Condition.Absent), Ct);
        StoreCopy.Make(database, data[0], keys[0], time.GetUtcNow());
        Assert.Equal(0, StoreCopy.Compare(data[0], data[0], Table.Main).Different);
        await store.CommitAsync(new Commit().Put(key, "{\"v\":2}"u8.ToArray(), Condition.Any).Put(key with { Sort = "more" }, "{}"u8.ToArray(), Condition.Absent), Ct);
        StoreCopy.Make(database, data[1], keys[1], time.GetUtcNow());
        var difference = StoreCopy.Compare(data[0], data[1], Table.Main);
        // One is in both and changed, one is in one only.
        Assert.Equal(3, difference.Different);
        Assert.True(difference.Same > 0);
        Assert.Equal(0, StoreCopy.Compare(keys[0], keys[1], Table.Keys).Different);
    }
}
