using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;

namespace ReplyMint.Storage;

/// <summary>The one connection that writes. Used by the writer thread only; statements are prepared once.</summary>
internal sealed class SqliteWriter : IDisposable
{
    // Bounds how long one purge holds the others up.
    private const int PurgeRows = 500;

    private readonly SqliteConnection _connection;
    private readonly PreparedCommand _begin, _commit, _rollback, _truncate;
    private readonly Statements[] _tables;
    private readonly List<(string Partition, string Sort)> _removed = new(PurgeRows);
    private readonly Dictionary<(string Partition, string Kind), long> _counts = [];

    private readonly ExpiryPauses _pauses;
    private bool _pausesTouched;

    public SqliteWriter(SqliteConnection connection, ExpiryPauses pauses)
    {
        _connection = connection;
        _pauses = pauses;
        _begin = new(connection, "BEGIN IMMEDIATE", 0);
        _commit = new(connection, "COMMIT", 0);
        _rollback = new(connection, "ROLLBACK", 0);
        // The first column says whether somebody stood in the way.
        _truncate = new(connection, "PRAGMA wal_checkpoint(TRUNCATE)", 0);
        _tables = [.. SqliteMigrations.TableNames.Select(name => new Statements(connection, name))];
    }

    public void Begin() => _begin.Run();

    public void End()
    {
        _commit.Run();
        if (_pausesTouched)
            _pauses.Load(_connection);
        _pausesTouched = false;
    }

    public void Rollback()
    {
        _pausesTouched = false;
        try
        {
            _rollback.Run();
        }
        catch (SqliteException)
        {
            // SQLite has rolled back by itself, as it does on a full disk; then there is no transaction to end.
        }
    }

    /// <summary>False when a reader stood in the way.</summary>
    public bool TruncateLog() => _truncate.ReadNumber() == 0;

    /// <summary>Asks all conditions first, then writes; false leaves the transaction untouched.</summary>
    public bool Apply(Commit commit, DateTimeOffset now)
    {
        var operations = commit.Operations;
        for (var i = 0; i < operations.Count; i++)
            if (!_tables[(int)operations[i].Key.Table].Holds(operations[i], InstantOf(operations[i], now)))
                return false;
        for (var i = 0; i < operations.Count; i++)
            _tables[(int)operations[i].Key.Table].Write(operations[i], InstantOf(operations[i], now));
        _pausesTouched |= ExpiryPauses.Touches(commit);
        return true;
    }

    private long InstantOf(in Operation operation, DateTimeOffset now) => _pauses.At(operation.Key, now).ToUnixTimeMilliseconds();

    /// <summary>Removes some expired rows; true when there may be more.</summary>
    public bool RemoveExpired(DateTimeOffset now)
    {
        var more = false;
        foreach (var table in _tables)
        {
            _removed.Clear();
            more |= table.RemoveExpired(now.ToUnixTimeMilliseconds(), _removed) == PurgeRows;
            Count(now);
        }
        return more;
    }

    /// <summary>
    /// Counts what went (GDPR-1), by day, partition and kind, in the transaction in which it goes. Nobody reads these counters but by
    /// a query, so no cache holds one.
    /// </summary>
    private void Count(DateTimeOffset now)
    {
        _counts.Clear();
        foreach (var key in _removed)
            CollectionsMarshal.GetValueRefOrAddDefault(_counts, (key.Partition, RemovedItems.Kind(key.Sort)), out _)++;
        foreach (var ((partition, kind), count) in _counts)
            if (kind.Length > 0)
                _tables[(int)Table.Main].Write(new(OperationKind.Add, RemovedItems.KeyOf(partition, now, kind), default, default, default, RemovedItems.Until(now), count, null), now.ToUnixTimeMilliseconds());
    }

    public void Dispose()
    {
        foreach (var table in _tables)
            table.Dispose();
        _begin.Dispose();
        _commit.Dispose();
        _rollback.Dispose();
        _truncate.Dispose();
        _connection.Dispose();
    }

    private sealed class Statements : IDisposable
    {
        private readonly PreparedCommand _select, _put, _change, _add, _count, _delete, _purge, _replace, _expire;

