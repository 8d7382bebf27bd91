using System.Globalization;
using ReplyMint.Audit;
using ReplyMint.Jobs;
using ReplyMint.Knowledge;
using ReplyMint.Storage;

namespace ReplyMint.Secrets;

/// <summary>
/// New keys for tenants (SEC-2). A new number joins the tenant's record and seals what is new from that moment; a job brings what
/// is there under it; then the old number goes. Whatever is sealed with either can be read all the while; backups of before are by the
/// old number, which stays apart for as long as they do. The key of the look-up hashes stays: they are the keys of items.
/// </summary>
internal sealed class TenantKeyRotation(IStore store, KeyRing keys, TenantRekeying rekeying, KnowledgeIndexes indexes, DataBackupsKept backups, JobQueue jobs, AuditLog audit, TimeProvider time)
{
    public const string JobKind = "rekey";

    /// <summary>
    /// The least time an old number stays beside the new one: what was sealed just before the new one came is long committed then, so that
    /// a pass that finds nothing is the last word.
    /// </summary>
    public static readonly TimeSpan Settles = TimeSpan.FromHours(1);

    // Somebody worked with an item at the very moment, or sends it; the next pass finds it free.
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    /// <summary>Gives a tenant a new key. Returns its number, or null when there is no such tenant.</summary>
    public async Task<int?> RotateAsync(string tenant, Actor actor, CancellationToken ct)
    {
        Job? job = null;
        var after = await store.RetryAsync<Versioned<TenantKeyRecord>?>(async (commit, token) =>
        {
            var record = await keys.ChangeAsync(commit, tenant, static (record, make) =>
            {
                var next = record.Keys.Max(key => key.Number) + 1;
                return record with { Current = next, Keys = [.. record.Keys, make(next)] };
            }, token);
            if (record is not { } changed)
                return null;
            // Named by the number: two changes at one moment are two jobs.
            job = jobs.Add(commit, tenant, JobKind, Text(changed.Value.Current));
            await audit.AppendAsync(commit, tenant, new AuditEntry(actor, "tenant-key.rotate", tenant, new Dictionary<string, string> { ["number"] = Text(changed.Value.Current) }), token);
            return changed;
        }, ct);
        if (after is not { } now)
            return null;
        keys.Take(tenant, now);
        jobs.Wake(job!);
        return now.Value.Current;
    }

    /// <summary>Brings all that is sealed with old keys under the newest; drops nothing.</summary>
    public Task<Rekeyed> PassAsync(string tenant, CancellationToken ct) => rekeying.PassAsync(tenant, ct);

    public async Task<JobOutcome> HandleAsync(Job job, CancellationToken ct)
    {
        var began = time.GetUtcNow();
        if (await keys.RecordAsync(job.Tenant, ct) is not { } read || read.Value.Keys.Count == 1)
            return await job.EndAsync(store, new Commit(), ct);
        // The pass goes by what memory seals with, the drop by the record: while they differ, what looks new to the one is old to the other.
        // What was sealed by the old memory until now may be stored a little later, so the time to settle begins anew.
        if (!await keys.AgreesAsync(job.Tenant, read, ct))
            return new JobOutcome.Wait(Settles);
        if (await rekeying.PassAsync(job.Tenant, ct) is { Found: > 0 } pass)
            // What was written is looked at once more: by a pass that finds nothing, and only by that, the old keys go.
            return new JobOutcome.Wait(pass.Written == pass.Found ? TimeSpan.Zero : Soon);
        var newest = read.Value.Keys.Single(key => key.Number == read.Value.Current);
        if (newest.MadeAt is { } made && made + Settles > began)
            return new JobOutcome.Wait(made + Settles - began);
        await indexes.RemoveOldAsync(job.Tenant, ct);
        return await DropAsync(job, read, newest, ct);
    }

    private async Task<JobOutcome> DropAsync(Job job, Versioned<TenantKeyRecord> read, WrappedKey newest, CancellationToken ct)
    {
        var commit = new Commit();
        var gone = read.Value.Keys.Where(key => key.Number != newest.Number).Select(key => Text(key.Number));
        var after = await keys.DropAsync(commit, job.Tenant, newest.Number, backups.For, ct);
        // Changed meanwhile: another new number, which the pass did not know of, or another master key.
        if (after is not { } kept || commit.Operations[0].Condition != Condition.At(read.Version))
            return new JobOutcome.Wait(TimeSpan.Zero);
        await audit.AppendAsync(commit, job.Tenant, new AuditEntry(Actor.System, "tenant-key.drop", job.Tenant, new Dictionary<string, string> { ["numbers"] = string.Join(' ', gone), ["stays"] = Text(newest.Number) }), ct);
        var outcome = await job.EndAsync(store, commit, ct);
        if (outcome is JobOutcome.Done)
            keys.Take(job.Tenant, kept);
        return outcome;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
