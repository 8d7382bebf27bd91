using ReplyMint.Audit;
using ReplyMint.Storage;

namespace ReplyMint.Accounts;

/// <summary>What a restore took from people and programs.</summary>
/// <param name="Sessions">Sign-ins that ended.</param>
/// <param name="Keys">API keys whose secrets ended; a rotation gives a new one.</param>
/// <param name="Members">Members and operators who are held until somebody confirms them.</param>
internal sealed record EndedAccess(int Sessions, int Keys, int Members);

/// <summary>
/// A restored store does not know whom access was taken from since the copy was made, and a restore often follows an intrusion. So
/// nothing that was given away before it opens a door any more: whoever comes in was confirmed, and signed in, after it.
/// </summary>
internal static class RestoredAccess
{
    // A key weighs a few kilobytes at most; so many stay far below what a commit may weigh.
    private const int PerCommit = 50;

    // Sessions go first. A passkey stays a second factor: without the way from it to its owner it signs nobody in by itself.
    private static readonly string[] Given = ["session/", "refresh/", "sign-in-link/", "sign-in-request/", "invitation-token/", "passkey/"];

    /// <summary>Ends all of it. May be done again.</summary>
    /// <param name="partitions">All tenants, and the installation.</param>
    public static async Task<EndedAccess> EndAsync(OpenStore open, IReadOnlyList<string> partitions, TimeProvider time, CancellationToken ct)
    {
        var (now, audit) = (time.GetUtcNow(), new AuditLog(open.Store, time));
        int sessions = 0, keys = 0, members = 0;
        foreach (var prefix in Given)
        {
            var ended = await EachAsync(open.Store, KeyRing.Installation, prefix, Remove, ct);
            sessions += prefix == Given[0] ? ended : 0;
        }
        foreach (var partition in partitions)
        {
            members += await EachAsync(open.Store, partition, Members.Prefix, (commit, item) => Members.Hold(commit, item, now), ct);
            await EachAsync(open.Store, partition, "invitation/", Remove, ct);
            if (await open.Keys.TenantAsync(partition, ct) is { } own)
                keys += await EachAsync(open.Store, partition, ApiKeys.Prefix, (commit, item) => ApiKeys.End(commit, own, item, now), ct);
        }
        await new SigningKeys(open.Store, open.Keys, audit, time).RotateAsync(dropOld: true, Actor.Machine, ct);
        return new(sessions, keys, members);
    }

    private static bool Remove(Commit commit, Item item)
    {
        commit.Delete(item.Key, Condition.Same(item));
        return true;
    }

    private static async Task<int> EachAsync(IStore store, string partition, string prefix, Func<Commit, Item, bool> change, CancellationToken ct)
    {
        var changed = 0;
        var commit = new Commit();
        await foreach (var item in store.AllAsync(Table.Main, partition, prefix, ct))
        {
            changed += change(commit, item) ? 1 : 0;
            if (commit.Operations.Count == PerCommit)
                await WriteAsync();
        }
        await WriteAsync();
        return changed;

        async Task WriteAsync()
        {
            if (commit.Operations.Count > 0 && await store.CommitAsync(commit, ct) != CommitResult.Committed)
                throw new InvalidOperationException("Somebody else writes to a store that is being restored.");
            commit = new Commit();
        }
    }
}
