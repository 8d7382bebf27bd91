using System.Security.Cryptography;
using ReplyMint.Security;

namespace ReplyMint.Storage;

/// <summary>Where the master key lies.</summary>
internal sealed record MasterKeySettings
{
    /// <summary>A file that holds the key (base64 of 32 bytes, mode 0600). Default: keys/ID.key in the config folder, made at the first start.</summary>
    public string? File { get; init; }
    /// <summary>The name of a systemd credential that holds the key.</summary>
    public string? Credential { get; init; }

    /// <param name="store">Where it lies.</param>
    public IEnumerable<string> Problems(StoreKind store)
    {
        if (store != StoreKind.Embedded && (File is not null || Credential is not null))
            yield return "masterKey is for the embedded store; the master key of a store on AWS is wrapped by aws.key.";
        if (File is not null && Credential is not null)
            yield return "masterKey: name a file or a credential, not both.";
    }
}

/// <summary>The key of keys. It wraps tenants' keys and nothing else, and lies outside the data folder.</summary>
internal sealed class MasterKey
{
    public const int Bytes = 32;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly byte[] _key;

    private MasterKey(byte[] key)
    {
        _key = key;
        Check = LookupHash.Of(KeyDerivation.Derive(key, "master key check"), "replymint");
    }

    /// <summary>A value by which a wrong key is told before it does harm. It tells nothing of the key.</summary>
    public string Check { get; }

    /// <summary>A key of its own for a use that is no wrapping, such as one part of a backup.</summary>
    public byte[] Derive(string purpose) => KeyDerivation.Derive(_key, purpose);

    public byte[] Wrap(SealedForm form, ReadOnlySpan<byte> key, ReadOnlySpan<byte> context) => Sealing.Seal(_key, form, key, context);

    public byte[]? Unwrap(ReadOnlySpan<byte> wrapped, ReadOnlySpan<byte> context) => Sealing.Open(_key, wrapped, context);

    public static MasterKey Random() => new(RandomNumberGenerator.GetBytes(Bytes));

    /// <summary>Null when these bytes are no key.</summary>
    public static MasterKey? Of(ReadOnlySpan<byte> key) => key.Length == Bytes ? new(key.ToArray()) : null;

    /// <summary>The path of the key file of a store, for messages and doctor.</summary>
    public static string DefaultFile(string configFolder, string storeId) => Path.Combine(configFolder, "keys", storeId + ".key");

    /// <summary>Makes the key of a new store. Never overwrites a file.</summary>
    /// <exception cref="StoreRefusedException">The file is there already or can't be written.</exception>
    public static MasterKey Create(string file)
    {
        try
        {
            var folder = Path.GetDirectoryName(file)!;
            if (!Directory.Exists(folder))
            {
                Directory.CreateDirectory(folder, OwnerOnly | UnixFileMode.UserExecute);
                FolderSync.Sync(Path.GetDirectoryName(folder)!);
            }
            var key = Random();
            key.WriteTo(file);
            return key;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new StoreRefusedException($"The master key can't be written to {file} ({failure.GetType().Name}). Name a config folder of this user with --config.", failure);
        }
    }

    /// <summary>Writes the key where no file is, and returns once it is on the disk, the folder's entry too: something is about to depend on it.</summary>
    /// <exception cref="IOException">There is a file, or it can't be written.</exception>
    public void WriteTo(string file)
    {
        var part = file + ".part";
        // What a process that ended half-way left; nothing depends on it.
        File.Delete(part);
        using (var stream = new FileStream(part, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly }))
        {
            stream.Write(System.Text.Encoding.ASCII.GetBytes(Convert.ToBase64String(_key) + "\n"));
            stream.Flush(flushToDisk: true);
        }
        File.Move(part, file, overwrite: false);
        FolderSync.Sync(Path.GetDirectoryName(file)!);
    }

    /// <summary>The key wrapped by another one, for a recovery kit.</summary>
    public byte[] WrapSelf(byte[] by, SealedForm form, ReadOnlySpan<byte> context) => Sealing.Seal(by, form, _key, context);

    /// <summary>The key wrapped by somebody else, who is shown it.</summary>
    public Task<byte[]> WrapSelfAsync(Func<ReadOnlyMemory<byte>, Task<byte[]>> by) => by(_key);

    /// <summary>Null when it does not open.</summary>
    public static MasterKey? UnwrapSelf(byte[] by, ReadOnlySpan<byte> wrapped, ReadOnlySpan<byte> context) =>
        Sealing.Open(by, wrapped, context) is { Length: Bytes } key ? new(key) : null;

    /// <summary>Reads the key.</summary>
    /// <param name="file">Where it lies.</param>
    /// <param name="credential">systemd passed it: it grants our user the right by an access list on a file of root, which shows as a group that may read.</param>
    /// <exception cref="StoreRefusedException">It is missing, readable by others, or no key.</exception>
    public static MasterKey Read(string file, bool credential = false)
    {
        string text;
        try
        {
            var allowed = OwnerOnly | UnixFileMode.UserExecute | (credential ? UnixFileMode.GroupRead : UnixFileMode.None);
            if ((File.GetUnixFileMode(file) & ~allowed) != 0)
                throw new StoreRefusedException($"Others may read the master key {file}. Close it with: chmod 600 {file}");
            text = File.ReadAllText(file).Trim();
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new StoreRefusedException($"The master key {file} is missing. This store can't be read without it: put the key back, or name where it lies with --config or the setting masterKey.file.", failure);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new StoreRefusedException($"The master key {file} can't be read by this user.", failure);
        }
        var key = new byte[Bytes + 1];
        if (!Convert.TryFromBase64String(text, key, out var length) || length != Bytes)
            throw new StoreRefusedException($"The file {file} holds no master key (base64 of {Bytes} bytes).");
        return new MasterKey(key[..Bytes]);
    }
}
