using System.Collections.Concurrent;
using System.Text.Json;
using ReplyMint.Audit;
using ReplyMint.Jobs;
using ReplyMint.Storage;

namespace ReplyMint.Privacy;

/// <summary>
/// Carries an erasure out, step by step: the job, a command that waits for it, and the replay of the ledger do the same. Each
/// step can be done again, and where it got to is stored, so that a process that ends is followed by one that completes it.
/// </summary>
internal sealed class ErasureWork(
    IStore store, KeyRing keys, LegalHolds holds, ErasureBeginning beginning, MailRemoval mails, UserSweep users, TenantRemoval tenants, AddressSearch search, Exports exports, ErasureCertificates certificates, LogTruncation log, AuditLog audit, TimeProvider time)
{
    /// <summary>The kind of the job.</summary>
    public const string JobKind = "erase";

    // A job gives its place back after so long, and goes on when its turn comes again.
    private static readonly TimeSpan Slice = TimeSpan.FromSeconds(5);
    // A reader stood in the way of folding the log; none takes long.
    private static readonly TimeSpan Later = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, byte> _searching = new(StringComparer.Ordinal);

    public async Task<JobOutcome> HandleAsync(Job job, CancellationToken ct)
    {
        var begun = time.GetTimestamp();
        while (await RunAsync(job.Tenant, job.Target, ct) is { } state)
        {
            if (state.Progress == Progress.Wait)
                return new JobOutcome.Wait(Later);
            if (state.Progress != Progress.More)
                break;
            if (time.GetElapsedTime(begun) > Slice)
                return new JobOutcome.Wait(TimeSpan.Zero);
        }
        var commit = new Commit();
        job.Complete(commit);
        await store.CommitAsync(commit, ct);
        return JobOutcome.Finished;
    }

    /// <summary>The next piece of work; null when there is no such erasure.</summary>
    public async Task<ErasureProgress?> RunAsync(string home, string id, CancellationToken ct)
    {
        if (await store.GetAsync(Erasures.KeyOf(home, id), ct) is not { } item)
            return null;
        var erasure = Erasures.Read(item);
        if (erasure.State == ErasureState.Done)
            return new(Progress.Done, erasure);
        if (erasure.State == ErasureState.Held)
            return await BeginAsync(erasure.Home, erasure.Id, ct) is { } begun ? new(Progress.More, begun) : new(Progress.Held, erasure);
        // Its tenant is being erased, and this with it.
        if (await keys.TenantAsync(home, ct) is not { } own)
            return null;
        var secret = item.Sealed.IsEmpty ? null : JsonSerializer.Deserialize(own.Open(item), PrivacyJson.Default.ErasureSecret)!;
        if (erasure.Step == ErasureStep.Finish)
        {
            await FinishAsync(own, erasure, item, ct);
            return new(Progress.More, erasure);
        }
        if (await StepAsync(erasure, secret, ct) is not { } next)
            return new(Progress.Wait, erasure);
        var commit = new Commit();
        Erasures.Write(commit, own, next, secret, item);
        // A conflict is another one who did the same; both read on from what is stored.
        await store.CommitAsync(commit, ct);
        return new(Progress.More, next);
    }

    /// <summary>Where the erasure stands after its present step, or a part of it; null when that has to be tried again.</summary>
    private async Task<Erasure?> StepAsync(Erasure erasure, ErasureSecret? secret, CancellationToken ct)
    {
        switch (erasure.Step)
        {
            case ErasureStep.Jobs:
                // Once more, as after a start that ended behind the first commit.
                await beginning.ForgetAsync(erasure, ct);
                await RemoveJobsAsync(erasure, ct);
                return erasure with { Step = ErasureStep.Items, Cursor = null };
            case ErasureStep.Items:
                var next = await RemoveItemsAsync(erasure, secret, ct);
                return next is null ? erasure with { Step = ErasureStep.Files, Cursor = null } : erasure with { Cursor = next };
            case ErasureStep.Files:
                // Prepared exports hold what is erased, under the tenant's key; who needs one asks again.
                foreach (var tenant in erasure.Tenants ?? [erasure.Tenant])
                    await exports.DropAsync(tenant, ct);
                if (erasure.Kind == ErasureKind.Tenant)
                    await tenants.RemoveFilesAsync(erasure, ct);
                return erasure with { Step = ErasureStep.Scrub };
            case ErasureStep.Scrub:
                if (erasure.Kind == ErasureKind.Tenant && await tenants.IsThereAsync(erasure.Tenant, ct))
                    return erasure with { Step = ErasureStep.Items };
                if (!await log.RunAsync(ct))
                    return null;
                // Without the address there is nothing to look for.
                return erasure with { Step = erasure.Kind is ErasureKind.Correspondent && !erasure.Replay && secret is not null ? ErasureStep.Scan : ErasureStep.Finish };
            default:
                // It opens all that a tenant has: one at a time for each, however many are asked for.
                if (secret is null || !_searching.TryAdd(erasure.Tenant, 0))
                    return secret is null ? erasure with { Step = ErasureStep.Finish } : null;
                try
                {
                    var searched = await search.SearchAsync(erasure, secret, ct);
                    return searched.Cursor is null ? searched with { Step = ErasureStep.Finish } : searched;
                }
                finally
                {
                    _searching.TryRemove(erasure.Tenant, out _);
                }
        }
    }

    private async Task RemoveJobsAsync(Erasure erasure, CancellationToken ct)
    {
        foreach (var tenant in erasure.Tenants ?? [erasure.Tenant])
            await mails.RemoveAnswersAsync(erasure, tenant, ct);
        await RemoveOwnJobsAsync(erasure, ct);
    }

    private Task RemoveOwnJobsAsync(Erasure erasure, CancellationToken ct) => erasure.Kind switch
    {
        ErasureKind.Correspondent => RemoveJobsOfAsync(erasure, ct),
        ErasureKind.Mail => mails.RemoveJobsAsync(erasure, [erasure.Subject], ct),
        ErasureKind.Tenant => tenants.RemoveJobsAsync(erasure, ct),
        _ => Task.CompletedTask,
    };

    private async Task RemoveJobsOfAsync(Erasure erasure, CancellationToken ct)
    {
        if (await mails.OfAsync(erasure.Tenant, erasure.Subject, ct) is { Count: > 0 } doomed)
            await mails.RemoveJobsAsync(erasure, doomed, ct);
    }

    private async Task<string?> RemoveItemsAsync(Erasure erasure, ErasureSecret? secret, CancellationToken ct)
    {
        switch (erasure.Kind)
        {
            case ErasureKind.Correspondent:
                if (erasure.Cursor is null)
                {
                    await mails.RemoveConsentAsync(erasure, ct);
                    await mails.RemoveAdmittedAsync(erasure, ct);
                }
                return await mails.RemoveRoundAsync(erasure, erasure.Cursor, ct);
            case ErasureKind.Mail:
                await mails.RemoveAdmittedAsync(erasure, ct);
                await mails.RemoveAsync(erasure, [new SeenMail(erasure.Subject, null)], ct);
                return null;
            case ErasureKind.User:
                if (secret is not null)
                    await users.SweepAsync(erasure, secret.Address, ct);
                return null;
            default:
                return await tenants.RemoveRoundAsync(erasure, ct);
        }
    }

    /// <summary>Begins what a hold has kept; null when one keeps it still.</summary>
    private async Task<Erasure?> BeginAsync(string home, string id, CancellationToken ct)
    {
        var begun = await store.RetryAsync(async (commit, token) =>
        {
            if (await store.GetAsync(Erasures.KeyOf(home, id), token) is not { } item || Erasures.Read(item) is not { State: ErasureState.Held } erasure)
                return null;
            var reading = await holds.ReadAsync(erasure.Tenant, token);
            if (await beginning.IsHeldAsync(reading, erasure, token))
                return null;
            if (await beginning.PrepareAsync(erasure, new Actor(erasure.By), token) is not null)
                return null;
            reading.AddTo(commit);
            var own = await keys.RequireAsync(home, token);
            var secret = item.Sealed.IsEmpty ? null : JsonSerializer.Deserialize(own.Open(item), PrivacyJson.Default.ErasureSecret)!;
            var (refusal, now) = await beginning.AddAsync(commit, erasure, new Actor(erasure.By), token);
            if (refusal is not null)
            {
                commit.Clear();
                return null;
            }
            Erasures.Write(commit, own, now, secret, item);
            return now;
        }, ct);
        if (begun is not null)
            await beginning.BegunAsync(begun, ct);
        return begun;
    }

    /// <summary>The certificate, and the end: the address that was searched for is in nothing of ours any more.</summary>
    private async Task FinishAsync(TenantKeys own, Erasure erasure, Item item, CancellationToken ct)
    {
        var done = erasure with { State = ErasureState.Done, DoneAt = time.GetUtcNow() };
        if (!erasure.Replay)
            done = done with { Certificate = await certificates.SignAsync(done, ct) };
        await store.RetryAsync(async (commit, token) =>
        {
            if (await store.GetAsync(item.Key, token) is not { } now || now.Version != item.Version)
                return false;
            Erasures.Write(commit, own, done, null, item);
            await audit.AppendAsync(commit, erasure.Home, new AuditEntry(Actor.System, "erasure.done", erasure.Id), token);
            return true;
        }, ct);
    }
}

internal enum Progress { More, Wait, Held, Done }

/// <summary>How far it got.</summary>
internal sealed record ErasureProgress(Progress Progress, Erasure Erasure);