        public Statements(SqliteConnection connection, string table)
        {
            // Numbered (?1), not named ($1): names count in the order in which they first stand in the text.
            _select = new(connection, $"SELECT ver, n FROM {table} WHERE p=?1 AND s=?2 AND (exp IS NULL OR exp>?3)", 3);
            // An expired row that was not purged yet counts as absent: the new item starts at version 1 and count 0.
            _put = new(connection, $"""
                INSERT INTO {table}(p,s,v,x,ver,n,exp) VALUES(?1,?2,?3,?4,1,0,?5)
                ON CONFLICT(p,s) DO UPDATE SET v=excluded.v, x=excluded.x, exp=excluded.exp,
                  ver=CASE WHEN exp IS NULL OR exp>?6 THEN ver+1 ELSE 1 END, n=CASE WHEN exp IS NULL OR exp>?6 THEN n ELSE 0 END
                """, 6);
            _add = new(connection, $"""
                INSERT INTO {table}(p,s,v,x,ver,n,exp) VALUES(?1,?2,x'',x'',1,?3,?4)
                ON CONFLICT(p,s) DO UPDATE SET n=CASE WHEN exp IS NULL OR exp>?5 THEN n ELSE 0 END+?3,
                  ver=CASE WHEN exp IS NULL OR exp>?5 THEN ver+1 ELSE 1 END, exp=excluded.exp
                """, 5);
            // Most items keep their expiry when they change; then its index need not be touched.
            _change = new(connection, $"UPDATE {table} SET v=?3, x=?4, ver=ver+1 WHERE p=?1 AND s=?2 AND exp IS ?5 AND (exp IS NULL OR exp>?6)", 6);
            _count = new(connection, $"UPDATE {table} SET n=n+?3, ver=ver+1 WHERE p=?1 AND s=?2 AND exp IS ?4 AND (exp IS NULL OR exp>?5)", 5);
            _delete = new(connection, $"DELETE FROM {table} WHERE p=?1 AND s=?2", 2);
            // Asked of the database, not of memory: one that was set a moment ago, in this very transaction, counts.
            var paused = table == "main" ? $"AND NOT EXISTS (SELECT 1 FROM main pause WHERE pause.p='{KeyRing.Installation}' AND pause.s='{ExpiryPause.Prefix}'||main.p)" : "";
            _purge = new(connection, $"DELETE FROM {table} WHERE rowid IN (SELECT rowid FROM {table} WHERE exp<=?1 {paused} LIMIT {PurgeRows}) RETURNING p, s", 1);
            _replace = new(connection, $"UPDATE {table} SET v=?3, x=?4, ver=ver+1 WHERE p=?1 AND s=?2", 4);
            _expire = new(connection, $"UPDATE {table} SET exp=?3 WHERE p=?1 AND s=?2 AND exp IS NOT ?3 AND (exp IS NULL OR exp>?4)", 4);
        }

        public bool Holds(in Operation operation, long now)
        {
            var needed = operation.Condition.Kind != ConditionKind.Any || operation is { Kind: OperationKind.Add, Limit: not null };
            if (!needed)
                return true;
            var found = _select.Bind(operation.Key.Partition, operation.Key.Sort, now).ReadVersionAndCount(out var version, out var count);
            return operation.Kind == OperationKind.Add
                ? (found ? count : 0) + operation.Amount <= operation.Limit!.Value
                : operation.Condition.Kind == ConditionKind.Absent ? !found : found && version == operation.Condition.Version;
        }

        public void Write(in Operation operation, long now)
        {
            var key = operation.Key;
            switch (operation.Kind)
            {
                case OperationKind.Put:
                    if (operation.Condition.Kind != ConditionKind.Version || _change.Bind(key.Partition, key.Sort, operation.Value, operation.Sealed, operation.Expires, now).RunAndCount() == 0)
                        _put.Bind(key.Partition, key.Sort, operation.Value, operation.Sealed, operation.Expires, now).Run();
                    break;
                case OperationKind.Add:
                    if (_count.Bind(key.Partition, key.Sort, operation.Amount, operation.Expires, now).RunAndCount() == 0)
                        _add.Bind(key.Partition, key.Sort, operation.Amount, operation.Expires, now).Run();
                    break;
                case OperationKind.Delete:
                    _delete.Bind(key.Partition, key.Sort).Run();
                    break;
                case OperationKind.Change:
                    _replace.Bind(key.Partition, key.Sort, operation.Value, operation.Sealed).Run();
                    break;
                case OperationKind.Expire:
                    _expire.Bind(key.Partition, key.Sort, operation.Expires, now).Run();
                    break;
                case OperationKind.Check:
                    break;
                default:
                    throw new InvalidOperationException("Unknown operation.");
            }
        }

        public int RemoveExpired(long now, List<(string Partition, string Sort)> removed)
        {
            _purge.Bind(now).ReadKeys(removed);
            return removed.Count;
        }

        public void Dispose()
        {
            _select.Dispose();
            _put.Dispose();
            _change.Dispose();
            _add.Dispose();
            _count.Dispose();
            _delete.Dispose();
            _purge.Dispose();
            _replace.Dispose();
            _expire.Dispose();
        }
    }
}
