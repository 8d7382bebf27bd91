using ReplyMint.Storage;

namespace ReplyMint.Privacy;

/// <summary>
/// Set in a store that was restored from a backup: erasures that came after the backup are in it no more, so it must not
/// serve, and no command works on it, before the ledger was replayed (GDPR-2). Whoever restores sets it.
/// </summary>
internal static class RestoredMark
{
    public static ItemKey Key { get; } = ItemKey.Main(KeyRing.Installation, "restored");

    public static void Set(Commit commit) => commit.Put(Key, "{\"v\":1}"u8.ToArray(), Condition.Any);

    public static async ValueTask<bool> IsSetAsync(IStore store, CancellationToken ct) => await store.GetAsync(Key, ct) is not null;
}
