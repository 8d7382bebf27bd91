using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using ReplyMint.Audit;
using ReplyMint.Security;

namespace ReplyMint.Accounts;

/// <summary>
/// Tells the operator of good keys that come from networks that they are not for (MON-3): somebody else may have them. Once an
/// hour for a key, and never waited for by the request, whose sender must not be able to tell.
/// </summary>
internal sealed partial class StrayKeys(Alerts alerts, TimeProvider time, ILogger<StrayKeys> logger)
{
    private static readonly TimeSpan Every = TimeSpan.FromHours(1);
    private const int MaxKnown = 10_000;

    private readonly ConcurrentDictionary<string, DateTimeOffset> _told = new(StringComparer.Ordinal);

    public void Note(string tenant, string key)
    {
        var now = time.GetUtcNow();
        if (_told.TryGetValue(key, out var last) ? now - last < Every || !_told.TryUpdate(key, now, last) : !_told.TryAdd(key, now))
            return;
        if (_told.Count > MaxKnown)
            _told.Clear();
        _ = RaiseAsync(tenant, key);
    }

    private async Task RaiseAsync(string tenant, string key)
    {
        await Task.Yield();
        try
        {
            await alerts.RaiseAsync("key-network", key, $"API key {key} of tenant {tenant} was sent from a network that it is not for, and refused. If nobody there knows why, it has leaked: revoke it.", CancellationToken.None);
        }
        catch (Exception e)
        {
            LogNotRaised(logger, key, Failure.Of(e));
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "That key {Key} came from a wrong network could not be told: {Failure}")]
    private static partial void LogNotRaised(ILogger logger, string key, string failure);
}
