using System.Text.Json;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Knowledge;
using ReplyMint.Outbound;
using ReplyMint.Storage;

namespace ReplyMint.Privacy;

/// <summary>Stands in the installation while a tenant is being imported: an import that broke off may begin again.</summary>
internal sealed record ImportMark(int V, string Manifest);

/// <summary>How an import ended.</summary>
internal abstract record ImportOutcome
{
    public sealed record Done(string Tenant, string Name, long Messages, long Mails) : ImportOutcome;
    /// <summary>Nothing of it is there for anybody. The reason is a sentence's second half.</summary>
    public sealed record Refused(string Why) : ImportOutcome;
}

/// <summary>
/// Puts a tenant's export into an installation that does not have the tenant (GDPR-3). Everything is sealed anew with new keys, nothing
/// of it is answered or sent. The tenant is there for others only with the last commit; until then the same file may come again and
/// goes on.
/// </summary>
internal sealed class Importer(IStore store, KeyRing keys, ImportMails mails, Tenants tenants, Mailboxes mailboxes, KnowledgeStore knowledge, Members members, Users users, Suppressions suppressions, Consents consents)
{
    public async Task<ImportOutcome> ImportAsync(ImportFile file, Actor actor, Action<ExportProgress> progress, CancellationToken ct)
    {
        if (file.Manifest.Scope != ExportScope.Tenant)
            return new ImportOutcome.Refused("is not of a whole tenant; only such an export can be imported");
        ExportedTenant? head = null;
        await foreach (var one in file.LinesAsync("tenant.json", ExportJson.Default.ExportedTenant, ct))
            head = one;
        if (head is not { Tenant: { } tenant, Retention: { } retention } || !Ids.IsRandom(tenant.Id, 't'))
            return new ImportOutcome.Refused("does not say which tenant it is of");
        if (await tenants.FindAsync(tenant.Id, ct) is not null)
            return new ImportOutcome.Refused($"is of tenant {tenant.Id}, which is here already");
        var boxes = new List<Mailbox>();
        await foreach (var box in file.LinesAsync("mailboxes.jsonl", ExportJson.Default.Mailbox, ct))
            boxes.Add(box);
        foreach (var box in boxes)
            if (await mailboxes.FindAsync(box.Address, ct) is { } taken && taken.TenantId != tenant.Id)
                return new ImportOutcome.Refused($"has a mailbox whose address another tenant has here: {box.Id}");
        // Ids become keys and names of files: one that ReplyMint never gave stops all of it before anything is written.
        if (boxes.Exists(box => !Ids.IsRandom(box.Id, 'm')) || await ImportMails.HasForeignIdAsync(file, ct))
            return new ImportOutcome.Refused("holds an id that ReplyMint never gives; it was not written by it");
        if (await BeginAsync(tenant.Id, file.Manifest, ct) is not { } own)
            return new ImportOutcome.Refused($"is of tenant {tenant.Id}, of which something else is here");

        await WriteRetentionAsync(tenant.Id, retention, ct);
        await mails.ImportAsync(file, own, new Keeping(retention, new HeldRecord()), progress, ct);
        await ImportKnowledgeAsync(file, tenant.Id, actor, ct);
        await foreach (var one in file.LinesAsync("suppressions.jsonl", ExportJson.Default.ExportedSuppression, ct))
            if (one.Address is { } address)
                await suppressions.AddAsync(tenant.Id, address, one.Reason, ct);
        await consents.ImportAsync(tenant.Id, head.Basis, file.LinesAsync("consent-texts.jsonl", ExportJson.Default.ConsentText, ct), file.LinesAsync("consents.jsonl", ExportJson.Default.ConsentLedger, ct), ct);
        // Last, since mail comes in where a mailbox is.
        foreach (var box in boxes)
            if (await mailboxes.GetAsync(tenant.Id, box.Id, ct) is null && (await mailboxes.AddAsync(box with { TenantId = tenant.Id }, actor, ct)).Result is var claim and not ClaimResult.Claimed)
                return new ImportOutcome.Refused($"has a mailbox that can't be had here ({claim.ToString().ToLowerInvariant()}): {box.Id}");
        await ImportMembersAsync(file, tenant.Id, actor, ct);
        await store.RetryAsync(async (commit, token) =>
        {
            await tenants.ImportAsync(commit, tenant, actor, token);
            commit.Delete(MarkKey(tenant.Id));
            return true;
        }, ct);
        return new ImportOutcome.Done(tenant.Id, tenant.Name, file.Count("messages.jsonl"), file.Count("mails.mbox"));
    }

    private static ItemKey MarkKey(string tenant) => ItemKey.Main(KeyRing.Installation, "import/" + tenant);

    /// <summary>The tenant's new keys, or those of a try before; null when something else of the tenant is here.</summary>
    private Task<TenantKeys?> BeginAsync(string tenant, ExportManifest manifest, CancellationToken ct) =>
        store.RetryAsync(async (commit, token) =>
        {
            var of = string.Concat(manifest.Files.Select(one => one.Sha256));
            if (await store.GetAsync(MarkKey(tenant), token) is { } mark)
                return JsonSerializer.Deserialize(mark.Value.Span, ExportJson.Default.ImportMark)!.Manifest == of ? await keys.TenantAsync(tenant, token) : null;
            if (await keys.TenantAsync(tenant, token) is not null)
                return null;
            commit.Put(MarkKey(tenant), StoredJson.Write(new ImportMark(1, of), ExportJson.Default.ImportMark), Condition.Absent);
            return keys.Create(commit, tenant);
        }, ct);

    private Task WriteRetentionAsync(string tenant, RetentionRecord retention, CancellationToken ct) =>
        store.CommitAsync(new Commit().Put(Retention.KeyOf(tenant), StoredJson.Write(retention, AccountsJson.Default.RetentionRecord), Condition.Any), ct).AsTask();

    private async Task ImportKnowledgeAsync(ImportFile file, string tenant, Actor actor, CancellationToken ct)
    {
        var source = new List<Passage>();
        await foreach (var passage in file.LinesAsync("knowledge.jsonl", ExportJson.Default.Passage, ct))
        {
            if (source.Count > 0 && source[0].Source != passage.Source)
                await AddAsync();
            source.Add(passage);
        }
        if (source.Count > 0)
            await AddAsync();

        async Task AddAsync()
        {
            await knowledge.AddAsync(tenant, new SourceReading(source[0].Source, $"imported {source.Count}", [.. source], []), actor, ct);
            source.Clear();
        }
    }

    private async Task ImportMembersAsync(ImportFile file, string tenant, Actor actor, CancellationToken ct)
    {
        await foreach (var member in file.LinesAsync("members.jsonl", ExportJson.Default.ExportedMember, ct))
            await store.RetryAsync(async (commit, token) =>
            {
                var user = await users.EnsureAsync(commit, member.Address, member.Name, token);
                if (await members.FindAsync(tenant, user.Id, token) is not null)
                    commit.Clear();
                else
                    await members.SetAsync(commit, tenant, user.Id, member.Role, member.Mailboxes, actor, token);
                return true;
            }, ct);
    }
}
