using System.Net;
using System.Text;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Outbound;
using ReplyMint.Replies;
using ReplyMint.Secrets;
using ReplyMint.Storage;
using ReplyMint.Tests.Outbound;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Secrets;

/// <summary>Tenants get new keys while the product runs: nothing is lost, nothing stays under the old one, and what was copied before opens as before.</summary>
public sealed class TenantKeyTests
{
    private const string Faq = """
        # How long does delivery take?
        Delivery within Germany takes two to three working days. You get a tracking link as soon as the parcel has left us.
        """;

    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private static byte[] Question(int number) => Encoding.ASCII.GetBytes(string.Join("\r\n",
    [
        $"Authentication-Results: {ProductHost.TrustedServer}; dmarc=pass", $"From: Person <person-{number % 12}@customer.example>", $"To: {ProductHost.Address}", $"Subject: Question {number}",
        $"Message-ID: <{number}@customer.example>", "Date: Tue, 24 Nov 2026 11:59:00 +0000", "", "How long does delivery take?", ".", "",
    ]));

    /// <summary>All items of a partition that are sealed, with the number in front.</summary>
    private static async Task<List<(ItemKey Key, int Number)>> SealedAsync(SecretsRun run, string tenant)
    {
        var all = new List<(ItemKey, int)>();
        await foreach (var item in run.Host.Get<IStore>().AllAsync(Table.Main, tenant, "", Ct))
            if (SealingKey.NumberOf(item.Sealed.Span) is { } number)
                all.Add((item.Key, number));
        return all;
    }

