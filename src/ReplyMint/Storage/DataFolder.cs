namespace ReplyMint.Storage;

/// <summary>The folder that holds all that ReplyMint keeps, but not the master key.</summary>
internal sealed class DataFolder
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    private DataFolder(string root) => Root = root;

    public string Root { get; }
    public string Database => Path.Combine(Root, "db", "replymint.db");
    public string Blobs => Path.Combine(Root, "blobs");
    public string Out => Path.Combine(Root, "out");
    public string Index => Path.Combine(Root, "index");
    public string Run => Path.Combine(Root, "run");
    /// <summary>Prepared exports, sealed.</summary>
    public string Exports => Path.Combine(Root, "exports");
    public string Backup => Path.Combine(Root, "backup");

    /// <summary>Lies in a folder into which a backup is being restored: until it is gone, what is there is no store.</summary>
    public string Unfinished => Path.Combine(Root, UnfinishedName);

    internal const string UnfinishedName = "restore-unfinished";

    /// <summary>Makes the folder and its parts where missing, for this user alone (0700).</summary>
    /// <param name="root">Where.</param>
    /// <param name="restoring">The caller is who restores into it.</param>
    /// <exception cref="StoreRefusedException">It can't be made or written, or others may read it.</exception>
    public static DataFolder Open(string root, bool restoring = false)
    {
        var folder = new DataFolder(Path.GetFullPath(root));
        if (!restoring && File.Exists(folder.Unfinished))
            throw new StoreRefusedException($"A restore into {folder.Root} was not finished, so what lies there is no store. Remove the folder and restore again.");
        try
        {
            foreach (var part in (string[])[folder.Root, Path.GetDirectoryName(folder.Database)!, folder.Blobs, folder.Out, folder.Index, folder.Run, folder.Exports, folder.Backup])
                CheckOrMake(part);
            var probe = Path.Combine(folder.Run, "probe");
            File.WriteAllBytes(probe, [1]);
            File.Delete(probe);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new StoreRefusedException($"The data folder {folder.Root} can't be written ({failure.GetType().Name}). Name another one with --data, or give it to the user that runs ReplyMint and free some space.", failure);
        }
        return folder;
    }

    private static void CheckOrMake(string path)
    {
        if (!Directory.Exists(path))
            Directory.CreateDirectory(path, Private);
        else if ((File.GetUnixFileMode(path) & Others) != 0)
            throw new StoreRefusedException($"Others may look into {path}. Close it with: chmod 700 {path}");
    }
}
