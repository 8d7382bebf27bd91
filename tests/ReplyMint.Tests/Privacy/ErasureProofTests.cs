using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Cli;
using ReplyMint.Inbound;
using ReplyMint.Knowledge;
using ReplyMint.Privacy;
using ReplyMint.Replies;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Cli;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Privacy;

/// <summary>
/// What is erased is gone from all files, for a reader who has the master key (GDPR-2); and who has none finds nothing at any
/// time. A backup that was made before brings nothing back either, once the ledger was replayed.
/// </summary>
public sealed class ErasureProofTests
{
    private const string Anna = "anna-marked@customer.example";
    private const string Ben = "ben@other.example";

    // In the mail's text, subject, display name, quotation, signature and Cc; in a large mail; in a draft of a person and a note; in a mail that waits for its job.
    private static readonly string[] Marks = [.. Enumerable.Range(1, 8).Select(n => $"marked-text-{n}-of-anna")];

    private static string Config(TemporaryFolder folder) => folder.Sub("config");

    private static string Data(TemporaryFolder folder) => folder.Sub("data");

    private static async Task FillAsync(ProductHost host)
    {
        await host.DeliverAndDecideAsync(host.Mail($"{Marks[0]}\r\n\r\n-- \r\n{Marks[1]}\r\n", Anna, Marks[2], extra: $"Cc: {Marks[3]} <c@c.example>"), Anna);
        await host.DeliverAndDecideAsync(host.Mail($"{Marks[4]} " + string.Join("\r\n", Enumerable.Repeat(new string('x', 70), 4_000)), Anna), Anna);
        var held = await host.DeliverAndDecideAsync(host.Mail("Do you sponsor our football club?", Anna), Anna);
        Assert.IsType<DeskOutcome.Done>(await host.Get<DraftDesk>().EditAsync(host.Tenant.Id, held.Id, $"Dear Anna, {Marks[5]}", null, Actor.Machine, default));
        Assert.IsType<DeskOutcome.Done>(await host.Get<DraftTalk>().NoteAsync(host.Tenant.Id, held.Id, Marks[6], Actor.Machine, default));
        await host.DeliverAndDecideAsync(host.Mail("How long does delivery take?", Anna, Marks[7]), Anna);
        await host.DeliverAndDecideAsync(host.Mail("unmarked words of ben", Ben), Ben);
    }

    private static string[] Blobs(TemporaryFolder folder) => Directory.GetFiles(Path.Combine(Data(folder), "blobs"), "*", SearchOption.AllDirectories);

    private static async Task<int> KeysAsync(TemporaryFolder folder) => (await StoreReader.ReadAsync(Data(folder), Config(folder))).Keys;

    private static async Task<(int WithKey, int Without, int Others)> LookAsync(TemporaryFolder folder)
    {
        var reader = await StoreReader.ReadAsync(Data(folder), Config(folder));
        Assert.True(reader.Opened > 5, $"Only {reader.Opened} values were opened: the reader proves nothing.");
        return (reader.Count(Marks.Append(Anna)), StoreReader.CountWithoutKey(Data(folder), Marks.Append(Anna)), reader.Count(["unmarked words of ben"]));
    }

    [Fact]
    public async Task A_reader_with_the_master_key_finds_all_before_and_nothing_after()
    {
        var folder = new TemporaryFolder();
        await using var host = await ProductHost.StartAsync(folder: folder, knowledge: "# How long does delivery take?\nThree days.\n");
        await FillAsync(host);
        Assert.Equal((Marks.Length + 1, 0, 1), await LookAsync(folder));
        Assert.Equal(2, await KeysAsync(folder));
        Assert.Single(Blobs(folder));
        await host.FinishAsync(await host.Get<Erasures>().CorrespondentAsync(host.Tenant.Id, Anna, Actor.Machine, default));
        Assert.Equal((0, 0, 1), await LookAsync(folder));
        // Hers is in no free page and not in the database's log either.
        Assert.Equal(1, await KeysAsync(folder));
        Assert.Empty(Blobs(folder));
    }

