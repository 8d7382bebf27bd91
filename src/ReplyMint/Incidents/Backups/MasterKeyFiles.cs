using ReplyMint.Storage;

namespace ReplyMint.Incidents;

/// <summary>Finds the master key that a part of a backup asks for: where the settings look for it, or beside it, where a change leaves others.</summary>
internal static class MasterKeyFiles
{
    /// <exception cref="StoreRefusedException">It is not there.</exception>
    public static (MasterKey Master, string File) Find(BackupHeader header, string configFolder, MasterKeySettings settings)
    {
        var place = MasterKeyPlace.Of(settings, configFolder, header.StoreId);
        if (place.Holding(header.KeyCheck) is { } found)
            return found;
        // One that is not there at all is told as at every other start.
        _ = MasterKey.Read(place.File, place.IsCredential);
        // Where a person named a file of his own for the new key, only the store knows which: he names it again.
        throw new StoreRefusedException($"The master key {place.File} is not the one of this backup (store {header.StoreId}, {header.At:u}). Put the right one in its place, or name it with --set masterKey.file=FILE; a recovery kit gives it back (replymint secrets restore-key).");
    }
}
