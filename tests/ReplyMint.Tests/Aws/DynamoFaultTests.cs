using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using ReplyMint.Audit;
using ReplyMint.Aws;
using ReplyMint.Storage;
using Range = ReplyMint.Storage.Range;

namespace ReplyMint.Tests.Aws;

/// <summary>What goes wrong between us and DynamoDB: nothing is lost, and nothing is written twice.</summary>
public sealed class DynamoFaultTests : IAsyncDisposable
{
    private static readonly AwsPatience s_short = new(TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(5));
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
    private DynamoBench? _bench;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        if (_bench is not null)
            await _bench.DisposeAsync();
    }

    [Theory]
    [InlineData(Fault.LostAfter)]
    [InlineData(Fault.SilentAfter)]
    internal async Task A_commit_whose_answer_was_lost_is_written_once(Fault fault)
    {
        var (store, standIn) = await OpenAsync();
        Once(standIn, "TransactWriteItems", fault);
        var counter = ItemKey.Main("t", "count");

        Assert.Equal(CommitResult.Committed, await store.CommitAsync(new Commit().Add(counter, 1).Put(ItemKey.Main("t", "a"), "x"u8.ToArray(), Condition.Absent), Ct));

        Assert.Equal((2, 1), (standIn.Calls.Count(call => call == "TransactWriteItems"), standIn.Written));
        Assert.Equal((1, 1), await ReadAsync(store, counter));
    }

    [Theory]
    [InlineData(Fault.Throttle)]
    [InlineData(Fault.ServerError)]
    [InlineData(Fault.Conflict)]
    [InlineData(Fault.InProgress)]
    [InlineData(Fault.LostBefore)]
    internal async Task A_commit_that_is_not_carried_out_comes_again(Fault fault)
    {
        var (store, standIn) = await OpenAsync();
        var left = 3;
        standIn.Faults = call => call == "TransactWriteItems" && Interlocked.Decrement(ref left) >= 0 ? fault : Fault.None;

        Assert.Equal(CommitResult.Committed, await store.CommitAsync(new Commit().Add(ItemKey.Main("t", "count"), 1), Ct));

        Assert.Equal(4, standIn.Calls.Count(call => call == "TransactWriteItems"));
        Assert.Equal((1, 1), await ReadAsync(store, ItemKey.Main("t", "count")));
    }

    [Fact]
    public async Task What_never_goes_well_ends_in_an_exception_and_nothing_is_written()
    {
        var (store, standIn) = await OpenAsync(patience: new(TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(200)));
        standIn.Faults = static _ => Fault.Throttle;
        var commit = new Commit().Add(ItemKey.Main("t", "count"), 1);

        var refused = await Assert.ThrowsAsync<StoreUnavailableException>(() => store.CommitAsync(commit, Ct).AsTask());
        Assert.Contains("ProvisionedThroughputExceededException", refused.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<StoreUnavailableException>(() => store.GetAsync(ItemKey.Main("t", "count"), Ct).AsTask());

        standIn.Faults = static _ => Fault.None;
        Assert.Null(await store.GetAsync(ItemKey.Main("t", "count"), Ct));
    }

    [Theory]
    [InlineData(Fault.Throttle)]
    [InlineData(Fault.ServerError)]
    [InlineData(Fault.LostBefore)]
    [InlineData(Fault.LostAfter)]
    [InlineData(Fault.SilentAfter)]
    internal async Task A_read_that_fails_comes_again(Fault fault)
    {
        var (store, standIn) = await OpenAsync();
        ItemKey[] keys = [ItemKey.Main("t", "a"), ItemKey.Main("t", "b")];
        await store.CommitAsync(new Commit().Put(keys[0], "1"u8.ToArray(), Condition.Any).Put(keys[1], "2"u8.ToArray(), Condition.Any), Ct);
        foreach (var call in (string[])["GetItem", "BatchGetItem", "Query"])
        {
            Once(standIn, call, fault);
            Assert.Equal(2, call switch
            {
                "GetItem" => (await store.GetAsync(keys[1], Ct))!.Value.Length + 1,
                "BatchGetItem" => (await store.GetAsync(keys, Ct)).Count(item => item is not null),
                _ => (await store.QueryAsync(Table.Main, "t", new Range(""), null, Ct)).Items.Count,
            });
            Assert.Equal(2, standIn.Calls.Count(made => made == call));
        }
    }

    [Fact]
    public async Task Pages_and_batches_that_come_in_parts_are_whole()
    {
        var (store, standIn) = await OpenAsync();
        var keys = Enumerable.Range(0, 12).Select(i => i == 3 ? new ItemKey(Table.Keys, "t", "key") : ItemKey.Main("t", $"item/{i:D2}")).ToList();
        var commit = new Commit();
        foreach (var key in keys)
            commit.Put(key, "x"u8.ToArray(), Condition.Any, expires: key.Sort.EndsWith('5') ? _time.GetUtcNow().AddMinutes(1) : null);
        await store.CommitAsync(commit, Ct);
        _time.Advance(TimeSpan.FromMinutes(1));
        standIn.Faults = static call => call is "Query" or "BatchGetItem" ? Fault.Partial : Fault.None;

        Assert.Equal(keys.Select(key => !key.Sort.EndsWith('5')), (await store.GetAsync(keys, Ct)).Select(item => item is not null));
        var first = await store.QueryAsync(Table.Main, "t", new Range("item/", Limit: 6), null, Ct);
        Assert.Equal((6, "item/07"), (first.Items.Count, first.Cursor));
        var second = await store.QueryAsync(Table.Main, "t", new Range("item/", Limit: 6), first.Cursor, Ct);
        Assert.Equal((4, null), (second.Items.Count, second.Cursor));
        // Exactly full, and nothing behind it.
        Assert.Null((await store.QueryAsync(Table.Main, "t", new Range("item/", Limit: 10), null, Ct)).Cursor);
        Assert.Equal(["item/02", "item/01"], (await store.QueryAsync(Table.Main, "t", new Range("item/0", Before: "item/04", Descending: true, Limit: 2), null, Ct)).Items.Select(item => item.Key.Sort));
    }

    [Fact]
    public async Task What_is_over_and_was_not_removed_yet_starts_anew_in_one_commit()
    {
        var (store, standIn) = await OpenAsync();
        ItemKey[] keys = [.. ((string[])["put", "add", "limited", "moved", "deleted"]).Select(name => ItemKey.Main("t", name))];
        foreach (var key in keys)
        {
            await store.CommitAsync(new Commit().Add(key, 7), Ct);
            await store.CommitAsync(new Commit().Put(key, "old"u8.ToArray(), Condition.Any, "secret"u8.ToArray(), _time.GetUtcNow().AddMinutes(1)), Ct);
        }
        Assert.Equal((2, 7), await ReadAsync(store, keys[0]));
        _time.Advance(TimeSpan.FromMinutes(1));
        var before = standIn.Calls.Count(call => call == "TransactWriteItems");

        Assert.Equal(CommitResult.Committed, await store.CommitAsync(new Commit()
            .Put(keys[0], "new"u8.ToArray(), Condition.Any).Add(keys[1], 2).Add(keys[2], 3, limit: 3).Expire(keys[3], null).Delete(keys[4]), Ct));

        // One that finds them over, one that writes.
        Assert.Equal(2, standIn.Calls.Count(call => call == "TransactWriteItems") - before);
        Assert.Equal((1, 0), await ReadAsync(store, keys[0]));
        Assert.Equal((1, 2), await ReadAsync(store, keys[1]));
        Assert.Equal((1, 3), await ReadAsync(store, keys[2]));
        var counted = (await store.GetAsync(keys[1], Ct))!;
        Assert.True(counted.Value.IsEmpty && counted.Sealed.IsEmpty);
        Assert.Null(await store.GetAsync(keys[3], Ct));
        Assert.Equal(CommitResult.Conflict, await store.CommitAsync(new Commit().Add(keys[2], 1, limit: 3), Ct));
    }

    [Fact]
    public async Task What_a_pause_keeps_is_there_thirty_days_after_its_end_though_DynamoDB_removes_what_is_over()
    {
        var (store, _) = await OpenAsync();
        ItemKey mail = ItemKey.Main("t", "mail/1"), moved = ItemKey.Main("t", "mail/2"), other = ItemKey.Main("u", "mail/3");
        var (soon, later) = (_time.GetUtcNow().AddMinutes(1), _time.GetUtcNow().AddMinutes(2));
        await store.CommitAsync(new Commit().Put(mail, "1"u8.ToArray(), Condition.Absent, expires: soon).Put(moved, "2"u8.ToArray(), Condition.Absent).Put(other, "3"u8.ToArray(), Condition.Absent, expires: soon), Ct);
        var pause = new Commit().Expire(moved, later);
        ExpiryPause.Add(pause, "t", null, _time.GetUtcNow(), ["mail"]);
        await store.CommitAsync(pause, Ct);

        // The job that takes the expiry away was given up, and nobody saw to it for weeks.
        _time.Advance(TimeSpan.FromDays(30));
        Assert.Empty(await _bench!.RemoveGoneAsync(_time.GetUtcNow()));
        Assert.Equal([true, true, false], (await store.GetAsync([mail, moved, other], Ct)).Select(item => item is not null));
        await store.CommitAsync(new Commit().Expire(mail, null).Delete(ExpiryPause.KeyOf("t")), Ct);
        _time.Advance(TimeSpan.FromMinutes(3));
        Assert.Equal(["mail/2", "mail/3"], (await _bench.RemoveGoneAsync(_time.GetUtcNow())).Order(StringComparer.Ordinal));
        Assert.NotNull(await store.GetAsync(mail, Ct));
    }

    [Fact]
    public async Task Two_processes_in_a_storm_of_faults_lose_nothing_and_write_nothing_twice()
    {
        var (_, standIn) = await OpenAsync(stores: 2, patience: new(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(30)));
        Fault[] storm = [Fault.Throttle, Fault.ServerError, Fault.LostBefore, Fault.LostAfter];
        var dice = new Random(7);
        standIn.Faults = call =>
        {
            lock (dice)
                return dice.Next(100) >= 30 ? Fault.None
                    : call is "Query" or "BatchGetItem" && dice.Next(2) == 0 ? Fault.Partial
                    : call == "TransactWriteItems" && dice.Next(5) == 0 ? Fault.Conflict
                    : storm[dice.Next(storm.Length)];
        };
        await Task.WhenAll(((DynamoStore[])[_bench!.Store, _bench.Other]).SelectMany((store, process) => Enumerable.Range(0, 4).Select(async writer =>
        {
            for (var i = 0; i < 10; i++)
                await store.RetryAsync(async (commit, ct) =>
                {
                    var sum = await store.GetAsync(ItemKey.Main("t", "sum"), ct);
                    var next = sum is null ? 1 : int.Parse(sum.Value.Span, CultureInfo.InvariantCulture) + 1;
                    commit.Put(ItemKey.Main("t", "sum"), JsonSerializer.SerializeToUtf8Bytes(next), Condition.Same(sum))
                        .Add(ItemKey.Main("t", "count"), 1)
                        .Put(ItemKey.Main("t", $"entry/{process}/{writer}/{i}"), "x"u8.ToArray(), Condition.Absent);
                    return true;
                }, Ct);
        })));

        var page = await _bench.Store.QueryAsync(Table.Main, "t", new Range("entry/", Limit: 1000), null, Ct);
        Assert.Equal(80, page.Items.Count);
        Assert.Equal((80, 80), await ReadAsync(_bench.Other, ItemKey.Main("t", "count")));
        Assert.Equal("80"u8.ToArray(), (await _bench.Other.GetAsync(ItemKey.Main("t", "sum"), Ct))!.Value.ToArray());
        Assert.Equal(80, standIn.Written);
    }

    [Fact]
    public async Task Entries_of_one_audit_chain_need_no_second_try_in_one_process_and_keep_their_chain_in_two()
    {
        var (_, standIn) = await OpenAsync(stores: 2);
        var (one, other) = (new AuditLog(_bench!.Store, _time), new AuditLog(_bench.Other, _time));
        // The first entry makes the head.
        await AppendAsync(one, _bench.Store, "first");
        var before = standIn.Calls.Count(call => call == "TransactWriteItems");
        await Task.WhenAll(Enumerable.Range(0, 16).Select(i => AppendAsync(one, _bench.Store, $"one-{i}")));
        Assert.Equal(16, standIn.Calls.Count(call => call == "TransactWriteItems") - before);

        await Task.WhenAll(Enumerable.Range(0, 16).Select(i => i % 2 == 0 ? AppendAsync(one, _bench.Store, $"both-{i}") : AppendAsync(other, _bench.Other, $"both-{i}")));

        var records = (await other.NewestAsync("t", 100, Ct)).Reverse().ToList();
        Assert.Equal(33, records.Count);
        Assert.Equal(33, records.Select(record => record.Act).Distinct().Count());
        for (var i = 0; i < records.Count; i++)
            Assert.Equal((i + 1, i == 0 ? AuditRecord.Start : records[i - 1].Hash), ((int)records[i].Sequence, records[i].Previous));
    }

    private static Task<bool> AppendAsync(AuditLog log, DynamoStore store, string act) => store.RetryAsync(async (commit, ct) =>
    {
        await log.AppendAsync(commit, "t", new AuditEntry(Actor.Machine, act, "t"), ct);
        return true;
    }, Ct);

    private static void Once(DynamoStandIn standIn, string name, Fault fault)
    {
        standIn.Calls.Clear();
        var left = 1;
        standIn.Faults = call => call == name && Interlocked.Decrement(ref left) >= 0 ? fault : Fault.None;
    }

    private static async Task<(long Version, long Count)> ReadAsync(DynamoStore store, ItemKey key) =>
        await store.GetAsync(key, Ct) is { } item ? (item.Version, item.Count) : (0, 0);

    private async Task<(DynamoStore Store, DynamoStandIn StandIn)> OpenAsync(int stores = 1, AwsPatience? patience = null)
    {
        _bench = await DynamoBench.OpenAsync(_time, faulty: true, stores, patience ?? s_short);
        return (_bench.Store, _bench.StandIn!);
    }
}
