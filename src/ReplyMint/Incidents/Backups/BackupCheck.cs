using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ReplyMint.Audit;
using ReplyMint.Storage;

namespace ReplyMint.Incidents;

/// <summary>A part that was read whole and found to be what its manifest says.</summary>
/// <param name="Key">The id of the key that signed it.</param>
internal sealed record CheckedPart(BackupHeader Header, BackupManifest Manifest, string Key, byte[]? Settings);

/// <summary>
/// Reads a part to its end: opens each chunk, compares each hash, lets the database look at its own pages, counts, and asks the
/// signature. A restore takes what it needs by the same way, so nothing is restored that was not checked.
/// </summary>
internal static class BackupCheck
{
    private const int MaxSmall = 8 * 1024 * 1024;
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <param name="reader">At its beginning.</param>
    /// <param name="master">The key that its header asks for.</param>
    /// <param name="databaseTo">A new file, which gets the database.</param>
    /// <param name="blobsTo">A folder that gets the files of mails, or null: they are only checked.</param>
    /// <exception cref="BackupRefusedException">Something of it is not as it was written.</exception>
    public static async Task<CheckedPart> ReadAsync(BackupReader reader, MasterKey master, string databaseTo, string? blobsTo, CancellationToken ct)
    {
        reader.Use(master);
        using var all = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long blobs = 0, blobBytes = 0;
        BackupContent? database = null;
        byte[]? settings = null, keys = null, statement = null;
        while (await reader.NextAsync(ct) is { } entry)
        {
            if (statement is not null)
                throw new BackupRefusedException("something stands behind its manifest");
            switch (entry.Kind)
            {
                case BackupEntryKind.Blob:
                    await using (var to = Blob(entry.Name, blobsTo))
                    {
                        all.AppendData(Encoding.ASCII.GetBytes($"{entry.Name} {Hex(await reader.CopyAsync(to, ct))}\n"));
                        if (to is FileStream file)
                            RandomAccess.FlushToDisk(file.SafeFileHandle);
                    }
                    blobs++;
                    blobBytes += entry.Length;
                    break;
                case BackupEntryKind.Database:
                    await using (var to = NewFile(databaseTo))
                        database = new(entry.Length, Hex(await reader.CopyAsync(to, ct)));
                    break;
                case BackupEntryKind.Settings:
                    settings = await SmallAsync(reader, entry, ct);
                    break;
                case BackupEntryKind.SigningKeys:
                    keys = await SmallAsync(reader, entry, ct);
                    break;
                default:
                    statement = await SmallAsync(reader, entry, ct);
                    break;
            }
        }
        if (database is null || keys is null || statement is null)
            throw new BackupRefusedException("something is missing in it");
        var (manifest, key) = Open(statement, keys);
        var found = new BackupBlobs(blobs, blobBytes, Hex(all.GetHashAndReset()), manifest.Blobs.Missing);
        if (manifest.Part != reader.Header.Part || manifest.StoreId != reader.Header.StoreId || manifest.At != reader.Header.At)
            throw new BackupRefusedException("its manifest is of another part");
        if (manifest.Database != database || manifest.Blobs != found || manifest.Settings != (settings is null ? null : Hex(SHA256.HashData(settings))))
            throw new BackupRefusedException("its contents are not those of its manifest");
        var facts = await Task.Run(() => StoreCopy.Examine(databaseTo), ct);
        if (facts.Form != manifest.Form || facts.Chains != manifest.Audit.Chains || facts.Heads != manifest.Audit.Heads || !Same(facts.Items, manifest.Items))
            throw new BackupRefusedException("its database holds other items than its manifest says");
        return new(reader.Header, manifest, key, settings);
    }

    private static (BackupManifest Manifest, string Key) Open(byte[] statement, byte[] keys)
    {
        var set = JsonSerializer.Deserialize(keys, BackupJson.Default.AttestationKeySet)!;
        var jws = Encoding.ASCII.GetString(statement);
        return Attestations.Verify("backup", jws, BackupJson.Default.BackupManifest, set) is { } manifest
            ? (manifest, Attestations.Read(jws, set)!.Value.Key)
            : throw new BackupRefusedException("its manifest was not signed by the installation");
    }

    private static Stream Blob(string name, string? root)
    {
        // Written by whoever has the master key; all the same no name leads out of the folder.
        if (name.Split('/') is not [var tenant, var id] || tenant.Length == 0 || id.Length == 0 || tenant.AsSpan().ContainsAnyExcept(Ids.Letters) || id.AsSpan().ContainsAnyExcept(Ids.Letters))
            throw new BackupRefusedException("it names a file that no mail has");
        if (root is null)
            return Stream.Null;
        var folder = Directory.CreateDirectory(Path.Combine(root, tenant), Owner | UnixFileMode.UserExecute).FullName;
        return NewFile(Path.Combine(folder, id));
    }

    internal static FileStream NewFile(string path) =>
        new(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Options = FileOptions.Asynchronous, BufferSize = 0, UnixCreateMode = Owner });

    private static async Task<byte[]> SmallAsync(BackupReader reader, BackupEntry entry, CancellationToken ct)
    {
        if (entry.Length > MaxSmall)
            throw new BackupRefusedException("something in it is larger than it can be");
        using var content = new MemoryStream((int)entry.Length);
        await reader.CopyAsync(content, ct);
        return content.ToArray();
    }

    private static bool Same(IReadOnlyDictionary<string, long> one, IReadOnlyDictionary<string, long> other) =>
        one.Count == other.Count && one.All(pair => other.TryGetValue(pair.Key, out var number) && number == pair.Value);

    private static string Hex(byte[] hash) => Convert.ToHexStringLower(hash);
}
