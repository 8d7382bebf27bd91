using System.Text.Json;

namespace ReplyMint.Storage;

/// <summary>
/// Items whose sealed bytes stay as they were first written, bound to version 1, while their clear part changes.
/// </summary>
/// <param name="Prefix">Of their sort keys.</param>
/// <param name="MayRewrite">False while somebody works with the item as he read it and would take a new version for news.</param>
internal sealed record SealedOnce(string Prefix, Func<Item, bool> MayRewrite);

/// <summary>What a pass found under old keys.</summary>
/// <param name="Found">Items and people's keys under an old key, as they were met.</param>
/// <param name="Written">Of these, what is under the newest key now.</param>
internal readonly record struct Rekeyed(int Found, int Written);

/// <summary>
/// Brings what a tenant's old keys seal and wrap under the newest one. A pass can break off anywhere and begin anew: what is done is
/// seen by the number in front of it. Each item is written on condition that it is as it was read; one that changed meanwhile is
/// either sealed with the newest key already or met again by the next pass.
/// </summary>
internal sealed class TenantRekeying(IStore store, KeyRing keys, IEnumerable<SealedOnce> once)
{
    // Raw mails of 256 KB are read along; so many of them at once are held in memory.
    private const int PageItems = 64;
    private const int BatchItems = 50;
    private const int BatchBytes = 1024 * 1024;
    private const string PersonPrefix = "person/";

    private readonly SealedOnce[] _once = [.. once];

    /// <summary>Goes through all that the tenant has.</summary>
    /// <param name="tenant">Must have keys.</param>
    public async Task<Rekeyed> PassAsync(string tenant, CancellationToken ct)
    {
        var own = await keys.RequireAsync(tenant, ct);
        var batch = new Batch(store, keys);
        await foreach (var item in AllAsync(Table.Main, tenant, "", ct))
            if (SealingKey.NumberOf(item.Sealed.Span) is { } number && own.IsOld(number))
                await ResealAsync(own, item, batch, ct);
        await foreach (var item in AllAsync(Table.Keys, tenant, PersonPrefix, ct))
            if (JsonSerializer.Deserialize(item.Value.Span, StorageJson.Default.PersonKeyRecord) is { Wrapped.Length: > 0 } record && record.TenantKey != own.Current)
            {
                var again = own.Rewrap(item.Key.Sort[PersonPrefix.Length..], record);
                await batch.AddAsync(item, StoredJson.Write(again, StorageJson.Default.PersonKeyRecord), item.Sealed, ct);
            }
        await batch.FlushAsync(ct);
        return new(batch.Found, batch.Written);
    }

    private async Task ResealAsync(TenantKeys own, Item item, Batch batch, CancellationToken ct)
    {
        var stays = Array.Find(_once, kind => item.Key.Sort.StartsWith(kind.Prefix, StringComparison.Ordinal));
        // Correspondents' keys are all number 1, so a number alone doesn't say whose key it was. Opening does.
        if (own.Open(item.Key, stays is null ? item.Version : 1, item.Sealed.Span) is { } plain)
        {
            if (stays?.MayRewrite(item) == false)
                batch.Leave();
            else
                await batch.AddAsync(item, item.Value, own.Seal(item.Key, stays is null ? item.Version + 1 : 1, plain), ct);
        }
        else if (stays is null && own.Open(item.Key, 1, item.Sealed.Span) is not null)
            // Of a kind that nobody told of: it keeps the old key from being dropped rather than be lost.
            batch.Leave();
    }

    private async IAsyncEnumerable<Item> AllAsync(Table table, string tenant, string prefix, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        string? cursor = null;
        do
        {
            var page = await store.QueryAsync(table, tenant, new Range(prefix, Limit: PageItems), cursor, ct);
            foreach (var item in page.Items)
                yield return item;
            cursor = page.Cursor;
        }
        while (cursor is not null);
    }

    /// <summary>Some writes in one commit, and each by itself when one of them meets a change.</summary>
    private sealed class Batch(IStore store, KeyRing keys)
    {
        private readonly List<(Item Item, ReadOnlyMemory<byte> Value, ReadOnlyMemory<byte> Sealed)> _writes = [];
        private int _bytes;

        public int Found { get; private set; }
        public int Written { get; private set; }

        public void Leave() => Found++;

        public async ValueTask AddAsync(Item item, ReadOnlyMemory<byte> value, ReadOnlyMemory<byte> @sealed, CancellationToken ct)
        {
            Found++;
            _writes.Add((item, value, @sealed));
            _bytes += value.Length + @sealed.Length;
            if (_writes.Count == BatchItems || _bytes >= BatchBytes)
                await FlushAsync(ct);
        }

        public async ValueTask FlushAsync(CancellationToken ct)
        {
            if (_writes.Count > 0 && !await CommitAsync(_writes, ct))
                foreach (var write in _writes)
                    await CommitAsync([write], ct);
            _writes.Clear();
            _bytes = 0;
        }

        private async ValueTask<bool> CommitAsync(IReadOnlyList<(Item Item, ReadOnlyMemory<byte> Value, ReadOnlyMemory<byte> Sealed)> writes, CancellationToken ct)
        {
            var commit = new Commit();
            foreach (var (item, value, @sealed) in writes)
                commit.Change(item, value, @sealed);
            if (await store.CommitAsync(commit, ct) != CommitResult.Committed)
                return false;
            // Commits hold a person's key as it was read; they are to read it anew.
            foreach (var (item, _, _) in writes)
                if (item.Key.Table == Table.Keys)
                    keys.Forget(item.Key.Partition, item.Key.Sort[PersonPrefix.Length..]);
            Written += writes.Count;
            return true;
        }
    }
}