    [Fact]
    public async Task The_first_commit_alone_makes_all_unreadable_in_the_live_store()
    {
        await using var host = await ProductHost.StartAsync(services: CorrespondentErasureTests.NoErasures);
        var message = await host.DeliverAndDecideAsync(host.Mail(Marks[0], Anna), Anna);
        await host.Get<Erasures>().CorrespondentAsync(host.Tenant.Id, Anna, Actor.Machine, default);
        Assert.Empty(await host.ListAsync());
        Assert.NotNull(await host.Get<IStore>().GetAsync(Messages.KeyOf(host.Tenant.Id, message.Id), default));
        Assert.Null(await host.Get<KeyRing>().FindPersonAsync(await host.Get<KeyRing>().RequireAsync(host.Tenant.Id, default), message.Record.Person, default));
    }

    [Fact]
    public async Task A_backup_that_is_restored_serves_only_after_the_ledger_was_replayed()
    {
        var (folder, anchors) = (new TemporaryFolder(), new TemporaryFolder());
        using var _ = anchors;
        var before = folder.Sub("backup-before");
        var host = await ProductHost.StartAsync(folder: folder, settings: settings => settings with { Audit = new() { Anchors = [new() { Folder = anchors.Path }] } });
        await FillAsync(host);
        var user = await host.PersonAsync(Role.Member, "carl-marked@people.example");
        await host.PersonAsync(Role.Admin);
        var other = await host.Get<Tenants>().AddAsync("marked-other-tenant", Actor.Machine, default);
        StoreReader.Copy(Data(folder), before);
        await host.FinishAsync(await host.Get<Erasures>().CorrespondentAsync(host.Tenant.Id, Anna, Actor.Machine, default));
        await host.FinishAsync(await host.Get<Erasures>().UserAsync("carl-marked@people.example", Actor.Machine, default));
        await host.FinishAsync(await host.Get<Erasures>().TenantAsync(other.Id, Actor.Machine, default));
        var lines = Directory.GetFiles(anchors.Path, "*.json", SearchOption.AllDirectories).Count(file => file.Contains("erasure", StringComparison.Ordinal));
        Assert.True(lines >= 3, $"{lines} lines lie off the machine.");
        await host.StopAsync();

        // The machine burns down; what is left is the backup, and the anchors' place.
        Directory.Delete(Data(folder), recursive: true);
        StoreReader.Copy(before, Data(folder));
        Directory.Delete(before, recursive: true);
        await using (var open = await OpenStore.OpenAsync(DataFolder.Open(Data(folder)), Config(folder), new MasterKeySettings(), TimeProvider.System, default))
        {
            var commit = new Commit();
            RestoredMark.Set(commit);
            await open.Store.CommitAsync(commit, default);
        }
        Assert.Equal((Marks.Length + 1, 0, 1), await LookAsync(folder));

        using var cli = new CliRun();
        cli.Environment["REPLYMINT_ENVIRONMENT"] = "development";
        cli.Open = (settings, ct) => Installation.OpenForCommandAsync(settings, cli.Host(TextWriter.Null, TextWriter.Null), ct);
        string[] where = ["--data", Data(folder), "--config", Config(folder)];
        Assert.NotEqual(0, await cli.RunAsync(["serve", "--urls", "http://127.0.0.1:0", "--set", "smtp.port=0", .. where]));
        Assert.Contains("replymint erase replay", Assert.Single(cli.Error.Trim().Split('\n')), StringComparison.Ordinal);
        // Only its own ledger knows nothing of it; a document that nobody here signed erases nothing.
        await File.WriteAllTextAsync(Path.Combine(anchors.Path, "forged.json"), $$"""{"v":1,"id":"x","kind":"tenant","tenant":"{{host.Tenant.Id}}","subject":"{{host.Tenant.Id}}","at":"2026-11-24T12:00:00+00:00","mac":"AAAA"}""", TestContext.Current.CancellationToken);
        var code = await cli.RunAsync(["erase", "replay", "--ledger", anchors.Path, .. where]);
        Assert.True(code == 0, cli.Error);
        Assert.Contains("3 had something to remove again", cli.Out, StringComparison.Ordinal);
        Assert.Equal((0, 0, 1), await LookAsync(folder));
        var reader = await StoreReader.ReadAsync(Data(folder), Config(folder));
        Assert.Equal(0, reader.Count(["carl-marked@people.example", "marked-other-tenant"]));

        await using var again = await ProductHost.StartAsync(folder: folder, of: host.Tenant, time: host.Time);
        Assert.False(await RestoredMark.IsSetAsync(again.Get<IStore>(), default));
        Assert.Null(await again.Get<Users>().FindAsync(user, default));
        Assert.Null(await again.Get<Tenants>().FindAsync(other.Id, default));
        Assert.Equal(Ben, Assert.Single(await again.ListAsync()).Summary.From.Address);
    }

