using ReplyMint.Audit;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Accounts;

/// <summary>Changes who belongs to a tenant, with all that hangs on it: invitations that would undo it, and rights that are remembered.</summary>
internal sealed class MemberDesk(IStore store, Users users, Members members, Invitations invitations, Standings standings)
{
    public async Task<MemberChange> ChangeAsync(string tenant, string user, Role role, IReadOnlyList<string>? mailboxes, long version, Actor actor, CancellationToken ct)
    {
        var result = await store.RetryAsync((commit, token) => members.SetAsync(commit, tenant, user, role, mailboxes, actor, token, version), ct);
        standings.Changed(user);
        return result;
    }

    /// <summary>Adds somebody on the operator's word, or changes his role.</summary>
    public async Task<(MemberChange Result, User User)> AddAsync(string tenant, string address, Role role, Actor actor, CancellationToken ct)
    {
        var added = await store.RetryAsync(async (commit, token) =>
        {
            var user = await users.EnsureAsync(commit, address, "", token);
            var result = await members.SetAsync(commit, tenant, user.Id, role, null, actor, token);
            // A person who came into being for nothing is not left behind.
            if (result == MemberChange.TooMany)
                commit.Clear();
            return (result, user);
        }, ct);
        standings.Changed(added.user.Id);
        return added;
    }

    /// <summary>Says that a person who is held since a restore still belongs to a tenant. False when he is not held there.</summary>
    public async Task<bool> ConfirmAsync(string tenant, string user, Actor actor, CancellationToken ct)
    {
        var confirmed = await store.RetryAsync((commit, token) => members.ConfirmAsync(commit, tenant, user, actor, token), ct);
        standings.Changed(user);
        return confirmed;
    }

    /// <summary>Removes a member; an invitation to his address goes too, or it would let him in again. His sessions and keys end for good: they are of this membership, and a later one is another.</summary>
    public async Task<MemberChange> RemoveAsync(string tenant, string user, Actor actor, CancellationToken ct)
    {
        var person = await users.FindAsync(user, ct);
        var result = await store.RetryAsync(async (commit, token) =>
        {
            var removed = await members.RemoveAsync(commit, tenant, user, actor, token);
            if (removed == MemberChange.Done && person is not null)
                await invitations.WithdrawAsync(commit, tenant, person.Address, token);
            return removed;
        }, ct);
        standings.Changed(user);
        return result;
    }
}
