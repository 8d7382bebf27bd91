using System.Diagnostics;
using System.Text.Json;
using ReplyMint.Storage;
using Range = ReplyMint.Storage.Range;

namespace ReplyMint.Aws;

/// <summary>
/// The store on DynamoDB. Every read is consistent and asks the expiry itself, since DynamoDB removes late; every commit is one
/// transaction, also of a single write, since only a transaction has a token by which a lost answer can be asked for again.
/// Several processes may use it at once; no item is kept in memory.
/// </summary>
/// <param name="time">Says what is over.</param>
internal sealed class DynamoStore(DynamoCalls calls, DynamoTables tables, TimeProvider time) : IStore, IAsyncDisposable
{
    private const int MaxKeys = 100;
    // What is asked for after a page that held too few: much of it may be over, too.
    private const int LeastAgain = 100;

    private readonly DynamoTurns _turns = new();
    private readonly DynamoPauses _pauses = new();

    public bool IsShared => true;

    public async ValueTask<Item?> GetAsync(ItemKey key, CancellationToken ct)
    {
        using var answer = await calls.ReadAsync("GetItem", json =>
        {
            json.WriteString("TableName", tables.NameOf(key.Table));
            DynamoItems.WriteKey(json, "Key", key.Partition, key.Sort);
            json.WriteBoolean("ConsistentRead", true);
        }, ct);
        return answer.RootElement.TryGetProperty("Item", out var item) ? (await AliveAsync([DynamoItems.Read(key.Table, item)], ct)).FirstOrDefault() : null;
    }

