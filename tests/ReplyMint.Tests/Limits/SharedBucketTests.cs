using ReplyMint.Limits;
using ReplyMint.Storage;
using ReplyMint.Tests.Storage;

namespace ReplyMint.Tests.Limits;

/// <summary>AUTH-6: on several machines a limit is one; and not each request costs a write.</summary>
public sealed class SharedBucketTests : IAsyncLifetime
{
    private static readonly BucketRule Large = new(PerSecond: 1, Burst: 300);
    private static readonly BucketRule Small = new(PerSecond: 1, Burst: 10);
    private static readonly BucketKey Key = new("read", "u1", 0);

    private SharedHouse _house = null!;
    private WatchedStore _watched = null!;
    private int _commits;
    private SharedBuckets[] _processes = [];

    public async ValueTask InitializeAsync()
    {
        _house = await SharedHouse.OpenAsync();
        _watched = new WatchedStore(_house.Store) { BeforeCommit = _ => Interlocked.Increment(ref _commits) };
        _processes = [Make(_house.One), Make(_house.Other)];

        SharedBuckets Make(OpenStore process) => new(_watched, process.Keys, new TokenBuckets(_house.Time), _house.Time);
    }

    public ValueTask DisposeAsync() => _house.DisposeAsync();

    private async Task<int> DrainAsync(BucketKey key, BucketRule rule, int asked = 1_000)
    {
        var allowed = 0;
        for (var i = 0; i < asked; i++)
            allowed += (await _processes[i % 2].TakeAsync(key, rule, 1)).Allowed ? 1 : 0;
        return allowed;
    }

    [Fact]
    public async Task Two_processes_let_through_what_one_would_and_less_than_a_portion_more_each()
    {
        Assert.InRange(await DrainAsync(Key, Large), 300, 300 + 2 * 5);
        // Of two that take turns each finds the other's word there, and tries again.
        Assert.InRange(_commits, 40, 110);
        // What was let through too early is owed: over time the rate is exact.
        _house.Time.Advance(TimeSpan.FromSeconds(100));
        Assert.InRange(await DrainAsync(Key, Large), 85, 110);
        _house.Time.Advance(TimeSpan.FromSeconds(1_000));
        Assert.InRange(await DrainAsync(Key, Large), 290, 310);
    }

    [Fact]
    public async Task Where_little_may_be_asked_each_may_let_through_one_more()
    {
        Assert.InRange(await DrainAsync(Key, Small), 10, 12);
        var before = (_commits, _watched.Read.Count);
        // Whoever goes on asking in vain costs no write, and no look either.
        Assert.Equal(0, await DrainAsync(Key, Small));
        Assert.Equal(before, (_commits, _watched.Read.Count));
    }

    [Fact]
    public async Task Others_have_buckets_of_their_own()
    {
        await DrainAsync(Key, Small);
        Assert.InRange(await DrainAsync(new("read", "u2", 0), Small), 10, 12);
        Assert.InRange(await DrainAsync(new("write", "u1", 0), Small), 10, 12);
        Assert.InRange(await DrainAsync(new("read", "u1", 7), Small), 10, 12);
    }

    [Fact]
    public async Task Some_requests_of_somebody_new_cost_no_write()
    {
        for (var i = 0; i < 50; i++)
            Assert.True((await _processes[0].TakeAsync(new("public", "", (UInt128)i), Large, 1)).Allowed);
        Assert.Equal(0, _commits);
    }

    [Fact]
    public async Task What_is_given_back_in_time_costs_nothing_and_what_another_gave_back_is_there()
    {
        for (var i = 0; i < 20; i++)
        {
            Assert.True((await _processes[0].TakeAsync(Key, Small, 1)).Allowed);
            await _processes[0].TakeAsync(Key, Small, -1);
        }
        Assert.Equal(0, _commits);
        await DrainAsync(Key, Small);
        await _processes[1].TakeAsync(Key, Small, -Small.Burst);
        _house.Time.Advance(TimeSpan.FromSeconds(2));
        Assert.True((await _processes[0].TakeAsync(Key, Small, 1)).Allowed);
        Assert.True((await _processes[0].TakeAsync(Key, Small, 1)).Allowed);
        Assert.True((await _processes[0].TakeAsync(Key, Small, 1)).Allowed);
    }

    [Fact]
    public async Task A_thousand_at_once_are_a_thousand()
    {
        var taken = await Task.WhenAll(Enumerable.Range(0, 1_000).Select(i => Task.Run(async () => await _processes[i % 2].TakeAsync(Key, Large, 1))));
        Assert.InRange(taken.Count(one => one.Allowed), 300, 310);
    }

    [Fact]
    public async Task While_the_store_does_not_answer_each_goes_by_its_own()
    {
        _watched.BeforeCommit = _ => throw new StoreUnavailableException("test");
        var allowed = 0;
        for (var i = 0; i < 50; i++)
            allowed += (await _processes[0].TakeAsync(Key, Small, 1)).Allowed ? 1 : 0;
        Assert.Equal(10, allowed);
        _watched.BeforeCommit = _ => { };
        _house.Time.Advance(TimeSpan.FromSeconds(3));
        Assert.True((await _processes[0].TakeAsync(Key, Small, 1)).Allowed);
        Assert.InRange(await DrainAsync(Key, Small), 6, 9);
    }

    [Fact]
    public async Task No_key_says_whose_bucket_it_is()
    {
        var seen = new List<string>();
        _watched.BeforeCommit = commit => seen.AddRange(commit.Operations.Select(operation => operation.Key.Partition + operation.Key.Sort));
        await DrainAsync(new("pair", "anna@customer.example", 0), Small, 20);
        Assert.NotEmpty(seen);
        Assert.DoesNotContain(seen, key => key.Contains("anna", StringComparison.OrdinalIgnoreCase));
    }
}
