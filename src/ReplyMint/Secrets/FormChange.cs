using System.Globalization;
using ReplyMint.Audit;
using ReplyMint.Jobs;
using ReplyMint.Knowledge;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Secrets;

/// <summary>
/// Brings what a tenant has into the form that the settings name, should another have sealed it: in parts with a pause between them, and
/// from where it stopped when the server did. The keys stay; all forms can be read all the while.
/// </summary>
internal sealed class FormChange(IStore store, KeyRing keys, MasterKeys masters, TenantRekeying rekeying, KnowledgeIndexes indexes, JobQueue jobs, AuditLog audit, TimeProvider time)
{
    public const string JobKind = "reseal";

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    // Something was written by others at the very moment; and where nothing could be, somebody works with it or nobody can open it.
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Later = TimeSpan.FromHours(1);

    /// <summary>Begins a tenant's change when the settings name another form than it has; a store that never changed has the first.</summary>
    public async Task BeginAsync(string tenant, CancellationToken ct)
    {
        var (at, form) = (SealedFormRecord.KeyOf(tenant), (byte)masters.Form);
        var job = await store.RetryAsync<Job?>(async (commit, token) =>
        {
            var item = await store.GetAsync(at, token);
            if ((SealedFormRecord.Of(item)?.Form ?? (byte)SealedForm.Aes256Gcm) == form)
                return null;
            commit.Put(at, Bytes(new(1, form, time.GetUtcNow())), Condition.Same(item));
            return jobs.Add(commit, tenant, JobKind, Text(form));
        }, ct);
        if (job is not null)
            jobs.Wake(job);
    }

    public async Task<JobOutcome> HandleAsync(Job job, CancellationToken ct)
    {
        var item = await store.GetAsync(SealedFormRecord.KeyOf(job.Tenant), ct);
        if (SealedFormRecord.Of(item) is not { DoneAt: null } state || Text(state.Form) != job.Target || await keys.TenantAsync(job.Tenant, ct) is null)
            return await job.EndAsync(store, new Commit(), ct);
        // Of a shared store: another process has other settings than this one, and one of them is about to end.
        if (state.Form != (byte)masters.Form)
            return new JobOutcome.Wait(Later);
        if (state.Cursor is null)
            await store.RetryAsync((commit, token) => keys.RewrapAsync(commit, job.Tenant, token), ct);
        var part = await rekeying.ReformAsync(job.Tenant, state.Cursor, ct);
        state = state with { Cursor = part.Next, Sealed = state.Sealed + part.Written, Met = state.Met + part.Found, Wrote = state.Wrote + part.Written };
        if (part.Next is not null)
            return await GoOnAsync(item!, state, Pause, ct);
        await indexes.RemoveOldAsync(job.Tenant, ct);
        var left = state.Met - state.Wrote;
        // What was written is looked at once more: a pass that finds nothing, and only that, is the end.
        if (state.Met > 0)
            return await GoOnAsync(item!, state with { Met = 0, Wrote = 0, Left = left }, left == 0 ? Pause : state.Wrote > 0 ? Soon : Later, ct);
        // Others may have sealed by the settings of before until they heard of these.
        if (store.IsShared && state.At + TenantKeyRotation.Settles > time.GetUtcNow())
            return await GoOnAsync(item!, state with { Left = 0 }, Later, ct);
        var end = new Commit().Put(item!.Key, Bytes(state with { Left = 0, DoneAt = time.GetUtcNow() }), Condition.Same(item));
        // A tenant that was made in this form already has nothing to tell.
        if (state.Sealed > 0)
            await audit.AppendAsync(end, job.Tenant, new AuditEntry(Actor.System, "sealed-form.changed", job.Tenant,
                new Dictionary<string, string> { ["form"] = Sealing.NameOf(masters.Form), ["values"] = state.Sealed.ToString(CultureInfo.InvariantCulture) }), ct);
        return await job.EndAsync(store, end, ct);
    }

    /// <summary>For a list of keys; empty where nothing was ever changed.</summary>
    public async ValueTask<string> ShowAsync(string tenant, CancellationToken ct) => SealedFormRecord.Of(await store.GetAsync(SealedFormRecord.KeyOf(tenant), ct)) switch
    {
        null or { Form: 0 } => "",
        { DoneAt: not null } done => $"; all of it is sealed with {Sealing.NameOf((SealedForm)done.Form)}",
        var state => string.Create(CultureInfo.InvariantCulture, $"; being sealed again with {Sealing.NameOf((SealedForm)state.Form)}, {state.Sealed} values so far, {state.Left} left by the last pass"),
    };

    /// <summary>Keeps where the next part begins. Should that not be written, it is done once more, which harms nothing.</summary>
    private async Task<JobOutcome> GoOnAsync(Item item, SealedFormRecord state, TimeSpan after, CancellationToken ct)
    {
        await store.CommitAsync(new Commit().Put(item.Key, Bytes(state), Condition.Same(item)), ct);
        return new JobOutcome.Wait(after);
    }

    private static byte[] Bytes(SealedFormRecord record) => StoredJson.Write(record, StorageJson.Default.SealedFormRecord);

    private static string Text(byte form) => form.ToString(CultureInfo.InvariantCulture);
}
