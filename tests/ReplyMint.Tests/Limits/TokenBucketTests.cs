using System.Net;
using Microsoft.Extensions.Time.Testing;
using ReplyMint.Limits;

namespace ReplyMint.Tests.Limits;

public sealed class TokenBucketTests
{
    private static readonly BucketRule TenThenOneASecond = new(1, 10);

    private readonly FakeTimeProvider _time = new();

    private static BucketKey Of(string address) => new("read", "", BucketKey.NetworkOf(IPAddress.Parse(address)));

    private static int Drain(TokenBuckets buckets, BucketKey key, int atMost = 100) =>
        Enumerable.Range(0, atMost).TakeWhile(_ => buckets.Take(key, TenThenOneASecond).Allowed).Count();

    [Fact]
    public void A_bucket_gives_its_burst_and_then_its_rate()
    {
        var buckets = new TokenBuckets(_time);
        Assert.Equal(10, Drain(buckets, Of("192.0.2.1")));
        var refused = buckets.Take(Of("192.0.2.1"), TenThenOneASecond);
        Assert.Equal((false, 0d, TimeSpan.FromSeconds(1)), (refused.Allowed, refused.Left, refused.Wait));

        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(3, Drain(buckets, Of("192.0.2.1")));
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(10, Drain(buckets, Of("192.0.2.1")));
    }

    [Fact]
    public void Somebody_else_has_his_own()
    {
        var buckets = new TokenBuckets(_time);
        Drain(buckets, Of("192.0.2.1"), 1_000);
        Assert.Equal(10, Drain(buckets, Of("192.0.2.2")));
        Assert.Equal(10, Drain(buckets, Of("192.0.2.1") with { Kind = "write" }));
        Assert.Equal(10, Drain(buckets, Of("192.0.2.1") with { Owner = "u1" }));
    }

    [Fact]
    public void An_IPv6_client_is_its_64()
    {
        var buckets = new TokenBuckets(_time);
        Assert.Equal(10, Drain(buckets, Of("2001:db8::1")));
        Assert.Equal(0, Drain(buckets, Of("2001:db8::ffff:1")));
        Assert.Equal(10, Drain(buckets, Of("2001:db8:0:1::1")));
        Drain(buckets, Of("192.0.2.9"));
        Assert.Equal(0, Drain(buckets, Of("::ffff:192.0.2.9")));
    }

    [Fact]
    public void What_was_given_back_can_be_taken_again_but_never_more_than_the_burst()
    {
        var buckets = new TokenBuckets(_time);
        Drain(buckets, Of("192.0.2.1"));
        buckets.Give(Of("192.0.2.1"), TenThenOneASecond, 2);
        Assert.Equal(2, Drain(buckets, Of("192.0.2.1")));
        buckets.Give(Of("192.0.2.1"), TenThenOneASecond, 1_000);
        Assert.Equal(10, Drain(buckets, Of("192.0.2.1")));
    }

    [Fact]
    public void A_flood_of_addresses_takes_no_more_memory_frees_nobody_and_stays_limited()
    {
        var buckets = new TokenBuckets(_time, capacity: 256);
        var guesser = Of("192.0.2.1");
        Drain(buckets, guesser);

        // An attacker with an IPv6 /32 has four billion /64: each of them takes one.
        var passed = 0;
        for (var i = 0; i < 20_000; i++)
            passed += buckets.Take(Of($"2001:db8:{i >> 8:x}:{i & 255:x}::1"), TenThenOneASecond).Allowed ? 1 : 0;

        Assert.InRange(buckets.Count, 1, 256);
        // 256 have room of their own; all others are one neighbourhood, in each of the parts of the table.
        Assert.InRange(passed, 256, 256 + 16 * 10);
        Assert.Equal(0, Drain(buckets, guesser));
        // Somebody from elsewhere does not pay for it.
        Assert.Equal(10, Drain(buckets, Of("198.51.100.7")));
    }

    [Fact]
    public void A_full_bucket_makes_room()
    {
        var buckets = new TokenBuckets(_time, capacity: 16);
        for (var i = 0; i < 1_000; i++)
            buckets.Take(Of($"2001:db8:{i:x}::1"), TenThenOneASecond);
        _time.Advance(TimeSpan.FromMinutes(1));
        var late = Of("203.0.113.5");
        Assert.Equal(10, Drain(buckets, late));
        // It has its own now: its neighbours' flood is not its own.
        for (var i = 0; i < 200; i++)
            buckets.Take(Of($"203.0.1.{i}"), TenThenOneASecond);
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(5, Drain(buckets, late));
    }

    [Fact]
    public void Many_at_once_are_counted_one_by_one()
    {
        var buckets = new TokenBuckets(_time);
        var passed = 0;
        Parallel.For(0, 1_000, _ =>
        {
            if (buckets.Take(Of("192.0.2.1"), TenThenOneASecond).Allowed)
                Interlocked.Increment(ref passed);
        });
        Assert.Equal(10, passed);
    }
}
