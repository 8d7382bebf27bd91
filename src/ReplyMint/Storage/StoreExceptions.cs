using Microsoft.Data.Sqlite;

namespace ReplyMint.Storage;

/// <summary>The store can't be opened; the message tells the operator why and what to do. The process must not start.</summary>
internal sealed class StoreRefusedException(string message, Exception? inner = null) : Exception(message, inner)
{
    internal static StoreRefusedException For(string file, SqliteException failure) => new(failure.SqliteErrorCode switch
    {
        SQLitePCL.raw.SQLITE_CORRUPT or SQLitePCL.raw.SQLITE_NOTADB =>
            $"The database {file} is damaged. Nothing was changed. Restore the newest backup (replymint backup restore), or move the file away to start empty.",
        SQLitePCL.raw.SQLITE_FULL or SQLitePCL.raw.SQLITE_IOERR =>
            $"The disk that holds {file} is full or failing. Free some space and start again.",
        SQLitePCL.raw.SQLITE_CANTOPEN or SQLitePCL.raw.SQLITE_READONLY or SQLitePCL.raw.SQLITE_PERM =>
            $"The database {file} can't be written by this user. Give the folder to the user that runs ReplyMint.",
        SQLitePCL.raw.SQLITE_BUSY or SQLitePCL.raw.SQLITE_LOCKED =>
            $"The database {file} is in use by another program.",
        _ => $"The database {file} can't be opened (SQLite code {failure.SqliteExtendedErrorCode}).",
    }, failure);
}

/// <summary>
/// A write did not happen, such as on a full disk, or over a network nobody can tell. The caller answers "later"; what he does then
/// must be as right after a write that happened as a second try after a crash is.
/// </summary>
internal sealed class StoreUnavailableException(string message, Exception? inner = null) : Exception(message, inner)
{
    internal static StoreUnavailableException For(SqliteException failure) => new(failure.SqliteErrorCode switch
    {
        SQLitePCL.raw.SQLITE_FULL => "The disk is full.",
        SQLitePCL.raw.SQLITE_IOERR => "The disk fails.",
        _ => $"The database refused a write (SQLite code {failure.SqliteExtendedErrorCode}).",
    }, failure);
}
