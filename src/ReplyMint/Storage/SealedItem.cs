using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace ReplyMint.Storage;

/// <summary>
/// One item that is sealed under the installation's key, such as a ring of keys: opened once for each version of it. The store is asked
/// each time, so what was dropped, here or by another process, counts nowhere again.
/// </summary>
/// <param name="store">The store.</param>
/// <param name="keys">Opens it.</param>
/// <param name="at">Its key, in the installation's partition.</param>
/// <param name="empty">What it is while there is none.</param>
/// <param name="type">How it is written.</param>
internal sealed class SealedItem<T>(IStore store, KeyRing keys, ItemKey at, T empty, JsonTypeInfo<T> type) where T : class
{
    private volatile Reading? _last;

    private sealed record Reading(T Value, long Version);

    public async ValueTask<T> ReadAsync(CancellationToken ct)
    {
        if (await store.GetAsync(at, ct) is not { } item)
            return empty;
        if (_last is { } last && last.Version == item.Version)
            return last.Value;
        var value = await OpenAsync(item, ct);
        _last = new(value, item.Version);
        return value;
    }

    /// <summary>Changes it, and returns it as it is then. Of two at once one decides anew.</summary>
    /// <param name="change">What it becomes; null leaves it.</param>
    /// <param name="also">Adds to the commit what belongs to the change, from what was before to what is after.</param>
    /// <param name="ct">Calls it off.</param>
    public async Task<T> ChangeAsync(Func<T, T?> change, Func<Commit, T, T, CancellationToken, Task> also, CancellationToken ct)
    {
        var own = await keys.RequireAsync(KeyRing.Installation, ct);
        return await store.RetryAsync(async (commit, token) =>
        {
            var item = await store.GetAsync(at, token);
            var before = item is null ? empty : await OpenAsync(item, token);
            if (change(before) is not { } after)
                return before;
            commit.Put(at, "{\"v\":1}"u8.ToArray(), Condition.Same(item), StoredJson.Seal(own, at, (item?.Version ?? 0) + 1, after, type));
            await also(commit, before, after, token);
            return after;
        }, ct);
    }

    private async ValueTask<T> OpenAsync(Item item, CancellationToken ct) =>
        JsonSerializer.Deserialize((await keys.RequireAsync(KeyRing.Installation, ct)).Open(item), type)!;
}
