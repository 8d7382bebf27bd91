using System.Text.Json;

namespace ReplyMint.Storage;

/// <summary>The clear part of a stored secret.</summary>
internal sealed record StoredSecretRecord(int V, DateTimeOffset SetAt);

/// <summary>
/// Secrets of the operator that settings name as "store:NAME": sealed with the installation's key, one item each. On the embedded store
/// what is asked for is opened each time and kept nowhere else, so that a new value counts at once. A store over a network does not answer
/// at once: there all of them are held in memory, read anew by <see cref="RefreshAsync"/>, and the last good ones count while they can't be.
/// </summary>
internal sealed class StoredSecrets(IStore store, KeyRing keys)
{
    private const string Prefix = "secret/";

    private volatile Dictionary<string, byte[]> _held = [];

    /// <summary>The value, or null when there is none of that name.</summary>
    /// <remarks>Settings are read where nobody can wait; the embedded store answers reads at once.</remarks>
    public byte[]? Read(string name) => store.IsShared ? _held.GetValueOrDefault(name) : ReadAsync(name, CancellationToken.None).AsTask().GetAwaiter().GetResult();

    /// <summary>Reads all of them anew, where they are held.</summary>
    public async Task RefreshAsync(CancellationToken ct)
    {
        if (!store.IsShared)
            return;
        var read = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        await foreach (var item in store.AllAsync(Table.Main, KeyRing.Installation, Prefix, ct))
            read[item.Key.Sort[Prefix.Length..]] = (await keys.RequireAsync(KeyRing.Installation, ct)).Open(item);
        _held = read;
    }

    public async ValueTask<byte[]?> ReadAsync(string name, CancellationToken ct) =>
        await store.GetAsync(KeyOf(name), ct) is { } item ? (await keys.RequireAsync(KeyRing.Installation, ct)).Open(item) : null;

    /// <summary>Names, and when each was set.</summary>
    public async Task<IReadOnlyList<(string Name, DateTimeOffset SetAt)>> ListAsync(CancellationToken ct)
    {
        var all = new List<(string, DateTimeOffset)>();
        await foreach (var item in store.AllAsync(Table.Main, KeyRing.Installation, Prefix, ct))
            all.Add((item.Key.Sort[Prefix.Length..], JsonSerializer.Deserialize(item.Value.Span, StorageJson.Default.StoredSecretRecord)!.SetAt));
        return all;
    }

    /// <summary>Adds a value to a commit, in place of one that is there. True when there was one.</summary>
    public async Task<bool> SetAsync(Commit commit, string name, ReadOnlyMemory<byte> value, DateTimeOffset now, CancellationToken ct)
    {
        var (key, installation) = (KeyOf(name), await keys.RequireAsync(KeyRing.Installation, ct));
        var before = await store.GetAsync(key, ct);
        commit.Put(key, StoredJson.Write(new StoredSecretRecord(1, now), StorageJson.Default.StoredSecretRecord), Condition.Same(before), installation.Seal(key, (before?.Version ?? 0) + 1, value.Span));
        return before is not null;
    }

    /// <summary>Adds its removal to a commit. False when there is none.</summary>
    public async Task<bool> RemoveAsync(Commit commit, string name, CancellationToken ct)
    {
        if (await store.GetAsync(KeyOf(name), ct) is not { } item)
            return false;
        commit.Delete(item.Key, Condition.Same(item));
        return true;
    }

    private static ItemKey KeyOf(string name) => ItemKey.Main(KeyRing.Installation, Prefix + name);
}
