using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Jobs;
using ReplyMint.Limits;
using ReplyMint.Outbound;
using ReplyMint.Privacy;
using ReplyMint.Replies;
using ReplyMint.Secrets;
using ReplyMint.Storage;

namespace ReplyMint.Incidents;

/// <summary>What a restore is made of.</summary>
/// <param name="OlderKeys">Take keys that are older than the data: who came between can't be read.</param>
internal sealed record RestoreOrder(string Data, string Keys, string Into, string ConfigFolder, MasterKeySettings MasterKey, bool OlderKeys = false);

/// <summary>What a restore had to leave to people.</summary>
/// <param name="Uncertain">Mails that were on their way out, and may have left since.</param>
/// <param name="Undecided">Mails that were not decided yet, and may have been answered since.</param>
/// <param name="Drafts">Drafts that wait, and may have been sent since.</param>
/// <param name="Closed">Tenants whose own items do not open: the key of then is not among these keys (any more).</param>
/// <param name="Access">Whom and what it shut out.</param>
internal sealed record RestoreHolds(int Uncertain, int Undecided, int Drafts, int Closed, EndedAccess Access);

/// <summary>Of which moments a restored store is.</summary>
/// <param name="Data">What the audit log calls the copy of the data.</param>
/// <param name="Keys">What it calls the copy of the keys.</param>
internal sealed record RestoredOf(DateTimeOffset DataAt, DateTimeOffset KeysAt, string Data, string Keys)
{
    public static RestoredOf Parts(BackupHeader data, BackupHeader keys) => new(data.At, keys.At, BackupFiles.NameOf(data), BackupFiles.NameOf(keys));
}

internal sealed record RestoredStore(CheckedPart Data, CheckedPart Keys, string KeyFile, RestoreHolds Holds);

/// <summary>
/// Makes a store of a data part and a keys part in an empty folder. Until all of it is there, a file in the folder says that it is no
/// store; whoever starts it before is refused.
/// </summary>
internal static class Restore
{
    /// <exception cref="StoreRefusedException">With the reason; a folder that was not empty is untouched.</exception>
    public static async Task<RestoredStore> RunAsync(RestoreOrder order, TimeProvider time, CancellationToken ct)
    {
        await using var data = await OpenAsync(order.Data, BackupPart.Data, ct);
        await using var keys = await OpenAsync(order.Keys, BackupPart.Keys, ct);
        if (data.Header.StoreId != keys.Header.StoreId)
            throw new StoreRefusedException($"The two parts are of different stores ({data.Header.StoreId} and {keys.Header.StoreId}).");
        if (keys.Header.At < data.Header.At && !order.OlderKeys)
            throw new StoreRefusedException($"The keys are of {keys.Header.At:u}, before the data of {data.Header.At:u}: whoever came between could not be read. Name a newer part with keys, or an older one with data; --older-keys takes them all the same.");
        // Found before anything is written: a wrong key is the most likely mistake.
        var (dataMaster, _) = MasterKeyFiles.Find(data.Header, order.ConfigFolder, order.MasterKey);
        var (keysMaster, keyFile) = MasterKeyFiles.Find(keys.Header, order.ConfigFolder, order.MasterKey);
        var folder = Begin(order.Into);
        var (checkedData, checkedKeys) = await AssembleAsync(order, folder, (data, dataMaster), (keys, keysMaster), ct);
        RestoreHolds holds;
        var usual = keyFile == MasterKeyPlace.Of(order.MasterKey, order.ConfigFolder, keys.Header.StoreId).File;
        await using (var open = await OpenStore.OpenAsync(folder, order.ConfigFolder, usual ? order.MasterKey : new MasterKeySettings { File = keyFile }, time, ct))
            holds = await HoldAsync(open, RestoredOf.Parts(checkedData.Header, checkedKeys.Header), time, ct);
        File.Delete(folder.Unfinished);
        FolderSync.Sync(folder.Root);
        return new(checkedData, checkedKeys, keyFile, holds);
    }

