using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Hosting;

namespace ReplyMint.Security;

/// <summary>
/// The Unix socket by which commands of the same user speak to the running server. Whoever can open it already owns the data
/// folder, so it asks for no host name and no HTTPS; in return its routes answer nowhere else.
/// </summary>
/// <param name="Path">In a folder that only this user can enter; at most 100 bytes, the system's limit.</param>
internal sealed record ControlSocket(string Path) : IHostedLifecycleService
{
    /// <summary>Marks a connection that came in by the socket; nothing in a request can set it.</summary>
    private sealed class Mark
    {
        public static readonly Mark Instance = new();
    }

    public static ConnectionDelegate Marking(ConnectionDelegate next) => connection =>
    {
        connection.Features.Set(Mark.Instance);
        return next(connection);
    };

    // Asking for the address first keeps the look-up of the mark away from ordinary requests.
    public static bool Carries(HttpContext context) =>
        context.Connection.RemoteIpAddress is null && context.Features.Get<Mark>() is not null;

    /// <summary>A socket that a killed server left behind can't be bound again. The caller holds the store's lock, so nobody listens there.</summary>
    public Task StartingAsync(CancellationToken cancellationToken)
    {
        File.Delete(Path);
        return Task.CompletedTask;
    }

    public Task StartedAsync(CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return Task.CompletedTask;
    }

    public Task StoppedAsync(CancellationToken cancellationToken)
    {
        File.Delete(Path);
        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
