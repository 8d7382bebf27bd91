using System.Text.Json;
using ReplyMint.Storage;

namespace ReplyMint.Audit;

/// <summary>
/// Removes entries that are older than they are kept (audit.keepDays), in two steps that each survive the end of the process: a signed
/// checkpoint names the last entry to go and is copied off the machine; once each place has it, the entries up to it go, the oldest first.
/// </summary>
internal sealed class AuditPruning(IStore store, AuditSettings settings, AuditRoots roots, Attestations attestations, Anchors anchors, TimeProvider time)
{
    // Not a checkpoint for each day that passes.
    private static readonly TimeSpan Step = TimeSpan.FromDays(30);
    private static readonly TimeSpan Every = TimeSpan.FromDays(1);

    private DateTimeOffset _next;

    public async Task RunAsync(CancellationToken ct)
    {
        if (settings.KeepDays is not { } days || !anchors.Configured || time.GetUtcNow() < _next)
            return;
        var before = time.GetUtcNow().AddDays(-days);
        await foreach (var chain in roots.ChainsAsync(ct))
        {
            if (await OldestAsync(chain, ct) is not { } oldest)
                continue;
            if (await CheckpointAsync(chain, ct) is not { } checkpoint || checkpoint.Sequence < oldest.Sequence)
                checkpoint = oldest.At < before - Step ? await SignAsync(chain, before, ct) : null;
            if (checkpoint is not null && await NamesAsync(chain, checkpoint, ct) && !await anchors.IsWaitingAsync(RootNames.Checkpoint(chain, checkpoint.Sequence), ct))
                await RemoveAsync(chain, checkpoint.Sequence, ct);
        }
        _next = time.GetUtcNow() + Every;
    }

    private async Task<AuditRecord?> OldestAsync(string chain, CancellationToken ct)
    {
        var page = await store.QueryAsync(Table.Audit, chain, new Storage.Range(AuditLog.EntryPrefix, Limit: 1), null, ct);
        return page.Items is [var item] ? AuditRecord.Genuine(item.Value.Span) : null;
    }

    private async Task<CheckpointStatement?> CheckpointAsync(string chain, CancellationToken ct) =>
        await store.GetAsync(RootNames.CheckpointKey(chain), ct) is { } item
        && await attestations.VerifyAsync(CheckpointStatement.Kind, JsonSerializer.Deserialize(item.Value.Span, AuditJson.Default.CheckpointRecord)!.Jws, AuditJson.Default.CheckpointStatement, ct) is { } said
        // Genuine ones of other chains may have been copied here to have this one's entries removed.
        && said.Store == roots.Store && said.Chain == chain ? said : null;

    /// <summary>Whether the entry that a checkpoint names is the one that stands there.</summary>
    private async Task<bool> NamesAsync(string chain, CheckpointStatement checkpoint, CancellationToken ct) =>
        await store.GetAsync(AuditLog.KeyOf(chain, checkpoint.Sequence), ct) is { } item && AuditRecord.Genuine(item.Value.Span)?.Hash == checkpoint.Hash;

    /// <summary>Follows the entries that are to go: what does not hold together stays as it is, for somebody to look at.</summary>
    private async Task<CheckpointStatement?> SignAsync(string chain, DateTimeOffset before, CancellationToken ct)
    {
        var known = await store.GetAsync(RootNames.CheckpointKey(chain), ct);
        if (await LastBeforeAsync(chain, before, ct) is not { } last)
            return null;
        var statement = new CheckpointStatement(1, roots.Store, chain, last.Sequence, last.Hash!, time.GetUtcNow(), before);
        var document = StoredJson.Write(new CheckpointRecord(1, await attestations.SignAsync(CheckpointStatement.Kind, statement, AuditJson.Default.CheckpointStatement, ct)), AuditJson.Default.CheckpointRecord);
        var commit = new Commit().Put(RootNames.CheckpointKey(chain), document, Condition.Same(known));
        await anchors.AddAsync(commit, RootNames.Checkpoint(chain, last.Sequence), document, ct);
        if (await store.CommitAsync(commit, ct) != CommitResult.Committed)
            return null;
        await anchors.FlushAsync(ct);
        return statement;
    }

    private async Task<AuditRecord?> LastBeforeAsync(string chain, DateTimeOffset before, CancellationToken ct)
    {
        var whole = true;
        var walk = new ChainWalk(chain, await CheckpointAsync(chain, ct), 0, _ => whole = false);
        AuditRecord? last = null;
        await foreach (var item in store.AllAsync(Table.Audit, chain, AuditLog.EntryPrefix, ct))
        {
            if (AuditRecord.Genuine(item.Value.Span) is not { } record || record.At >= before)
                break;
            walk.Next(record.Sequence, item.Value.Span);
            if (!whole)
                return null;
            last = record;
        }
        return last;
    }

    private async Task RemoveAsync(string chain, long upTo, CancellationToken ct)
    {
        var range = new Storage.Range(AuditLog.EntryPrefix, Before: AuditLog.KeyOf(chain, upTo + 1).Sort, Limit: Commit.MaxOperations);
        while (true)
        {
            var page = await store.QueryAsync(Table.Audit, chain, range, null, ct);
            if (page.Items.Count == 0)
                return;
            var commit = new Commit();
            foreach (var item in page.Items)
                commit.Delete(item.Key);
            await store.CommitAsync(commit, ct);
        }
    }
}
