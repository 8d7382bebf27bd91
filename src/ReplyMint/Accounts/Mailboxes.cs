using System.Collections.Concurrent;
using System.Text.Json;
using ReplyMint.Audit;
using ReplyMint.Mail;
using ReplyMint.Storage;

namespace ReplyMint.Accounts;

/// <summary>How a claim of an address ended.</summary>
internal enum ClaimResult { Claimed, Taken, NotAnAddress, TooMany }

/// <summary>
/// Mailboxes and whose mail is whose. An address belongs to one mailbox of one tenant; it is claimed with a condition,
/// so that of two claims at once one fails. Look-up is by keyed hash: no key holds an address.
/// </summary>
internal sealed class Mailboxes(IStore store, KeyRing keys, AuditLog audit, DomainOwners owners, AccountsSettings settings, TimeProvider time)
{
    // Each mail asks for its mailbox; within this time the last answer serves. A change in this process is seen at once.
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(2);
    private const int MaxCached = 10_000;
    // What sealing adds, and the clear part, have room beside it.
    private const int MaxBytes = Commit.MaxItemBytes - 1_024;
    private const string Prefix = "mailbox/";
    private const string Dns = "dns";

    private readonly ConcurrentDictionary<string, (Mailbox? Mailbox, DateTimeOffset At)> _byAddress = new(StringComparer.Ordinal);
    private readonly OpenedItems<Mailbox> _opened = new();

    /// <summary>The mailbox that an envelope recipient belongs to: itself, without its plus-tag, or the domain's catch-all.</summary>
    public async ValueTask<Mailbox?> FindAsync(string recipient, CancellationToken ct)
    {
        if (AddressRules.Normalize(recipient) is not { } address)
            return null;
        if (_byAddress.TryGetValue(address, out var known) && time.GetUtcNow() - known.At < Fresh)
            return known.Mailbox;
        var mailbox = await LookUpAsync(address, ct);
        if (_byAddress.Count >= MaxCached)
            _byAddress.Clear();
        _byAddress[address] = (mailbox, time.GetUtcNow());
        return mailbox;
    }

    /// <summary>Null also while its tenant is being erased.</summary>
    public async ValueTask<Mailbox?> GetAsync(string tenant, string id, CancellationToken ct) =>
        await store.GetAsync(KeyOf(tenant, id), ct) is { } item && await keys.TenantAsync(tenant, ct) is not null ? await OpenAsync(item, ct) : null;

    /// <summary>Why a mail of a mailbox, there or gone, may not leave; null when it may (<see cref="DomainOwners.MaySendAsync"/>).</summary>
    public async ValueTask<string?> MayNotSendAsync(Commit commit, string tenant, string id, string from, bool byPerson, CancellationToken ct)
    {
        var item = await store.GetAsync(KeyOf(tenant, id), ct);
        // A shadow that begins between this look and the commit counts, too.
        commit.Check(KeyOf(tenant, id), Condition.Same(item));
        var mailbox = item is not null && await keys.TenantAsync(tenant, ct) is not null ? await OpenAsync(item, ct) : null;
        if (!byPerson && mailbox?.IsInShadow(time.GetUtcNow()) == true)
            return "its mailbox is in shadow mode: only what a person wrote leaves";
        return await owners.MaySendAsync(commit, tenant, mailbox, from, ct) ? null : "another tenant has proved the domain that it is from";
    }

    /// <summary>Drops from memory what is kept of a tenant's.</summary>
    public void Forget(string tenant)
    {
        _byAddress.Clear();
        _opened.Forget(tenant);
    }

    /// <summary>The same with the version that a change may name.</summary>
    public async ValueTask<Versioned<Mailbox>?> FindVersionAsync(string tenant, string id, CancellationToken ct) =>
        await store.GetAsync(KeyOf(tenant, id), ct) is { } item ? new(await OpenAsync(item, ct), item.Version) : null;

    /// <summary>A page of those that a test lets through; the test is given the id.</summary>
    public async Task<(IReadOnlyList<Mailbox> Mailboxes, string? Next)> ListAsync(string tenant, Func<string, bool> wanted, int limit, string? after, CancellationToken ct)
    {
        var page = await store.PickAsync(tenant, Prefix, descending: false, limit, after, item => wanted(item.Key.Sort[Prefix.Length..]), ct);
        var mailboxes = new List<Mailbox>();
        foreach (var item in page.Items)
            mailboxes.Add(await OpenAsync(item, ct));
        return (mailboxes, page.Next);
    }

    public async Task<IReadOnlyList<Mailbox>> ListAsync(string tenant, CancellationToken ct)
    {
        var mailboxes = new List<Mailbox>();
        await foreach (var item in store.AllAsync(Table.Main, tenant, Prefix, ct))
            mailboxes.Add(await OpenAsync(item, ct));
        return mailboxes;
    }

