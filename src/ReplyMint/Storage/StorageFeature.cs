using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Security;

namespace ReplyMint.Storage;

/// <summary>An open store with its keys: what every other room stands on.</summary>
internal sealed class OpenStore(SqliteStore store, KeyRing keys, TenantKeys installation, DataFolder folder, string id, string keyFile) : IAsyncDisposable
{
    public SqliteStore Store => store;
    public KeyRing Keys => keys;
    /// <summary>The installation's own keys, which every start needs.</summary>
    public TenantKeys Installation => installation;
    public DataFolder Folder => folder;
    public string Id => id;

    /// <summary>Where the master key lies, for the notice at the first start.</summary>
    public string KeyFile => keyFile;

    /// <summary>True when this start made the store and its key.</summary>
    public bool IsNew { get; private init; }

    private static ItemKey IdentityKey { get; } = ItemKey.Main(KeyRing.Installation, "identity");

    /// <summary>Opens the store of a data folder, or makes it with a new master key outside of it.</summary>
    /// <exception cref="StoreRefusedException">With the reason and the remedy.</exception>
    public static async Task<OpenStore> OpenAsync(DataFolder folder, string configFolder, MasterKeySettings settings, TimeProvider time, CancellationToken ct)
    {
        var store = SqliteStore.Open(folder.Database, folder.Backup, time);
        try
        {
            var item = await store.GetAsync(IdentityKey, ct);
            return item is null
                ? await CreateAsync(store, folder, configFolder, settings, ct)
                : await ReopenAsync(store, folder, configFolder, settings, JsonSerializer.Deserialize(item.Value.Span, StorageJson.Default.StoreIdentity)!, ct);
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => store.DisposeAsync();

    private static async Task<OpenStore> ReopenAsync(SqliteStore store, DataFolder folder, string configFolder, MasterKeySettings settings, StoreIdentity identity, CancellationToken ct)
    {
        var file = Named(settings) ?? MasterKey.DefaultFile(configFolder, identity.Id);
        var master = MasterKey.Read(file, settings.Credential is not null);
        if (master.Check != identity.KeyCheck)
            throw new StoreRefusedException($"The key {file} is not the one of this store ({identity.Id}).");
        var keys = new KeyRing(store, master);
        return new OpenStore(store, keys, await keys.RequireAsync(KeyRing.Installation, ct), folder, identity.Id, file);
    }

    private static async Task<OpenStore> CreateAsync(SqliteStore store, DataFolder folder, string configFolder, MasterKeySettings settings, CancellationToken ct)
    {
        var id = Ids.Random('s');
        var named = Named(settings);
        var file = named ?? MasterKey.DefaultFile(configFolder, id);
        var master = named is null ? MasterKey.Create(file) : MasterKey.Read(file, settings.Credential is not null);
        var keys = new KeyRing(store, master);
        var commit = new Commit().Put(IdentityKey, JsonSerializer.SerializeToUtf8Bytes(new StoreIdentity(1, id, master.Check), StorageJson.Default.StoreIdentity), Condition.Absent);
        keys.Create(commit, KeyRing.Installation);
        if (await store.CommitAsync(commit, ct) != CommitResult.Committed)
            throw new StoreRefusedException("The store was made by another process at the same moment. Start again.");
        return new OpenStore(store, keys, await keys.RequireAsync(KeyRing.Installation, ct), folder, id, file) { IsNew = true };
    }

    private static string? Named(MasterKeySettings settings)
    {
        if (settings.File is not null)
            return settings.File;
        if (settings.Credential is not { } name)
            return null;
        var folder = Environment.GetEnvironmentVariable("CREDENTIALS_DIRECTORY")
            ?? throw new StoreRefusedException($"The master key is to come from the systemd credential {name}, but systemd passed no credentials (CREDENTIALS_DIRECTORY is not set).");
        return Path.Combine(folder, Path.GetFileName(name));
    }
}

internal static class StorageFeature
{
    /// <summary>The store was opened before the container, since a store that refuses must end the start with its own words.</summary>
    public static IServiceCollection AddStorage(this IServiceCollection services, OpenStore open) => services
        .AddSingleton(open.Folder)
        .AddSingleton(open.Keys)
        .AddSingleton<IStore>(open.Store)
        .AddSingleton(new BlobFolder(open.Folder.Blobs))
        .AddSingleton(new ReadyCheck("store", async ct =>
            await open.Store.CommitAsync(new Commit().Put(ItemKey.Main(KeyRing.Installation, "ready"), "{\"v\":1}"u8.ToArray(), Condition.Any), ct) == CommitResult.Committed));
}
