using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using ReplyMint.Jobs;
using ReplyMint.Storage;
using ReplyMint.Tests.Aws;
using ReplyMint.Tests.Product;

namespace ReplyMint.Tests.Jobs;

/// <summary>The look for due jobs, where several processes share the store: what is found is claimed, and a claim keeps nobody waiting for nothing.</summary>
public sealed class JobSweepTests : IAsyncLifetime
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
    private readonly Hints _hints = new();
    private DynamoBench _bench = null!;

    public async ValueTask InitializeAsync() => _bench = await DynamoBench.OpenAsync(_time);

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    private JobSweep Sweep(IStore store, Hints hints) => new(new(store, hints, _time), hints, new(store, _time), NullLogger<JobSweep>.Instance);

    private async Task AddAsync(int count)
    {
        var commit = new Commit();
        for (var i = 0; i < count; i++)
            new JobQueue(_bench.Store, _hints, _time).AddUnhinted(commit, "t1", "mail", string.Create(CultureInfo.InvariantCulture, $"x{i}"));
        Assert.Equal(CommitResult.Committed, await _bench.Store.CommitAsync(commit, Ct));
    }

    [Fact]
    public async Task A_hint_that_was_lost_behind_the_claim_is_given_again_at_the_next_look_and_by_nobody_else()
    {
        await AddAsync(1);
        var (sweep, others) = (Sweep(_bench.Store, _hints), new Hints());
        await sweep.LookAsync(Ct);
        Assert.Single(_hints.Offered);

        // SQS refused it: the queue wants it once more. Another process finds a claim that stands.
        await sweep.LookAsync(Ct);
        Assert.Equal(2, _hints.Offered.Count);
        Assert.Equal(_hints.Offered[0], _hints.Offered[1]);
        var other = Sweep(_bench.Store, others);
        await other.LookAsync(Ct);
        Assert.Empty(others.Offered);
        _time.Advance(JobClaims.ForFinders);
        await other.LookAsync(Ct);
        Assert.Single(others.Offered);
        // And what the other has claimed now is not ours any more.
        await sweep.LookAsync(Ct);
        Assert.Equal(2, _hints.Offered.Count);
    }

    [Fact]
    public async Task Many_jobs_are_claimed_side_by_side_and_each_is_hinted_at_once()
    {
        await AddAsync(80);
        var crowd = new Crowd(_bench.Store, together: 8);
        await Sweep(crowd, _hints).LookAsync(Ct);
        Assert.Equal(80, _hints.Offered.Select(job => job.Target).Distinct().Count());
        Assert.Equal(80, _hints.Offered.Count);
        Assert.InRange(crowd.Most, 8, 16);
    }

    private sealed class Hints : IWorkQueue
    {
        public List<Job> Offered { get; } = [];

        public bool Wants(ItemKey key, string tenant, string kind) => true;

        public void Offer(Job job) => Offered.Add(job);

        public Task FlushAsync(CancellationToken ct) => Task.CompletedTask;
    }

    /// <summary>The first commits go on when so many are under way.</summary>
    private sealed class Crowd(IStore store, int together) : IStore
    {
        private readonly TaskCompletionSource _there = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _now, _most;

        public int Most => _most;

        public bool IsShared => true;

        public ValueTask<Item?> GetAsync(ItemKey key, CancellationToken ct) => store.GetAsync(key, ct);

        public ValueTask<Page> QueryAsync(Table table, string partition, ReplyMint.Storage.Range range, string? cursor, CancellationToken ct) => store.QueryAsync(table, partition, range, cursor, ct);

        public async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken ct)
        {
            var now = Interlocked.Increment(ref _now);
            lock (_there)
                _most = Math.Max(_most, now);
            if (now >= together)
                _there.TrySetResult();
            try
            {
                await _there.Task.WaitAsync(ProductHost.Patience, ct);
                return await store.CommitAsync(commit, ct);
            }
            finally
            {
                Interlocked.Decrement(ref _now);
            }
        }
    }
}
