using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Data.Sqlite;

namespace ReplyMint.Storage;

/// <summary>What a copy of the database holds, to be compared.</summary>
/// <param name="Items">How many, by table and by kind (what a sort key begins with), such as "main/message".</param>
/// <param name="Chains">Chains of the audit log.</param>
/// <param name="Heads">Hex SHA-256 over the heads of all chains, in the order of their names.</param>
internal sealed record CopyFacts(int Form, IReadOnlyDictionary<string, long> Items, long Chains, string Heads);

/// <summary>How two copies differ.</summary>
/// <param name="Same">Items that are the same to the byte.</param>
/// <param name="Different">Items that are in one only, or not the same in both.</param>
internal readonly record struct CopyDifference(long Same, long Different);

/// <summary>
/// Copies of the database as files: made of a store that is being written to, opened, compared. The keys table never comes near the
/// file of the rest: rows are copied into new files, so no free page can hold something of it.
/// </summary>
internal static class StoreCopy
{
    private const string Columns = "p,s,v,x,ver,n,exp";

    /// <summary>Copies what one instant shows into two new files, while others write. Rows that have expired are not copied, but for those that a pause keeps.</summary>
    /// <param name="database">The store's file.</param>
    /// <param name="dataFile">Gets all but the keys.</param>
    /// <param name="keysFile">Gets the keys and the store's identity, which says by which master key they open.</param>
    public static void Make(string database, string dataFile, string keysFile, DateTimeOffset now)
    {
        using (var keys = Open(keysFile))
            SqliteMigrations.Make(keys);
        using var copy = Open(dataFile);
        SqliteMigrations.Make(copy);
        Attach(copy, keysFile, "k");
        Attach(copy, database, "s");
        // Nobody waits for these files: after a crash they are thrown away.
        SqliteMigrations.Execute(copy, "PRAGMA k.journal_mode=OFF; PRAGMA k.synchronous=OFF");
        var alive = string.Create(CultureInfo.InvariantCulture, $"(exp IS NULL OR exp>{now.ToUnixTimeMilliseconds()})");
        // One transaction, so one view of the source. It reads there and writes here: the store's writer never waits for it.
        SqliteMigrations.Execute(copy, $"""
            BEGIN;
            INSERT INTO k.keys({Columns}) SELECT {Columns} FROM s.keys WHERE {alive};
            INSERT INTO k.main({Columns}) SELECT {Columns} FROM s.main WHERE p='{KeyRing.Installation}' AND s='identity';
            INSERT INTO main.main({Columns}) SELECT {Columns} FROM s.main item WHERE {alive} OR EXISTS (SELECT 1 FROM s.main pause WHERE pause.p='{KeyRing.Installation}' AND pause.s='{ExpiryPause.Prefix}'||item.p);
            INSERT INTO main.audit({Columns}) SELECT {Columns} FROM s.audit WHERE {alive};
            COMMIT;
            """);
    }

    /// <summary>Puts the keys of one copy, and the identity that belongs to them, into the other: together they are a database again.</summary>
    public static void AddKeys(string dataFile, string keysFile)
    {
        using var copy = Open(dataFile);
        Attach(copy, keysFile, "k");
        SqliteMigrations.Execute(copy, $"""
            BEGIN;
            DELETE FROM main.keys;
            INSERT INTO main.keys({Columns}) SELECT {Columns} FROM k.keys;
            INSERT OR REPLACE INTO main.main({Columns}) SELECT {Columns} FROM k.main WHERE p='{KeyRing.Installation}' AND s='identity';
            COMMIT;
            """);
    }

