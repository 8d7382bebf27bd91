using System.Globalization;
using System.Text.Json;
using ReplyMint.Storage;

namespace ReplyMint.Outbound;

/// <summary>
/// A restored store went back in time: what was on its way out then has most likely left since. It becomes uncertain, so that a
/// person or a delivery event settles it, and it is never sent twice by itself.
/// </summary>
internal static class RestoredSendings
{
    // A mail and its sealed bytes are written whole; so many of them stay far below what a commit may weigh.
    private const int Page = 20;

    /// <summary>Holds all of one tenant; returns how many. May be done again.</summary>
    /// <param name="copied">The instant that the copy shows.</param>
    public static async Task<int> HoldAsync(IStore store, string tenant, DateTimeOffset copied, DateTimeOffset now, CancellationToken ct)
    {
        var held = 0;
        var commit = new Commit();
        await foreach (var item in store.AllAsync(Table.Main, tenant, Outbox.Prefix, ct))
        {
            var record = JsonSerializer.Deserialize(item.Value.Span, OutboxJson.Default.OutboxRecord)!;
            if (record.State is not (OutboxState.Queued or OutboxState.Sending))
                continue;
            var detail = string.Create(CultureInfo.InvariantCulture, $"restored from a copy of {copied.UtcDateTime:yyyy-MM-dd HH:mm} UTC: it may have left after that");
            commit.Put(item.Key, StoredJson.Write(record with { State = OutboxState.Uncertain, ChangedAt = now, Detail = detail }, OutboxJson.Default.OutboxRecord), Condition.Same(item), item.Sealed, item.Expires);
            held++;
            if (commit.Operations.Count == Page)
                await WriteAsync();
        }
        await WriteAsync();
        return held;

        async Task WriteAsync()
        {
            if (commit.Operations.Count > 0 && await store.CommitAsync(commit, ct) != CommitResult.Committed)
                throw new InvalidOperationException("Somebody else writes to a store that is being restored.");
            commit = new Commit();
        }
    }
}
