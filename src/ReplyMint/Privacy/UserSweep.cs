using System.Text.Json;
using ReplyMint.Accounts;
using ReplyMint.Inbound;
using ReplyMint.Outbound;
using ReplyMint.Replies;
using ReplyMint.Storage;

namespace ReplyMint.Privacy;

/// <summary>What is left of a person once his key is gone: what names him by his id, and what others' keys sealed about him.</summary>
internal sealed class UserSweep(IStore store, KeyRing keys, UserRemoval removal, Outbox outbox, SentFiles sent, Drafts drafts, Messages messages, Tenants tenants)
{
    public async Task SweepAsync(Erasure erasure, string address, CancellationToken ct)
    {
        var of = erasure.Tenants ?? [];
        await removal.SweepAsync(erasure.Subject, address, of, (commit, kind, count) => ErasureCounts.Add(commit, erasure, new Dictionary<string, int> { [kind] = count }), ct);
        var person = (await keys.RequireAsync(KeyRing.Installation, ct)).Person(address);
        await RemoveMailsAsync(erasure, KeyRing.Installation, record => record.Person == person, null, ct);
        foreach (var tenant in of)
        {
            if (await keys.TenantAsync(tenant, ct) is null)
                continue;
            await RemoveMailsAsync(erasure, tenant, record => record is { Purpose: OutboxPurpose.Notice or OutboxPurpose.Test, Person: null }, address, ct);
            await SweepDraftsAsync(erasure, tenant, ct);
        }
        foreach (var tenant in await tenants.ListAsync(ct))
            if (tenant.Notices.Emails.Contains(address, StringComparer.OrdinalIgnoreCase))
                await store.CommitAsync(new Commit().Put(ItemKey.Main(erasure.Home, $"{Erasures.FoundPrefix(erasure.Id)}tenant-{tenant.Id}"),
                    StoredJson.Write(new FoundElsewhere(1, "tenant", tenant.Id, ["notices"]), PrivacyJson.Default.FoundElsewhere), Condition.Any, expires: erasure.At.AddDays(365)), ct);
    }

    /// <summary>Mails of the house to him, sent or not.</summary>
    /// <param name="address">Asked of mails that others' keys sealed; null where the clear part says enough.</param>
    private async Task RemoveMailsAsync(Erasure erasure, string partition, Func<OutboxRecord, bool> wanted, string? address, CancellationToken ct)
    {
        await foreach (var item in store.AllAsync(Table.Main, partition, "out/", ct))
        {
            if (!wanted(JsonSerializer.Deserialize(item.Value.Span, OutboxJson.Default.OutboxRecord)!))
                continue;
            var id = item.Key.Sort["out/".Length..];
            if (address is not null && !string.Equals((await outbox.FindAsync(partition, id, ct))?.Mail.To, address, StringComparison.OrdinalIgnoreCase))
                continue;
            sent.Delete(id);
            var commit = new Commit().Delete(item.Key, Condition.Same(item));
            ErasureCounts.Add(commit, erasure, new Dictionary<string, int> { ["out"] = 1 });
            await store.CommitAsync(commit, ct);
        }
    }

    /// <summary>Frees drafts that he was to look at, and takes his notes out of all.</summary>
    private async Task SweepDraftsAsync(Erasure erasure, string tenant, CancellationToken ct)
    {
        await foreach (var item in store.AllAsync(Table.Main, tenant, "draft/", ct))
            await store.RetryAsync(async (commit, token) =>
            {
                if (await drafts.FindAsync(tenant, item.Key.Sort["draft/".Length..], token) is not { } draft || await messages.PersonAsync(tenant, draft.Record.Person, token) is not { } person)
                    return false;
                var (assigned, notes) = (draft.Record.Assignee == erasure.Subject, draft.Content.Notes.Count(note => note.By == erasure.Subject));
                if (!assigned && notes == 0)
                    return false;
                Drafts.Change(commit, person, assigned ? draft.Record with { Assignee = null } : draft.Record,
                    draft.Content with { Notes = [.. draft.Content.Notes.Where(note => note.By != erasure.Subject)] }, draft.Item, assigned ? await drafts.EntryAsync(tenant, draft.Id, token) : null);
                ErasureCounts.Add(commit, erasure, new Dictionary<string, int> { ["assignment"] = assigned ? 1 : 0, ["note"] = notes });
                return true;
            }, ct);
    }
}
