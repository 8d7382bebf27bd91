using System.Text;
using Microsoft.Extensions.Time.Testing;
using ReplyMint.Storage;
using Xunit;
using Range = ReplyMint.Storage.Range;

namespace ReplyMint.Tests.Storage;

/// <summary>What every adapter of the store has to do. An adapter's test class derives from it and opens the adapter.</summary>
public abstract class StoreConformance : IAsyncLifetime
{
    private protected FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
    private protected IStore Store { get; private set; } = null!;
    private CancellationToken Ct => TestContext.Current.CancellationToken;

    private protected abstract ValueTask<IStore> OpenAsync();

    public async ValueTask InitializeAsync() => Store = await OpenAsync();

    public abstract ValueTask DisposeAsync();

    [Fact]
    public async Task An_item_reads_back_as_it_was_written()
    {
        var key = ItemKey.Main("t1", "message/1");
        await PutAsync(key, "{\"v\":1}", "secret");

        var item = await Store.GetAsync(key, Ct);

        Assert.NotNull(item);
        Assert.Equal("{\"v\":1}", Text(item.Value));
        Assert.Equal("secret", Text(item.Sealed));
        Assert.Equal(1, item.Version);
        Assert.Equal(0, item.Count);
        Assert.Null(await Store.GetAsync(new ItemKey(Table.Keys, "t1", "message/1"), Ct));
        Assert.Null(await Store.GetAsync(ItemKey.Main("t2", "message/1"), Ct));
    }

    [Fact]
    public async Task A_commit_with_one_failed_condition_writes_nothing()
    {
        await PutAsync(ItemKey.Main("t", "there"), "old");
        var commit = new Commit()
            .Put(ItemKey.Main("t", "new"), Bytes("x"), Condition.Absent)
            .Delete(ItemKey.Main("t", "there"))
            .Add(ItemKey.Main("t", "count"), 5)
            .Put(ItemKey.Main("t", "other"), Bytes("x"), Condition.At(1));

        Assert.Equal(CommitResult.Conflict, await Store.CommitAsync(commit, Ct));
        Assert.Null(await Store.GetAsync(ItemKey.Main("t", "new"), Ct));
        Assert.Null(await Store.GetAsync(ItemKey.Main("t", "count"), Ct));
        Assert.Equal("old", Text((await Store.GetAsync(ItemKey.Main("t", "there"), Ct))!.Value));
    }

    [Fact]
    public async Task Versions_count_up_and_guard_against_lost_updates()
    {
        var key = ItemKey.Main("t", "a");
        await PutAsync(key, "1");
        Assert.Equal(CommitResult.Committed, await Store.CommitAsync(new Commit().Put(key, Bytes("2"), Condition.At(1)), Ct));
        Assert.Equal(CommitResult.Conflict, await Store.CommitAsync(new Commit().Put(key, Bytes("3"), Condition.At(1)), Ct));
        Assert.Equal(CommitResult.Conflict, await Store.CommitAsync(new Commit().Put(key, Bytes("3"), Condition.Absent), Ct));
        Assert.Equal(CommitResult.Committed, await Store.CommitAsync(new Commit().Put(key, Bytes("4"), Condition.Any), Ct));

        var item = await Store.GetAsync(key, Ct);
        Assert.Equal("4", Text(item!.Value));
        Assert.Equal(3, item.Version);
    }

    [Fact]
    public async Task A_check_holds_a_commit_without_writing()
    {
        var guard = ItemKey.Main("t", "switch");
        Assert.Equal(CommitResult.Committed, await Store.CommitAsync(new Commit().Check(guard, Condition.Absent).Put(ItemKey.Main("t", "a"), Bytes("1"), Condition.Any), Ct));
        await PutAsync(guard, "stop");
        Assert.Equal(CommitResult.Conflict, await Store.CommitAsync(new Commit().Check(guard, Condition.Absent).Put(ItemKey.Main("t", "a"), Bytes("2"), Condition.Any), Ct));
        Assert.Equal(CommitResult.Committed, await Store.CommitAsync(new Commit().Check(guard, Condition.At(1)).Put(ItemKey.Main("t", "a"), Bytes("3"), Condition.Any), Ct));
        Assert.Equal(1, (await Store.GetAsync(guard, Ct))!.Version);
    }

