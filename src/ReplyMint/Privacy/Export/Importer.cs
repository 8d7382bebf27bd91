using System.Text.Json;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Knowledge;
using ReplyMint.Outbound;
using ReplyMint.Storage;

namespace ReplyMint.Privacy;

/// <summary>Stands in the installation while a tenant is being imported: an import that broke off may go on.</summary>
/// <param name="Manifest">Of which file; empty while what is there is being removed.</param>
internal sealed record ImportMark(int V, string Manifest);

/// <summary>How an import ended.</summary>
internal abstract record ImportOutcome
{
    public sealed record Done(string Tenant, string Name, long Messages, long Mails) : ImportOutcome;
    /// <summary>Nothing of it was written. The reason is a sentence's second half.</summary>
    public sealed record Refused(string Why) : ImportOutcome;
    /// <summary>Nothing of it is there for anybody yet; the same file goes on where this stopped. The reason is a sentence.</summary>
    public sealed record BrokenOff(string Why) : ImportOutcome;
}

/// <summary>
/// Puts a tenant's export into an installation that does not have the tenant (GDPR-3). Everything is sealed anew with new keys, nothing
/// of it is answered or sent. All of the file is read before anything is written. The tenant is there for others only with the last
/// commit; until then the same file goes on where a try before broke off, and another file of the tenant begins anew.
/// </summary>
internal sealed class Importer(
    IStore store, KeyRing keys, ImportMails mails, Tenants tenants, TenantRemoval removal, Mailboxes mailboxes, AccountsSettings settings, KnowledgeStore knowledge, Members members, Users users, Suppressions suppressions, Consents consents)
{
    private const string NoRoom = "The disk has too little room (inbound.minFreeMegabytes).";

    public async Task<ImportOutcome> ImportAsync(ImportFile file, Actor actor, Action<ExportProgress> progress, CancellationToken ct)
    {
        var (head, boxes, wrong) = await ReadAsync(file, ct);
        if (head is null)
            return new ImportOutcome.Refused(wrong!);
        var tenant = head.Tenant;
        if (await tenants.FindAsync(tenant.Id, ct) is not null)
            return new ImportOutcome.Refused($"is of tenant {tenant.Id}, which is here already");
        foreach (var box in boxes)
            if (await mailboxes.FindAsync(box.Address, ct) is { } taken && taken.TenantId != tenant.Id)
                return new ImportOutcome.Refused($"has a mailbox whose address another tenant has here: {box.Id}");
        try
        {
            if (await BeginAsync(tenant.Id, file.Manifest, ct) is not { } own)
                return new ImportOutcome.Refused($"is of tenant {tenant.Id}, of which something else is here");
            return await WriteAsync(file, head, boxes, own, actor, progress, ct);
        }
        catch (StoreUnavailableException failure)
        {
            return new ImportOutcome.BrokenOff(failure.Message);
        }
        catch (IOException failure)
        {
            return new ImportOutcome.BrokenOff($"A file can't be read or written ({failure.GetType().Name}, code {failure.HResult & 0xffff}).");
        }
    }

    /// <summary>Removes what an import of the file's tenant left that broke off. False when there is none.</summary>
    public async Task<bool> UndoAsync(ImportFile file, CancellationToken ct)
    {
        var (head, _, _) = await ReadAsync(file, ct);
        if (head is null || await store.GetAsync(MarkKey(head.Tenant.Id), ct) is null)
            return false;
        await RemoveAsync(head.Tenant.Id, ct);
        return true;
    }

    /// <summary>Reads all of it once: what is wrong anywhere is found before anything is written.</summary>
    private async Task<(ExportedTenant? Head, IReadOnlyList<Mailbox> Boxes, string? Wrong)> ReadAsync(ImportFile file, CancellationToken ct)
    {
        if (file.Manifest.Scope != ExportScope.Tenant)
            return (null, [], "is not of a whole tenant; only such an export can be imported");
        if (await ImportCheck.FindWrongAsync(file, settings.MailboxesPerTenant, ct) is { } wrong)
            return (null, [], wrong);
        ExportedTenant? head = null;
        await foreach (var one in file.LinesAsync("tenant.json", ExportJson.Default.ExportedTenant, ct))
            head = one;
        if (head is null || !Ids.IsRandom(head.Tenant.Id, 't'))
            return (null, [], "does not say which tenant it is of");
        var boxes = new List<Mailbox>();
        await foreach (var box in file.LinesAsync("mailboxes.jsonl", ExportJson.Default.Mailbox, ct))
            boxes.Add(box);
        return (head, boxes, null);
    }

    /// <summary>Each step passes over what a try before has done.</summary>
    private async Task<ImportOutcome> WriteAsync(ImportFile file, ExportedTenant head, IReadOnlyList<Mailbox> boxes, TenantKeys own, Actor actor, Action<ExportProgress> progress, CancellationToken ct)
    {
        var tenant = head.Tenant;
        await WriteRetentionAsync(tenant.Id, head.Retention, ct);
        if (!await mails.ImportAsync(file, own, new Keeping(head.Retention, new HeldRecord()), progress, ct))
            return new ImportOutcome.BrokenOff(NoRoom);
        await ImportKnowledgeAsync(file, tenant.Id, actor, ct);
        await foreach (var one in file.LinesAsync("suppressions.jsonl", ExportJson.Default.ExportedSuppression, ct))
            if (one.Address is { } address)
                await suppressions.AddAsync(tenant.Id, address, one.Reason, ct);
        await consents.ImportAsync(tenant.Id, head.Basis, file.LinesAsync("consent-texts.jsonl", ExportJson.Default.ConsentText, ct), file.LinesAsync("consents.jsonl", ExportJson.Default.ConsentLedger, ct), ct);
        // Last, since mail comes in where a mailbox is.
        foreach (var box in boxes)
            if (await mailboxes.GetAsync(tenant.Id, box.Id, ct) is null && (await mailboxes.AddAsync(box with { TenantId = tenant.Id }, actor, ct)).Result is var claim and not ClaimResult.Claimed)
                return new ImportOutcome.BrokenOff($"The address of the mailbox {box.Id} can't be had here ({claim.ToString().ToLowerInvariant()}).");
        await ImportMembersAsync(file, tenant.Id, actor, ct);
        await store.RetryAsync(async (commit, token) =>
        {
            await tenants.ImportAsync(commit, tenant, actor, token);
            commit.Delete(MarkKey(tenant.Id));
            return true;
        }, ct);
        return new ImportOutcome.Done(tenant.Id, tenant.Name, file.Count("messages.jsonl"), file.Count("mails.mbox"));
    }

    private static ItemKey MarkKey(string tenant) => ItemKey.Main(KeyRing.Installation, Tenants.ComingPrefix + tenant);

    /// <summary>The tenant's new keys, or those of a try before; null when something else of the tenant is here. What another file of the tenant left is removed first.</summary>
    private async Task<TenantKeys?> BeginAsync(string tenant, ExportManifest manifest, CancellationToken ct)
    {
        var of = string.Concat(manifest.Files.Select(one => one.Sha256));
        if (await store.GetAsync(MarkKey(tenant), ct) is { } mark && Read(mark).Manifest != of)
            await RemoveAsync(tenant, ct);
        return await store.RetryAsync(async (commit, token) =>
        {
            if (await store.GetAsync(MarkKey(tenant), token) is not null)
                return await keys.TenantAsync(tenant, token);
            if (await removal.IsThereAsync(tenant, token))
                return null;
            commit.Put(MarkKey(tenant), StoredJson.Write(new ImportMark(1, of), ExportJson.Default.ImportMark), Condition.Absent);
            return await keys.CreateAsync(commit, tenant, token);
        }, ct);
    }

    private async Task RemoveAsync(string tenant, CancellationToken ct)
    {
        await store.RetryAsync(async (commit, token) =>
        {
            // From here on no file goes on with it, and nobody reads it.
            commit.Put(MarkKey(tenant), StoredJson.Write(new ImportMark(1, ""), ExportJson.Default.ImportMark), Condition.Any);
            await keys.DestroyTenantAsync(commit, tenant, token);
            return true;
        }, ct);
        await removal.RemoveUnseenAsync(tenant, ct);
    }

    private static ImportMark Read(Item item) => JsonSerializer.Deserialize(item.Value.Span, ExportJson.Default.ImportMark)!;

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
