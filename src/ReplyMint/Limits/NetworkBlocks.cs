using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Security;

namespace ReplyMint.Limits;

/// <summary>
/// Networks that are shut out for a while, by their marks (<see cref="NetworkMark.Near"/>). They lie among what is contained, and in memory, since each
/// request asks; where other processes write, too, they are read anew every few seconds. Mail by SMTP is not asked: it comes from relays.
/// </summary>
internal sealed class NetworkBlocks(Containments contained, SecurityEvents events, TimeProvider time)
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(2);

    private volatile HashSet<string> _marks = [];
    private long? _readAt;

    public async Task ReloadAsync(CancellationToken ct)
    {
        var at = time.GetTimestamp();
        _marks = await contained.NetworksAsync(ct);
        _readAt = at;
    }

    public Task ReloadIfDueAsync(CancellationToken ct) => _readAt is { } at && time.GetElapsedTime(at) < Fresh ? Task.CompletedTask : ReloadAsync(ct);

    /// <summary>Costs nothing while nobody is shut out.</summary>
    public async ValueTask<bool> ShutsAsync(HttpContext context) =>
        _marks.Count > 0 && events.MarkOf(context.Connection.RemoteIpAddress) is { } from && _marks.Contains(from.Near)
            // Only the store knows when it is over.
            && await contained.IsAsync(ContainedKind.Network, from.Near, context.RequestAborted);
}

internal static class NetworkBlockSteps
{
    public static void UseNetworkBlocks(this WebApplication app)
    {
        if (app.Services.GetService<NetworkBlocks>() is not { } blocks)
            return;
        app.Use(next => async context =>
        {
            if (await blocks.ShutsAsync(context))
                await new Problem(403, "Your network was shut out for a while, because of what came from it.").ExecuteAsync(context);
            else
                await next(context);
        });
    }
}
