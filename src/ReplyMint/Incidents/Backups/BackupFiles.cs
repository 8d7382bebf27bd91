using System.Globalization;
using ReplyMint.Storage;

namespace ReplyMint.Incidents;

/// <summary>A part as it lies in a folder: what its header says, which is proved only by reading it whole.</summary>
internal sealed record BackupFile(string Path, BackupPart Part, string StoreId, DateTimeOffset At, long Bytes)
{
    public string Name => System.IO.Path.GetFileName(Path);
}

/// <summary>The names of parts, the list of a folder, and what goes from it by age.</summary>
internal static class BackupFiles
{
    private const string Begin = "replymint-";
    private const string DataEnd = ".data.rmbackup";
    internal const string KeysEnd = ".keys.rmbackup";
    private const string Unfinished = ".part";
    private const string Stamp = "yyyyMMdd'T'HHmmssfff'Z'";
    private const string MigrationStamp = "yyyyMMdd'T'HHmmss";

    /// <summary>Store, instant, part; nothing of whom it is about.</summary>
    public static string NameOf(BackupHeader header) =>
        $"{Begin}{header.StoreId}-{header.At.UtcDateTime.ToString(Stamp, CultureInfo.InvariantCulture)}{(header.Part == BackupPart.Data ? DataEnd : KeysEnd)}";

    /// <summary>The name under which it is written until it is whole.</summary>
    public static string PartOf(string path) => path + Unfinished;

    /// <summary>All parts of a folder, the newest first; what is none is passed over.</summary>
    public static async Task<IReadOnlyList<BackupFile>> ListAsync(string folder, CancellationToken ct)
    {
        var files = new List<BackupFile>();
        foreach (var path in Names(folder))
            try
            {
                await using var reader = await BackupReader.OpenAsync(path, ct);
                files.Add(new(path, reader.Header.Part, reader.Header.StoreId, reader.Header.At, new FileInfo(path).Length));
            }
            catch (Exception failure) when (failure is BackupRefusedException or IOException or UnauthorizedAccessException)
            {
                // A damaged one is found by verify; here it is only no part that anything can be said of.
            }
        return [.. files.OrderByDescending(file => file.At).ThenBy(file => file.Part)];
    }

    /// <summary>
    /// Removes what is older than it may be: keys whatever happens, since an erased person's data is readable for as long as a copy
    /// of the key is; data but for the newest part, since an old copy is better than none.
    /// </summary>
    /// <returns>The names of what was removed.</returns>
    public static async Task<IReadOnlyList<string>> PruneAsync(string folder, string storeId, BackupSettings settings, DateTimeOffset now, CancellationToken ct)
    {
        var removed = new List<string>();
        var newest = true;
        foreach (var file in await ListAsync(folder, ct))
        {
            if (file.StoreId != storeId)
                continue;
            var old = file.Part == BackupPart.Keys ? now - file.At > TimeSpan.FromDays(settings.KeysKeepDays) : !newest && now - file.At > TimeSpan.FromDays(settings.KeepDays);
            newest &= file.Part == BackupPart.Keys;
            if (!old)
                continue;
            File.Delete(file.Path);
            removed.Add(file.Name);
        }
        // A process that ended while it wrote; no other of this store writes now.
        foreach (var part in Directory.Exists(folder) ? Directory.GetFiles(folder, $"{Begin}{storeId}-*{Unfinished}") : [])
            File.Delete(part);
        return removed;
    }

    /// <summary>Copies that a migration made hold wrapped keys and data together, so they stay no longer than keys do.</summary>
    public static IReadOnlyList<string> PruneMigrations(string folder, int days, DateTimeOffset now)
    {
        var removed = new List<string>();
        foreach (var path in Directory.GetFiles(folder, $"{SqliteMigrations.BeforeForm}*.db"))
        {
            var name = Path.GetFileNameWithoutExtension(path);
            if (!DateTimeOffset.TryParseExact(name[(name.LastIndexOf('-') + 1)..], MigrationStamp, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var made) || now - made <= TimeSpan.FromDays(days))
                continue;
            File.Delete(path);
            removed.Add(Path.GetFileName(path));
        }
        return removed;
    }

    private static IEnumerable<string> Names(string folder) => !Directory.Exists(folder) ? []
        : Directory.GetFiles(folder, Begin + "*").Where(path => path.EndsWith(DataEnd, StringComparison.Ordinal) || path.EndsWith(KeysEnd, StringComparison.Ordinal));
}
