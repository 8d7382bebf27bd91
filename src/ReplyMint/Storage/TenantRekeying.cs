using System.Text.Json;

namespace ReplyMint.Storage;

/// <summary>
/// Items whose sealed bytes stay as they were first written, bound to version 1, while their clear part changes.
/// </summary>
/// <param name="Prefix">Of their sort keys.</param>
/// <param name="MayRewrite">False while somebody works with the item as he read it and would take a new version for news.</param>
internal sealed record SealedOnce(string Prefix, Func<Item, bool> MayRewrite);

/// <summary>Items that are not sealed by the tenant's key but by a person's: whose that is, only their room knows.</summary>
/// <param name="Prefix">Of their sort keys.</param>
/// <param name="KeyOf">What seals such an item; null when that is gone.</param>
/// <param name="ResealFile">Where an item is not sealed itself, what is may lie in a file beside it: seals that again, and says whether it had to.</param>
internal sealed record SealedByPerson(string Prefix, Func<Item, CancellationToken, ValueTask<SealingKey?>> KeyOf, Func<Item, CancellationToken, ValueTask<bool>>? ResealFile = null);

/// <summary>What a pass found under old keys, or in an old form.</summary>
/// <param name="Found">Items and people's keys of that kind, as they were met.</param>
/// <param name="Written">Of these, what is under the newest key now, or in the form of now.</param>
/// <param name="Next">Where a pass that goes part by part goes on; null when it is over.</param>
internal readonly record struct Rekeyed(int Found, int Written, string? Next = null);

/// <summary>
/// Brings what a tenant's old keys seal and wrap under the newest one, and what is sealed in an old form into the form of now. A pass can
/// break off anywhere and begin anew: what is done is
/// seen by the number in front of it. Each item is written on condition that it is as it was read; one that changed meanwhile is
/// either sealed with the newest key already or met again by the next pass.
/// </summary>
internal sealed class TenantRekeying(IStore store, KeyRing keys, IEnumerable<SealedOnce> once, IEnumerable<SealedByPerson> people)
{
    // Raw mails of 256 KB are read along; so many of them at once are held in memory.
    private const int PageItems = 64;
    private const int BatchItems = 50;
    private const int BatchBytes = 1024 * 1024;
    private const string PersonPrefix = "person/";
    // Parts of a pass for another form: so many pages, then the server's other work has its turn.
    private const int PagesAtOnce = 4;
    private const char InKeys = 'k', InMain = 'm';

    private readonly SealedOnce[] _once = [.. once];
    private readonly SealedByPerson[] _people = [.. people];

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

    /// <summary>
    /// A part of a pass that brings all of a tenant into the form that is sealed in now, correspondents' things too. What is kept only for
    /// a backup's sake goes by itself, and entries of the audit log stay as their chain has them.
    /// </summary>
    /// <param name="tenant">Must have keys.</param>
    /// <param name="from">Where the part before ended; null begins.</param>
    public async Task<Rekeyed> ReformAsync(string tenant, string? from, CancellationToken ct)
    {
        var own = await keys.RequireAsync(tenant, ct);
        var batch = new Batch(store, keys);
        var (inKeys, cursor) = (from is null or [InKeys, ..], from is { Length: > 1 } ? from[1..] : null);
        for (var pages = 0; pages < PagesAtOnce; pages++)
        {
            var page = await store.QueryAsync(inKeys ? Table.Keys : Table.Main, tenant, new Range(inKeys ? PersonPrefix : "", Limit: PageItems), cursor, ct);
            foreach (var item in page.Items)
                await (inKeys ? ReformKeyAsync(own, item, batch, ct) : ReformAsync(own, item, batch, ct));
            cursor = page.Cursor;
            if (cursor is not null)
                continue;
            // A commit that seals holds the person's key, so those are written before.
            await batch.FlushAsync(ct);
            if (!inKeys)
                return new(batch.Found, batch.Written);
            inKeys = false;
        }
        await batch.FlushAsync(ct);
        return new(batch.Found, batch.Written, (inKeys ? InKeys : InMain) + cursor);
    }

    private static async ValueTask ReformKeyAsync(TenantKeys own, Item item, Batch batch, CancellationToken ct)
    {
        if (JsonSerializer.Deserialize(item.Value.Span, StorageJson.Default.PersonKeyRecord) is { Wrapped: [var form, ..] } record && form != (byte)own.Form)
            await batch.AddAsync(item, StoredJson.Write(own.Rewrap(item.Key.Sort[PersonPrefix.Length..], record), StorageJson.Default.PersonKeyRecord), item.Sealed, ct);
    }

    private async ValueTask ReformAsync(TenantKeys own, Item item, Batch batch, CancellationToken ct)
    {
        var kind = Array.Find(_people, kind => item.Key.Sort.StartsWith(kind.Prefix, StringComparison.Ordinal));
        if (item.Sealed.IsEmpty && kind?.ResealFile is { } file && await file(item, ct))
            batch.Done();
        if (SealingKey.FormOf(item.Sealed.Span) is not { } form || form == own.Form)
            return;
        var stays = StaysOf(item);
        var key = kind is null ? own : await kind.KeyOf(item, ct);
        // What nobody can open, or must not touch now, is counted: it is over when nothing of the old form is left, and not before.
        if (stays?.MayRewrite(item) == false || key?.Open(item.Key, stays is null ? item.Version : 1, item.Sealed.Span) is not { } plain)
            batch.Leave();
        else
            await batch.AddAsync(item, item.Value, key.Seal(item.Key, stays is null ? item.Version + 1 : 1, plain), ct, key as PersonKey);
    }

    private SealedOnce? StaysOf(Item item) => Array.Find(_once, kind => item.Key.Sort.StartsWith(kind.Prefix, StringComparison.Ordinal));

    private async Task ResealAsync(TenantKeys own, Item item, Batch batch, CancellationToken ct)
    {
        var stays = StaysOf(item);
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

    private sealed record Write(Item Item, ReadOnlyMemory<byte> Value, ReadOnlyMemory<byte> Sealed, PersonKey? Person);

    /// <summary>Some writes in one commit, and each by itself when one of them meets a change.</summary>
    private sealed class Batch(IStore store, KeyRing keys)
    {
        private readonly List<Write> _writes = [];
        private int _bytes;

        public int Found { get; private set; }
        public int Written { get; private set; }

        public void Leave() => Found++;

        public void Done() => (Found, Written) = (Found + 1, Written + 1);

        /// <param name="person">Whose key sealed it, so that it is written only as long as that is there.</param>
        public async ValueTask AddAsync(Item item, ReadOnlyMemory<byte> value, ReadOnlyMemory<byte> @sealed, CancellationToken ct, PersonKey? person = null)
        {
            Found++;
            _writes.Add(new(item, value, @sealed, person));
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

        private async ValueTask<bool> CommitAsync(IReadOnlyList<Write> writes, CancellationToken ct)
        {
            var commit = new Commit();
            foreach (var (item, value, @sealed, person) in writes)
            {
                commit.Change(item, value, @sealed);
                person?.AddTo(commit);
            }
            if (await store.CommitAsync(commit, ct) != CommitResult.Committed)
                return false;
            // Commits hold a person's key as it was read; they are to read it anew.
            foreach (var (item, _, _, _) in writes)
                if (item.Key.Table == Table.Keys)
                    keys.Forget(item.Key.Partition, item.Key.Sort[PersonPrefix.Length..]);
            Written += writes.Count;
            return true;
        }
    }
}