    [Fact]
    public async Task An_erasure_that_was_under_way_in_the_backup_is_completed_by_the_replay()
    {
        await using var host = await ProductHost.StartAsync(services: CorrespondentErasureTests.NoErasures);
        await FillAsync(host);
        var quoting = await host.DeliverAndDecideAsync(host.Mail($"She wrote: ask {Anna}.", Ben), Ben);
        var begun = Assert.IsType<ErasureStart.Started>(await host.Get<Erasures>().CorrespondentAsync(host.Tenant.Id, Anna, Actor.Machine, default)).Erasure;
        await host.Get<IStore>().RetryAsync((commit, _) => { RestoredMark.Set(commit); return Task.FromResult(true); }, default);
        Assert.Equal(1, (await host.Get<ErasureReplay>().ReplayAsync([], nothingSince: true, default))!.Again);
        var done = (await host.Get<Erasures>().FindAsync(host.Tenant.Id, begun.Id, default))!.Erasure;
        Assert.Equal((ErasureState.Done, true), (done.State, done.Certificate is not null));
        Assert.All(await host.ListAsync(), message => Assert.Equal(Ben, message.Summary.From.Address));
        // It went on with the address that it searches for.
        Assert.Equal(quoting.Id, Assert.Single((await host.Get<Erasures>().FoundAsync(done, 10, null, default)).Found).Id);
    }

    [Fact]
    public async Task A_tenant_that_is_erased_leaves_its_audit_log_and_no_word()
    {
        var folder = new TemporaryFolder();
        await using var host = await ProductHost.StartAsync(folder: folder, knowledge: $"# How long does delivery take?\n{Marks[7]} three days.\n");
        await FillAsync(host);
        await host.Get<KnowledgeIndexes>().OpenAsync(host.Tenant.Id, default);
        var admin = await host.ClientAsync(Role.Admin);
        Assert.Equal(System.Net.HttpStatusCode.OK, (await admin.GetAsync(new Uri("/api/v1/messages", UriKind.Relative), TestContext.Current.CancellationToken)).StatusCode);
        var done = await host.FinishAsync(await host.Get<Erasures>().TenantAsync(host.Tenant.Id, Actor.Machine, default));
        Assert.NotNull(done.Certificate);

        var reader = await StoreReader.ReadAsync(Data(folder), Config(folder));
        Assert.Equal(0, reader.Count([.. Marks, Anna, Ben, "unmarked words of ben", ProductHost.Address]));
        var store = host.Get<IStore>();
        Assert.Empty((await store.QueryAsync(Table.Main, host.Tenant.Id, new ReplyMint.Storage.Range(""), null, default)).Items);
        Assert.Empty((await store.QueryAsync(Table.Keys, host.Tenant.Id, new ReplyMint.Storage.Range(""), null, default)).Items);
        Assert.DoesNotContain(Directory.GetFiles(Path.Combine(host.DataFolder, "index")), file => file.Contains(host.Tenant.Id, StringComparison.Ordinal));
        Assert.Empty((await store.QueryAsync(Table.Main, KeyRing.Installation, new ReplyMint.Storage.Range("address/"), null, default)).Items);
        Assert.Equal("tenant.erase", (await host.Get<AuditLog>().NewestAsync(host.Tenant.Id, 1, default))[0].Act);
        Assert.Contains("erasure.done", (await host.Get<AuditLog>().NewestAsync(KeyRing.Installation, 5, default)).Select(entry => entry.Act));
        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, (await admin.GetAsync(new Uri("/api/v1/messages", UriKind.Relative), TestContext.Current.CancellationToken)).StatusCode);
        Assert.StartsWith("5", await host.SmtpAsync(host.Mail("Anybody there?")), StringComparison.Ordinal);
        Assert.Empty(await host.Get<Tenants>().ListAsync(default));
    }
}
