using System.Text.Json;
using ReplyMint.Audit;
using ReplyMint.Mail;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Accounts;

/// <summary>A domain that a tenant says is his own, sealed with the tenant's key.</summary>
internal sealed record DomainClaim
{
    public int V { get; init; } = 1;
    /// <summary>A-labels in lower case.</summary>
    public required string Domain { get; init; }
    public DateTimeOffset AddedAt { get; init; }
    /// <summary>When DNS said so; null until then.</summary>
    public DateTimeOffset? ProvedAt { get; init; }
}

internal enum DomainClaimResult { Added, Known, NotADomain, Shared, TooMany }

internal enum DomainProofResult
{
    Proved, NotThere, NotAsked, NoClaim,
    /// <summary>Another tenant proved it before, and DNS still says so, too.</summary>
    Contested,
}

/// <summary>
/// Proof by DNS that a domain is a tenant's own: a TXT record whose value nobody else's claim would have. It counts for
/// that very name and not for names below it: those may have been delegated to somebody else. A domain is one tenant's: who
/// proves it when the record of the one before is gone takes it over, and while both records stand the first keeps it.
/// </summary>
internal sealed class ProvedDomains(IStore store, KeyRing keys, AuditLog audit, DnsText dns, DomainOwners owners, Mailboxes mailboxes, Alerts alerts, TimeProvider time)
{
    /// <summary>Claims of one tenant.</summary>
    public const int Most = 200;

    private const string Prefix = "domain-claim/";
    private static readonly TimeSpan Fresh = TimeSpan.FromHours(1);

    /// <summary>Whether mailboxes of the domain may be claimed by the tenant without the operator's word.</summary>
    public async ValueTask<bool> IsProvedAsync(string tenant, string domain, CancellationToken ct) =>
        Domains.ToAscii(domain) is { } name && await FindAsync(tenant, name, ct) is { ProvedAt: not null };

    /// <summary>The same asked at a claim: what DNS said long ago it must say again, since domains change hands.</summary>
    public async Task<DomainProofResult> ConfirmAsync(string tenant, string domain, Actor actor, CancellationToken ct)
    {
        if (Domains.ToAscii(domain) is not { } name || await FindAsync(tenant, name, ct) is not { ProvedAt: { } at })
            return DomainProofResult.NoClaim;
        return time.GetUtcNow() - at < Fresh ? DomainProofResult.Proved : (await ProveAsync(tenant, name, actor, ct)).Result;
    }

    /// <summary>The TXT record that proves it: the name, and the value that is the tenant's own.</summary>
    public async Task<(string Name, string Value)> RecordAsync(string tenant, string domain, CancellationToken ct) =>
        ("_replymint." + domain, "replymint-domain=" + (await keys.RequireAsync(tenant, ct)).Hash("domain-proof", domain));

    public async Task<(DomainClaimResult Result, DomainClaim? Claim)> AddAsync(string tenant, string domain, Actor actor, CancellationToken ct)
    {
        if (Domains.ToAscii(domain) is not { } name || name.StartsWith('.') || System.Net.IPAddress.TryParse(name, out _))
            return (DomainClaimResult.NotADomain, null);
        if (Domains.IsShared(name))
            return (DomainClaimResult.Shared, null);
        var own = await keys.RequireAsync(tenant, ct);
        return await store.RetryAsync(async (commit, token) =>
        {
            if (await FindAsync(tenant, name, token) is { } known)
                return (DomainClaimResult.Known, known);
            // Before anything is counted: two at once conflict, and one counts again.
            await audit.AppendAloneAsync(commit, tenant, new AuditEntry(actor, "domain.add", IdOf(own, name)), token);
            if ((await store.QueryAsync(Table.Main, tenant, new Storage.Range(Prefix, Limit: Most), null, token)).Items.Count >= Most)
            {
                commit.Clear();
                return (DomainClaimResult.TooMany, null);
            }
            var claim = new DomainClaim { Domain = name, AddedAt = time.GetUtcNow() };
            Write(commit, own, claim, null);
            return (DomainClaimResult.Added, (DomainClaim?)claim);
        }, ct);
    }

    /// <summary>Asks DNS. A claim of a mailbox asks again when that was more than an hour ago.</summary>
    public async Task<(DomainProofResult Result, DomainClaim? Claim)> ProveAsync(string tenant, string domain, Actor actor, CancellationToken ct)
    {
        if (Domains.ToAscii(domain) is not { } name || await FindAsync(tenant, name, ct) is not { } claim)
            return (DomainProofResult.NoClaim, null);
        var (at, value) = await RecordAsync(tenant, name, ct);
        var said = await dns.AskAsync(at, ct);
        if (!said.Reached)
            return (DomainProofResult.NotAsked, claim);
        if (!said.Texts.Any(text => text.Trim() == value))
            return (DomainProofResult.NotThere, claim);
        var own = await keys.RequireAsync(tenant, ct);
        var before = (await owners.FindAsync(name, ct)).Tenant;
        if (before is not null && before != tenant)
        {
            if (await HoldsAsync(before, name, said.Texts, ct))
            {
                await alerts.RaiseAsync("domain-contested", IdOf(own, name), $"DNS proves one domain for two tenants, {before} and {tenant}. The first keeps it; who it belongs to is for you to find out.", ct);
                return (DomainProofResult.Contested, claim);
            }
            // First, so that no end of the process lies between: told of in vain is better than never.
            await TellMovedAsync(before, tenant, own, name, ct);
        }
        return await store.RetryAsync(async (commit, token) =>
        {
            if (await store.GetAsync(KeyOf(own, name), token) is not { } item)
                return (DomainProofResult.NoClaim, null);
            var (owner, key, known) = await owners.FindAsync(name, token);
            // Somebody proved it meanwhile: DNS has to be asked about him.
            if (owner != before)
                return (DomainProofResult.NotAsked, claim);
            if (owner != tenant)
            {
                if (owner is not null)
                    await ReleaseAsync(commit, owner, name, token);
                DomainOwners.Write(commit, key, tenant, known);
            }
            var proved = Open(own, item) with { ProvedAt = time.GetUtcNow() };
            Write(commit, own, proved, item);
            await audit.AppendAsync(commit, tenant, new AuditEntry(actor, "domain.prove", IdOf(own, name)), token);
            return (DomainProofResult.Proved, (DomainClaim?)proved);
        }, ct);
    }

