using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ReplyMint.Aws;
using ReplyMint.Jobs;
using ReplyMint.Privacy;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Cli;

/// <summary>Opens the store of an installation, and says in one line why it can't. The lock of an embedded one is held.</summary>
internal static class Installation
{
    /// <summary>Why neither the server nor a command works on a store that was restored: it shows nobody whom it should have forgotten.</summary>
    public const string Restored = "this store was restored from a backup, and what was erased since is in it again; run this first: replymint erase replay [--ledger FOLDER]";

    /// <exception cref="RefusedException">With the reason and the remedy.</exception>
    public static async Task<OpenInstallation> OpenAsync(ReplyMintSettings settings, CommandHost host, CancellationToken ct)
    {
        var aws = settings.NeedsAws() ? AwsOf(settings, host) : null;
        try
        {
            return new(await RefusingAsync(settings, async folder => settings.Store == StoreKind.Embedded
                ? await OpenStore.OpenAsync(folder, settings.Config!, settings.MasterKey, TimeProvider.System, ct)
                : await SharedAsync(aws!, folder, ct)), aws);
        }
        catch
        {
            aws?.Dispose();
            throw;
        }
    }

    /// <summary>Whether the tables on AWS hold a store: what only works on one would else make an empty one in the wrong place.</summary>
    /// <exception cref="RefusedException">Nobody can tell.</exception>
    public static async Task<bool> HoldsSharedAsync(ReplyMintSettings settings, CommandHost host, CancellationToken ct)
    {
        using var aws = AwsOf(settings, host);
        return await RefusingAsync(settings, async _ =>
        {
            await using var store = aws.Store();
            return await StoreIdentity.ReadAsync(store, ct) is not null;
        });
    }

    /// <summary>Gives a shared store the master key of a recovery kit, wrapped by the key of KMS that the settings name.</summary>
    /// <returns>What speaks against it, or null.</returns>
    /// <exception cref="RefusedException">AWS does not let us.</exception>
    public static async Task<string?> PutBackAsync(string storeId, MasterKey key, ReplyMintSettings settings, CommandHost host, CancellationToken ct)
    {
        using var aws = AwsOf(settings, host);
        return await RefusingAsync(settings, async _ =>
        {
            await using var store = aws.Store();
            return await aws.Vault(store, storeId).PutBackAsync(key, ct);
        });
    }

    private static Task<OpenStore> SharedAsync(AwsServices aws, DataFolder folder, CancellationToken ct)
    {
        var store = aws.Store();
        return OpenStore.OpenAsync(store, aws.Blobs(), folder, id => aws.Vault(store, id), TimeProvider.System, ct);
    }

    private static AwsServices AwsOf(ReplyMintSettings settings, CommandHost host) => new(settings.Aws, host.Environment.GetValueOrDefault, TimeProvider.System);

    private static async Task<T> RefusingAsync<T>(ReplyMintSettings settings, Func<DataFolder, Task<T>> open)
    {
        var data = settings.Data!;
        try
        {
            return await open(DataFolder.Open(data));
        }
        catch (StoreUnavailableException e)
        {
            throw new RefusedException($"the store on AWS can't be opened: {e.Message.TrimEnd('.')}", e);
        }
        catch (StoreRefusedException e)
        {
            throw new RefusedException(e.Message, e);
        }
        catch (SqliteException e)
        {
            throw new RefusedException($"the database in {data}/db can't be used ({Reason(e)}); restore the newest backup (replymint backup restore), or name another folder with --data", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RefusedException($"the data folder {data} can't be used ({e.Message}); check its owner, mode and free space", e);
        }
    }

    /// <summary>The services for a command that runs while no server does: all rooms, nothing started.</summary>
    public static async Task<OpenedStore> OpenForCommandAsync(ReplyMintSettings settings, CommandHost host, CancellationToken ct)
    {
        var open = await OpenAsync(settings, host, ct);
        TellNewKey(open.Store, host);
        var services = new ServiceCollection().AddLogging(l => l.SetMinimumLevel(LogLevel.None));
        await AddRoomsAsync(services, settings, open);
        AddWakeUps(services, settings, open);
        var provider = services.BuildServiceProvider();
        return new OpenedStore(provider, async () =>
        {
            await provider.GetRequiredService<IWorkQueue>().FlushAsync(CancellationToken.None);
            await provider.DisposeAsync();
            await open.DisposeAsync();
        }) { IsRestored = await RestoredMark.IsSetAsync(open.Store.Store, ct) };
    }

    /// <summary>All rooms, or a refusal in one line when a secret that the settings name can't be used; the store is closed then.</summary>
    /// <exception cref="RefusedException">Names the setting.</exception>
    public static async Task AddRoomsAsync(IServiceCollection services, ReplyMintSettings settings, OpenInstallation open)
    {
        try
        {
            services.AddReplyMint(settings, open.Store, await AwsRooms.AddAsync(services, settings, open.Aws));
        }
        catch (SettingsException e)
        {
            await open.DisposeAsync();
            throw new RefusedException(e.Message.ReplaceLineEndings(" "), e);
        }
    }

    /// <summary>For a process without workers of its own: its hints go to those of others, where a queue is named.</summary>
    public static void AddWakeUps(IServiceCollection services, ReplyMintSettings settings, OpenInstallation open)
    {
        if (settings.Store == StoreKind.Aws && open.Aws is { HasQueues: true } aws)
            services.AddSingleton<IWorkQueue>(provider => aws.WakeUps(provider.GetServices<ErasingKind>(), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<SqsWakeUps>>()));
    }

    public static void TellNewKey(OpenStore open, CommandHost host)
    {
        if (open.IsNew)
            host.Error.WriteLine(open.Vault is MasterKeyPlace file ? $"(new store {open.Id}; its master key is {file.File}: keep a copy in another place, without it the store can't be read)"
                : $"(new store {open.Id}; its master key is wrapped by {open.Vault.Where}: without that the store can't be read)");
        else if (open.KeyNotice is { } notice)
            host.Error.WriteLine($"replymint: {notice}");
    }

    private static string Reason(SqliteException e) => e.SqliteErrorCode switch
    {
        11 or 26 => "it is damaged or no database",
        13 => "the disk is full",
        8 or 14 => "it can't be written",
        5 or 6 => "another program uses it",
        var code => $"SQLite error {code}",
    };
}
