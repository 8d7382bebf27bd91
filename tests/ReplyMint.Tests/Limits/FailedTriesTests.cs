using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using ReplyMint.Limits;
using ReplyMint.Security;
using ReplyMint.Tests.Product;

namespace ReplyMint.Tests.Limits;

/// <summary>AUTH-7: guessing is slowed where it comes from; nobody is locked out by others.</summary>
public sealed class FailedTriesTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
    private readonly BlockingCollection<(string Kind, string Subject)> _alarms = [];
    private readonly FailedTries _tries;

    public FailedTriesTests()
    {
        var buckets = new TokenBuckets(_time);
        _tries = Make((key, rule, cost) => ValueTask.FromResult(buckets.Take(key, rule, cost)));
    }

    private FailedTries Make(TakeTokens take) => new(
        new() { FailedForAccount = new() { Burst = 3, PerMinute = 1 }, FailedFromNetwork = new() { Burst = 10, PerMinute = 6 } }, take, _time,
        () => (kind, subject, _, _) =>
        {
            _alarms.Add((kind, subject), CancellationToken.None);
            return Task.CompletedTask;
        },
        NullLogger<FailedTries>.Instance);

    private static DefaultHttpContext From(string address) => new() { Connection = { RemoteIpAddress = IPAddress.Parse(address) } };

    private (string Kind, string Subject) Alarm() => _alarms.TryTake(out var alarm, ProductHost.Patience) ? alarm : throw new TimeoutException();

    private async Task<int> FailAsync(string address, string? account, int times)
    {
        var begun = 0;
        for (var i = 0; i < times; i++)
            begun += await _tries.BeginAsync(From(address), Way.Key, account) is null ? 1 : 0;
        return begun;
    }

    [Fact]
    public async Task Guesses_at_one_account_are_slowed_for_that_network_only()
    {
        Assert.Equal(3, await FailAsync("192.0.2.1", "anna", 20));
        // The owner, from where he sits, and others from the guesser's network, go on.
        Assert.Equal(3, await FailAsync("198.51.100.1", "anna", 3));
        Assert.Equal(3, await FailAsync("192.0.2.1", "ben", 3));
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(1, await FailAsync("192.0.2.1", "anna", 20));
    }

    [Fact]
    public async Task Guesses_at_many_accounts_are_slowed_by_network_and_the_operator_is_told()
    {
        var begun = 0;
        for (var i = 0; i < 100; i++)
            begun += await FailAsync("192.0.2.1", $"account{i}", 1);
        Assert.Equal(10, begun);
        var first = Alarm();
        Assert.Equal("guessing-network", first.Kind);
        Assert.DoesNotContain("192", first.Subject, StringComparison.Ordinal);
        // Another network, some time later, is another alert, though nobody looked at the first.
        _time.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal(10, await FailAsync("203.0.113.9", null, 11));
        Assert.NotEqual(first.Subject, Alarm().Subject);
        Assert.Equal(1, await FailAsync("192.0.2.2", null, 1));
    }

    [Fact]
    public async Task Guesses_at_one_account_from_everywhere_leave_it_open_and_the_operator_is_told()
    {
        for (var i = 0; i < 60; i++)
            Assert.Equal(1, await FailAsync($"10.0.{i}.1", "anna", 1));
        Assert.Equal(("guessing-account", "anna"), Alarm());
        Assert.Equal(1, await FailAsync("198.51.100.1", "anna", 1));
    }

    [Fact]
    public async Task Good_tries_are_never_slowed_and_pay_for_no_bad_ones()
    {
        for (var i = 0; i < 100; i++)
        {
            Assert.Null(await _tries.BeginAsync(From("192.0.2.1"), Way.Key, "anna"));
            await _tries.SucceededAsync(From("192.0.2.1"), Way.Key, "anna");
        }
        // An attacker who signs in to an account of his own between his guesses gets no more of them.
        var guesses = 0;
        for (var i = 0; i < 50; i++)
        {
            guesses += await FailAsync("203.0.113.1", $"victim{i}", 1);
            if (await _tries.BeginAsync(From("203.0.113.1"), Way.Key, "mallory") is null)
                await _tries.SucceededAsync(From("203.0.113.1"), Way.Key, "mallory");
        }
        Assert.InRange(guesses, 9, 10);
    }

    [Fact]
    public async Task A_thousand_at_once_are_a_thousand()
    {
        var passed = 0;
        await Parallel.ForAsync(0, 1_000, async (_, _) =>
        {
            if (await _tries.BeginAsync(From("192.0.2.1"), Way.Key, "anna") is null)
                Interlocked.Increment(ref passed);
        });
        Assert.Equal(3, passed);
    }
}
