using ReplyMint.Storage;

namespace ReplyMint.Incidents;

/// <summary>Backups that are made by themselves, and how long they are kept.</summary>
internal sealed record BackupSettings
{
    /// <summary>The most days for which wrapped keys are kept: what erasure promises (GDPR-2).</summary>
    public const int MostKeysDays = 30;

    /// <summary>Where backups are written by themselves, best on another disk; null: none are.</summary>
    public string? Folder { get; init; }
    /// <summary>Hours between backups of data and keys, 1 to 720.</summary>
    public int Every { get; init; } = 24;
    /// <summary>Hours between backups of the keys alone, 1 to 168.</summary>
    public int KeysEvery { get; init; } = 24;
    /// <summary>Days for which parts with data are kept, 1 to 3,650. The newest one always is.</summary>
    public int KeepDays { get; init; } = 90;
    /// <summary>Days for which parts with wrapped keys are kept, 1 to 30.</summary>
    public int KeysKeepDays { get; init; } = MostKeysDays;

    /// <param name="store">Where it lies.</param>
    public IEnumerable<string> Problems(StoreKind store)
    {
        if (Folder is not null && store != StoreKind.Embedded)
            yield return "folder is for the embedded store; tables and buckets of AWS have backups of their own.";
        if (Folder is not null && !Path.IsPathRooted(Folder))
            yield return "folder has to be a whole path, such as /var/backups/replymint.";
        if (Every is < 1 or > 720)
            yield return $"every is {Every}; allowed are 1 to 720 hours.";
        if (KeysEvery is < 1 or > 168)
            yield return $"keysEvery is {KeysEvery}; allowed are 1 to 168 hours.";
        if (KeepDays is < 1 or > 3650)
            yield return $"keepDays is {KeepDays}; allowed are 1 to 3650.";
        if (KeysKeepDays is < 1 or > MostKeysDays)
            yield return $"keysKeepDays is {KeysKeepDays}; allowed are 1 to {MostKeysDays}: what was erased must not stay readable for longer.";
    }
}
