using System.Globalization;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace ReplyMint.Storage;

/// <summary>The database's form, step by step. Steps are only ever added; each runs in one transaction after a backup.</summary>
internal static class SqliteMigrations
{
    /// <summary>The newest form that is known here.</summary>
    public static int Form => Steps.Length;

    /// <summary>In the order of <see cref="Table"/>.</summary>
    public static IReadOnlyList<string> TableNames { get; } = ["main", "keys", "audit"];

    /// <summary>How the names of copies begin that are made before a migration.</summary>
    public const string BeforeForm = "before-form-";

    // "RMnt": tells our files from other SQLite files.
    private const int ApplicationId = 0x524d6e74;

    private static readonly string[] Steps =
    [
        string.Concat(TableNames.Select(table => $"""
            CREATE TABLE {table}(p TEXT NOT NULL, s TEXT NOT NULL, v BLOB NOT NULL, x BLOB NOT NULL, ver INTEGER NOT NULL, n INTEGER NOT NULL, exp INTEGER, UNIQUE(p,s));
            CREATE INDEX {table}_exp ON {table}(exp) WHERE exp IS NOT NULL;

            """)),
        // The hash of a mail that was seen stands below its correspondent, so that whose mails they are is found by it.
        """
        UPDATE main AS seen SET s='seen/'||(SELECT json_extract(CAST(m.v AS TEXT),'$.person') FROM main m WHERE m.p=seen.p AND m.s='message/'||json_extract(CAST(seen.v AS TEXT),'$.message'))||substr(seen.s,5)
          WHERE seen.s>='seen/' AND seen.s<'seen0' AND EXISTS(SELECT 1 FROM main m WHERE m.p=seen.p AND m.s='message/'||json_extract(CAST(seen.v AS TEXT),'$.message'));
        """,
    ];

    /// <summary>
    /// For every connection: who reads the log's head while it is written takes the writer's lock for a moment to look again, and a
    /// writer that comes then would be refused. Ten seconds, in milliseconds.
    /// </summary>
    internal const string Patience = "PRAGMA busy_timeout=10000";

    public static void Run(SqliteConnection connection, string file, string backupFolder, TimeProvider time)
    {
        // A checkpoint each 32 MB of the log instead of 4: pages that many commits touch are written back once. The writer's own
        // cache is a quarter of that: at the end of each commit SQLite walks the whole table of what is cached. What is deleted is
        // overwritten with zeros in the same transaction (GDPR-2).
        Execute(connection, $"{Patience}; PRAGMA wal_autocheckpoint=8192; PRAGMA cache_size=-8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON");
        var version = (int)Number(connection, "PRAGMA user_version");
        if (version > Steps.Length)
            throw new StoreRefusedException($"The database {file} was written by a newer ReplyMint (form {version}; this one knows {Steps.Length}). Start the newer version, or restore the backup made before the upgrade.");
        if (version > 0 && Number(connection, "PRAGMA application_id") != ApplicationId)
            throw new StoreRefusedException($"The file {file} is a SQLite database of another program.");
        if (version == Steps.Length)
            return;
        if (version > 0)
            Backup(connection, backupFolder, version, time);
        for (; version < Steps.Length; version++)
        {
            Execute(connection, "BEGIN IMMEDIATE");
            Execute(connection, Steps[version]);
            Execute(connection, $"PRAGMA application_id={ApplicationId}; PRAGMA user_version={version + 1}");
            Execute(connection, "COMMIT");
        }
    }

    /// <summary>Gives an empty file the newest form; for copies, which are no store yet.</summary>
    internal static void Make(SqliteConnection connection)
    {
        foreach (var step in Steps)
            Execute(connection, step);
        Execute(connection, $"PRAGMA application_id={ApplicationId}; PRAGMA user_version={Form}");
    }

    private static void Backup(SqliteConnection connection, string folder, int version, TimeProvider time)
    {
        Directory.CreateDirectory(folder);
        var stamp = time.GetUtcNow().ToString("yyyyMMdd'T'HHmmss", CultureInfo.InvariantCulture);
        // VACUUM INTO takes a value, so the path is bound, never joined.
        using var command = new PreparedCommand(connection, "VACUUM INTO $1", 1);
        command.Bind(Path.Combine(folder, $"{BeforeForm}{version + 1}-{stamp}.db")).Run();
    }

    internal static void Execute(SqliteConnection connection, string text) =>
        SqliteException.ThrowExceptionForRC(raw.sqlite3_exec(connection.Handle, text), connection.Handle);

    private static long Number(SqliteConnection connection, string text)
    {
        using var command = new PreparedCommand(connection, text, 0);
        return command.ReadNumber();
    }
}