    /// <summary>Puts the two parts together again, and checks both while it does.</summary>
    public static async Task<(CheckedPart Data, CheckedPart Keys)> AssembleAsync(RestoreOrder order, DataFolder folder, (BackupReader Reader, MasterKey Master) data, (BackupReader Reader, MasterKey Master) keys, CancellationToken ct)
    {
        var keysFile = Path.Combine(folder.Run, "keys.db");
        var checkedData = await NamedAsync(order.Data, () => BackupCheck.ReadAsync(data.Reader, data.Master, folder.Database, folder.Blobs, ct));
        var checkedKeys = await NamedAsync(order.Keys, () => BackupCheck.ReadAsync(keys.Reader, keys.Master, keysFile, null, ct));
        await Task.Run(() => StoreCopy.AddKeys(folder.Database, keysFile), ct);
        WorkFolders.RemoveFile(keysFile);
        if (checkedData.Settings is { } settings)
            await using (var file = BackupCheck.NewFile(Path.Combine(folder.Backup, "settings-of-the-backup.json")))
                await file.WriteAsync(settings, ct);
        using (var database = File.OpenHandle(folder.Database, access: FileAccess.ReadWrite))
            RandomAccess.FlushToDisk(database);
        foreach (var changed in Directory.GetDirectories(folder.Blobs).Append(folder.Blobs).Append(Path.GetDirectoryName(folder.Database)!))
            FolderSync.Sync(changed);
        return (checkedData, checkedKeys);
    }

    /// <summary>Opens a part and looks at its header.</summary>
    public static async Task<BackupReader> OpenAsync(string file, BackupPart wanted, CancellationToken ct)
    {
        var reader = await NamedAsync(file, () => BackupReader.OpenAsync(file, ct));
        if (reader.Header.Part == wanted)
            return reader;
        await reader.DisposeAsync();
        throw new StoreRefusedException($"{file} holds {(wanted == BackupPart.Data ? "keys, not data" : "data, not keys")}: the part with the data is named first, the one with the keys second.");
    }

    /// <summary>
    /// Puts into people's hands what may have happened since the copy: mails that may have left, access that may have been taken away,
    /// wishes and stops that may have come. Marks the store, which then serves only after the ledger of erasures was replayed. All of it
    /// may be done twice.
    /// </summary>
    /// <exception cref="StoreRefusedException">The installation's own items do not open with these keys; nothing was changed.</exception>
    public static async Task<RestoreHolds> HoldAsync(OpenStore open, RestoredOf of, TimeProvider time, CancellationToken ct)
    {
        await TakeBackAsync(open, KeyRing.Installation, of.DataAt, time, ct);
        await RequireOwnItemsAsync(open, of, ct);
        var (store, now) = (open.Store, time.GetUtcNow());
        int uncertain = 0, drafts = 0, undecided = 0, closed = 0;
        var tenants = new List<string> { KeyRing.Installation };
        await foreach (var entry in store.AllAsync(Table.Main, KeyRing.Installation, "tenant/", ct))
            tenants.Add(entry.Key.Sort["tenant/".Length..]);
        foreach (var tenant in tenants)
        {
            await TakeBackAsync(open, tenant, of.DataAt, time, ct);
            uncertain += await RestoredSendings.HoldAsync(store, tenant, of.DataAt, now, ct);
            drafts += await RestoredDrafts.HoldAsync(store, open.Keys, tenant, ct);
            closed += await OpensAsync(open, tenant, ct) ? 0 : 1;
            await store.RetryAsync((commit, token) => SealedFormRecord.DoubtAsync(store, commit, tenant, now, token), ct);
        }
        await foreach (var (job, _) in JobQueue.AllAsync(store, ct))
            undecided += job.Kind == Inbox.JobKind ? 1 : 0;
        var holds = new RestoreHolds(uncertain, undecided, drafts, closed, await RestoredAccess.EndAsync(open, tenants, time, ct));
        var (audit, switches) = (new AuditLog(store, time), new Switches(store, time));
        await store.RetryAsync(async (commit, token) =>
        {
            RestoredMark.Set(commit);
            RestorePoint.Set(commit, now, of.DataAt);
            await switches.SetAsync(commit, KeyRing.Installation, null, stopped: true, "restored from a backup", token);
            await audit.AppendAsync(commit, KeyRing.Installation, new AuditEntry(Actor.Machine, "backup.restore", of.Data, new Dictionary<string, string>
            {
                ["keys"] = of.Keys,
                ["uncertain"] = Text(uncertain), ["sessions"] = Text(holds.Access.Sessions), ["apiKeys"] = Text(holds.Access.Keys), ["members"] = Text(holds.Access.Members), ["switch"] = "stop",
            }), token);
            return true;
        }, ct);
        return holds;
    }