    [Fact]
    public async Task New_keys_under_load_lose_no_mail_and_no_request()
    {
        await using var run = await SecretsRun.StartAsync(Faq, settings => settings with { Rates = new() { TenantHour = 100_000, InstallationHour = 100_000 } });
        var key = (await run.Host.KeyAsync("messages:read", "knowledge:read")).Text;
        var (stop, asked, mails) = (false, 0, 0);
        var readers = Enumerable.Range(0, 3).Select(_ => Task.Run(async () =>
        {
            using var client = run.Host.Client();
            client.DefaultRequestHeaders.Add("X-API-Key", key);
            while (!Volatile.Read(ref stop))
            {
                foreach (var path in (string[])["/api/v1/messages", "/api/v1/knowledge", "/api/v1/me"])
                    Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(path, Ct)).StatusCode);
                Interlocked.Add(ref asked, 3);
            }
        }, Ct)).ToList();
        var senders = Enumerable.Range(0, 3).Select(_ => Task.Run(async () =>
        {
            using var connection = await RelayConnection.OpenAsync(run.Host.SmtpPort, Ct);
            while (!Volatile.Read(ref stop))
            {
                var number = Interlocked.Increment(ref mails);
                Assert.Equal(250, await connection.SendAsync($"person-{number % 12}@customer.example", ProductHost.Address, Question(number), Ct));
            }
        }, Ct)).ToList();
        for (var round = 0; round < 3; round++)
        {
            var before = (Volatile.Read(ref mails), Volatile.Read(ref asked));
            await ProductHost.EventuallyAsync(async () =>
            {
                // Who was refused says so at once, and not only that nothing went on.
                foreach (var one in readers.Concat(senders).Where(one => one.IsFaulted))
                    await one;
                return Volatile.Read(ref mails) > before.Item1 + 20 && Volatile.Read(ref asked) > before.Item2 + 20 ? "" : null;
            });
            await run.OkAsync("", "secrets", "rotate", "tenant-key", "--all");
        }
        Volatile.Write(ref stop, true);
        await Task.WhenAll([.. readers, .. senders]);

        foreach (var tenant in (string[])[run.Host.Tenant.Id, KeyRing.Installation])
            Assert.Equal(4, (await run.OneKeyAsync(tenant)).Current);
        var messages = await ProductHost.EventuallyAsync(async () =>
        {
            run.Time.Advance(TimeSpan.FromSeconds(3));
            return await run.Host.ListAsync() is var all && all.Count == mails && all.All(message => message.Record.State != MessageState.Received) ? all : null;
        });
        Assert.Equal(Enumerable.Range(1, mails).Select(n => $"{n}@customer.example").Order(), messages.Select(message => message.Summary.MessageId).Order());
        // The same people write again and again while their keys are wrapped anew; above five answers a day a person waits.
        Assert.All(messages, message => Assert.True(message.Record.State is MessageState.Answered or MessageState.Held, $"{message.Record.State}"));
        Assert.Empty(await run.Host.Get<ReplyMint.Jobs.JobQueue>().DeadAsync(run.Host.Tenant.Id, Ct));
        TestContext.Current.TestOutputHelper?.WriteLine($"{mails} mails and {asked} requests during three rotations");

        // Nothing waits for what memory holds: another process finds all of it, too.
        await run.RestartAsync();
        Assert.Equal(mails, (await run.Host.ListAsync()).Count);
        using var again = run.Host.Client();
        again.DefaultRequestHeaders.Add("X-API-Key", key);
        Assert.Equal(HttpStatusCode.OK, (await again.GetAsync("/api/v1/knowledge", Ct)).StatusCode);
        Assert.Equal(MessageState.Answered, (await run.Host.DeliverAndDecideAsync(run.Host.Mail("How long does delivery take?", "zoe@customer.example"))).Record.State);
    }

    [Fact]
    public async Task After_a_change_nothing_of_the_tenant_is_under_the_old_key()
    {
        await using var run = await SecretsRun.StartAsync(Faq);
        var tenant = run.Host.Tenant.Id;
        await run.Host.DeliverAndDecideAsync(run.Host.Mail("How long does delivery take?"));
        var index = Path.Combine(run.Data, "index", tenant);
        Assert.Equal(1, SealingKey.NumberOf(await File.ReadAllBytesAsync(index, Ct)));
        Assert.Contains("seals with key 2", await run.OkAsync("", "secrets", "rotate", "tenant-key", "--tenant", "shop"), StringComparison.Ordinal);

        Assert.Equal([2], (await run.OneKeyAsync(tenant)).Keys.Select(key => key.Number));
        // Correspondents' keys seal with a number of their own, 1, and are wrapped with the tenant's.
        var correspondents = (string[])["message/", "receipt/", "text/", "draft/", "raw/", "out/"];
        Assert.All((await SealedAsync(run, tenant)).Where(item => !correspondents.Any(kind => item.Key.Sort.StartsWith(kind, StringComparison.Ordinal))), item => Assert.True(item.Number == 2, item.Key.Sort));
        await foreach (var item in run.Host.Get<IStore>().AllAsync(Table.Keys, tenant, "person/", Ct))
            Assert.Equal(2, System.Text.Json.JsonSerializer.Deserialize(item.Value.Span, StorageJson.Default.PersonKeyRecord)!.TenantKey);
        Assert.False(File.Exists(index));
        var acts = await run.Host.Get<AuditLog>().NewestAsync(tenant, 2, Ct);
        Assert.Equal(["tenant-key.drop", "tenant-key.rotate"], acts.Select(entry => entry.Act));
        Assert.Equal(Actor.Machine.Id, acts[1].Actor);
    }

    [Fact]
    public async Task Many_items_are_brought_along_in_one_pass()
    {
        await using var run = await SecretsRun.StartAsync(string.Join("\n", Enumerable.Range(0, 3_000).Select(number => $"# Question {number}?\nThe answer to question {number} is in chapter {number}.\n")));
        var (rotation, watch) = (run.Host.Get<TenantKeyRotation>(), System.Diagnostics.Stopwatch.StartNew());
        await rotation.RotateAsync(run.Host.Tenant.Id, Actor.Machine, Ct);
        await ProductHost.EventuallyAsync(async () => (await SealedAsync(run, run.Host.Tenant.Id)).All(item => item.Number == 2) ? "" : null);
        TestContext.Current.TestOutputHelper?.WriteLine($"3,000 passages in {watch.ElapsedMilliseconds} ms");
        Assert.Equal(default, await rotation.PassAsync(run.Host.Tenant.Id, Ct));
    }

    /// <summary>A notice is the tenant's, and sealed once for all of its states; one that is being handed over is left alone until that has ended.</summary>
    [Fact]
    public async Task A_notice_on_its_way_is_brought_along_once_it_has_arrived()
    {
        await using var run = await SecretsRun.StartAsync();
        var (tenant, store, outbox) = (run.Host.Tenant.Id, run.Host.Get<IStore>(), run.Host.Get<Outbox>());
        var own = await run.Host.Get<KeyRing>().RequireAsync(tenant, Ct);
        OutboxEntry Add(string id, OutboxState state)
        {
            var commit = new Commit();
            var entry = Outbox.Add(commit, tenant, own, new OutboxRecord { Id = id, Purpose = OutboxPurpose.Notice, State = state, CreatedAt = run.Time.GetUtcNow() }, Mails.Answer());
            Assert.Equal(CommitResult.Committed, store.CommitAsync(commit, Ct).AsTask().GetAwaiter().GetResult());
            return entry;
        }

        var (sent, sending) = (Add("n1", OutboxState.Sent), Add("n2", OutboxState.Sending));
        await run.OkAsync("", "secrets", "rotate", "tenant-key", "--tenant", "shop");
        await run.EventuallyAsync(TimeSpan.FromMinutes(1), async () => SealingKey.NumberOf((await outbox.FindAsync(tenant, "n1", Ct))!.Item.Sealed.Span) == 2 ? "" : null);
        Assert.Equal(sent.Mail.Text, (await outbox.FindAsync(tenant, "n1", Ct))!.Mail.Text);
        for (var hour = 0; hour < 3; hour++)
            run.Time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(sending.Item.Version, (await outbox.FindAsync(tenant, "n2", Ct))!.Item.Version);

        // Whoever hands it over ends with the entry as he began.
        var end = new Commit();
        outbox.Change(end, sending, sending.Record with { State = OutboxState.Sent });
        Assert.Equal(CommitResult.Committed, await store.CommitAsync(end, Ct));
        await run.OneKeyAsync(tenant);
        foreach (var id in (string[])["n1", "n2"])
        {
            var entry = (await outbox.FindAsync(tenant, id, Ct))!;
            Assert.Equal((2, sent.Mail.Text), (SealingKey.NumberOf(entry.Item.Sealed.Span), entry.Mail.Text));
        }
    }

    [Fact]
    public async Task The_old_key_stays_for_what_was_sealed_before_and_stored_after()
    {
        await using var run = await SecretsRun.StartAsync();
        var (tenant, store) = (run.Host.Tenant.Id, run.Host.Get<IStore>());
        var own = await run.Host.Get<KeyRing>().RequireAsync(tenant, Ct);
        var late = ItemKey.Main(tenant, "late/1");
        var @sealed = own.Seal(late, 1, "a slow commit"u8);
        await run.OkAsync("", "secrets", "rotate", "tenant-key", "--tenant", "shop");
        // The job's first passes are over, and found nothing in the end.
        await run.EventuallyAsync(TimeSpan.FromSeconds(10), async () => (await SealedAsync(run, tenant)).All(item => item.Key.Sort.StartsWith("out/", StringComparison.Ordinal) || item.Number == 2) ? "" : null);
        run.Time.Advance(TimeSpan.FromMinutes(10));
        await store.CommitAsync(new Commit().Put(late, "{}"u8.ToArray(), Condition.Absent, @sealed), Ct);

        await run.OneKeyAsync(tenant);
        Assert.Equal("a slow commit", Encoding.UTF8.GetString(own.Open((await store.GetAsync(late, Ct))!)));
        Assert.Equal(2, SealingKey.NumberOf((await store.GetAsync(late, Ct))!.Sealed.Span));
    }

    [Fact]
    public async Task What_nobody_told_of_keeps_the_old_key_from_being_dropped()
    {
        await using var run = await SecretsRun.StartAsync();
        var (tenant, store) = (run.Host.Tenant.Id, run.Host.Get<IStore>());
        var own = await run.Host.Get<KeyRing>().RequireAsync(tenant, Ct);
        var odd = ItemKey.Main(tenant, "odd/1");
        await store.CommitAsync(new Commit().Put(odd, "{}"u8.ToArray(), Condition.Absent, own.Seal(odd, 1, "bound to its first version"u8)), Ct);
        var item = (await store.GetAsync(odd, Ct))!;
        await store.CommitAsync(new Commit().Put(odd, "{}"u8.ToArray(), Condition.Same(item), item.Sealed), Ct);
        await run.OkAsync("", "secrets", "rotate", "tenant-key", "--tenant", "shop");

        for (var hour = 0; hour < 5; hour++)
        {
            run.Time.Advance(TimeSpan.FromHours(1));
            await run.EventuallyAsync(TimeSpan.FromSeconds(10), async () => (await SealedAsync(run, tenant)).Count(entry => entry.Number == 1) <= 1 ? "" : null);
        }
        Assert.Equal(2, (await run.Host.Get<KeyRing>().RecordAsync(tenant, Ct))!.Value.Value.Keys.Count);
        Assert.Equal("bound to its first version", Encoding.UTF8.GetString(own.Open((await store.GetAsync(odd, Ct))!, 1)));
        Assert.Contains("1 older until nothing uses it", await run.OkAsync("", "secrets", "list", "--json"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_copy_of_before_opens_as_before()
    {
        await using var run = await SecretsRun.StartAsync(Faq);
        await run.Host.DeliverAndDecideAsync(run.Host.Mail("How long does delivery take?"));
        await run.StopAsync();
        using var copy = new TemporaryFolder();
        run.CopyTo(copy);
        await run.OpenAsync(null, null, null);
        await run.OkAsync("", "secrets", "rotate", "tenant-key", "--all");
        await run.OneKeyAsync(run.Host.Tenant.Id);
        Assert.Single(await run.Host.ListAsync());

        var before = await ProductHost.StartAsync(folder: copy, time: run.Time, of: run.Host.Tenant);
        Assert.Single(await before.ListAsync());
        Assert.Equal(1, (await before.Get<KeyRing>().RecordAsync(run.Host.Tenant.Id, Ct))!.Value.Value.Current);
        await before.StopAsync();
    }

    [Fact]
    public async Task Whoever_read_settings_before_reads_them_once_more()
    {
        await using var run = await SecretsRun.StartAsync();
        var (tenants, tenant) = (run.Host.Get<Tenants>(), run.Host.Tenant.Id);
        var read = (await tenants.FindVersionAsync(tenant, Ct))!.Value;
        await run.OkAsync("", "secrets", "rotate", "tenant-key", "--tenant", "shop");
        await run.OneKeyAsync(tenant);

        Task<(ChangeResult Result, Versioned<Tenant> Now)> ChangeAsync(long version) =>
            tenants.ChangeAsync(tenant, version, known => known with { TimeZone = "Europe/Berlin" }, Actor.Machine, new Dictionary<string, string>(), Ct);
        Assert.Equal(ChangeResult.Changed, (await ChangeAsync(read.Version)).Result);
        Assert.Equal(ChangeResult.Done, (await ChangeAsync((await tenants.FindVersionAsync(tenant, Ct))!.Value.Version)).Result);
    }

    [Fact]
    public async Task Each_year_keys_change_by_themselves()
    {
        await using var run = await SecretsRun.StartAsync();
        await run.RestartAsync(after: TimeSpan.FromDays(364.9));
        Assert.Equal(1, (await run.Host.Get<KeyRing>().RecordAsync(run.Host.Tenant.Id, Ct))!.Value.Value.Current);
        await run.EventuallyAsync(TimeSpan.FromMinutes(10), async () => (await run.Host.Get<AuditLog>().NewestAsync(run.Host.Tenant.Id, 1, Ct)) is [{ Act: "tenant-key.drop" }] ? "" : null);
        foreach (var tenant in (string[])[run.Host.Tenant.Id, KeyRing.Installation])
            Assert.Equal(2, (await run.OneKeyAsync(tenant)).Current);
        var entry = (await run.Host.Get<AuditLog>().NewestAsync(run.Host.Tenant.Id, 5, Ct)).Single(entry => entry.Act == "tenant-key.rotate");
        Assert.Equal(Actor.System.Id, entry.Actor);
        Assert.Equal("2", Assert.Single(entry.Details!).Value);
    }
}
