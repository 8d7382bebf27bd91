using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Cli.Reach;
using ReplyMint.Inbound;
using ReplyMint.Incidents;
using ReplyMint.Privacy;
using ReplyMint.Security;
using ReplyMint.Storage;
using System.Net.Sockets;

namespace ReplyMint.Cli;

/// <summary>A running server: the lock, the store, the listeners and the control socket, taken in this order and given back in the other. On a shared store without lock and socket.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private readonly Stack<Func<ValueTask>> _giveBack = new();

    private ServerProcess()
    {
    }

    public IServiceProvider Services { get; private set; } = null!;

    /// <summary>As reached, with the port that was really taken.</summary>
    public string Url { get; private set; } = "";

    /// <summary>The SMTP listener's port, or 0.</summary>
    public int SmtpPort { get; private set; }

    /// <exception cref="RefusedException">With the reason and the remedy.</exception>
    public static async Task<ServerProcess> StartAsync(ReplyMintSettings settings, CommandHost host, CancellationToken ct)
    {
        var server = new ServerProcess();
        try
        {
            await server.StartCoreAsync(settings, host, ct);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        while (_giveBack.TryPop(out var next))
            await next();
    }

    private async Task StartCoreAsync(ReplyMintSettings settings, CommandHost host, CancellationToken ct)
    {
        var data = settings.Data!;
        // A shared store is nobody's: others serve it too, and commands open it beside them.
        var owns = settings.Store == StoreKind.Embedded;
        if (owns)
        {
            var taken = await TakeAsync(data, ct);
            _giveBack.Push(() => { taken.Dispose(); return ValueTask.CompletedTask; });
        }
        var open = await Installation.OpenAsync(settings, host, ct);
        _giveBack.Push(open.DisposeAsync);
        if (await RestoredMark.IsSetAsync(open.Store.Store, ct))
            throw new RefusedException(Installation.Restored);
        Installation.TellNewKey(open.Store, host);

        var app = await BuildAsync(settings, open);
        _giveBack.Push(app.DisposeAsync);
        Services = app.Services;
        await Services.GetRequiredService<SettingsChanges>().LookAsync(settings.ChangedBy, ct);
        await ListenAsync(app, settings, ct);
        _giveBack.Push(async () => await app.StopAsync(CancellationToken.None));
        Url = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        SmtpPort = app.Services.GetRequiredService<SmtpListener>().Port;

        if (!owns)
            return;
        var address = Path.Combine(StoreLock.RunFolder(data), "address");
        await File.WriteAllTextAsync(address, Url + "\n", ct);
        _giveBack.Push(() => { File.Delete(address); return ValueTask.CompletedTask; });
        _giveBack.Push(ControlServer.Start(data, app.Services, () => CommandTree.Build(CommandHost.Nowhere)).DisposeAsync);
    }

    private static async Task<StoreLock> TakeAsync(string data, CancellationToken ct)
    {
        try
        {
            return await StoreLock.TakeAsync(data, TimeSpan.FromSeconds(2), ct) ?? throw new RefusedException(StoreLock.Held(data));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RefusedException($"the data folder {data} can't be written; check its owner and mode, or name another one with --data", e);
        }
    }

    private static async Task<WebApplication> BuildAsync(ReplyMintSettings settings, OpenInstallation open)
    {
        var builder = ReplyMintApp.NewBuilder();
        ProcessLog.Add(builder.Logging, settings.Environment);
        await Installation.AddRoomsAsync(builder.Services, settings, open);
        var app = builder.Build();
        app.MapReplyMint();
        return app;
    }

    private static async Task ListenAsync(WebApplication app, ReplyMintSettings settings, CancellationToken ct)
    {
        try
        {
            await app.StartAsync(ct);
        }
        catch (SettingsException e)
        {
            throw new RefusedException(e.Message.ReplaceLineEndings(" "), e);
        }
        catch (IOException e) when (e.InnerException is AddressInUseException)
        {
            throw new RefusedException($"the port of {string.Join(", ", settings.Urls)} is busy; stop the program that uses it, or name another one with --urls", e);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            throw new RefusedException($"the SMTP port {settings.Smtp.Port} is busy; stop the program that uses it, or name another one with --set smtp.port=PORT", e);
        }
        catch (SocketException e)
        {
            throw new RefusedException($"a listener can't be opened ({e.SocketErrorCode}); check urls, smtp.address and smtp.port (ports below 1024 need a right of their own)", e);
        }
        catch (IOException e)
        {
            throw new RefusedException($"HTTP can't be served on {string.Join(", ", settings.Urls)} ({e.Message}); name another address with --urls", e);
        }
    }
}