    private static string Text(int number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Data of before a key was dropped open with it: it is among the keys for as long as such data are kept. What is under it is put again by its job.</summary>
    private static async Task TakeBackAsync(OpenStore open, string tenant, DateTimeOffset dataAt, TimeProvider time, CancellationToken ct)
    {
        var back = await open.Store.RetryAsync(async (commit, token) =>
        {
            var record = await open.Keys.TakeBackAsync(commit, tenant, dataAt, token);
            if (record is { } now)
                JobQueue.Add(commit, tenant, TenantKeyRotation.JobKind, Text(now.Value.Current), time.GetUtcNow());
            return record;
        }, ct);
        if (back is { } taken)
            open.Keys.Take(tenant, taken);
    }

    /// <summary>Without these no key and no session works, and what was signed can't be checked: such a store is none.</summary>
    private static async Task RequireOwnItemsAsync(OpenStore open, RestoredOf of, CancellationToken ct)
    {
        foreach (var prefix in (string[])["pepper", "signing-keys", "attestation-keys", "secret/", "channel/", "anchor/"])
            await foreach (var item in open.Store.AllAsync(Table.Main, KeyRing.Installation, prefix, ct))
                if (!item.Sealed.IsEmpty && open.Installation.Open(item.Key, item.Version, item.Sealed.Span) is null)
                    throw new StoreRefusedException($"The installation's own items ({item.Key.Sort}) do not open: its key was changed between the data of {of.DataAt:u} and the keys of {of.KeysAt:u}. Take keys that are nearer to the data, or newer data, and another folder.");
    }

    /// <summary>A tenant has items under a number that the keys lack when its key was dropped longer ago than backups are kept, or was made after older keys. One without any key was erased.</summary>
    private static async Task<bool> OpensAsync(OpenStore open, string tenant, CancellationToken ct) =>
        await open.Keys.TenantAsync(tenant, ct) is not { } own || await open.Store.GetAsync(Tenants.KeyOf(tenant), ct) is not { } item || own.Open(item.Key, item.Version, item.Sealed.Span) is not null;

    /// <summary>From here on the folder says that it is no store, whatever happens.</summary>
    private static DataFolder Begin(string into)
    {
        try
        {
            into = Directory.CreateDirectory(into, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute).FullName;
            if (File.Exists(Path.Combine(into, DataFolder.UnfinishedName)))
                throw new StoreRefusedException($"A restore into {into} was not finished. Remove the folder (rm -r {into}) and restore again.");
            if (Directory.EnumerateFileSystemEntries(into).Any())
                throw new StoreRefusedException($"{into} is not empty. A restore overwrites nothing: name a folder that is empty or not there.");
            using (var mark = BackupCheck.NewFile(Path.Combine(into, DataFolder.UnfinishedName)))
                RandomAccess.FlushToDisk(mark.SafeFileHandle);
            FolderSync.Sync(into);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new StoreRefusedException($"{into} can't be written ({failure.GetType().Name}).", failure);
        }
        return DataFolder.Open(into, restoring: true);
    }

    private static async Task<T> NamedAsync<T>(string file, Func<Task<T>> read)
    {
        try
        {
            return await read();
        }
        catch (BackupRefusedException refused)
        {
            throw new StoreRefusedException($"{file} can't be used: {refused.Message}.", refused);
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException)
        {
            throw new StoreRefusedException($"{file} can't be read ({failure.GetType().Name}).", failure);
        }
        catch (IOException full) when (BackupMaker.IsFull(full))
        {
            throw new StoreRefusedException("The disk is full. Free some space, remove the folder and restore again.", full);
        }
    }
}
