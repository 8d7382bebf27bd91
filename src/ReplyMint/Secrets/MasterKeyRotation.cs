using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Jobs;
using ReplyMint.Storage;

namespace ReplyMint.Secrets;

/// <summary>How a change of the master key ended.</summary>
/// <param name="Refused">Why nothing was done; null when the key is changed.</param>
/// <param name="Rewrapped">How many tenants' keys were wrapped anew by this call.</param>
/// <param name="By">A key file of a person's own that holds the new key; null when ours took the old one's place.</param>
internal sealed record MasterKeyChange(string? Refused, int Rewrapped = 0, string? By = null);

/// <summary>
/// A new master key (SEC-2): every tenant's keys are wrapped anew, while the product runs. In order, each step durable before the next:
/// 1. the new key's file beside the old one; 2. the store's identity names both, with a job that goes on, and what is
/// new is wrapped with the new key; 3. each tenant's record, half an import's too, until a look at all finds none of the old; 4. a copy of the old file, then the new one
/// takes its place by a rename; 5. the identity names the new key alone. Whoever starts in between finds both keys, and goes on.
/// A file of step 1 that nothing names yet is taken by the next try. Where KMS wraps the key, the wrapped keys change in the commits of 2 and 5, and there is no 1 and 4.
/// </summary>
internal sealed class MasterKeyRotation(IStore store, KeyRing keys, MasterKeys masters, IKeyVault vault, Tenants tenants, JobQueue jobs, AuditLog audit, TimeProvider time) : IDisposable
{
    public const string JobKind = "master-key";

    /// <summary>Copies of wrapped keys are kept no longer; the old key has to be, for as long as one of them may be restored.</summary>
    public static readonly TimeSpan OldKept = TimeSpan.FromDays(30);

    // A batch reads and writes up to two records of each, of about 500 bytes.
    private const int Batch = 50;

    // A command and the job that a start found may meet; files are moved by one of them.
    private readonly SemaphoreSlim _one = new(1);

    /// <summary>Changes the key, or goes on with a change that broke off.</summary>
    /// <param name="newKeyFile">The absolute path of a file that holds the new key; null makes one where we may write.</param>
    /// <exception cref="StoreRefusedException">A key file can't be read or written; the message says which and why.</exception>
    public async Task<MasterKeyChange> RotateAsync(string? newKeyFile, Actor actor, CancellationToken ct)
    {
        if ((await StoreIdentity.ReadAsync(store, ct))!.Value.Value is { NextKeyCheck: null } known)
        {
            if (await BeginAsync(newKeyFile, known, actor, ct) is { } refused)
                return refused;
        }
        return await FinishAsync(null, ct);
    }

    /// <summary>Goes on with a change at the next start.</summary>
    public async Task<JobOutcome> HandleAsync(Job job, CancellationToken ct)
    {
        await FinishAsync(job, ct);
        return JobOutcome.Finished;
    }

    public void Dispose() => _one.Dispose();

    private async Task<MasterKeyChange?> BeginAsync(string? newKeyFile, StoreIdentity known, Actor actor, CancellationToken ct)
    {
        var (next, refused) = await vault.NextAsync(known, newKeyFile, ct);
        if (next is null)
            return new(refused);
        var begun = await store.RetryAsync(async (commit, token) =>
        {
            var (identity, read) = (await StoreIdentity.ReadAsync(store, token))!.Value;
            if (next.Check == identity.KeyCheck || identity.NextKeyCheck is not null)
                return false;
            commit.Put(StoreIdentity.At, (identity with { NextKeyCheck = next.Check, KeyBeside = newKeyFile }).Bytes(), Condition.At(read));
            await vault.AddAsync(commit, next, token);
            jobs.Add(commit, KeyRing.Installation, JobKind, KeyRing.Installation);
            await audit.AppendAsync(commit, KeyRing.Installation, new AuditEntry(actor, "master-key.rotate", next.Check), token);
            return true;
        }, ct);
        return begun ? null : new(newKeyFile is null ? "the master key is being changed already" : $"{newKeyFile} holds the master key that is in use");
    }

    private async Task<MasterKeyChange> FinishAsync(Job? job, CancellationToken ct)
    {
        await _one.WaitAsync(ct);
        try
        {
            var (identity, version) = (await StoreIdentity.ReadAsync(store, ct))!.Value;
            if (identity.NextKeyCheck is not { } next)
            {
                // The end was stored, and whoever stored it never heard of it.
                if (masters.Before is not null)
                    masters.Change(masters.Wrapping, null, version);
                await EndAsync(job, ct);
                return new(null, 0, identity.KeyBeside);
            }
            // Only here memory takes the new key, as a start would: whoever began may not have come so far, or never will, and where
            // memory wraps with the old key still, a look at all finds nothing to do.
            if (masters.Wrapping.Check != next)
                masters.Take((await vault.ReadAsync(identity, version, ct)).Masters);
            var rewrapped = 0;
            int some;
            do
                rewrapped += some = await RewrapAsync(ct);
            while (some > 0);
            await EndAsync(job, ct);
            return new(null, rewrapped, identity.KeyBeside);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>One look at all tenants; 0 says that none is wrapped with the old key any more. New ones can't be: see <see cref="MasterKeys.WrapIn"/>.</summary>
    private async Task<int> RewrapAsync(CancellationToken ct)
    {
        var done = 0;
        var batch = new List<string>(Batch);
        await foreach (var tenant in tenants.IdsWithKeysAsync(ct))
        {
            batch.Add(tenant);
            if (batch.Count == Batch)
            {
                done += await RewrapAsync(batch, ct);
                batch.Clear();
            }
        }
        batch.Add(KeyRing.Installation);
        return done + await RewrapAsync(batch, ct);
    }

    private Task<int> RewrapAsync(IReadOnlyList<string> some, CancellationToken ct) => store.RetryAsync(async (commit, token) =>
    {
        var done = 0;
        foreach (var tenant in some)
            done += await keys.RewrapAsync(commit, tenant, token) ? 1 : 0;
        return done;
    }, ct);

    private async Task EndAsync(Job? job, CancellationToken ct)
    {
        var ended = await store.RetryAsync<long?>(async (commit, token) =>
        {
            var (identity, version) = (await StoreIdentity.ReadAsync(store, token))!.Value;
            if (job is not null && await job.StandsAsync(store, token))
                job.Complete(commit);
            if (identity.NextKeyCheck is not { } next)
                return null;
            await vault.EndAsync(commit, identity, masters.Before, time.GetUtcNow(), token);
            commit.Put(StoreIdentity.At, (identity with { KeyCheck = next, NextKeyCheck = null, KeySince = time.GetUtcNow() }).Bytes(), Condition.At(version));
            await audit.AppendAsync(commit, KeyRing.Installation, new AuditEntry(Actor.System, "master-key.changed", next), token);
            return version + 1;
        }, ct);
        if (ended is { } at)
            masters.Change(masters.Wrapping, null, at);
    }
}
