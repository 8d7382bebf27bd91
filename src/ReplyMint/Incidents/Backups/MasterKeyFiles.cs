using ReplyMint.Storage;

namespace ReplyMint.Incidents;

/// <summary>Finds the master key that a part of a backup asks for: where the settings look for it, or beside it, where a change leaves older ones.</summary>
internal static class MasterKeyFiles
{
    /// <exception cref="StoreRefusedException">It is not there.</exception>
    public static (MasterKey Master, string File) Find(BackupHeader header, string configFolder, MasterKeySettings settings)
    {
        var main = MasterKeyPlace.Of(settings, configFolder, header.StoreId).File;
        var first = MasterKey.Read(main, settings.Credential is not null);
        if (first.Check == header.KeyCheck)
            return (first, main);
        foreach (var beside in Directory.GetFiles(Path.GetDirectoryName(main)!, Path.GetFileName(main) + ".*"))
            if (MasterKey.Read(beside) is var other && other.Check == header.KeyCheck)
                return (other, beside);
        throw new StoreRefusedException($"The master key {main} is not the one of this backup (store {header.StoreId}, {header.At:u}). Put the right one in its place, or name it with --set masterKey.file=FILE; a recovery kit gives it back (replymint secrets restore-key).");
    }
}
