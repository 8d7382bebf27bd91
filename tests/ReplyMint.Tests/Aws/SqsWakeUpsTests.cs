using System.Globalization;
using Microsoft.Extensions.Time.Testing;
using ReplyMint.Aws;
using ReplyMint.Jobs;
using ReplyMint.Storage;

namespace ReplyMint.Tests.Aws;

/// <summary>Hints of due jobs by SQS: each arrives, or the sweep offers it again.</summary>
public sealed class SqsWakeUpsTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
    private SqsBench _bench = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _bench = await SqsBench.OpenAsync();

    public ValueTask DisposeAsync()
    {
        _bench.Dispose();
        return ValueTask.CompletedTask;
    }

    private static Job Make(int number, string kind = "mail")
    {
        var record = new JobRecord(1, "t" + (number % 3).ToString(CultureInfo.InvariantCulture), kind, "x" + number.ToString(CultureInfo.InvariantCulture), 0);
        var shard = JobQueue.ShardOf(record.Target);
        return new(record, ItemKey.Main(string.Create(CultureInfo.InvariantCulture, $"due/{shard}"), $"01795521600000/{record.Tenant}/{kind}/{record.Target}"), 1);
    }

    private async Task<IReadOnlyList<string>> ArrivedAsync(string? queue = null) =>
        [.. (await _bench.ReceiveAsync(queue ?? _bench.Queues.Wake)).Select(message => Assert.IsType<WakeUp>(WakeUp.Read(message.Body)).Target).Order(StringComparer.Ordinal)];

    [Fact]
    public async Task All_arrive_ten_at_once_and_erasures_in_a_queue_of_their_own()
    {
        var queue = _bench.WakeUps(_time);
        var jobs = Enumerable.Range(0, 25).Select(i => Make(i)).ToList();
        jobs.ForEach(queue.Offer);
        queue.Offer(Make(100, "erase"));
        await queue.FlushAsync(Ct);
        Assert.Equal(jobs.Select(job => job.Target).Order(StringComparer.Ordinal), await ArrivedAsync());
        Assert.Equal(["x100"], await ArrivedAsync(_bench.Queues.Erase));
        Assert.Equal([1, 5, 10, 10], _bench.Faults.Sends.Order());
        await queue.FlushAsync(Ct);
        Assert.Equal(4, _bench.Faults.Sends.Count);
    }

    [Fact]
    public async Task What_passes_is_tried_again()
    {
        var queue = _bench.WakeUps(TimeProvider.System);
        _bench.Faults.Next.Enqueue(SqsFaults.Throttled);
        _bench.Faults.Next.Enqueue(null);
        queue.Offer(Make(1));
        await queue.FlushAsync(Ct);
        Assert.Equal(["x1"], await ArrivedAsync());
        Assert.Equal([1, 1], _bench.Faults.Sends);
        // Lost on its way back it may be there twice, which harms nobody.
        _bench.Faults.Next.Enqueue(SqsFaults.LostAfter);
        queue.Offer(Make(2));
        await queue.FlushAsync(Ct);
        Assert.Equal(["x2", "x2"], await ArrivedAsync());
        Assert.Empty(_bench.Log.All);
    }

    [Fact]
    public async Task Of_a_batch_that_was_taken_in_part_only_the_rest_is_sent_again()
    {
        var queue = _bench.WakeUps(TimeProvider.System);
        _bench.Faults.Next.Enqueue(SqsFaults.First(senderFault: false));
        for (var i = 0; i < 3; i++)
            queue.Offer(Make(i));
        await queue.FlushAsync(Ct);
        Assert.Equal([3, 1], _bench.Faults.Sends);
        Assert.Equal(["x0"], await ArrivedAsync());
        // What is never taken is not tried for ever.
        _bench.Faults.Next.Enqueue(SqsFaults.First(senderFault: true));
        queue.Offer(Make(4));
        await queue.FlushAsync(Ct);
        Assert.Equal(3, _bench.Faults.Sends.Count);
        Assert.Contains(_bench.Log.All, line => line.Contains("InvalidMessageContents", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_does_not_arrive_is_told_and_the_sweep_may_offer_it_at_once()
    {
        var queue = _bench.WakeUps(TimeProvider.System, new(TimeSpan.FromSeconds(10), TimeSpan.FromMilliseconds(1)));
        var (job, other) = (Make(1), Make(2));
        _bench.Faults.Next.Enqueue(SqsFaults.Refused);
        queue.Offer(job);
        Assert.False(queue.Wants(job.Key, job.Tenant, "mail"));
        await queue.FlushAsync(Ct);
        Assert.True(queue.Wants(job.Key, job.Tenant, "mail"));
        Assert.Contains(_bench.Log.All, line => line.Contains("1 hints", StringComparison.Ordinal) && line.Contains("NonExistentQueue", StringComparison.Ordinal));

        // Neither does an end of the time throw.
        queue.Offer(other);
        using var late = new CancellationTokenSource();
        await late.CancelAsync();
        await queue.FlushAsync(late.Token);
        Assert.True(queue.Wants(other.Key, other.Tenant, "mail"));
    }

    [Fact]
    public async Task The_sweep_offers_what_is_on_its_way_only_after_a_while_and_what_waits_is_bounded()
    {
        var queue = _bench.WakeUps(_time);
        var job = Make(1);
        queue.Offer(job);
        await queue.FlushAsync(Ct);
        _time.Advance(TimeSpan.FromMinutes(4));
        Assert.False(queue.Wants(job.Key, job.Tenant, "mail"));
        _time.Advance(TimeSpan.FromMinutes(7));
        Assert.True(queue.Wants(job.Key, job.Tenant, "mail"));
        for (var i = 0; i < SqsWakeUps.MaxWaiting; i++)
            queue.Offer(Make(i));
        Assert.False(queue.Wants(Make(99_999).Key, "t0", "mail"));
    }
}