    public async ValueTask<IReadOnlyList<Item?>> GetAsync(IReadOnlyList<ItemKey> keys, CancellationToken ct)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(keys.Count, MaxKeys);
        if (keys.Count == 1)
            return [await GetAsync(keys[0], ct)];
        var found = new List<Item>();
        var left = keys.Distinct().ToList();
        for (var tries = calls.Tries(); left.Count > 0;)
        {
            using var answer = await calls.ReadAsync("BatchGetItem", json => WriteKeys(json, left), ct);
            // An answer holds 16 MB, and what a throttled table gives: the rest is asked for again.
            var rest = ReadBatch(answer.RootElement, found);
            if (rest.Count == left.Count && !await tries.AgainAsync(ct))
                throw new StoreUnavailableException("DynamoDB gave none of the items that were asked for: it is throttled.");
            left = rest;
        }
        var alive = (await AliveAsync(found, ct)).ToDictionary(item => item.Key);
        return [.. keys.Select(key => alive.GetValueOrDefault(key))];
    }

    public async ValueTask<Page> QueryAsync(Table table, string partition, Range range, string? cursor, CancellationToken ct)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(range.Limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(range.Limit, 1000);
        var items = new List<Item>();
        // Nothing can lie between; DynamoDB refuses such a range.
        if (range.Before is { } before && string.CompareOrdinal(before, range.Prefix) <= 0)
            return new(items, null);
        // One more than asked for tells whether there is more.
        var wanted = range.Limit + 1;
        var asked = wanted;
        do
        {
            using var answer = await calls.ReadAsync("Query", json => WriteQuery(json, table, partition, range, cursor, asked), ct);
            var read = answer.RootElement.GetProperty("Items").EnumerateArray().Select(element => DynamoItems.Read(table, element)).Where(item => item.Key.Sort != range.Before);
            items.AddRange(await AliveAsync([.. read], ct));
            cursor = answer.RootElement.TryGetProperty("LastEvaluatedKey", out var last) ? DynamoItems.Text(last, DynamoTables.Sort) : null;
            asked = Math.Max(wanted - items.Count, LeastAgain);
        }
        while (cursor is not null && items.Count < wanted);
        if (items.Count <= range.Limit)
            return new(items, null);
        items.RemoveRange(range.Limit, items.Count - range.Limit);
        return new(items, items[^1].Key.Sort);
    }

    public ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken ct) =>
        CommitMeter.IsOn ? CommitMeter.MeasureAsync(Stopwatch.GetTimestamp(), WriteAsync(commit, ct)) : WriteAsync(commit, ct);

    private async ValueTask<CommitResult> WriteAsync(Commit commit, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        var turn = await _turns.EnterAsync(commit, ct);
        try
        {
            if (commit.Place(static () => true) == Placing.Conflict)
                return CommitResult.Conflict;
            var committed = false;
            try
            {
                var now = time.GetUtcNow();
                committed = await calls.WriteAsync(new DynamoTransaction(commit.Operations, tables, key => _pauses.At(key, now)));
                return committed ? CommitResult.Committed : CommitResult.Conflict;
            }
            finally
            {
                commit.Settle(committed);
            }
        }
        finally
        {
            _turns.Leave(turn);
        }
    }

    public ValueTask DisposeAsync()
    {
        _turns.Dispose();
        return default;
    }

    /// <summary>Leaves out what is over, but for what a pause keeps.</summary>
    private async ValueTask<IEnumerable<Item>> AliveAsync(List<Item> items, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        foreach (var partition in items.Where(item => DynamoPauses.MayKeep(item, now)).Select(item => item.Key.Partition).Distinct().ToList())
            _pauses.Met(partition, await GetAsync(ExpiryPause.KeyOf(partition), ct), now);
        return items.Where(item => item.Expires is not { } end || end > _pauses.At(item.Key, now));
    }

    private void WriteKeys(Utf8JsonWriter json, List<ItemKey> keys)
    {
        json.WriteStartObject("RequestItems");
        foreach (var some in keys.GroupBy(key => key.Table))
        {
            json.WriteStartObject(tables.NameOf(some.Key));
            json.WriteBoolean("ConsistentRead", true);
            json.WriteStartArray("Keys");
            foreach (var key in some)
            {
                json.WriteStartObject();
                DynamoItems.WriteText(json, DynamoTables.Partition, key.Partition);
                DynamoItems.WriteText(json, DynamoTables.Sort, key.Sort);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }

    /// <summary>Adds what is there, and returns the keys that were not looked for.</summary>
    private List<ItemKey> ReadBatch(JsonElement answer, List<Item> found)
    {
        var rest = new List<ItemKey>();
        foreach (var table in Enum.GetValues<Table>())
        {
            if (answer.GetProperty("Responses").TryGetProperty(tables.NameOf(table), out var items))
                found.AddRange(items.EnumerateArray().Select(element => DynamoItems.Read(table, element)));
            if (answer.TryGetProperty("UnprocessedKeys", out var unprocessed) && unprocessed.TryGetProperty(tables.NameOf(table), out var left))
                rest.AddRange(left.GetProperty("Keys").EnumerateArray().Select(key => new ItemKey(table, DynamoItems.Text(key, DynamoTables.Partition), DynamoItems.Text(key, DynamoTables.Sort))));
        }
        return rest;
    }

    private void WriteQuery(Utf8JsonWriter json, Table table, string partition, Range range, string? cursor, int limit)
    {
        json.WriteString("TableName", tables.NameOf(table));
        // A range with both ends includes the upper one, which is left out when it is read.
        json.WriteString("KeyConditionExpression", $"{DynamoTables.Partition} = :p" + (range.Prefix.Length > 0, range.Before is not null) switch
        {
            (false, false) => "",
            (false, true) => $" AND {DynamoTables.Sort} < :high",
            (true, false) => $" AND begins_with({DynamoTables.Sort}, :low)",
            (true, true) => $" AND {DynamoTables.Sort} BETWEEN :low AND :high",
        });
        json.WriteStartObject("ExpressionAttributeValues");
        DynamoItems.WriteText(json, ":p", partition);
        if (range.Prefix.Length > 0)
            DynamoItems.WriteText(json, ":low", range.Prefix);
        if (range.Before is { } before)
            DynamoItems.WriteText(json, ":high", before);
        json.WriteEndObject();
        if (cursor is not null)
            DynamoItems.WriteKey(json, "ExclusiveStartKey", partition, cursor);
        json.WriteBoolean("ScanIndexForward", !range.Descending);
        json.WriteBoolean("ConsistentRead", true);
        json.WriteNumber("Limit", limit);
    }
}
