using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ReplyMint.Privacy;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Cli;

/// <summary>Opens the store of an installation whose lock is held, and says in one line why it can't.</summary>
internal static class Installation
{
    /// <summary>Why neither the server nor a command works on a store that was restored: it shows nobody whom it should have forgotten.</summary>
    public const string Restored = "this store was restored from a backup, and what was erased since is in it again; run this first: replymint erase replay [--ledger FOLDER]";

    /// <exception cref="RefusedException">With the reason and the remedy.</exception>
    public static async Task<OpenStore> OpenAsync(ReplyMintSettings settings, CancellationToken ct)
    {
        var data = settings.Data!;
        try
        {
            return await OpenStore.OpenAsync(DataFolder.Open(data), settings.Config!, settings.MasterKey, TimeProvider.System, ct);
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
        var open = await OpenAsync(settings, ct);
        TellNewKey(open, host);
        var services = new ServiceCollection().AddLogging(l => l.SetMinimumLevel(LogLevel.None));
        await AddRoomsAsync(services, settings, open);
        var provider = services.BuildServiceProvider();
        return new OpenedStore(provider, async () =>
        {
            await provider.DisposeAsync();
            await open.DisposeAsync();
        }) { IsRestored = await RestoredMark.IsSetAsync(open.Store, ct) };
    }

    /// <summary>All rooms, or a refusal in one line when a secret that the settings name can't be used; the store is closed then.</summary>
    /// <exception cref="RefusedException">Names the setting.</exception>
    public static async Task AddRoomsAsync(IServiceCollection services, ReplyMintSettings settings, OpenStore open)
    {
        try
        {
            services.AddReplyMint(settings, open);
        }
        catch (SettingsException e)
        {
            await open.DisposeAsync();
            throw new RefusedException(e.Message.ReplaceLineEndings(" "), e);
        }
    }

    public static void TellNewKey(OpenStore open, CommandHost host)
    {
        if (open.IsNew)
            host.Error.WriteLine($"(new store {open.Id}; its master key is {open.KeyFile}: keep a copy in another place, without it the store can't be read)");
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