    [Fact]
    public async Task A_counter_never_passes_its_limit_however_many_try()
    {
        var counter = ItemKey.Main("t", "quota");
        var results = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => Store.CommitAsync(new Commit().Add(counter, 1, limit: 5), Ct).AsTask()));

        Assert.Equal(5, results.Count(result => result == CommitResult.Committed));
        Assert.Equal(5, (await Store.GetAsync(counter, Ct))!.Count);
        Assert.Equal(CommitResult.Committed, await Store.CommitAsync(new Commit().Add(counter, -2), Ct));
        Assert.Equal(3, (await Store.GetAsync(counter, Ct))!.Count);
    }

    [Fact]
    public async Task Of_many_that_claim_the_same_key_exactly_one_wins()
    {
        var results = await Task.WhenAll(Enumerable.Range(0, 100).Select(i =>
            Store.CommitAsync(new Commit().Put(ItemKey.Main("t", "claim"), Bytes($"{i}"), Condition.Absent), Ct).AsTask()));
        Assert.Single(results, result => result == CommitResult.Committed);
    }

    [Fact]
    public async Task An_expired_item_is_absent_everywhere_and_starts_anew()
    {
        var key = ItemKey.Main("t", "token");
        await Store.CommitAsync(new Commit().Put(key, Bytes("1"), Condition.Absent, expires: Time.GetUtcNow().AddMinutes(5)), Ct);
        await Store.CommitAsync(new Commit().Add(ItemKey.Main("t", "hour"), 7, expires: Time.GetUtcNow().AddMinutes(5)), Ct);
        Assert.NotNull(await Store.GetAsync(key, Ct));

        Time.Advance(TimeSpan.FromMinutes(5));

        Assert.Null(await Store.GetAsync(key, Ct));
        Assert.Empty((await Store.QueryAsync(Table.Main, "t", new Range(""), null, Ct)).Items);
        Assert.Equal(CommitResult.Conflict, await Store.CommitAsync(new Commit().Check(key, Condition.At(1)), Ct));
        Assert.Equal(CommitResult.Committed, await Store.CommitAsync(new Commit().Put(key, Bytes("2"), Condition.Absent).Add(ItemKey.Main("t", "hour"), 1, limit: 1), Ct));
        Assert.Equal(1, (await Store.GetAsync(key, Ct))!.Version);
        Assert.Equal(1, (await Store.GetAsync(ItemKey.Main("t", "hour"), Ct))!.Count);
    }

    [Fact]
    public async Task What_is_read_again_and_again_is_what_was_written_last()
    {
        var key = ItemKey.Main("t", "often");
        await ReadsAsync(null);
        await PutAsync(key, "1");
        await ReadsAsync(1);
        await PutAsync(key, "2");
        await ReadsAsync(2);
        Assert.Equal(CommitResult.Committed, await Store.CommitAsync(new Commit().Add(key, 7), Ct));
        await ReadsAsync(3, 7);
        Assert.Equal(CommitResult.Committed, await Store.CommitAsync(new Commit().Delete(key), Ct));
        await ReadsAsync(null);
        await Store.CommitAsync(new Commit().Put(key, Bytes("3"), Condition.Absent, expires: Time.GetUtcNow().AddMinutes(1)), Ct);
        await ReadsAsync(1);
        Time.Advance(TimeSpan.FromMinutes(1));
        await ReadsAsync(null);

        async Task ReadsAsync(long? version, long count = 0)
        {
            for (var i = 0; i < 4; i++)
            {
                var item = await Store.GetAsync(key, Ct);
                Assert.Equal((version, count), (item?.Version, item?.Count ?? 0));
            }
        }
    }

    [Fact]
    public async Task Several_items_read_at_once_come_in_the_order_of_their_keys()
    {
        await PutAsync(ItemKey.Main("t", "a"), "1");
        await PutAsync(new ItemKey(Table.Audit, "u", "b"), "2");
        await Store.CommitAsync(new Commit().Put(ItemKey.Main("t", "old"), Bytes("3"), Condition.Any, expires: Time.GetUtcNow().AddMinutes(1)), Ct);
        Time.Advance(TimeSpan.FromMinutes(1));
        ItemKey[] keys = [new(Table.Audit, "u", "b"), ItemKey.Main("t", "absent"), ItemKey.Main("t", "a"), ItemKey.Main("t", "old")];
        for (var i = 0; i < 4; i++)
        {
            var items = await Store.GetAsync(keys, Ct);
            Assert.Equal(["2", null, "1", null], items.Select(item => item is null ? null : Text(item.Value)));
        }
        await PutAsync(ItemKey.Main("t", "absent"), "now");
        Assert.Equal("now", Text((await Store.GetAsync(keys, Ct))[1]!.Value));
        Assert.Empty(await Store.GetAsync(Array.Empty<ItemKey>(), Ct));
    }

    [Fact]
    public async Task Who_was_told_of_a_commit_reads_it_however_many_read_beside()
    {
        var key = ItemKey.Main("t", "often");
        using var done = new CancellationTokenSource();
        var readers = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            long seen = 0;
            while (!done.IsCancellationRequested)
            {
                var version = (await Store.GetAsync(key, Ct))?.Version ?? 0;
                Assert.InRange(version, seen, long.MaxValue);
                seen = version;
            }
        }, Ct)).ToList();
        for (var version = 1; version <= 300; version++)
        {
            await PutAsync(key, "x");
            Assert.Equal(version, (await Store.GetAsync(key, Ct))!.Version);
        }
        await done.CancelAsync();
        await Task.WhenAll(readers);
    }

    [Fact]
    public async Task A_commit_that_can_not_be_written_takes_no_other_with_it()
    {
        var results = Enumerable.Range(0, 100).Select(i => Store.CommitAsync(
            new Commit().Put(ItemKey.Main("t", i == 50 ? null! : $"{i}"), Bytes("x"), Condition.Any), Ct).AsTask()).ToList();
        await Assert.ThrowsAnyAsync<Exception>(() => results[50]);
        results.RemoveAt(50);
        Assert.All(await Task.WhenAll(results), result => Assert.Equal(CommitResult.Committed, result));
    }

    [Fact]
    public async Task A_query_pages_through_a_prefix_in_both_directions()
    {
        for (var i = 0; i < 25; i++)
            await PutAsync(ItemKey.Main("t", $"message/{i:D3}"), $"{i}");
        await PutAsync(ItemKey.Main("t", "messages"), "no");
        await PutAsync(ItemKey.Main("t", "mailbox/1"), "no");
        await PutAsync(ItemKey.Main("u", "message/000"), "no");

        Assert.Equal(Enumerable.Range(0, 25), await AllAsync(new Range("message/", Limit: 10)));
        Assert.Equal(Enumerable.Range(0, 25).Reverse(), await AllAsync(new Range("message/", Descending: true, Limit: 7)));
        Assert.Equal(Enumerable.Range(0, 5), await AllAsync(new Range("message/", Before: "message/005", Limit: 2)));
    }

    [Fact]
    public async Task Sort_keys_order_by_bytes()
    {
        foreach (var sort in (string[])["b", "B", "a/1", "a", "é", "a-"])
            await PutAsync(ItemKey.Main("t", sort), "x");
        var page = await Store.QueryAsync(Table.Main, "t", new Range(""), null, Ct);
        Assert.Equal(["B", "a", "a-", "a/1", "b", "é"], page.Items.Select(item => item.Key.Sort));
    }

    [Fact]
    public async Task A_moved_expiry_leaves_the_version_and_a_change_leaves_the_expiry()
    {
        var key = ItemKey.Main("t", "kept");
        var (soon, late) = (Time.GetUtcNow().AddMinutes(1), Time.GetUtcNow().AddDays(1));
        await Store.CommitAsync(new Commit().Put(key, Bytes("a"), Condition.Absent, Bytes("s"), soon), Ct);
        var read = (await Store.GetAsync(key, Ct))!;
        // Twice, so that a cache would have it.
        Assert.Equal(soon, (await Store.GetAsync(key, Ct))!.Expires);
        Assert.Equal(CommitResult.Committed, await Store.CommitAsync(new Commit().Expire(key, late).Expire(ItemKey.Main("t", "not there"), late), Ct));
        var moved = (await Store.GetAsync(key, Ct))!;
        Assert.Equal((1, late, "s"), (moved.Version, moved.Expires, Text(moved.Sealed)));
        Assert.Null(await Store.GetAsync(ItemKey.Main("t", "not there"), Ct));

        // Whoever read it before the move changes it all the same, and takes nothing back.
        Assert.Equal(CommitResult.Committed, await Store.CommitAsync(new Commit().Change(read, Bytes("b"), Bytes("t")), Ct));
        var changed = (await Store.GetAsync(key, Ct))!;
        Assert.Equal((2, late, "b", "t"), (changed.Version, changed.Expires, Text(changed.Value), Text(changed.Sealed)));
        Assert.Equal(CommitResult.Conflict, await Store.CommitAsync(new Commit().Change(read, Bytes("c"), default), Ct));

        await Store.CommitAsync(new Commit().Expire(key, null), Ct);
        Time.Advance(TimeSpan.FromDays(2));
        Assert.Null((await Store.GetAsync(key, Ct))!.Expires);
        await Store.CommitAsync(new Commit().Expire(key, Time.GetUtcNow()), Ct);
        Assert.Null(await Store.GetAsync(key, Ct));
        // What is over is not there to be brought back.
        await Store.CommitAsync(new Commit().Expire(key, null), Ct);
        Assert.Null(await Store.GetAsync(key, Ct));
    }

    [Fact]
    public async Task A_pause_keeps_what_was_there_beyond_its_time_and_nothing_else()
    {
        var soon = Time.GetUtcNow().AddMinutes(1);
        ItemKey kept = ItemKey.Main("t", "mail/05"), token = ItemKey.Main("t", "token/1"), others = ItemKey.Main("u", "mail/5"), over = ItemKey.Main("t", "mail/00");
        await Store.CommitAsync(new Commit().Put(over, Bytes("x"), Condition.Absent, expires: Time.GetUtcNow().AddSeconds(-1)).Put(kept, Bytes("5"), Condition.Absent, expires: soon).Put(token, Bytes("6"), Condition.Absent, expires: soon).Put(others, Bytes("7"), Condition.Absent, expires: soon), Ct);
        for (var i = 6; i < 20; i++)
            await Store.CommitAsync(new Commit().Put(ItemKey.Main("t", $"mail/{i:D2}"), Bytes($"{i}"), Condition.Absent, expires: soon).Put(ItemKey.Main("t", $"token/{i:D2}"), Bytes($"{i}"), Condition.Absent, expires: soon), Ct);
        // Twice, so that a cache would have it.
        Assert.NotNull(await Store.GetAsync(kept, Ct));
        Assert.NotNull(await Store.GetAsync(kept, Ct));
        var pause = new Commit();
        ExpiryPause.Add(pause, "t", null, Time.GetUtcNow(), ["mail"]);
        await Store.CommitAsync(pause, Ct);

        for (var days = 0; days < 2; days++)
        {
            Time.Advance(TimeSpan.FromDays(1));
            // What has expired goes with some commit.
            await PutAsync(ItemKey.Main("t", "other"), "x");
            Assert.Equal([null, null, null], (await Store.GetAsync([over, token, others], Ct)).Select(item => item?.Version));
            Assert.Equal(soon, (await Store.GetAsync(kept, Ct))!.Expires);
        }
        Assert.Equal(15, (await AllAsync(new Range("mail/", Limit: 4))).Count);
        Assert.Equal([19, 18, 17], (await AllAsync(new Range("mail/", Descending: true, Limit: 4))).Take(3));
        Assert.Equal(16, (await AllAsync(new Range("", Limit: 3), parse: false)).Count);
        Assert.Equal(CommitResult.Conflict, await Store.CommitAsync(new Commit().Put(kept, Bytes("new"), Condition.Absent), Ct));
        Assert.Equal(CommitResult.Committed, await Store.CommitAsync(new Commit().Check(kept, Condition.At(1)).Put(token, Bytes("new"), Condition.Absent), Ct));
        Assert.Equal(CommitResult.Committed, await Store.CommitAsync(new Commit().Expire(kept, null).Delete(ExpiryPause.KeyOf("t")), Ct));
        Assert.Equal(5, Assert.Single(await AllAsync(new Range("mail/"))));
        Assert.Null(await Store.GetAsync(ItemKey.Main("t", "mail/06"), Ct));
    }

    [Fact]
    public void Limits_are_those_of_the_narrowest_adapter()
    {
        Assert.Throws<InvalidOperationException>(() => new Commit().Put(ItemKey.Main("t", "a"), new byte[Commit.MaxItemBytes + 1], Condition.Any));
        Assert.Throws<InvalidOperationException>(() => new Commit().Delete(ItemKey.Main("t", "a")).Put(ItemKey.Main("t", "a"), Bytes("x"), Condition.Any));
        var full = new Commit();
        for (var i = 0; i < Commit.MaxOperations; i++)
            full.Delete(ItemKey.Main("t", $"{i}"));
        Assert.Throws<InvalidOperationException>(() => full.Delete(ItemKey.Main("t", "one more")));
        var heavy = new Commit();
        for (var i = 0; i < 10; i++)
            heavy.Put(ItemKey.Main("t", $"{i}"), new byte[Commit.MaxItemBytes], Condition.Any);
        Assert.Throws<InvalidOperationException>(() => heavy.Put(ItemKey.Main("t", "one more"), new byte[Commit.MaxItemBytes], Condition.Any));
    }

    [Fact]
    public async Task Writers_and_readers_at_once_lose_nothing()
    {
        await Task.WhenAll(Enumerable.Range(0, 16).Select(async writer =>
        {
            for (var i = 0; i < 50; i++)
                await Store.RetryAsync(async (commit, ct) =>
                {
                    var item = await Store.GetAsync(ItemKey.Main("t", "sum"), ct);
                    var sum = item is null ? 0 : int.Parse(Text(item.Value));
                    commit.Put(ItemKey.Main("t", "sum"), Bytes($"{sum + 1}"), Condition.Same(item));
                    commit.Put(ItemKey.Main("t", $"entry/{writer:D2}/{i:D2}"), Bytes("x"), Condition.Absent);
                    return true;
                }, Ct);
        }));
        Assert.Equal("800", Text((await Store.GetAsync(ItemKey.Main("t", "sum"), Ct))!.Value));
        Assert.Equal(800, (await AllAsync(new Range("entry/", Limit: 1000), parse: false)).Count);
    }

    private async Task<List<int>> AllAsync(Range range, bool parse = true)
    {
        var all = new List<int>();
        string? cursor = null;
        do
        {
            var page = await Store.QueryAsync(Table.Main, "t", range, cursor, Ct);
            Assert.True(page.Items.Count <= range.Limit);
            all.AddRange(page.Items.Select(item => parse ? int.Parse(Text(item.Value)) : 0));
            cursor = page.Cursor;
        }
        while (cursor is not null);
        return all;
    }

    private async Task PutAsync(ItemKey key, string value, string @sealed = "") =>
        Assert.Equal(CommitResult.Committed, await Store.CommitAsync(new Commit().Put(key, Bytes(value), Condition.Any, Bytes(@sealed)), Ct));

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static string Text(ReadOnlyMemory<byte> bytes) => Encoding.UTF8.GetString(bytes.Span);
}
