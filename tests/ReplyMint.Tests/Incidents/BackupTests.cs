using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using ReplyMint.Inbound;
using ReplyMint.Incidents;
using ReplyMint.Jobs;
using ReplyMint.Outbound;
using ReplyMint.Storage;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Incidents;

/// <summary>What a backup holds, and what a restore makes of it (IR-5).</summary>
public sealed class BackupTests : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly BackupFolder _backups = new();
    private readonly FakeTimeProvider _time = new(TimeProvider.System.GetUtcNow());
    private readonly List<TemporaryFolder> _restored = [];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync()
    {
        foreach (var folder in _restored.Where(folder => Directory.Exists(folder.Path)))
            folder.Dispose();
        if (Directory.Exists(_folder.Path))
            _folder.Dispose();
        _backups.Dispose();
        return ValueTask.CompletedTask;
    }

    private Task<ProductHost> StartAsync(TemporaryFolder? folder = null, ProductHost? of = null) =>
        ProductHost.StartAsync(folder: folder ?? _folder, time: _time, knowledge: BackupFolder.Faq, of: of?.Tenant);

    private async Task<TemporaryFolder> RestoredAsync(MadeBackup made, string config)
    {
        var folder = await BackupFolder.RestoredAsync(made, config, _time);
        _restored.Add(folder);
        return folder;
    }

    private static byte[] Mail(ProductHost host, int number, int size = 0) => Encoding.ASCII.GetBytes(
        host.Mail("How long does delivery take?\r\n" + string.Concat(Enumerable.Repeat($"> line of an old mail {number}\r\n", size / 30)), $"person-{number}@customer.example") + "\r\n.\r\n");

    [Fact]
    public async Task A_backup_that_is_made_while_mail_comes_in_restores_to_a_whole_store()
    {
        var host = await StartAsync();
        var config = BackupFolder.Config(host);
        var stop = new TaskCompletionSource();
        var sent = 0;
        var feeding = Task.WhenAll(Enumerable.Range(0, 4).Select(lane => Task.Run(async () =>
        {
            using var relay = await RelayConnection.OpenAsync(host.SmtpPort, Ct);
            for (var i = lane; !stop.Task.IsCompleted; i += 4)
            {
                // Each fifth is so large that it lies in a file.
                Assert.Equal(250, await relay.SendAsync($"person-{i}@customer.example", ProductHost.Address, Mail(host, i, i % 5 == 0 ? 400_000 : 0), Ct));
                Interlocked.Increment(ref sent);
            }
        }, Ct)));
        await ProductHost.EventuallyAsync(() => Task.FromResult(Volatile.Read(ref sent) > 10 ? "" : null));
        var made = new List<MadeBackup> { await _backups.CreateAsync(host), await _backups.CreateAsync(host) };
        stop.SetResult();
        await feeding;
        await host.StopAsync();
        foreach (var backup in made)
        {
            Assert.True(await _backups.VerifyAsync(backup.Data!.Path, config) == 0, _backups.Error);
            Assert.True(await _backups.VerifyAsync(backup.Keys!.Path, config) == 0, _backups.Error);
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(backup.Data.Path));
            await CheckWholeAsync(await RestoredAsync(backup, config), host.Tenant.Id);
        }
    }

    /// <summary>Each message has its job or its end, and can be read to its last byte.</summary>
    private async Task CheckWholeAsync(TemporaryFolder folder, string tenant)
    {
        var (open, services) = await BackupFolder.OpenAsync(folder, _time);
        await using (open)
        await using (services)
        {
            var (messages, outbox) = (services.GetRequiredService<Messages>(), services.GetRequiredService<Outbox>());
            var jobs = new HashSet<string>();
            await foreach (var (job, _) in JobQueue.AllAsync(open.Store, Ct))
                if (job.Kind is Inbox.JobKind or Outbox.JobKind)
                    jobs.Add(job.Target);
            var all = (await messages.ListAsync(tenant, 1000, null, Ct)).Messages;
            Assert.True(all.Count > 10);
            var (large, answered) = (0, 0);
            foreach (var message in all)
            {
                var raw = await messages.RawAsync(message, Ct);
                Assert.Equal(message.Record.Size, raw!.Value.Length);
                large += raw!.Value.Length > Messages.MaxInlineRaw ? 1 : 0;
                var state = await outbox.StateAsync(tenant, message.Id, Ct);
                Assert.True(message.Record.State == MessageState.Received ? jobs.Contains(message.Id) && state is null : message.Record.State != MessageState.Answered || state is not null);
                Assert.False(state?.State is OutboxState.Queued or OutboxState.Sending);
                answered += state is null ? 0 : 1;
            }
            Assert.True(large > 0);
            TestContext.Current.TestOutputHelper?.WriteLine($"{all.Count} messages, {large} in files, {answered} answered, {jobs.Count} jobs");
        }
    }

    [Fact]
    public async Task The_part_with_the_data_holds_nothing_of_the_keys_and_an_erased_person_stays_erased()
    {
        var host = await StartAsync();
        var config = BackupFolder.Config(host);
        var message = await host.DeliverAndDecideAsync(host.Mail("How long does delivery take?"));
        var before = await _backups.CreateAsync(host);
        var own = await host.Get<KeyRing>().RequireAsync(host.Tenant.Id, Ct);
        var key = (await host.Get<IStore>().GetAsync(new ItemKey(Table.Keys, host.Tenant.Id, "person/" + message.Record.Person), Ct))!;
        var commit = new Commit();
        Assert.NotNull(await host.Get<KeyRing>().DestroyPersonAsync(commit, own, message.Record.Person, _time.GetUtcNow(), Ct));
        Assert.Equal(CommitResult.Committed, await host.Get<IStore>().CommitAsync(commit, Ct));
        var after = await _backups.CreateAsync(host, data: false);
        await host.StopAsync();

        // Old data with old keys still has it; old data with new keys does not.
        Assert.Equal(1, await MessagesAsync(before));
        Assert.Equal(0, await MessagesAsync(before with { Keys = after.Keys }));
        var database = Path.Combine(_backups.Path, "data.db");
        await using (var reader = await BackupReader.OpenAsync(before.Data!.Path, Ct))
        {
            var (master, _) = MasterKeyFiles.Find(reader.Header, config, new());
            Assert.Equal(0, (await BackupCheck.ReadAsync(reader, master, database, null, Ct)).Manifest.Items["keys"]);
        }
        Assert.DoesNotContain(Encoding.Latin1.GetString(key.Value.Span), Encoding.Latin1.GetString(await File.ReadAllBytesAsync(database, Ct)), StringComparison.Ordinal);

        async Task<int> MessagesAsync(MadeBackup made)
        {
            var (open, services) = await BackupFolder.OpenAsync(await RestoredAsync(made, config), _time);
            await using (open)
            await using (services)
                return (await services.GetRequiredService<Messages>().ListAsync(host.Tenant.Id, 100, null, Ct)).Messages.Count;
        }
    }

    [Fact]
    public async Task What_was_answered_after_the_backup_is_not_answered_again()
    {
        var host = await StartAsync();
        var (config, before) = (BackupFolder.Config(host), _time.GetUtcNow());
        var made = await _backups.CreateAsync(host);
        var later = host.Mail("How long does delivery take?", messageId: "<later@customer.example>");
        Assert.Equal(MessageState.Answered, (await host.DeliverAndDecideAsync(Dated(later, before))).Record.State);
        await host.StopAsync();
        _time.Advance(TimeSpan.FromHours(1));

        await using var again = await StartAsync(await RestoredAsync(made, config), host);
        var held = await again.DeliverAndDecideAsync(Dated(later, before));
        Assert.Equal(MessageState.Held, held.Record.State);
        Assert.Contains("before-restore", held.Record.Reasons);
        Assert.Empty(again.OutFiles);
        // What was written since has nothing to do with it, once sending goes on.
        await StartAgainAsync(again);
        _time.Advance(TimeSpan.FromHours(1));
        var fresh = again.Mail("How long does delivery take?", from: "bert@customer.example");
        Assert.Equal(MessageState.Answered, (await again.DeliverAndDecideAsync(Dated(fresh, _time.GetUtcNow()), "bert@customer.example")).Record.State);
    }

    /// <summary>What an operator does after a restore.</summary>
    private static Task StartAgainAsync(ProductHost host) => host.Get<IStore>().RetryAsync(async (commit, token) =>
    {
        await host.Get<ReplyMint.Limits.Switches>().SetAsync(commit, KeyRing.Installation, null, stopped: false, "", token);
        return true;
    }, Ct);

    private static string Dated(string mail, DateTimeOffset at) =>
        mail.Replace("Date: Tue, 24 Nov 2026 11:59:00 +0000", $"Date: {at.ToString("r", System.Globalization.CultureInfo.InvariantCulture).Replace("GMT", "+0000", StringComparison.Ordinal)}", StringComparison.Ordinal);

    [Fact]
    public async Task What_was_queued_or_undecided_then_waits_for_a_person()
    {
        var host = await StartAsync();
        var config = BackupFolder.Config(host);
        var held = await host.DeliverAndDecideAsync(host.Mail("Do you sponsor our football club?"));
        Assert.Equal(MessageState.Held, held.Record.State);
        await host.StopAsync();
        MadeBackup made;
        var (open, services) = await BackupFolder.OpenAsync(_folder, _time);
        await using (open)
        await using (services)
        {
            // Nothing runs here: both stay as they are.
            await services.GetRequiredService<ReplyMint.Replies.DraftDesk>().RetryAsync(host.Tenant.Id, held.Id, ReplyMint.Audit.Actor.Machine, Ct);
            var commit = new Commit();
            services.GetRequiredService<Outbox>().Enqueue(commit, host.Tenant.Id, await open.Keys.RequireAsync(host.Tenant.Id, Ct),
                new OutboxRecord { Id = "queued1", Purpose = OutboxPurpose.Reply, Mailbox = host.Mailbox.Id, CreatedAt = _time.GetUtcNow() },
                new OutboundMail { MessageId = "m@shop.example", ReversePath = "", From = ProductHost.Address, To = "anna@customer.example", Subject = "Re", Text = "Two days." });
            Assert.Equal(CommitResult.Committed, await open.Store.CommitAsync(commit, Ct));
            made = await services.GetRequiredService<Backups>().CreateAsync(_backups.Path, true, ReplyMint.Audit.Actor.Machine, null, Ct);
        }
        Assert.Equal(0, await _backups.RestoreAsync(made.Data!.Path, made.Keys!.Path, _backups.Sub("new"), config));
        Assert.Contains("\n1 mails that were on their way out are uncertain now", _backups.Out, StringComparison.Ordinal);
        Assert.Contains("\n1 mails that were not decided", _backups.Out, StringComparison.Ordinal);

        await using var again = await StartAsync(await RestoredAsync(made, config), host);
        var decided = await again.DecidedAsync((await again.ListAsync()).Single());
        Assert.Equal(MessageState.Held, decided.Record.State);
        Assert.Contains("before-restore", decided.Record.Reasons);
        _time.Advance(TimeSpan.FromMinutes(1));
        // The job of the queued one has come and gone by the time this one is decided.
        await again.DeliverAndDecideAsync(again.Mail("Do you sponsor us, too?", from: "c@customer.example"), "c@customer.example");
        Assert.Equal(OutboxState.Uncertain, (await again.Get<Outbox>().StateAsync(host.Tenant.Id, "queued1", Ct))!.State);
        Assert.Empty(again.OutFiles);
        // A person lets it go.
        await StartAgainAsync(again);
        Assert.True(await again.Get<Outbox>().SettleAsync(host.Tenant.Id, "queued1", false, "settled by a person", null, Ct));
        await ProductHost.EventuallyAsync(() => Task.FromResult(again.OutFiles.Contains("queued1") ? "" : null));
    }
}
