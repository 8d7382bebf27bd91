using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Jobs;
using ReplyMint.Outbound;
using ReplyMint.Replies;
using ReplyMint.Storage;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;

namespace ReplyMint.Tests.Aws;

/// <summary>Several processes on one store: what one is at, the others leave alone, and what one left, the others find.</summary>
public sealed class SeveralProcessesTests : IAsyncDisposable
{
    private const string Faq = """
        # How long does delivery take?
        Delivery within Germany takes two to three working days. You get a tracking link as soon as the parcel has left us.
        """;

    private static readonly TimeSpan s_pace = TimeSpan.FromMilliseconds(50);

    private readonly AwsInstallation _aws = new();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
    private readonly Outgoing _out = new();
    private readonly TemporaryFolder _folder = new();
    private long _passed;

    public async ValueTask DisposeAsync()
    {
        await _aws.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_mail_that_one_process_hands_over_is_left_alone_by_the_others()
    {
        var (asked, goes) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var one = await FirstAsync();
        await using var other = await BesideAsync(one);
        _out.While = () =>
        {
            asked.SetResult();
            return goes.Task;
        };
        var message = await one.DeliverAsync(one.Mail("How long does delivery take?"));
        await asked.Task;

        // The other finds the job, as it would once it was left to the first for long enough.
        var job = await ClaimAsync(other, message.Id);
        Assert.IsType<JobOutcome.Done>(await other.Get<ReplyPipeline>().HandleAsync(job, default));
        _time.Advance(SharedStore.Skew);
        Assert.IsType<JobOutcome.Done>(await other.Get<ReplyPipeline>().HandleAsync(job, default));
        Assert.Equal(OutboxState.Sending, (await StateAsync(other, message.Id)).State);

        // That it was found moves nothing of what the first has to store.
        goes.SetResult();
        // No time goes by: little of the lease is left, and once it is over the other may close what the first is about to store.
        Assert.Equal(OutboxState.Sent, (await ProductHost.EventuallyAsync(async () => await StateAsync(other, message.Id) is { State: not OutboxState.Sending } ended ? ended : null)).State);
        Assert.Equal([message.Id], _out.Sent);
        await NothingIsLeftAsync(other);
    }

    [Fact]
    public async Task A_mail_that_a_process_left_is_uncertain_once_nobody_can_be_at_it()
    {
        var first = new MortalProcess(1_000_000, heard: true);
        await using var one = await FirstAsync(first);
        await using var other = await BesideAsync(one);
        _out.While = () =>
        {
            first.End();
            return Task.CompletedTask;
        };
        var message = await one.DeliverAsync(one.Mail("How long does delivery take?"));
        await ProductHost.EventuallyAsync(async () => first.IsDead ? await StateAsync(other, message.Id) : null);

        var until = (await StateAsync(other, message.Id)).Until!.Value;
        var job = await ClaimAsync(other, message.Id);
        _time.SetUtcNow(until + SharedStore.Skew - TimeSpan.FromSeconds(1));
        await other.Get<ReplyPipeline>().HandleAsync(job, default);
        Assert.Equal(OutboxState.Sending, (await StateAsync(other, message.Id)).State);

        await EndedAsync(other, message.Id);
        Assert.True(_time.GetUtcNow() - until >= SharedStore.Skew);
        Assert.Equal(OutboxState.Uncertain, (await StateAsync(other, message.Id)).State);
        // It is raised behind the commit.
        await ProductHost.EventuallyAsync(async () => (await other.Get<Alerts>().NewestAsync(5, default)).FirstOrDefault(alert => alert.Kind == "uncertain-send"));
        Assert.Equal([message.Id], _out.Sent);
        await NothingIsLeftAsync(other);
    }

    [Fact]
    public async Task A_process_that_slept_over_its_lease_does_not_hand_over()
    {
        await using var one = await FirstAsync(services: services => services.AddSingleton<IStore>(new SleepyStore((IStore)services.Last(service => service.ServiceType == typeof(IStore)).ImplementationInstance!, _time)));
        var message = await one.DeliverAsync(one.Mail("How long does delivery take?"));
        await ProductHost.EventuallyAsync(async () => (await one.Get<Outbox>().StateAsync(one.Tenant.Id, message.Id, default)) is { State: OutboxState.Queued } queued ? queued : null);
        Assert.Empty(_out.Sent);
    }

    /// <summary>SES would take it twice: a call has no token by which it is known again, and a large mail on a slow link may take its time.</summary>
    [Fact]
    public async Task A_hand_over_that_would_outlast_its_lease_is_called_off_within_it_and_made_once()
    {
        var (calls, began) = (0, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        var slow = new SesChannel(new SesSettings(), async (_, _, ct) =>
        {
            Interlocked.Increment(ref calls);
            began.TrySetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, ct);
            return default;
        });
        await using var one = await FirstAsync(services: services => services.AddSingleton<IOutboundChannel>(slow));
        await using var other = await ProductHost.StartAsync(folder: AwsInstallation.Beside(_folder), time: _time, of: one.Tenant, aws: _aws, services: services => services.AddSingleton<IOutboundChannel>(slow));
        var message = await one.DeliverAsync(one.Mail("How long does delivery take?"));
        await began.Task;

        _time.SetUtcNow((await StateAsync(other, message.Id)).Until!.Value - TimeSpan.FromSeconds(1));
        var ended = await ProductHost.EventuallyAsync(async () => await StateAsync(other, message.Id) is { State: not OutboxState.Sending } state ? state : null);
        Assert.Equal((OutboxState.Uncertain, "no answer after the mail was handed over (stopped)"), (ended.State, ended.Detail));

        // Long after, with the sweeps of both.
        await NothingIsLeftAsync(other);
        _time.Advance(TimeSpan.FromHours(1));
        await NothingIsLeftAsync(other);
        Assert.Equal((1, OutboxState.Uncertain), (calls, (await StateAsync(other, message.Id)).State));
    }

    [Fact]
    public async Task A_job_is_found_by_one_of_two_and_a_fresh_one_by_neither()
    {
        await using var one = await FirstAsync(worker: false);
        await using var other = await BesideAsync(one, worker: false);
        await one.DeliverAsync(one.Mail("How long does delivery take?"));
        var fresh = await DueAsync(one);
        Assert.False(one.Get<JobClaims>().IsFree(fresh));
        Assert.False(other.Get<JobClaims>().IsFree(fresh));

        _time.Advance(JobClaims.ForHints);
        var taken = await Task.WhenAll(one.Get<JobClaims>().TakeAsync(fresh, default), other.Get<JobClaims>().TakeAsync(fresh, default));
        Assert.Single(taken, job => job is not null);
        Assert.False(one.Get<JobClaims>().MayBegin(fresh));
        Assert.False(other.Get<JobClaims>().IsFree(await DueAsync(other)));

        _time.Advance(JobClaims.ForFinders);
        Assert.True(other.Get<JobClaims>().IsFree(await DueAsync(other)));
        Assert.False(one.Get<JobClaims>().MayBegin(taken.OfType<Job>().Single()));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public async Task One_of_two_ends_at_random_and_no_mail_is_lost_or_answered_twice(int seed)
    {
        const int Mails = 10;
        var random = new Random(seed);
        await using var one = await FirstAsync();
        var mortal = new MortalProcess(random.Next(1, 4 * Mails), heard: random.Next(2) == 0);
        await using var other = await BesideAsync(one, mortal);
        var mails = Enumerable.Range(0, Mails).Select(i => one.Mail("How long does delivery take?", from: string.Create(CultureInfo.InvariantCulture, $"person{i}@customer.example"), messageId: $"<both-{i}@customer.example>")).ToList();

        await Task.WhenAll(mails.SelectMany(mail => new[] { HandedOverAsync(mail, other, one), HandedOverAsync(mail, one, other) }));

        var messages = await one.ListAsync();
        Assert.Equal(Mails, messages.Count);
        foreach (var message in messages)
            await EndedAsync(one, message.Id);
        Assert.True(_out.Sent.Count == _out.Sent.Distinct().Count(), "a mail was answered twice");
        foreach (var message in messages)
        {
            Assert.Equal(MessageState.Answered, (await one.Get<Messages>().FindAsync(one.Tenant.Id, message.Id, default))!.Record.State);
            var state = (await StateAsync(one, message.Id)).State;
            // Nobody can tell of what the one that ended was at; all others left.
            if (!(state == OutboxState.Uncertain && mortal.IsDead))
                Assert.Equal(OutboxState.Sent, state);
            if (state == OutboxState.Sent)
                Assert.Contains(message.Id, _out.Sent);
        }
        await NothingIsLeftAsync(one);

        // As a sender does: again, and elsewhere, until somebody has taken it.
        async Task HandedOverAsync(string mail, ProductHost first, ProductHost second)
        {
            for (var tries = 0; tries < 20; tries++)
                if ((await (tries % 2 == 0 ? first : second).SmtpAsync(mail)).StartsWith("250", StringComparison.Ordinal))
                    return;
            Assert.Fail("nobody takes the mail");
        }
    }

    private Task<ProductHost> FirstAsync(MortalProcess? mortal = null, bool worker = true, Action<IServiceCollection>? services = null) =>
        ProductHost.StartAsync(knowledge: Faq, folder: _folder, time: _time, aws: _aws, services: all => Set(all, mortal, worker, services));

    private Task<ProductHost> BesideAsync(ProductHost first, MortalProcess? mortal = null, bool worker = true) =>
        ProductHost.StartAsync(folder: AwsInstallation.Beside(_folder), time: _time, of: first.Tenant, aws: _aws, services: all => Set(all, mortal, worker, null));

    private void Set(IServiceCollection all, MortalProcess? mortal, bool worker, Action<IServiceCollection>? services)
    {
        all.AddSingleton<IOutboundChannel>(_out);
        mortal?.Into(all, _out);
        services?.Invoke(all);
        if (!worker)
            all.Remove(all.Single(service => service.ImplementationType == typeof(JobWorker)));
    }

    private static async Task<OutboxRecord> StateAsync(ProductHost host, string id) => (await host.Get<Outbox>().StateAsync(host.Tenant.Id, id, default))!;

    /// <summary>
    /// Lets time go by no faster than the machine works: where a single look takes long, so does what a process is at, and one whose lease
    /// ran out while it worked would look like one that ended.
    /// </summary>
    /// <param name="look">When a look began that is over now.</param>
    private void Pass(long look)
    {
        var pace = Stopwatch.GetElapsedTime(look) * 10;
        if (Stopwatch.GetElapsedTime(_passed) < (pace > s_pace ? pace : s_pace))
            return;
        _passed = Stopwatch.GetTimestamp();
        _time.Advance(TimeSpan.FromSeconds(10));
    }

    /// <summary>As time goes by, somebody comes for all that was left.</summary>
    private Task EndedAsync(ProductHost host, string id) => ProductHost.EventuallyAsync(async () =>
    {
        var look = Stopwatch.GetTimestamp();
        if (await host.Get<Outbox>().StateAsync(host.Tenant.Id, id, default) is { State: not (OutboxState.Queued or OutboxState.Sending) } ended)
            return ended;
        Pass(look);
        return null;
    });

    private Task NothingIsLeftAsync(ProductHost host) => ProductHost.EventuallyAsync(async () =>
    {
        var look = Stopwatch.GetTimestamp();
        for (var shard = 0; shard < JobQueue.Shards; shard++)
            if ((await host.Get<JobQueue>().DueAsync(shard, 100, default)).Count > 0)
            {
                Pass(look);
                return null;
            }
        return "nothing";
    });

    private async Task<Job> ClaimAsync(ProductHost host, string target)
    {
        _time.Advance(JobClaims.ForHints);
        return await ProductHost.EventuallyAsync(async () =>
        {
            var job = await DueAsync(host, target);
            return job.Record.Until is not null ? job : host.Get<JobClaims>().IsFree(job) ? await host.Get<JobClaims>().TakeAsync(job, default) : null;
        });
    }

    private static async Task<Job> DueAsync(ProductHost host, string? target = null)
    {
        for (var shard = 0; shard < JobQueue.Shards; shard++)
            foreach (var job in await host.Get<JobQueue>().DueAsync(shard, 100, default))
                if (target is null || job.Target == target)
                    return job;
        throw new InvalidOperationException("There is no such job.");
    }

    /// <summary>The process is put to sleep right behind the commit that starts a sending.</summary>
    private sealed class SleepyStore(IStore store, FakeTimeProvider time) : IStore
    {
        public bool IsShared => store.IsShared;

        public ValueTask<Item?> GetAsync(ItemKey key, CancellationToken ct) => store.GetAsync(key, ct);

        public ValueTask<Page> QueryAsync(Table table, string partition, ReplyMint.Storage.Range range, string? cursor, CancellationToken ct) => store.QueryAsync(table, partition, range, cursor, ct);

        public async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken ct)
        {
            var result = await store.CommitAsync(commit, ct);
            if (commit.Operations.Any(operation => operation.Key.Sort.StartsWith(Outbox.Prefix, StringComparison.Ordinal) && Outbox.Read(new(operation.Key, operation.Value, default, 1, 0, null)).State == OutboxState.Sending))
                time.Advance(TimeSpan.FromMinutes(5));
            return result;
        }
    }
}
