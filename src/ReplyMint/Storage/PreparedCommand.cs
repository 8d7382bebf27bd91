using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace ReplyMint.Storage;

/// <summary>
/// A statement compiled once and bound by position. The store runs some twenty statements for each mail, and binding
/// through ADO.NET's parameter objects costs more than SQLite itself does; this speaks to the same handle directly.
/// </summary>
internal sealed class PreparedCommand : IDisposable
{
    private readonly sqlite3 _db;
    private readonly sqlite3_stmt _statement;
    private int _next;

    public PreparedCommand(SqliteConnection connection, string text, int parameters)
    {
        _db = connection.Handle ?? throw new InvalidOperationException("The connection is closed.");
        Check(raw.sqlite3_prepare_v3(_db, text, raw.SQLITE_PREPARE_PERSISTENT, out _statement));
        if (raw.sqlite3_bind_parameter_count(_statement) != parameters)
            throw new InvalidOperationException("The statement has another number of parameters.");
    }

    public PreparedCommand Bind(string partition, string sort)
    {
        _next = 0;
        Text(partition);
        Text(sort);
        return this;
    }

    public PreparedCommand Bind(long value)
    {
        _next = 0;
        Number(value);
        return this;
    }

    public PreparedCommand Bind(string partition, string sort, long number)
    {
        Bind(partition, sort);
        Number(number);
        return this;
    }

    public PreparedCommand Bind(string partition, string sort, long amount, DateTimeOffset? expires, long now)
    {
        Bind(partition, sort, amount);
        Instant(expires);
        Number(now);
        return this;
    }

    public PreparedCommand Bind(string partition, string sort, DateTimeOffset? expires, long now)
    {
        Bind(partition, sort);
        Instant(expires);
        Number(now);
        return this;
    }

    public PreparedCommand Bind(string partition, string sort, ReadOnlyMemory<byte> value, ReadOnlyMemory<byte> @sealed)
    {
        Bind(partition, sort);
        Check(raw.sqlite3_bind_blob(_statement, ++_next, value.Span));
        Check(raw.sqlite3_bind_blob(_statement, ++_next, @sealed.Span));
        return this;
    }

    public PreparedCommand Bind(string partition, string sort, ReadOnlyMemory<byte> value, ReadOnlyMemory<byte> @sealed, DateTimeOffset? expires, long now)
    {
        Bind(partition, sort, value, @sealed);
        Instant(expires);
        Number(now);
        return this;
    }

    public PreparedCommand Bind(string partition, string low, string high, long now, int limit)
    {
        Bind(partition, low);
        Text(high);
        Number(now);
        Number(limit);
        return this;
    }

    /// <summary>Runs a statement and says how many rows it changed.</summary>
    public int RunAndCount()
    {
        Run();
        return raw.sqlite3_changes(_db);
    }

    public PreparedCommand Bind(string value)
    {
        _next = 0;
        Text(value);
        return this;
    }

    /// <summary>Runs a statement that returns no rows.</summary>
    public void Run()
    {
        var code = raw.sqlite3_step(_statement);
        raw.sqlite3_reset(_statement);
        if (code != raw.SQLITE_DONE)
            Check(code);
    }

    public bool ReadVersionAndCount(out long version, out long count)
    {
        var found = Step();
        version = found ? raw.sqlite3_column_int64(_statement, 0) : 0;
        count = found ? raw.sqlite3_column_int64(_statement, 1) : 0;
        raw.sqlite3_reset(_statement);
        return found;
    }

    public long ReadNumber()
    {
        var number = Step() ? raw.sqlite3_column_int64(_statement, 0) : 0;
        raw.sqlite3_reset(_statement);
        return number;
    }

    public string? ReadText()
    {
        var text = Step() ? raw.sqlite3_column_text(_statement, 0).utf8_to_string() : null;
        raw.sqlite3_reset(_statement);
        return text;
    }

    /// <summary>Reads rows of a text and a number.</summary>
    public IReadOnlyList<(string Text, long Number)> ReadCounts()
    {
        var rows = new List<(string, long)>();
        while (Step())
            rows.Add((raw.sqlite3_column_text(_statement, 0).utf8_to_string() ?? "", raw.sqlite3_column_int64(_statement, 1)));
        raw.sqlite3_reset(_statement);
        return rows;
    }

    /// <summary>Reads rows of (s, v, x, ver, n, exp), the order in which the readers' statements name them.</summary>
    public void ReadItems(Table table, string partition, List<Item> into)
    {
        try
        {
            while (Step())
                into.Add(new Item(
                    new ItemKey(table, partition, raw.sqlite3_column_text(_statement, 0).utf8_to_string()),
                    raw.sqlite3_column_blob(_statement, 1).ToArray(),
                    raw.sqlite3_column_blob(_statement, 2).ToArray(),
                    raw.sqlite3_column_int64(_statement, 3),
                    raw.sqlite3_column_int64(_statement, 4),
                    raw.sqlite3_column_type(_statement, 5) == raw.SQLITE_NULL
                        ? null
                        : DateTimeOffset.FromUnixTimeMilliseconds(raw.sqlite3_column_int64(_statement, 5))));
        }
        finally
        {
            raw.sqlite3_reset(_statement);
        }
    }

    /// <summary>Runs a statement that returns partition and sort key of each row that it changed.</summary>
    public void ReadKeys(List<(string Partition, string Sort)> into)
    {
        try
        {
            while (Step())
                into.Add((raw.sqlite3_column_text(_statement, 0).utf8_to_string(), raw.sqlite3_column_text(_statement, 1).utf8_to_string()));
        }
        finally
        {
            raw.sqlite3_reset(_statement);
        }
    }

    public void Dispose() => _statement.Dispose();

    private bool Step()
    {
        var code = raw.sqlite3_step(_statement);
        if (code == raw.SQLITE_ROW)
            return true;
        if (code != raw.SQLITE_DONE)
        {
            raw.sqlite3_reset(_statement);
            Check(code);
        }
        return false;
    }

    private void Text(string value) => Check(raw.sqlite3_bind_text(_statement, ++_next, value));

    private void Number(long value) => Check(raw.sqlite3_bind_int64(_statement, ++_next, value));

    private void Instant(DateTimeOffset? value)
    {
        if (value is { } instant)
            Number(instant.ToUnixTimeMilliseconds());
        else
            Check(raw.sqlite3_bind_null(_statement, ++_next));
    }

    private void Check(int code) => SqliteException.ThrowExceptionForRC(code, _db);
}
