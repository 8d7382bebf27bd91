using System.Text.Json;
using ReplyMint.Storage;

namespace ReplyMint.Accounts;

/// <summary>Which tenant was the last that proved a domain. It stays when the claim is forgotten: mailboxes may be left.</summary>
internal sealed class DomainOwners(IStore store, KeyRing keys)
{
    /// <param name="domain">A-labels in lower case.</param>
    public async ValueTask<(string? Tenant, ItemKey Key, Item? Item)> FindAsync(string domain, CancellationToken ct)
    {
        var key = ItemKey.Main(KeyRing.Installation, "domain-owner/" + (await keys.RequireAsync(KeyRing.Installation, ct)).Hash("domain-owner", domain));
        var item = await store.GetAsync(key, ct);
        return (item is null ? null : JsonSerializer.Deserialize(item.Value.Span, AccountsJson.Default.OwnerRecord)!.Tenant, key, item);
    }

    public static void Write(Commit commit, ItemKey key, string tenant, Item? before) =>
        commit.Put(key, JsonSerializer.SerializeToUtf8Bytes(new OwnerRecord(1, tenant, ""), AccountsJson.Default.OwnerRecord), Condition.Same(before));

    /// <summary>
    /// Whether a mailbox was claimed by a proof of its domain, and another tenant has proved it since. It takes and answers no
    /// mail then: that is another's. What the operator gave stays given.
    /// </summary>
    public async ValueTask<bool> HasLostAsync(Mailbox mailbox, CancellationToken ct) =>
        mailbox.ProvedByDns && (await FindAsync(Mail.AddressRules.Domain(mailbox.Address), ct)).Tenant is { } owner && owner != mailbox.TenantId;

    /// <summary>The same of a mail that is about to leave; the commit holds it.</summary>
    /// <param name="mailbox">Null when it is gone: nobody can say any more that the operator gave it.</param>
    /// <param name="from">The mail's sender.</param>
    public async ValueTask<bool> MaySendAsync(Commit commit, string tenant, Mailbox? mailbox, string from, CancellationToken ct)
    {
        if (mailbox is { ProvedByDns: false })
            return true;
        var (owner, key, item) = await FindAsync(Mail.AddressRules.Domain(from), ct);
        commit.Check(key, Condition.Same(item));
        return owner is null || owner == tenant;
    }
}