    /// <summary>Claims an address whose domain was proved to be the tenant's.</summary>
    /// <param name="proof">How it was proved: "operator" is the operator's word, "dns" a TXT record. Recorded.</param>
    public async Task<(ClaimResult Result, Mailbox? Mailbox)> AddAsync(Mailbox wanted, Actor actor, CancellationToken ct, string proof = "operator")
    {
        if (AddressRules.Normalize(wanted.Address) is not { } address)
            return (ClaimResult.NotAnAddress, null);
        var mailbox = wanted with { Address = address, ProvedByDns = proof == Dns };
        var own = await keys.RequireAsync(mailbox.TenantId, ct);
        var lookups = await LookupsAsync(mailbox, ct);
        var result = await store.RetryAsync(async (commit, token) =>
        {
            var before = await store.GetAsync(lookups, token);
            foreach (var claim in before)
                if (claim is not null && !await HasEndedAsync(commit, claim, mailbox, token))
                {
                    commit.Clear();
                    return ClaimResult.Taken;
                }
            // Before anything is counted: two at once conflict, and one counts again.
            await audit.AppendAloneAsync(commit, mailbox.TenantId, new AuditEntry(actor, "mailbox.add", mailbox.Id, new Dictionary<string, string> { ["mode"] = mailbox.Mode.ToString(), ["domainProof"] = proof }), token);
            if (await IsFullAsync(mailbox.TenantId, token))
            {
                commit.Clear();
                return ClaimResult.TooMany;
            }
            for (var i = 0; i < lookups.Count; i++)
                commit.Put(lookups[i], Owner(mailbox), Condition.Same(before[i]));
            Write(commit, own, mailbox, null);
            return ClaimResult.Claimed;
        }, ct);
        _byAddress.Clear();
        return (result, result == ClaimResult.Claimed ? mailbox : null);
    }

    /// <summary>Whether a claim that is there is of a tenant who has lost the domain to the one who wants it now; the commit holds that.</summary>
    private async ValueTask<bool> HasEndedAsync(Commit commit, Item claim, Mailbox wanted, CancellationToken ct)
    {
        var owner = Read(claim);
        if (!wanted.ProvedByDns || await GetAsync(owner.Tenant, owner.Id, ct) is not { } mailbox || !await owners.HasLostAsync(mailbox, ct))
            return false;
        var (tenant, key, item) = await owners.FindAsync(AddressRules.Domain(wanted.Address), ct);
        // The address and the rest of its domain may both be claimed; one check does for both.
        if (!commit.Operations.Any(operation => operation.Key == key))
            commit.Check(key, Condition.Same(item));
        return tenant == wanted.TenantId;
    }

    private async ValueTask<bool> IsFullAsync(string tenant, CancellationToken ct)
    {
        var count = 0;
        string? cursor = null;
        do
        {
            var page = await store.QueryAsync(Table.Main, tenant, new Storage.Range(Prefix, Limit: Math.Min(settings.MailboxesPerTenant - count, 1_000)), cursor, ct);
            count += page.Items.Count;
            cursor = page.Cursor;
        }
        while (cursor is not null && count < settings.MailboxesPerTenant);
        return count >= settings.MailboxesPerTenant;
    }

    /// <summary>Changes settings; the address and the owner stay.</summary>
    /// <param name="version">What the caller read; null changes whatever is there.</param>
    public async Task<(ChangeResult Result, Versioned<Mailbox> Now)> ChangeAsync(
        string tenant, string id, long? version, Func<Mailbox, Mailbox> change, Actor actor, IReadOnlyDictionary<string, string> details, CancellationToken ct)
    {
        var own = await keys.RequireAsync(tenant, ct);
        var changed = await store.RetryAsync<(ChangeResult, Versioned<Mailbox>)>(async (commit, token) =>
        {
            if (await store.GetAsync(KeyOf(tenant, id), token) is not { } item)
                return (ChangeResult.NotFound, default);
            if (version is { } read && read != item.Version)
                return (ChangeResult.Changed, default);
            var before = await OpenAsync(item, token);
            var after = change(before) with { Id = before.Id, TenantId = before.TenantId, Address = before.Address, CatchAll = before.CatchAll, ProvedByDns = before.ProvedByDns };
            // Whoever wants it to answer ends the shadow first; else it would begin by itself when that is over.
            if (after.IsInShadow(time.GetUtcNow()) && after.Mode is MailboxMode.Automatic or MailboxMode.Schedule)
                return (ChangeResult.NotNow, default);
            if (!Write(commit, own, after, item))
                return (ChangeResult.TooLarge, default);
            await audit.AppendAsync(commit, tenant, new AuditEntry(actor, "mailbox.change", id, details), token);
            return (ChangeResult.Done, new(after, item.Version + 1));
        }, ct);
        _byAddress.Clear();
        return changed;
    }

