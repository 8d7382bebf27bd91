using System.Text.Json;
using ReplyMint.Accounts;
using ReplyMint.Billing;
using ReplyMint.Jobs;
using ReplyMint.Knowledge;
using ReplyMint.Outbound;
using ReplyMint.Storage;

namespace ReplyMint.Privacy;

/// <summary>Removes what begins with a tenant whose keys were destroyed, and what in the installation points to it. Its audit chain stays.</summary>
internal sealed class TenantRemoval(IStore store, KeyRing keys, IBlobStore blobs, SentFiles sent, KnowledgeIndexes indexes, Uploads uploads, JobQueue jobs, StoppedSendings stopped, Subscriptions plans)
{
    private const int PerCommit = 60;
    private const int PerRound = PerCommit * 10;

    /// <summary>A commit that removes items as they were read; told under which name one would count.</summary>
    private delegate Commit RemovalCommit(IEnumerable<Item> items, Func<Item, string> kindOf);

    /// <summary>Items of the installation that lead to a tenant, and how each names it.</summary>
    private static readonly (string Prefix, Func<Item, string?> TenantOf)[] Leads =
    [
        ("address/", Owner), ("domain/", Owner), ("domain-owner/", Owner), ("channel-owner/", Owner), ("imap-channel/", Owner), ("key-owner/", Owner), ("invitation-token/", Owner), (Subscriptions.StripePrefix, Owner), (Subscriptions.CustomerPrefix, Owner),
        ("member-of/", Last), (Tenants.ComingPrefix, Last), ("contained/tenant/", Last), (ExpiryPause.Prefix, Last),
        ("session/", item => JsonSerializer.Deserialize(item.Value.Span, AccountsJson.Default.Session)!.Tenant),
        ("sign-in-link/", item => JsonSerializer.Deserialize(item.Value.Span, AccountsJson.Default.SignInLink)!.Tenant),
    ];

    /// <summary>Removes a tenant that was never there for anybody, such as half an import; what leads to it goes last, and the mark of the import with that. May be done again.</summary>
    public async Task RemoveUnseenAsync(string tenant, CancellationToken ct)
    {
        while (await RemoveRoundAsync(tenant, static (items, _) => Uncounted(items), ct) is not null)
        {
            // Each round takes some.
        }
        await blobs.DeleteAllAsync(tenant, ct);
        await uploads.DropAsync(tenant, ct);
        indexes.Remove(tenant);
        keys.Forget(tenant);
        await RemoveLeadsAsync(tenant, static (items, _) => Uncounted(items), ct);
    }

    /// <summary>What leads to the tenant, and what would work for it.</summary>
    public async Task RemoveJobsAsync(Erasure erasure, CancellationToken ct)
    {
        await plans.RemoveAsync(erasure.Tenant, ct);
        await RemoveLeadsAsync(erasure.Tenant, (items, kindOf) => ErasureCounts.Delete(erasure, items, kindOf), ct);
        var waiting = new List<Item>();
        await foreach (var item in jobs.FindAsync(job => job.Tenant == erasure.Tenant, ct))
            waiting.Add(item);
        await foreach (var item in stopped.FindAsync(erasure.Tenant, _ => true, ct))
            waiting.Add(item);
        await RemoveAsync(waiting, "jobs", (items, kindOf) => ErasureCounts.Delete(erasure, items, kindOf), ct);
    }

    /// <summary>Whether anything of it is there, such as what was on its way while it was removed.</summary>
    public async Task<bool> IsThereAsync(string tenant, CancellationToken ct) =>
        (await store.QueryAsync(Table.Main, tenant, new Storage.Range("", Limit: 1), null, ct)).Items.Count > 0
        || (await store.QueryAsync(Table.Keys, tenant, new Storage.Range("", Limit: 1), null, ct)).Items.Count > 0;

    /// <summary>A round of its items and keys; null when none is left.</summary>
    public Task<string?> RemoveRoundAsync(Erasure erasure, CancellationToken ct) =>
        RemoveRoundAsync(erasure.Tenant, (items, kindOf) => ErasureCounts.Delete(erasure, items, kindOf), ct);

    private async Task<string?> RemoveRoundAsync(string tenant, RemovalCommit removal, CancellationToken ct)
    {
        foreach (var table in (Table[])[Table.Main, Table.Keys])
        {
            var page = await store.QueryAsync(table, tenant, new Storage.Range("", Limit: PerRound), null, ct);
            foreach (var item in page.Items)
                if (item.Key.Sort.StartsWith("out/", StringComparison.Ordinal))
                    sent.Delete(item.Key.Sort["out/".Length..]);
            await Task.WhenAll(page.Items.Chunk(PerCommit).Select(some => store.CommitAsync(removal(some, item => item.Key.Sort.Split('/')[0]), ct).AsTask()));
            if (page.Items.Count > 0)
                return "more";
        }
        return null;
    }

    public async Task RemoveFilesAsync(Erasure erasure, CancellationToken ct)
    {
        var commit = new Commit();
        ErasureCounts.Add(commit, erasure, new Dictionary<string, int> { ["file"] = await blobs.DeleteAllAsync(erasure.Tenant, ct) + await uploads.DropAsync(erasure.Tenant, ct), ["index"] = indexes.Remove(erasure.Tenant) ? 1 : 0 });
        keys.Forget(erasure.Tenant);
        if (commit.Operations.Count > 0)
            await store.CommitAsync(commit, ct);
    }

    private async Task RemoveLeadsAsync(string tenant, RemovalCommit removal, CancellationToken ct)
    {
        foreach (var (prefix, tenantOf) in Leads)
        {
            var found = new List<Item>();
            await foreach (var item in store.AllAsync(Table.Main, KeyRing.Installation, prefix, ct))
                if (tenantOf(item) == tenant)
                    found.Add(item);
            await RemoveAsync(found, prefix.TrimEnd('/'), removal, ct);
        }
    }

    private async Task RemoveAsync(List<Item> found, string kind, RemovalCommit removal, CancellationToken ct)
    {
        foreach (var some in found.Chunk(PerCommit))
            await store.CommitAsync(removal(some, _ => kind), ct);
    }

    private static Commit Uncounted(IEnumerable<Item> items)
    {
        var commit = new Commit();
        foreach (var item in items)
            commit.Delete(item.Key, Condition.Same(item));
        return commit;
    }

    private static string Last(Item item) => item.Key.Sort[(item.Key.Sort.LastIndexOf('/') + 1)..];

    private static string? Owner(Item item) => JsonSerializer.Deserialize(item.Value.Span, AccountsJson.Default.OwnerRecord)!.Tenant;
}
