using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using ReplyMint.Storage;

namespace ReplyMint.Accounts;

/// <summary>When each key was used last. Written at most once a minute for a key, and never waited for by a request.</summary>
internal sealed partial class ApiKeyUses(IStore store, TimeProvider time, ILogger<ApiKeyUses> logger)
{
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Kept = TimeSpan.FromDays(400);
    private const int MaxKnown = 100_000;

    private readonly ConcurrentDictionary<string, DateTimeOffset> _written = new(StringComparer.Ordinal);

    public void Note(string tenant, string key)
    {
        var now = time.GetUtcNow();
        if (_written.TryGetValue(key, out var last) ? now - last < Every || !_written.TryUpdate(key, now, last) : !_written.TryAdd(key, now))
            return;
        if (_written.Count > MaxKnown)
            _written.Clear();
        _ = WriteAsync(tenant, key, now);
    }

    public async ValueTask<DateTimeOffset?> LastAsync(string tenant, string key, CancellationToken ct) =>
        await store.GetAsync(KeyOf(tenant, key), ct) is { } item ? JsonSerializer.Deserialize(item.Value.Span, AccountsJson.Default.ApiKeyUse)!.At : null;

    internal static ItemKey KeyOf(string tenant, string key) => ItemKey.Main(tenant, "key-use/" + key);

    private async Task WriteAsync(string tenant, string key, DateTimeOffset at)
    {
        try
        {
            await store.CommitAsync(new Commit().Put(KeyOf(tenant, key), JsonSerializer.SerializeToUtf8Bytes(new ApiKeyUse(1, at), AccountsJson.Default.ApiKeyUse), Condition.Any, expires: at + Kept), CancellationToken.None);
        }
        catch (Exception e)
        {
            // Nobody waits for this, and a full disk is told of elsewhere.
            LogLost(logger, key, e.GetType().Name);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The use of key {Key} was not noted: {Failure}")]
    private static partial void LogLost(ILogger logger, string key, string failure);
}
