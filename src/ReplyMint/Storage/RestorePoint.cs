using System.Text.Json;

namespace ReplyMint.Storage;

/// <summary>
/// A restored store is one that went back in time: what was answered after the copy was made, it does not know. For as long as this
/// item is there, a mail of before the restore is answered by a person only: a second answer can't be taken back, a wait can.
/// </summary>
/// <param name="At">When it was restored.</param>
/// <param name="Copied">Which instant the copy shows.</param>
internal sealed record RestorePoint(int V, DateTimeOffset At, DateTimeOffset Copied)
{
    // No sender's queue keeps a mail longer.
    private static readonly TimeSpan Kept = TimeSpan.FromDays(30);

    private static ItemKey Key { get; } = ItemKey.Main(KeyRing.Installation, "restore-point");

    public static void Set(Commit commit, DateTimeOffset at, DateTimeOffset copied) =>
        commit.Put(Key, JsonSerializer.SerializeToUtf8Bytes(new RestorePoint(1, at, copied), StorageJson.Default.RestorePoint), Condition.Any, expires: at + Kept);

    /// <summary>The last one, or null when there is none of the last 30 days.</summary>
    public static async ValueTask<RestorePoint?> ReadAsync(IStore store, CancellationToken ct) =>
        await store.GetAsync(Key, ct) is { } item ? JsonSerializer.Deserialize(item.Value.Span, StorageJson.Default.RestorePoint) : null;

    /// <summary>Whether a mail may have been answered by what is forgotten now.</summary>
    /// <param name="received">When this store took it.</param>
    /// <param name="written">What the mail says; null: nobody can tell.</param>
    public bool Covers(DateTimeOffset received, DateTimeOffset? written) => received <= At || written is null || written <= At;
}