    /// <summary>Lets the database itself look at each page, then counts.</summary>
    /// <exception cref="BackupRefusedException">The database is damaged, or none of ours.</exception>
    public static CopyFacts Examine(string file)
    {
        try
        {
            using var copy = Open(file);
            var form = (int)Number(copy, "PRAGMA user_version");
            if (form > SqliteMigrations.Form)
                throw new BackupRefusedException($"its database was written by a newer ReplyMint (form {form}; this one knows {SqliteMigrations.Form})");
            using (var check = new PreparedCommand(copy, "PRAGMA integrity_check(1)", 0))
                if (check.ReadText() != "ok")
                    throw new BackupRefusedException("its database is damaged");
            var items = new SortedDictionary<string, long>(StringComparer.Ordinal);
            foreach (var table in SqliteMigrations.TableNames)
            {
                items[table] = 0;
                // Jobs and what is parked lie in partitions of their own kind, and their sort keys begin with a time or a tenant.
                using var count = new PreparedCommand(copy, $"SELECT CASE WHEN instr(p,'/')>0 THEN substr(p,1,instr(p,'/')-1) ELSE substr(s,1,instr(s||'/','/')-1) END AS kind, count(*) FROM {table} GROUP BY kind", 0);
                foreach (var (kind, number) in count.ReadCounts())
                {
                    items[table] += number;
                    items[$"{table}/{kind}"] = number;
                }
            }
            var (chains, heads) = Heads(copy);
            return new(form, items, chains, heads);
        }
        catch (SqliteException)
        {
            throw new BackupRefusedException("its database is damaged");
        }
    }

    /// <summary>Compares one table of two copies, item by item and byte by byte.</summary>
    public static CopyDifference Compare(string one, string other, Table table)
    {
        using var copy = Open(one);
        Attach(copy, other, "o");
        var name = SqliteMigrations.TableNames[(int)table];
        var same = Number(copy, $"""
            SELECT count(*) FROM main.{name} a JOIN o.{name} b ON a.p=b.p AND a.s=b.s
            WHERE a.v=b.v AND a.x=b.x AND a.ver=b.ver AND a.n=b.n AND a.exp IS b.exp
            """);
        return new(same, Number(copy, $"SELECT count(*) FROM main.{name}") + Number(copy, $"SELECT count(*) FROM o.{name}") - 2 * same);
    }

    /// <summary>All items of a copy, of whatever partition, whose sort key begins so and which seal nothing themselves.</summary>
    public static IEnumerable<Item> Unsealed(string file, Table table, string prefix)
    {
        using var copy = Open(file);
        var partitions = new List<string>();
        using (var all = new PreparedCommand(copy, $"SELECT DISTINCT p, 0 FROM {SqliteMigrations.TableNames[(int)table]}", 0))
            partitions.AddRange(all.ReadCounts().Select(row => row.Text));
        using var select = new PreparedCommand(copy, $"SELECT s,v,x,ver,n,exp FROM {SqliteMigrations.TableNames[(int)table]} WHERE p=$1 AND s>$2 AND s<$3 AND (exp IS NULL OR exp>$4) AND length(x)=0 ORDER BY s LIMIT $5", 5);
        foreach (var partition in partitions)
        {
            var rows = new List<Item>();
            for (var after = prefix; ; after = rows[^1].Key.Sort)
            {
                rows.Clear();
                select.Bind(partition, after, prefix + "\uffff", 0, 200).ReadItems(table, partition, rows);
                foreach (var row in rows)
                    yield return row;
                if (rows.Count < 200)
                    break;
            }
        }
    }

    /// <summary>Takes one item out of a copy.</summary>
    public static void Remove(string file, ItemKey key)
    {
        using var copy = Open(file);
        using var remove = new PreparedCommand(copy, $"DELETE FROM {SqliteMigrations.TableNames[(int)key.Table]} WHERE p=$1 AND s=$2", 2);
        remove.Bind(key.Partition, key.Sort).Run();
    }

    private static (long Chains, string Hash) Heads(SqliteConnection copy)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var heads = new PreparedCommand(copy, "SELECT p || char(10) || hex(v) || char(10), 0 FROM audit WHERE s='head' ORDER BY p", 0);
        var chains = 0;
        foreach (var (line, _) in heads.ReadCounts())
        {
            hash.AppendData(System.Text.Encoding.UTF8.GetBytes(line));
            chains++;
        }
        return (chains, Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    private static SqliteConnection Open(string file)
    {
        SQLitePCL.Batteries_V2.Init();
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Pooling = false, DefaultTimeout = 10 }.ToString());
        try
        {
            connection.Open();
            SqliteMigrations.Execute(connection, $"{SqliteMigrations.Patience}; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA secure_delete=ON; PRAGMA cache_size=-16384; PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON");
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private static void Attach(SqliteConnection connection, string file, string name)
    {
        using var attach = new PreparedCommand(connection, $"ATTACH $1 AS {name}", 1);
        attach.Bind(file).Run();
    }

    private static long Number(SqliteConnection connection, string text)
    {
        using var command = new PreparedCommand(connection, text, 0);
        return command.ReadNumber();
    }
}
