using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Incidents;

/// <summary>The settings in effect, without what is a secret in itself; given by the application, which knows them all.</summary>
internal sealed record SettingsToKeep(Func<string> Text);

/// <summary>The copies of one instant in the work folder, and the parts that were written of them.</summary>
internal sealed record MadeBackup(string DataCopy, string KeysCopy, BackupFile? Data, BackupFile? Keys, long MissingBlobs);

/// <summary>Makes the parts of a backup of the store that is open here, while it is written to.</summary>
internal sealed class BackupMaker(OpenStore open, Attestations attestations, AttestationKeys signing, SettingsToKeep settings, TimeProvider time)
{
    // As long as the copy lies there, mail must find room too.
    private const long Reserve = 64L * 1024 * 1024;

    private readonly BlobFolder _blobs = new(open.Folder.Blobs);

    /// <summary>Copies the store as it is at this instant into the work folder, then writes the parts that are asked for.</summary>
    /// <param name="folder">Gets the parts, each under its name only once it is whole and on the disk.</param>
    /// <param name="work">An empty folder on the disk of the data.</param>
    /// <exception cref="BackupFailedException">With the reason; nothing is left in the folder.</exception>
    public async Task<MadeBackup> MakeAsync(string folder, string work, bool data, CancellationToken ct)
    {
        if (!open.IsEmbedded)
            throw new BackupFailedException("only the embedded store is copied so: tables and buckets of AWS have backups of their own");
        if (open.Masters.Before is not null)
            throw new BackupFailedException("the master key is being changed; try again when that is done");
        var (dataCopy, keysCopy) = (Path.Combine(work, "data.db"), Path.Combine(work, "keys.db"));
        if (new DriveInfo(work).AvailableFreeSpace < Size(open.Folder.Database) + Reserve)
            throw new BackupFailedException($"the disk of {open.Folder.Root} has too little room for a copy of the database; free some space");
        var at = time.GetUtcNow();
        try
        {
            await Task.Run(() => StoreCopy.Make(open.Folder.Database, dataCopy, keysCopy, at), ct);
        }
        catch (SqliteException failure)
        {
            throw Failed(failure);
        }
        return await WritePartsAsync(folder, dataCopy, keysCopy, at, data, ct);
    }

    /// <summary>The second half: writes the parts of copies.</summary>
    /// <param name="at">The instant that the copies show.</param>
    /// <exception cref="BackupFailedException">As above.</exception>
    internal async Task<MadeBackup> WritePartsAsync(string folder, string dataCopy, string keysCopy, DateTimeOffset at, bool data, CancellationToken ct)
    {
        var written = new List<string>();
        try
        {
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            var dataFile = data ? await WriteAsync(BackupPart.Data, folder, dataCopy, at, written, ct) : default;
            var keysFile = await WriteAsync(BackupPart.Keys, folder, keysCopy, at, written, ct);
            FolderSync.Sync(folder);
            return new(dataCopy, keysCopy, dataFile.File, keysFile.File, dataFile.Missing);
        }
        catch (Exception failure)
        {
            // All or nothing: half of a backup would look like one.
            written.ForEach(File.Delete);
            throw failure switch
            {
                SqliteException sqlite => Failed(sqlite),
                IOException io => new BackupFailedException(IsFull(io) ? $"the disk of {folder} is full; free some space" : $"{folder} can't be written ({io.GetType().Name}, code {io.HResult & 0xffff})", failure),
                UnauthorizedAccessException => new BackupFailedException($"{folder} can't be written by this user", failure),
                _ => failure,
            };
        }
    }

    private BackupFailedException Failed(SqliteException failure) => new(failure.SqliteErrorCode == SQLitePCL.raw.SQLITE_FULL
        ? $"the disk of {open.Folder.Root} is full; free some space" : $"the database could not be copied (SQLite code {failure.SqliteExtendedErrorCode})", failure);

