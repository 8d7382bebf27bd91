using System.Globalization;
using System.Text;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Incidents;
using ReplyMint.Outbound;
using ReplyMint.Privacy;
using ReplyMint.Replies;
using ReplyMint.Secrets;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Aws;
using ReplyMint.Tests.Product;
using Xunit;
using static ReplyMint.Tests.Secrets.SealedForms;

namespace ReplyMint.Tests.Secrets;

/// <summary>The algorithm of sealing changes by a setting: all can be read before, meanwhile and afterwards, and in the end nothing is left of the old form.</summary>
public sealed class SealedFormTests
{
    private const string Faq = """
        # How long does delivery take?
        Delivery within Germany takes two to three working days. You get a tracking link as soon as the parcel has left us.
        """;

    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Fact]
    public async Task By_one_setting_all_that_is_kept_takes_another_algorithm()
    {
        AwsInstallation.NeedsDataFolder();
        await using var run = await SecretsRun.StartAsync(Faq);
        var tenant = run.Host.Tenant.Id;
        await run.Host.DeliverAndDecideAsync(run.Host.Mail("How long does delivery take?"));
        await run.Host.DeliverAndDecideAsync(run.Host.Mail("Do you sell blue lamps as well?", authentication: null));
        var large = string.Concat(Enumerable.Repeat("A line of a long story that somebody tells us.\r\n", 7_000));
        await run.Host.DeliverAndDecideAsync(run.Host.Mail(large, "ben@customer.example"), "ben@customer.example");
        await run.Host.Get<Consents>().WithdrawAsync(tenant, "cara@customer.example", ConsentWay.Phone, "", Actor.Machine, Ct);
        await run.OkAsync("", "user", "add", "mia@example.com", "--role", "member");
        var mia = (await run.Host.Get<Users>().FindByAddressAsync("mia@example.com", Ct))!;
        await run.Host.Get<IStore>().RetryAsync((commit, token) => run.Host.Get<Sessions>().StartAsync(commit, mia.Id, tenant, null, new SessionClient("a browser", "192.0.2.0/24"), token), Ct);
        await run.Host.Get<IStore>().RetryAsync(async (commit, token) =>
        {
            await run.Host.Get<AuditLog>().AppendAsync(commit, tenant, new AuditEntry(new Actor(mia.Id) { Network = "192.0.2.0/24", Person = mia.Id }, "test.act", "x"), token);
            return true;
        }, Ct);
        var before = await ReadAllAsync(run);
        await run.StopAsync();
        var old = Forms(run.Data);
        Assert.All(old, value => Assert.True(value.Form == 1, value.Name));
        Assert.Superset(new HashSet<string> { "message", "receipt", "text", "raw", "draft", "out", "consent", "user", "session", "tenant", "mailbox", "source", "passage", "tenant-key", "person", "blobs", "index" }, Kinds(old));

        await run.OpenAsync(null, ChaCha, null);
        Assert.Equal(before, await ReadAllAsync(run));
        await DoneAsync(run, tenant);
        await DoneAsync(run, KeyRing.Installation);
        Assert.Equal(before, await ReadAllAsync(run));
        await run.OkAsync("", "audit", "verify");
        await run.StopAsync();
        var now = Forms(run.Data);
        // Entries of the audit log stay: their hashes cover what was sealed.
        Assert.Equal("entry", Assert.Single(Kinds(now.Where(value => value.Form != 2))));
        Assert.Superset(Kinds(old.Where(value => !value.Name.EndsWith(" index", StringComparison.Ordinal))), Kinds(now));

        // Another process finds all of it, and erasure finds its way still.
        await run.OpenAsync(null, ChaCha, null);
        Assert.Equal(before, await ReadAllAsync(run));
        Assert.Equal(MessageState.Answered, (await run.Host.DeliverAndDecideAsync(run.Host.Mail("How long does delivery take?", "zoe@customer.example"), "zoe@customer.example")).Record.State);
        await run.Host.Get<Erasures>().CorrespondentAsync(tenant, "ben@customer.example", Actor.Machine, Ct);
        await run.EventuallyAsync(TimeSpan.FromSeconds(1), async () => (await run.Host.ListAsync()).Count == 3 ? "" : null);
        // And back.
        await run.RestartAsync();
        await DoneAsync(run, tenant, "aes-256-gcm");
        await run.StopAsync();
        Assert.DoesNotContain(Forms(run.Data), value => value.Name.StartsWith(tenant, StringComparison.Ordinal) && value.Form == 2);
        await run.OpenAsync(null, null, null);
        Assert.Equal(3, (await run.Host.ListAsync()).Count);
    }

    [Fact]
    public async Task What_broke_off_goes_on_where_it_stopped()
    {
        await using var run = await SecretsRun.StartAsync();
        var (tenant, store) = (run.Host.Tenant.Id, run.Host.Get<IStore>());
        var own = await run.Host.Get<KeyRing>().RequireAsync(tenant, Ct);
        for (var some = 0; some < 12; some++)
        {
            var commit = new Commit();
            for (var one = 0; one < 50; one++)
            {
                var key = ItemKey.Main(tenant, string.Create(CultureInfo.InvariantCulture, $"late/{some * 50 + one:D4}"));
                commit.Put(key, "{}"u8.ToArray(), Condition.Absent, own.Seal(key, 1, Encoding.UTF8.GetBytes(key.Sort)));
            }
            Assert.Equal(CommitResult.Committed, await store.CommitAsync(commit, Ct));
        }
        await run.RestartAsync(ChaCha);
        var half = await run.EventuallyAsync(TimeSpan.FromMilliseconds(50), async () => await StateAsync(run, tenant) is { Cursor.Length: > 1 } state ? state : null);
        Assert.Contains("values so far", await run.OkAsync("", "secrets", "list", "--json"), StringComparison.Ordinal);
        await run.RestartAsync(ChaCha);
        await DoneAsync(run, tenant);
        Assert.InRange(half.Sealed, 100, 599);
        Assert.InRange((await StateAsync(run, tenant))!.Sealed, 600, 650);
        own = await run.Host.Get<KeyRing>().RequireAsync(tenant, Ct);
        await foreach (var item in run.Host.Get<IStore>().AllAsync(Table.Main, tenant, "late/", Ct))
            Assert.Equal((SealedForm.ChaCha20Poly1305, item.Key.Sort), (SealingKey.FormOf(item.Sealed.Span), Encoding.UTF8.GetString(own.Open(item))));
    }

    [Fact]
    public async Task It_is_not_over_while_something_of_the_old_form_is_left()
    {
        await using var run = await SecretsRun.StartAsync();
        var (tenant, store) = (run.Host.Tenant.Id, run.Host.Get<IStore>());
        var stray = ItemKey.Main(tenant, "text/ffff");
        var own = await run.Host.Get<KeyRing>().RequireAsync(tenant, Ct);
        await store.CommitAsync(new Commit().Put(stray, "{}"u8.ToArray(), Condition.Absent, own.Seal(stray, 1, "of nobody"u8)), Ct);
        await run.RestartAsync(ChaCha);
        Assert.Contains("1 left by the last pass", await run.EventuallyAsync(TimeSpan.FromSeconds(2), async () =>
            await run.OkAsync("", "secrets", "list", "--json") is var list && list.Contains(", 1 left by", StringComparison.Ordinal) ? list : null), StringComparison.Ordinal);
        // A pass that could seal nothing of what it found is no end either.
        var before = (await run.Host.Get<IStore>().GetAsync(SealedFormRecord.KeyOf(tenant), Ct))!.Version;
        await run.EventuallyAsync(TimeSpan.FromMinutes(20), async () => (await run.Host.Get<IStore>().GetAsync(SealedFormRecord.KeyOf(tenant), Ct))!.Version == before ? null : "");
        Assert.Null((await StateAsync(run, tenant))!.DoneAt);
        await run.Host.Get<IStore>().CommitAsync(new Commit().Delete(stray), Ct);
        await run.EventuallyAsync(TimeSpan.FromMinutes(20), async () => (await StateAsync(run, tenant))!.DoneAt is null ? null : "");
    }

    [Fact]
    public async Task What_a_restore_brought_back_is_looked_at_once_more()
    {
        await using var run = await SecretsRun.StartAsync();
        await run.RestartAsync(ChaCha);
        var (tenant, late) = (run.Host.Tenant.Id, ItemKey.Main(run.Host.Tenant.Id, "late/1"));
        await DoneAsync(run, tenant);
        var (own, masters) = (await run.Host.Get<KeyRing>().RequireAsync(tenant, Ct), run.Host.Get<MasterKeys>());
        masters.Form = SealedForm.Aes256Gcm;
        await run.Host.Get<IStore>().CommitAsync(new Commit().Put(late, "{}"u8.ToArray(), Condition.Absent, own.Seal(late, 1, "of before"u8)), Ct);
        await Restore.HoldAsync(run.Host.Get<OpenStore>(), new(run.Time.GetUtcNow(), run.Time.GetUtcNow(), "data", "keys"), run.Time, Ct);
        Assert.DoesNotContain("sealed with", await run.OkAsync("", "secrets", "list", "--json"), StringComparison.Ordinal);
        await run.RestartAsync(ChaCha);
        await DoneAsync(run, tenant);
        Assert.Equal(SealedForm.ChaCha20Poly1305, SealingKey.FormOf((await run.Host.Get<IStore>().GetAsync(late, Ct))!.Sealed.Span));
    }

    [Fact]
    public async Task Kits_and_backups_take_the_new_form_and_old_ones_open()
    {
        AwsInstallation.NeedsDataFolder();
        await using var run = await SecretsRun.StartAsync();
        var parts = await BackupAsync(run);
        await run.RestartAsync(ChaCha, TimeSpan.FromMinutes(1));
        var again = await BackupAsync(run);
        Assert.All(parts, part => Assert.Equal(1, File.ReadAllBytes(part)[8]));
        Assert.All(again, part => Assert.Equal(2, File.ReadAllBytes(part)[8]));
        Assert.Contains("is whole", await run.OkAsync("", ["backup", "verify", .. parts, .. again]), StringComparison.Ordinal);
        var kit = Path.Combine(run.Here, "kit.txt");
        var passphrase = Path.Combine(run.Here, "passphrase");
        await File.WriteAllTextAsync(passphrase, "seven lanterns, one quiet harbour\n", Ct);
        await run.OkAsync("", "secrets", "recovery-kit", kit, "--passphrase-file", passphrase);
        var (read, _) = RecoveryKit.Read(await File.ReadAllTextAsync(kit, Ct));
        Assert.Equal(2, read!.Content[24]);
        Assert.NotNull(read.Open("seven lanterns, one quiet harbour"));
    }

    [Fact]
    public void A_form_that_is_none_is_refused_with_the_names_of_those_that_are() => Assert.Equal(
        "secrets.sealing is \"rot13\"; there are aes-256-gcm and chacha20-poly1305.", Assert.Single(new ReplyMintSettings { Secrets = new() { Sealing = "rot13" } }.Problems(), problem => problem.StartsWith("secrets", StringComparison.Ordinal)));

    [Fact]
    public void A_machine_that_cannot_seal_so_is_told_what_to_do_before_anything_is_served() => Assert.Equal(
        "sealing is \"chacha20-poly1305\", which the OpenSSL of this machine does not have; run ReplyMint where OpenSSL has it, or set aes-256-gcm if nothing was sealed with it yet.",
        Assert.Single(new SecretsSettings { Sealing = "chacha20-poly1305" }.Problems(static () => false)));

    private static async Task<string[]> BackupAsync(SecretsRun run) =>
        [.. (await run.OkAsync("", "backup", "create")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')[0])];

    /// <summary>All that the product shows of what it keeps.</summary>
    private static async Task<string> ReadAllAsync(SecretsRun run)
    {
        var (host, all) = (run.Host, new StringBuilder());
        foreach (var message in await host.ListAsync())
            all.AppendLine(CultureInfo.InvariantCulture, $"{message.Summary.From} {message.Summary.Subject} {message.Record.State} {(await host.Get<MessageTexts>().FindAsync(message, Ct))!.Text.Length} {(await host.Get<Messages>().RawAsync(message, Ct))!.Value.Length} {await host.Get<Receipts>().FindAsync(host.Tenant.Id, message.Id, message.Record.Person, Ct) is not null} {(await host.Get<Drafts>().FindAsync(host.Tenant.Id, message.Id, Ct))?.Content.Text} {(await host.Get<Outbox>().FindAsync(host.Tenant.Id, message.Id, Ct))?.Mail.Text}");
        var mia = (await host.Get<Users>().FindByAddressAsync("mia@example.com", Ct))!;
        foreach (var seen in await host.Get<Sessions>().ListAsync(mia.Id, Ct))
            all.AppendLine(CultureInfo.InvariantCulture, $"{mia.Address} {seen.Client.Agent}");
        return all.ToString();
    }
}