    /// <summary>Whether another tenant's proof still stands.</summary>
    /// <param name="texts">What DNS says at the record's name, which is the same for all tenants.</param>
    private async Task<bool> HoldsAsync(string tenant, string domain, IReadOnlyList<string> texts, CancellationToken ct)
    {
        if (await keys.TenantAsync(tenant, ct) is null || await FindAsync(tenant, domain, ct) is not { ProvedAt: not null })
            return false;
        var (_, value) = await RecordAsync(tenant, domain, ct);
        return texts.Any(text => text.Trim() == value);
    }

    private async Task ReleaseAsync(Commit commit, string tenant, string domain, CancellationToken ct)
    {
        if (await keys.TenantAsync(tenant, ct) is not { } own || await store.GetAsync(KeyOf(own, domain), ct) is not { } item)
            return;
        Write(commit, own, Open(own, item) with { ProvedAt = null }, item);
        await audit.AppendAsync(commit, tenant, new AuditEntry(Actor.System, "domain.release", IdOf(own, domain)), ct);
    }

    private async Task TellMovedAsync(string from, string to, TenantKeys own, string domain, CancellationToken ct)
    {
        var left = await keys.TenantAsync(from, ct) is null ? [] : (await mailboxes.ListAsync(from, ct)).Where(mailbox => mailbox.ProvedByDns && AddressRules.Domain(mailbox.Address) == domain).ToList();
        await alerts.RaiseAsync("domain-moved", IdOf(own, domain), string.Create(System.Globalization.CultureInfo.InvariantCulture,
            $"A domain that tenant {from} had proved is tenant {to}'s now: DNS proves it for that one only. {left.Count} mailboxes of {from} there take and answer no mail any more; senders are told to come again until {to} claims the address. Mailboxes that you gave yourself are left alone."), ct);
    }

    public async ValueTask<DomainClaim?> FindAsync(string tenant, string domain, CancellationToken ct)
    {
        var own = await keys.RequireAsync(tenant, ct);
        return await store.GetAsync(KeyOf(own, domain), ct) is { } item ? Open(own, item) : null;
    }

    /// <summary>A page of claims, in no order that means anything.</summary>
    public async Task<(IReadOnlyList<DomainClaim> Claims, string? Next)> ListAsync(string tenant, int limit, string? after, CancellationToken ct)
    {
        var own = await keys.RequireAsync(tenant, ct);
        var page = await store.PickAsync(tenant, Prefix, descending: false, limit, after, null, ct);
        return ([.. page.Items.Select(item => Open(own, item))], page.Next);
    }

    /// <summary>Forgets a claim and its proof; mailboxes that were claimed with it stay. False when there is none.</summary>
    public async Task<bool> RemoveAsync(string tenant, string domain, Actor actor, CancellationToken ct)
    {
        if (Domains.ToAscii(domain) is not { } name)
            return false;
        var own = await keys.RequireAsync(tenant, ct);
        return await store.RetryAsync(async (commit, token) =>
        {
            if (await store.GetAsync(KeyOf(own, name), token) is not { } item)
                return false;
            commit.Delete(item.Key, Condition.Same(item));
            await audit.AppendAsync(commit, tenant, new AuditEntry(actor, "domain.remove", IdOf(own, name)), token);
            return true;
        }, ct);
    }

    private static string IdOf(TenantKeys own, string domain) => own.Hash("domain", domain);

    private static ItemKey KeyOf(TenantKeys own, string domain) => ItemKey.Main(own.Tenant, Prefix + IdOf(own, domain));

    private static DomainClaim Open(TenantKeys own, Item item) => JsonSerializer.Deserialize(own.Open(item), AccountsJson.Default.DomainClaim)!;

    private static void Write(Commit commit, TenantKeys own, DomainClaim claim, Item? before)
    {
        var key = KeyOf(own, claim.Domain);
        commit.Put(key, "{\"v\":1}"u8.ToArray(), Condition.Same(before),
            own.Seal(key, (before?.Version ?? 0) + 1, JsonSerializer.SerializeToUtf8Bytes(claim, AccountsJson.Default.DomainClaim)));
    }
}