    private async Task<(BackupFile File, long Missing)> WriteAsync(BackupPart part, string folder, string copy, DateTimeOffset at, List<string> written, CancellationToken ct)
    {
        var header = BackupHeader.Of(part, open.Id, at, open.Masters.Wrapping, open.Masters.Form);
        var path = Path.Combine(folder, BackupFiles.NameOf(header));
        var unfinished = BackupFiles.PartOf(path);
        written.Add(unfinished);
        long missing, bytes;
        await using (var writer = await BackupWriter.CreateAsync(unfinished, header, open.Masters.Wrapping, ct))
        {
            // Files first: one that was removed since the copy was made is taken out of the copy too.
            var blobs = part == BackupPart.Data ? await WriteBlobsAsync(writer, copy, ct) : new(0, 0, Hex(SHA256.HashData([])), 0);
            missing = blobs.Missing;
            var facts = await Task.Run(() => StoreCopy.Examine(copy), ct);
            BackupContent database;
            await using (var content = File.OpenRead(copy))
                database = new(content.Length, Hex(await writer.AddAsync(BackupEntryKind.Database, "", content, content.Length, ct)));
            var text = part == BackupPart.Data ? Hex(await writer.AddAsync(BackupEntryKind.Settings, Encoding.UTF8.GetBytes(settings.Text()), ct)) : null;
            var manifest = new BackupManifest(1, part, header.StoreId, header.At, HealthEndpoints.Version, facts.Form, database, blobs, facts.Items, new(facts.Chains, facts.Heads), text);
            var statement = await attestations.SignAsync("backup", manifest, BackupJson.Default.BackupManifest, ct);
            // By these the signature is read where no store is; with one, they are compared with its own.
            await writer.AddAsync(BackupEntryKind.SigningKeys, JsonSerializer.SerializeToUtf8Bytes(await signing.PublicAsync(ct), BackupJson.Default.AttestationKeySet), ct);
            await writer.AddAsync(BackupEntryKind.Manifest, Encoding.ASCII.GetBytes(statement), ct);
            await writer.FinishAsync(ct);
            bytes = writer.Length;
        }
        File.Move(unfinished, path);
        written.Add(path);
        return (new(path, part, header.StoreId, header.At, bytes), missing);
    }

    /// <summary>The files that the copy's items name. A job may remove one meanwhile, together with its item: then it is in neither.</summary>
    private async Task<BackupBlobs> WriteBlobsAsync(BackupWriter writer, string copy, CancellationToken ct)
    {
        using var all = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long count = 0, bytes = 0, missing = 0;
        var gone = new List<ItemKey>();
        foreach (var item in StoreCopy.Unsealed(copy, Table.Main, Messages.RawPrefix))
        {
            if (!Messages.LiesInBlob(item))
                continue;
            var (tenant, id) = (item.Key.Partition, item.Key.Sort[Messages.RawPrefix.Length..]);
            await using var content = _blobs.TryOpen(tenant, id);
            if (content is null)
            {
                if (await open.Store.GetAsync(item.Key, ct) is null)
                    gone.Add(item.Key);
                else
                    missing++;
                continue;
            }
            var name = $"{tenant}/{id}";
            var hash = Hex(await writer.AddAsync(BackupEntryKind.Blob, name, content, content.Length, ct));
            all.AppendData(Encoding.ASCII.GetBytes($"{name} {hash}\n"));
            count++;
            bytes += content.Length;
        }
        foreach (var key in gone)
            StoreCopy.Remove(copy, key);
        return new(count, bytes, Hex(all.GetHashAndReset()), missing);
    }

    private static long Size(string database) => new FileInfo(database).Length + (File.Exists(database + "-wal") ? new FileInfo(database + "-wal").Length : 0);

    // ENOSPC and EDQUOT of Linux.
    internal static bool IsFull(IOException failure) => (failure.HResult & 0xffff) is 28 or 122;

    private static string Hex(byte[] hash) => Convert.ToHexStringLower(hash);
}

/// <summary>A backup could not be made; the message says why, in words for the operator.</summary>
internal sealed class BackupFailedException(string message, Exception? inner = null) : Exception(message, inner);
