using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace ReplyMint.Storage;

/// <summary>A pool of read-only connections. WAL lets them read while the writer writes.</summary>
internal sealed class SqliteReaders(string connectionString, ExpiryPauses pauses) : IDisposable
{
    private const int Kept = 8;
    private readonly ConcurrentBag<SqliteReader> _free = [];
    private int _kept;

    public SqliteReader Rent()
    {
        if (!_free.TryTake(out var reader))
            return new SqliteReader(connectionString, pauses);
        Interlocked.Decrement(ref _kept);
        return reader;
    }

    public void Return(SqliteReader reader)
    {
        if (Interlocked.Increment(ref _kept) <= Kept)
        {
            _free.Add(reader);
            return;
        }
        Interlocked.Decrement(ref _kept);
        reader.Dispose();
    }

    public void Dispose()
    {
        while (_free.TryTake(out var reader))
            reader.Dispose();
    }
}

/// <summary>One read-only connection with its statements; used by one caller at a time.</summary>
internal sealed class SqliteReader : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly Statements[] _tables;
    private readonly PreparedCommand _begin, _end;
    private readonly List<Item> _rows = [];
    private readonly ExpiryPauses _pauses;

    public SqliteReader(string connectionString, ExpiryPauses pauses)
    {
        _pauses = pauses;
        _connection = new SqliteConnection(connectionString);
        _connection.Open();
        SqliteMigrations.Execute(_connection, $"PRAGMA query_only=ON; {SqliteMigrations.Patience}");
        _begin = new(_connection, "BEGIN", 0);
        _end = new(_connection, "COMMIT", 0);
        _tables = [.. SqliteMigrations.TableNames.Select(name => new Statements(_connection, name))];
    }

    public void Begin() => _begin.Run();

    public void End() => _end.Run();

    public Item? Get(ItemKey key, DateTimeOffset now)
    {
        _rows.Clear();
        _tables[(int)key.Table].Get.Bind(key.Partition, key.Sort, _pauses.At(key, now).ToUnixTimeMilliseconds()).ReadItems(key.Table, key.Partition, _rows);
        var item = _rows.Count == 0 ? null : _rows[0];
        _rows.Clear();
        return item;
    }

    public Page Query(Table table, string partition, Range range, string? cursor, DateTimeOffset now)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(range.Limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(range.Limit, 1000);
        var (low, high) = (range.Prefix, range.Before ?? range.Prefix + "\uffff");
        var statements = _tables[(int)table];
        PreparedCommand command;
        if (range.Descending)
        {
            command = statements.Down;
            high = cursor ?? high;
        }
        else if (cursor is null)
        {
            command = statements.Up;
        }
        else
        {
            command = statements.UpAfter;
            low = cursor;
        }
        var rows = new List<Item>();
        var since = _pauses.Since(table, partition) is { } instant && instant < now ? instant : now;
        int got;
        do
        {
            got = -rows.Count;
            command.Bind(partition, low, high, since.ToUnixTimeMilliseconds(), range.Limit + 1).ReadItems(table, partition, rows);
            got += rows.Count;
            // Where some stay beyond their time the others are left out here, and the page is filled with what comes behind them.
            if (since == now || got == 0)
                break;
            (command, low, high) = range.Descending ? (command, low, rows[^1].Key.Sort) : (statements.UpAfter, rows[^1].Key.Sort, high);
            rows.RemoveAll(item => item.Expires is { } expires && expires <= _pauses.At(item.Key, now));
        }
        while (got > range.Limit && rows.Count <= range.Limit);
        if (rows.Count <= range.Limit)
            return new Page(rows, null);
        rows.RemoveRange(range.Limit, rows.Count - range.Limit);
        return new Page(rows, rows[^1].Key.Sort);
    }

    public void Dispose()
    {
        foreach (var table in _tables)
            table.Dispose();
        _begin.Dispose();
        _end.Dispose();
        _connection.Dispose();
    }

    private sealed class Statements(SqliteConnection connection, string table) : IDisposable
    {
        private const string Columns = "s,v,x,ver,n,exp";
        private const string Alive = "(exp IS NULL OR exp>";

        public PreparedCommand Get { get; } = new(connection, $"SELECT {Columns} FROM {table} WHERE p=$1 AND s=$2 AND {Alive}$3)", 3);
        public PreparedCommand Up { get; } = new(connection, $"SELECT {Columns} FROM {table} WHERE p=$1 AND s>=$2 AND s<$3 AND {Alive}$4) ORDER BY s LIMIT $5", 5);
        public PreparedCommand UpAfter { get; } = new(connection, $"SELECT {Columns} FROM {table} WHERE p=$1 AND s>$2 AND s<$3 AND {Alive}$4) ORDER BY s LIMIT $5", 5);
        public PreparedCommand Down { get; } = new(connection, $"SELECT {Columns} FROM {table} WHERE p=$1 AND s>=$2 AND s<$3 AND {Alive}$4) ORDER BY s DESC LIMIT $5", 5);

        public void Dispose()
        {
            Get.Dispose();
            Up.Dispose();
            UpAfter.Dispose();
            Down.Dispose();
        }
    }
}
