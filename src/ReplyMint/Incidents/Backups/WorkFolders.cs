using ReplyMint.Storage;

namespace ReplyMint.Incidents;

/// <summary>
/// Folders in which a backup or a drill works: data and wrapped keys lie in them together, and nothing that is erased afterwards is
/// erased there. So they go at their end, and what a killed process left goes as soon as anybody looks after backups.
/// </summary>
internal static class WorkFolders
{
    private const string Begin = "work-";
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private static readonly byte[] Zeros = new byte[1 << 16];

    /// <summary>An empty one, of its user alone.</summary>
    public static string Create(string backup) => Directory.CreateDirectory(Path.Combine(backup, Begin + Ids.Secret(8)), Owner).FullName;

    /// <summary>What processes left that ended before they were done. No other may work there now.</summary>
    public static void RemoveLeft(string backup)
    {
        foreach (var left in Directory.GetDirectories(backup, Begin + "*"))
            Remove(left);
    }

    public static void Remove(string work)
    {
        foreach (var file in Directory.EnumerateFiles(work, "*", SearchOption.AllDirectories).Where(HoldsKeys).ToList())
            RemoveFile(file);
        Directory.Delete(work, recursive: true);
    }

    /// <summary>Writes over a file with keys before it goes, as the database does with what it deletes: a wrapped key is a key for whoever has the master key.</summary>
    public static void RemoveFile(string file)
    {
        using (var handle = File.OpenHandle(file, FileMode.Open, FileAccess.Write))
        {
            var length = RandomAccess.GetLength(handle);
            for (long at = 0; at < length; at += Zeros.Length)
                RandomAccess.Write(handle, Zeros.AsSpan(0, (int)Math.Min(Zeros.Length, length - at)), at);
            RandomAccess.FlushToDisk(handle);
        }
        File.Delete(file);
    }

    /// <summary>The copy of the keys, their part, and a database that was put together again, with its log.</summary>
    private static bool HoldsKeys(string file) => Path.GetFileName(file) is var name
        && (name.StartsWith("keys.db", StringComparison.Ordinal) || name.StartsWith("replymint.db", StringComparison.Ordinal) || name.Contains(BackupFiles.KeysEnd, StringComparison.Ordinal));
}
