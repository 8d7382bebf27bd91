using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Security;

namespace ReplyMint.Storage;

/// <summary>An open store with its keys: what every other room stands on.</summary>
internal sealed class OpenStore(IStore store, IBlobStore blobs, KeyRing keys, TenantKeys installation, DataFolder folder, string id, MasterKeys masters, IKeyVault vault) : IAsyncDisposable
{
    public IStore Store => store;
    public IBlobStore Blobs => blobs;
    public KeyRing Keys => keys;
    /// <summary>The installation's own keys, which every start needs.</summary>
    public TenantKeys Installation => installation;
    public DataFolder Folder => folder;
    public string Id => id;

    /// <summary>All of it lies in the data folder; else that only has what can be made anew.</summary>
    public bool IsEmbedded => !store.IsShared;
    public StoredSecrets Secrets { get; } = new(store, keys);
    public MasterKeys Masters => masters;
    public IKeyVault Vault => vault;

    /// <summary>What whoever starts this should be told of the master key, or null.</summary>
    public string? KeyNotice { get; private init; }

    /// <summary>True when this start made the store and its key.</summary>
    public bool IsNew { get; private init; }

    /// <summary>Opens the store of a data folder, or makes it with a new master key outside of it.</summary>
    /// <exception cref="StoreRefusedException">With the reason and the remedy.</exception>
    public static Task<OpenStore> OpenAsync(DataFolder folder, string configFolder, MasterKeySettings settings, TimeProvider time, CancellationToken ct) =>
        OpenAsync(SqliteStore.Open(folder.Database, folder.Backup, time), new BlobFolder(folder.Blobs), folder, configFolder, settings, time, ct);

    /// <summary>The same on any adapter, which belongs to what is opened from now on; it is closed should that fail.</summary>
    public static Task<OpenStore> OpenAsync(IStore store, IBlobStore blobs, DataFolder folder, string configFolder, MasterKeySettings settings, TimeProvider time, CancellationToken ct) =>
        OpenAsync(store, blobs, folder, id => MasterKeyPlace.Of(settings, configFolder, id), time, ct);

    /// <summary>The same with a vault of the master key, which is asked for by the store's id.</summary>
    public static async Task<OpenStore> OpenAsync(IStore store, IBlobStore blobs, DataFolder folder, Func<string, IKeyVault> vaultOf, TimeProvider time, CancellationToken ct)
    {
        try
        {
            var item = await store.GetAsync(StoreIdentity.At, ct);
            var open = item is null
                ? await CreateAsync(store, blobs, folder, vaultOf, time, ct)
                : await ReopenAsync(store, blobs, folder, vaultOf, item, time, ct);
            await open.RefreshAsync(ct);
            return open;
        }
        catch
        {
            await CloseAsync(store);
            throw;
        }
    }

    /// <summary>Who the store of a data folder is, without any key; null when there is none. The caller holds the folder's lock.</summary>
    /// <exception cref="StoreRefusedException">It can't be opened.</exception>
    public static async Task<StoreIdentity?> IdentityAsync(DataFolder folder, CancellationToken ct)
    {
        await using var store = SqliteStore.Open(folder.Database, folder.Backup, TimeProvider.System);
        return (await StoreIdentity.ReadAsync(store, ct))?.Value;
    }

    public ValueTask DisposeAsync() => CloseAsync(store);

    private static ValueTask CloseAsync(IStore store) => store is IAsyncDisposable open ? open.DisposeAsync() : default;

    private static async Task<OpenStore> ReopenAsync(IStore store, IBlobStore blobs, DataFolder folder, Func<string, IKeyVault> vaultOf, Item item, TimeProvider time, CancellationToken ct)
    {
        var identity = StoreIdentity.Of(item);
        var vault = vaultOf(identity.Id);
        var (masters, notice) = await vault.ReadAsync(identity, item.Version, ct);
        Share(store, masters, vault);
        var keys = new KeyRing(store, masters, time);
        return new OpenStore(store, blobs, keys, await keys.RequireAsync(KeyRing.Installation, ct), folder, identity.Id, masters, vault) { KeyNotice = notice };
    }

    private static async Task<OpenStore> CreateAsync(IStore store, IBlobStore blobs, DataFolder folder, Func<string, IKeyVault> vaultOf, TimeProvider time, CancellationToken ct)
    {
        var id = Ids.Random('s');
        var (vault, commit) = (vaultOf(id), new Commit());
        var master = await vault.FirstAsync(commit, ct);
        var masters = new MasterKeys(master, null, 0);
        var keys = new KeyRing(store, masters, time);
        var identity = new StoreIdentity(1, id, master.Check, KeySince: time.GetUtcNow(), MadeAt: time.GetUtcNow());
        commit.Put(StoreIdentity.At, identity.Bytes(), Condition.Absent);
        await keys.CreateAsync(commit, KeyRing.Installation, ct);
        if (await store.CommitAsync(commit, ct) != CommitResult.Committed)
            throw new StoreRefusedException("The store was made by another process at the same moment. Start again.");
        masters.Change(master, null, 1);
        Share(store, masters, vault);
        return new OpenStore(store, blobs, keys, await keys.RequireAsync(KeyRing.Installation, ct), folder, id, masters, vault) { IsNew = true };
    }

    /// <summary>Before work that begins after a pause, such as a machine's that was put to sleep: what is held of the store is of now.</summary>
    public Task RefreshAsync(CancellationToken ct) => Secrets.RefreshAsync(ct);

    private static void Share(IStore store, MasterKeys masters, IKeyVault vault)
    {
        if (store.IsShared)
            masters.Anew = async (identity, ct) => (await vault.ReadAsync(identity.Value, identity.Version, ct)).Masters;
    }
}

/// <summary>Removes from the adapter's own logs what was deleted; false when it has to be tried again. An adapter without such logs has nothing to do.</summary>
internal sealed record LogTruncation(Func<CancellationToken, Task<bool>> RunAsync);

internal static class StorageFeature
{
    /// <summary>The store was opened before the container, since a store that refuses must end the start with its own words.</summary>
    public static IServiceCollection AddStorage(this IServiceCollection services, OpenStore open) => (open.Store.IsShared ? services.AddHostedService<SharedRefresh>() : services)
        .AddSingleton(open.Folder)
        .AddSingleton(open)
        .AddSingleton(open.Keys)
        .AddSingleton(open.Masters)
        .AddSingleton(open.Secrets)
        .AddSingleton(open.Vault)
        .AddSingleton<TenantRekeying>()
        .AddSingleton(open.Store)
        .AddSingleton(new LogTruncation(open.Store is SqliteStore embedded ? embedded.TruncateLogAsync : static _ => Task.FromResult(true)))
        .AddSingleton(open.Blobs)
        .AddSingleton(new ReadyCheck("store", async ct =>
            await open.Store.CommitAsync(new Commit().Put(ItemKey.Main(KeyRing.Installation, "ready"), "{\"v\":1}"u8.ToArray(), Condition.Any), ct) == CommitResult.Committed));
}