    /// <summary>Gives the address up. False when there is no such mailbox.</summary>
    public async Task<bool> RemoveAsync(string tenant, string id, Actor actor, CancellationToken ct)
    {
        var removed = await store.RetryAsync(async (commit, token) =>
        {
            if (await store.GetAsync(KeyOf(tenant, id), token) is not { } item)
                return false;
            // A claim that another tenant has taken over is not given up with it.
            foreach (var claim in await store.GetAsync(await LookupsAsync(await OpenAsync(item, token), token), token))
                if (claim is not null && Read(claim) is { } owner && owner.Tenant == tenant && owner.Id == id)
                    commit.Delete(claim.Key, Condition.Same(claim));
            commit.Delete(item.Key, Condition.Same(item));
            await audit.AppendAsync(commit, tenant, new AuditEntry(actor, "mailbox.remove", id), token);
            return true;
        }, ct);
        _byAddress.Clear();
        return removed;
    }

    /// <summary>Whether any mailbox is configured: until then listeners stay on loopback.</summary>
    public async Task<bool> AnyAsync(CancellationToken ct)
    {
        var page = await store.QueryAsync(Table.Main, KeyRing.Installation, new Storage.Range("address/", Limit: 1), null, ct);
        return page.Items.Count > 0;
    }

    /// <summary>Where the claim of an address would lie: an item is there when it is one of ours, of any tenant (rule 4).</summary>
    public async ValueTask<ItemKey> ClaimKeyAsync(string normalized, CancellationToken ct) =>
        AddressKey(await keys.RequireAsync(KeyRing.Installation, ct), AddressRules.WithoutTag(normalized));

    private async ValueTask<Mailbox?> LookUpAsync(string address, CancellationToken ct)
    {
        var installation = await keys.RequireAsync(KeyRing.Installation, ct);
        foreach (var key in (ItemKey[])[AddressKey(installation, AddressRules.WithoutTag(address)), DomainKey(installation, AddressRules.Domain(address))])
        {
            if (await store.GetAsync(key, ct) is not { } item)
                continue;
            var owner = Read(item);
            return await GetAsync(owner.Tenant, owner.Id, ct);
        }
        return null;
    }

    private async ValueTask<IReadOnlyList<ItemKey>> LookupsAsync(Mailbox mailbox, CancellationToken ct)
    {
        var installation = await keys.RequireAsync(KeyRing.Installation, ct);
        var address = AddressKey(installation, AddressRules.WithoutTag(mailbox.Address));
        return mailbox.CatchAll ? [address, DomainKey(installation, AddressRules.Domain(mailbox.Address))] : [address];
    }

    private static ItemKey AddressKey(TenantKeys installation, string address) =>
        ItemKey.Main(KeyRing.Installation, "address/" + installation.Hash("address", address));

    private static ItemKey DomainKey(TenantKeys installation, string domain) =>
        ItemKey.Main(KeyRing.Installation, "domain/" + installation.Hash("domain", domain));

    private static ItemKey KeyOf(string tenant, string id) => ItemKey.Main(tenant, Prefix + id);

    private static OwnerRecord Read(Item claim) => JsonSerializer.Deserialize(claim.Value.Span, AccountsJson.Default.OwnerRecord)!;

    private static byte[] Owner(Mailbox mailbox) =>
        JsonSerializer.SerializeToUtf8Bytes(new OwnerRecord(1, mailbox.TenantId, mailbox.Id), AccountsJson.Default.OwnerRecord);

    /// <summary>False, with nothing added, when settings, rules and schedule are too much together; each alone never is.</summary>
    private static bool Write(Commit commit, TenantKeys own, Mailbox mailbox, Item? before)
    {
        var key = KeyOf(mailbox.TenantId, mailbox.Id);
        var plain = JsonSerializer.SerializeToUtf8Bytes(mailbox, AccountsJson.Default.Mailbox);
        if (plain.Length > MaxBytes)
            return false;
        commit.Put(key, JsonSerializer.SerializeToUtf8Bytes(new ClearRecord(1, mailbox.Id), AccountsJson.Default.ClearRecord), Condition.Same(before), own.Seal(key, (before?.Version ?? 0) + 1, plain));
        return true;
    }

    private async ValueTask<Mailbox> OpenAsync(Item item, CancellationToken ct)
    {
        var own = await keys.RequireAsync(item.Key.Partition, ct);
        return _opened.Get(item, static (item, own) => JsonSerializer.Deserialize(own.Open(item), AccountsJson.Default.Mailbox)!, own);
    }
}
