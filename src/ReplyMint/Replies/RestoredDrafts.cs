using System.Text.Json;
using ReplyMint.Storage;

namespace ReplyMint.Replies;

/// <summary>
/// A restored store went back in time: a draft that waited then may have been approved, and its answer sent, since. Nobody can tell it
/// from here. So it says why it waits, and whoever approves it has to say that he knows (<see cref="GuardRule.Restored"/>).
/// </summary>
internal static class RestoredDrafts
{
    // Each is written whole, with its sealed text; so many of them stay far below what a commit may weigh.
    private const int Page = 20;

    /// <summary>Holds all of one tenant that wait; returns how many. May be done again.</summary>
    public static async Task<int> HoldAsync(IStore store, KeyRing keys, string tenant, CancellationToken ct)
    {
        if (await keys.TenantAsync(tenant, ct) is not { } own)
            return 0;
        var (waiting, held) = (0, 0);
        var commit = new Commit();
        await foreach (var entry in store.AllAsync(Table.Main, tenant, Drafts.WaitingPrefix, ct))
        {
            waiting++;
            if (await store.GetAsync(Drafts.KeyOf(tenant, entry.Key.Sort[Drafts.WaitingPrefix.Length..]), ct) is not { } item)
                continue;
            var record = Drafts.Read(item);
            // What was erased since, or is under a key that is not here, opens to nobody and can't be approved.
            if (IsHeld(record) || await keys.FindPersonAsync(own, record.Person, ct) is not { } person || person.Open(item.Key, item.Version, item.Sealed.Span) is not { } content)
                continue;
            commit.Change(item, StoredJson.Write(record with { Reasons = [ReplyPolicy.BeforeRestore, .. record.Reasons] }, RepliesJson.Default.DraftRecord), person.AddTo(commit).Seal(item.Key, item.Version + 1, content));
            if (++held % Page == 0)
                await WriteAsync();
        }
        await WriteAsync();
        return waiting;

        async Task WriteAsync()
        {
            if (!commit.IsEmpty && await store.CommitAsync(commit, ct) != CommitResult.Committed)
                throw new InvalidOperationException("Somebody else writes to a store that is being restored.");
            commit = new Commit();
        }
    }

    /// <summary>Whether it may have been answered before a restore, so that only a person who says so sends it.</summary>
    public static bool IsHeld(DraftRecord record) => record.Reasons.Contains(ReplyPolicy.BeforeRestore);
}
