using System.Globalization;

namespace ReplyMint.Storage;

/// <summary>The file of a store's master key, and what lies beside it while it changes and after.</summary>
/// <param name="File">The key's file; with a credential, the one that systemd shows us.</param>
/// <param name="IsUsual">keys/ID.key in the config folder, which we made.</param>
/// <param name="IsCredential">systemd keeps it: we can't write there.</param>
internal sealed record MasterKeyPlace(string File, bool IsUsual, bool IsCredential) : IKeyVault
{
    private const string Before = ".before-";
    private const string Stamp = "yyyyMMdd'T'HHmmss'Z'";

    /// <summary>The new key, from its making until it takes the old one's place.</summary>
    private string NextFile => File + ".next";

    /// <exception cref="StoreRefusedException">systemd passed no credentials.</exception>
    public static MasterKeyPlace Of(MasterKeySettings settings, string configFolder, string storeId)
    {
        if (settings.File is not null)
            return new(settings.File, false, false);
        if (settings.Credential is not { } name)
            return new(MasterKey.DefaultFile(configFolder, storeId), true, false);
        var folder = Environment.GetEnvironmentVariable("CREDENTIALS_DIRECTORY")
            ?? throw new StoreRefusedException($"The master key is to come from the systemd credential {name}, but systemd passed no credentials (CREDENTIALS_DIRECTORY is not set).");
        return new(Path.Combine(folder, Path.GetFileName(name)), false, true);
    }

    public string Where => File;

    public Task<MasterKey> FirstAsync(Commit commit, CancellationToken ct) => Task.FromResult(IsUsual ? MasterKey.Create(File) : MasterKey.Read(File, IsCredential));

    public Task<(MasterKeys Masters, string? Notice)> ReadAsync(StoreIdentity identity, long version, CancellationToken ct) => Task.FromResult(Read(identity, version));

    public Task<(MasterKey? Key, string? Refused)> NextAsync(StoreIdentity identity, string? file, CancellationToken ct) => Task.FromResult(Next(identity, file));

    /// <summary>The next one's file is there already.</summary>
    public Task AddAsync(Commit commit, MasterKey next, CancellationToken ct) => Task.CompletedTask;

    /// <exception cref="IOException">It can't be written.</exception>
    /// <exception cref="StoreRefusedException">A third key lies there.</exception>
    public Task EndAsync(Commit commit, StoreIdentity identity, MasterKey? old, DateTimeOffset now, CancellationToken ct)
    {
        if (identity.KeyBeside is null && old is not null)
            Switch(old, now);
        return Task.CompletedTask;
    }

    private (MasterKey? Key, string? Refused) Next(StoreIdentity known, string? file)
    {
        if (IsCredential && file is null)
            return (null, "the master key is a systemd credential, which can't be written from here. Make a new one, readable by this user alone (umask 077; openssl rand -base64 32 > FILE), and name it: --new-key FILE");
        // While the key changes, a start finds the one in use where the settings lead. Another key there would be taken for it, or overwritten.
        if (!System.IO.File.Exists(File) || MasterKey.Read(File, IsCredential).Check != known.KeyCheck)
            return (null, known.KeyBeside is { } beside ? $"the master key in use is {beside}, and {File} is another one still. Keep that elsewhere, put {beside} in its place, and run this again"
                : $"{File} does not hold the master key in use any more; put it back there first");
        return (file is not null ? MasterKey.Read(file) : System.IO.File.Exists(NextFile) ? MasterKey.Read(NextFile) : MasterKey.Create(NextFile), null);
    }

    private (MasterKeys Masters, string? Notice) Read(StoreIdentity identity, long version)
    {
        var beside = identity.KeyBeside is { } named && System.IO.File.Exists(named) ? named : null;
        // After a change by hand settings may still lead to nothing; what the person named then serves.
        var main = beside is not null && !System.IO.File.Exists(File) ? MasterKey.Read(beside) : MasterKey.Read(File, IsCredential);
        if (identity.NextKeyCheck is not { } next)
            return main.Check == identity.KeyCheck ? (new(main, null, version), null)
                : beside is not null && MasterKey.Read(beside) is var other && other.Check == identity.KeyCheck
                    ? (new(other, null, version), $"the master key was changed: {File} still holds the one before. Put {beside} in its place before that file is lost")
                    : throw new StoreRefusedException($"The key {File} is not the one of this store ({identity.Id}).{Hint(identity.KeyCheck)}");
        // The files may have changed places already, and the process ended before the store was told.
        if (main.Check == next)
            return (new(main, Find(identity.KeyCheck), version), null);
        if (main.Check != identity.KeyCheck)
            throw new StoreRefusedException($"The key {File} is not the one of this store ({identity.Id}).{Hint(identity.KeyCheck)}");
        var path = identity.KeyBeside ?? NextFile;
        var coming = MasterKey.Read(path);
        return coming.Check == next ? (new(coming, main, version), null)
            : throw new StoreRefusedException($"The master key is being changed, and {path} is not the new one. Put back the file that was there.");
    }

    /// <summary>The key with this check and the file that holds it, in its place or beside it; null when none does.</summary>
    /// <exception cref="StoreRefusedException">One that lies there can't be used.</exception>
    public (MasterKey Master, string File)? Holding(string check)
    {
        foreach (var file in (IEnumerable<string>)[File, NextFile, .. Old().Select(old => old.File)])
            if (System.IO.File.Exists(file) && MasterKey.Read(file, IsCredential) is var key && key.Check == check)
                return (key, file);
        return null;
    }

    /// <summary>Puts the new key into the old one's place. The old one is kept beside it first, under the day's name.</summary>
    private void Switch(MasterKey old, DateTimeOffset now)
    {
        // Each step is durable before the next, and each may be done already: 1. a copy of the old key; 2. the new one by a rename,
        // which is the old file or the new one at any moment, never none.
        if (Find(old.Check) is null)
            old.WriteTo(File + Before + now.UtcDateTime.ToString(Stamp, CultureInfo.InvariantCulture));
        if (System.IO.File.Exists(NextFile))
        {
            // Somebody put another key there, and it may be the only copy.
            if (System.IO.File.Exists(File) && MasterKey.Read(File).Check is var there && there != old.Check && there != MasterKey.Read(NextFile).Check)
                throw new StoreRefusedException($"{File} holds a key that is neither the old nor the new one of this store. Move it away; the new one is {NextFile}");
            System.IO.File.Move(NextFile, File, overwrite: true);
        }
        FolderSync.Sync(Path.GetDirectoryName(File)!);
    }

    public IReadOnlyList<(string File, DateTimeOffset Since)> Old()
    {
        var folder = Path.GetDirectoryName(File)!;
        return IsCredential || !Directory.Exists(folder) ? []
            : [.. Directory.EnumerateFiles(folder, Path.GetFileName(File) + Before + "*").Order(StringComparer.Ordinal)
                .Select(file => (file, Since: DateTimeOffset.TryParseExact(file[(File.Length + Before.Length)..], Stamp, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at : (DateTimeOffset?)null))
                .Where(old => old.Since is not null).Select(old => (old.file, old.Since!.Value))];
    }

    private MasterKey? Find(string check)
    {
        foreach (var (file, _) in Old())
            if (MasterKey.Read(file) is var old && old.Check == check)
                return old;
        return null;
    }

    private string Hint(string check)
    {
        foreach (var (file, _) in Old())
            if (MasterKey.Read(file).Check == check)
                return $" The one beside it is: {file}. If the store was restored from a copy of before the key was changed, name it: masterKey.file={file}";
        return "";
    }
}
