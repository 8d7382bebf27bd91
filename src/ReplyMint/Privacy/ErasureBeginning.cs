using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Jobs;
using ReplyMint.Knowledge;
using ReplyMint.Outbound;
using ReplyMint.Storage;

namespace ReplyMint.Privacy;

/// <summary>An erasure that waits for a legal hold to be lifted, beside the holds.</summary>
/// <param name="Home">Where the erasure lies.</param>
internal sealed record HeldErasure(int V, string Home);

/// <summary>The first commit of an erasure: the key is destroyed, with the line of the ledger and the audit entry. From then on all it sealed is unreadable.</summary>
internal sealed class ErasureBeginning(
    KeyRing keys, ErasureLedger ledger, AuditLog audit, Messages messages, Inbox inbox, UserRemoval users, Members members, Standings standings, Mailboxes mailboxes, Tenants tenants, Webhooks webhooks, KnowledgeIndexes indexes, TimeProvider time)
{
    internal const string HeldPrefix = "erasure-held/";

    /// <summary>What has to be done before; null, or why it can't begin.</summary>
    public async Task<string?> PrepareAsync(Erasure erasure, Actor actor, CancellationToken ct) =>
        erasure.Kind == ErasureKind.User ? await users.PrepareAsync(erasure.Subject, actor, ct) : null;

    public async Task<bool> IsHeldAsync(HoldsReading holds, Erasure erasure, CancellationToken ct) => erasure.Kind switch
    {
        ErasureKind.Tenant => holds.Holds.Count > 0,
        ErasureKind.Mail => await messages.FindAsync(erasure.Tenant, erasure.Subject, ct) is { } message && holds.Keeps(message.Record.Person, erasure.Subject),
        _ => holds.On(erasure.Subject).Count > 0,
    };

    /// <summary>Adds that it waits.</summary>
    public async Task HoldAsync(Commit commit, Erasure erasure, Actor actor, CancellationToken ct)
    {
        commit.Put(HeldKey(erasure), StoredJson.Write(new HeldErasure(1, erasure.Home), PrivacyJson.Default.HeldErasure), Condition.Absent);
        await audit.AppendAsync(commit, erasure.Home, new AuditEntry(actor, "erasure.hold", erasure.Id, Details(erasure)), ct);
    }

    /// <summary>Adds the beginning to a commit; returns why it can't be, or the erasure as it is then. <see cref="BegunAsync"/> once that is committed.</summary>
    public async Task<(string? Refusal, Erasure Begun)> AddAsync(Commit commit, Erasure erasure, Actor actor, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        PersonKey? key = null;
        switch (erasure.Kind)
        {
            case ErasureKind.Correspondent:
                key = await keys.DestroyPersonAsync(commit, await keys.RequireAsync(erasure.Tenant, ct), erasure.Subject, now, ct);
                break;
            case ErasureKind.User:
                (var refusal, var of, key) = await users.RemoveAsync(commit, erasure.Subject, actor, now, erasure.Replay, ct);
                if (refusal is not null)
                    return (refusal, erasure);
                erasure = erasure with { Tenants = of };
                break;
            case ErasureKind.Tenant:
                await keys.DestroyTenantAsync(commit, erasure.Tenant, ct);
                await tenants.RemoveAsync(commit, erasure.Tenant, ct);
                // The tenant's own chain stays, and ends with this.
                await audit.AppendAsync(commit, erasure.Tenant, new AuditEntry(actor, "tenant.erase", erasure.Id), ct);
                break;
            default:
                break;
        }
        if (erasure.State == ErasureState.Held)
            commit.Delete(HeldKey(erasure));
        var begun = erasure with { State = ErasureState.Running, Step = ErasureStep.Jobs, ErasedAt = now };
        if (!erasure.Replay)
            await ledger.AddAsync(commit, begun, key is null ? null : key.Fingerprint(await keys.RequireAsync(erasure.Tenant, ct)), now, ct);
        await audit.AppendAsync(commit, erasure.Home, new AuditEntry(actor, erasure.Replay ? "erasure.replay" : "erasure.start", erasure.Id, Details(erasure)), ct);
        return (null, begun);
    }

    /// <summary>Behind the commit: memory forgets, and the ledger's line is copied off the machine.</summary>
    public async Task BegunAsync(Erasure erasure, CancellationToken ct)
    {
        await ForgetAsync(erasure, ct);
        if (!erasure.Replay)
            await ledger.CopyAsync(ct);
    }

    /// <summary>Drops keys and open data from memory.</summary>
    public async Task ForgetAsync(Erasure erasure, CancellationToken ct)
    {
        switch (erasure.Kind)
        {
            case ErasureKind.Correspondent:
                keys.Forget(erasure.Tenant, erasure.Subject);
                inbox.Forget(erasure.Tenant, erasure.Subject);
                break;
            case ErasureKind.User:
                keys.ForgetPeople(KeyRing.Installation);
                standings.Changed(erasure.Subject);
                break;
            case ErasureKind.Tenant:
                keys.Forget(erasure.Tenant);
                inbox.Forget(erasure.Tenant, null);
                tenants.Forget(erasure.Tenant);
                mailboxes.Forget(erasure.Tenant);
                webhooks.Forget(erasure.Tenant);
                indexes.Remove(erasure.Tenant);
                foreach (var member in await members.ListAsync(erasure.Tenant, ct))
                    standings.Changed(member.User);
                break;
            default:
                inbox.TakeParked(erasure.Subject);
                break;
        }
    }

    private static ItemKey HeldKey(Erasure erasure) => ItemKey.Main(erasure.Tenant, HeldPrefix + erasure.Id);

    private static Dictionary<string, string> Details(Erasure erasure)
    {
        var details = new Dictionary<string, string> { ["kind"] = erasure.Kind.ToString().ToLowerInvariant() };
        // A correspondent's keyed hash says nothing to a reader of the log; the others are random ids.
        if (erasure.Kind != ErasureKind.Correspondent)
            details["subject"] = erasure.Subject;
        return details;
    }
}
