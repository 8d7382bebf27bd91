using System.Text.Json;
using System.Text.Json.Serialization;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Jobs;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Privacy;

[JsonConverter(typeof(WireEnum<ExportState>))]
internal enum ExportState { Waiting, Running, Ready, Failed }

/// <summary>An export that was asked for over HTTP; its item and its file go when it is over.</summary>
internal sealed record ExportRecord
{
    public int V { get; init; } = 1;
    public required string Id { get; init; }
    public required ExportScope Scope { get; init; }
    public required string By { get; init; }
    public required DateTimeOffset AskedAt { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }
    public ExportState State { get; init; }
    public long Messages { get; init; }
    public int Percent { get; init; }
    /// <summary>Bytes of the file, once it is ready.</summary>
    public long Size { get; init; }
    /// <summary>Why it failed, in fixed words.</summary>
    public string? Failure { get; init; }
}

/// <summary>Of whom: an address or a user's id; sealed with the tenant's key.</summary>
internal sealed record ExportSubject(string? Of);

/// <summary>How long one may take in a process that has no longer, such as a function of Lambda.</summary>
internal sealed record ExportTime(TimeSpan Longest);

/// <summary>Exports over HTTP: asked for, made by a job into a sealed file, fetched, and gone a day later.</summary>
internal sealed class Exports(IStore store, KeyRing keys, Exporter exporter, IExportPlace files, JobQueue jobs, AuditLog audit, Alerts alerts, SecurityEvents events, TimeProvider time, ExportTime? bound = null)
{
    /// <summary>The kind of the job that makes one.</summary>
    public const string JobKind = "export";

    /// <summary>The kind of the job that removes its file.</summary>
    public const string EndJob = "export-end";

    /// <summary>Of a tenant at once: each takes as much of the disk as the tenant's data.</summary>
    public const int Most = 5;

    public static readonly TimeSpan Kept = TimeSpan.FromDays(1);

    private const string Prefix = "export/";
    private static readonly TimeSpan Tell = TimeSpan.FromSeconds(2);

    public static ItemKey KeyOf(string tenant, string id) => ItemKey.Main(tenant, Prefix + id);

    /// <summary>Null when the tenant has as many as it may have.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="scope">Of whom.</param>
    /// <param name="of">A normalised address, or a user's id.</param>
    /// <param name="actor">Who asks.</param>
    /// <param name="ct">Calls it off.</param>
    public async Task<ExportRecord?> AskAsync(string tenant, ExportScope scope, string? of, Actor actor, CancellationToken ct)
    {
        var own = await keys.RequireAsync(tenant, ct);
        Job? job = null;
        var asked = await store.RetryAsync(async (commit, token) =>
        {
            job = null;
            var now = time.GetUtcNow();
            var record = new ExportRecord { Id = Ids.Random('x'), Scope = scope, By = actor.Id, AskedAt = now, ExpiresAt = now + Kept };
            var key = KeyOf(tenant, record.Id);
            // Before anything is counted: two at once conflict, and one counts again.
            await audit.AppendAloneAsync(commit, tenant, new AuditEntry(actor, "export.ask", record.Id, new Dictionary<string, string> { ["scope"] = Word(scope) }), token);
            if ((await store.QueryAsync(Table.Main, tenant, new Storage.Range(Prefix, Limit: Most), null, token)).Items.Count >= Most)
            {
                commit.Clear();
                return null;
            }
            commit.Put(key, StoredJson.Write(record, ExportJson.Default.ExportRecord), Condition.Absent, StoredJson.Seal(own, key, 1, new ExportSubject(of), ExportJson.Default.ExportSubject), record.ExpiresAt);
            jobs.Add(commit, tenant, EndJob, record.Id, record.ExpiresAt);
            job = jobs.Add(commit, tenant, JobKind, record.Id);
            return record;
        }, ct);
        if (asked is null)
            return null;
        jobs.Wake(job!);
        events.Note(SecurityEventKind.ExportMade, tenant: tenant, subject: actor.Id);
        // MON-3: who takes everything away at once may be somebody who should not.
        if (scope == ExportScope.Tenant)
            await alerts.RaiseAsync("mass-export", tenant, $"All data of tenant {tenant} is being exported, as {actor.Id} asked. If nobody of the tenant wants that, end that person's sessions (`replymint session end`) and remove the export.", ct);
        return asked;
    }

    public async ValueTask<Versioned<ExportRecord>?> FindAsync(string tenant, string id, CancellationToken ct) =>
        await store.GetAsync(KeyOf(tenant, id), ct) is { } item ? new(Read(item), item.Version) : null;

    /// <summary>All that are there.</summary>
    public async Task<IReadOnlyList<ExportRecord>> ListAsync(string tenant, CancellationToken ct)
    {
        var all = new List<ExportRecord>();
        await foreach (var item in store.AllAsync(Table.Main, tenant, Prefix, ct))
            all.Add(Read(item));
        return all;
    }

    /// <summary>Removes an export before its time. False when there is none.</summary>
    public async Task<bool> RemoveAsync(string tenant, string id, Actor actor, CancellationToken ct)
    {
        var removed = await store.RetryAsync(async (commit, token) =>
        {
            if (await store.GetAsync(KeyOf(tenant, id), token) is not { } item)
                return false;
            commit.Delete(item.Key, Condition.Same(item));
            await audit.AppendAsync(commit, tenant, new AuditEntry(actor, "export.remove", id), token);
            return true;
        }, ct);
        if (removed)
            await files.DeleteAsync(tenant, id, ct);
        return removed;
    }

    /// <summary>Removes all of a tenant: what they hold must not be there any more. One that is being made finds itself gone and removes its file.</summary>
    public async Task DropAsync(string tenant, CancellationToken ct)
    {
        await foreach (var item in store.AllAsync(Table.Main, tenant, Prefix, ct))
            await store.CommitAsync(new Commit().Delete(item.Key), ct);
        await foreach (var (owner, id) in files.AllAsync(tenant, ct))
            if (await store.GetAsync(KeyOf(owner, id), ct) is null)
                await files.DeleteAsync(owner, id, ct);
    }

    /// <summary>Where a file that is ready can be fetched, for a few minutes; null when it is sent from here.</summary>
    public Task<Uri?> AddressAsync(string tenant, string id, CancellationToken ct) => files.AddressAsync(tenant, id, ct);

    /// <summary>Sends a part of a file that is ready.</summary>
    public async Task<bool> SendAsync(string tenant, string id, long from, long to, Func<ReadOnlyMemory<byte>, Task> send, CancellationToken ct) =>
        await files.ReadAsync(await keys.RequireAsync(tenant, ct), id, from, to, send);

    /// <summary>The job. Whatever a run before it left is written over: nothing is offered before all of it is on the disk.</summary>
    public async Task<JobOutcome> MakeAsync(Job job, CancellationToken ct)
    {
        var (tenant, id) = (job.Tenant, job.Target);
        if (await keys.TenantAsync(tenant, ct) is not { } own || await store.GetAsync(KeyOf(tenant, id), ct) is not { } item || Read(item) is not { State: ExportState.Waiting or ExportState.Running } asked)
            return await EndAsync(job, null, ct);
        var subject = JsonSerializer.Deserialize(own.Open(KeyOf(tenant, id), 1, item.Sealed.Span), ExportJson.Default.ExportSubject)!.Of;
        if (!files.HasRoom)
            return await EndAsync(job, record => record with { State = ExportState.Failed, Failure = "the disk has too little room" }, ct);
        using var late = bound is null ? new CancellationTokenSource() : new CancellationTokenSource(bound.Longest, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, late.Token);
        var until = either.Token;
        var told = time.GetTimestamp();
        var progress = new ExportProgress(0, 0);
        var whole = true;
        long size;
        try
        {
            size = await files.WriteAsync(own, id, async to => whole = asked.Scope switch
            {
                ExportScope.Tenant => await exporter.TenantAsync(to, tenant, Progress, until),
                ExportScope.User => await exporter.UserAsync(to, subject!, tenant, until),
                _ => await OfAsync(to),
            }, until);
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            // Another try would have no more time, so none is made.
            return await EndAsync(job, record => record with { State = ExportState.Failed, Failure = "it takes longer than it may take here; the operator's command has no such bound: replymint export" }, ct);
        }
        catch (ExportNoRoomException)
        {
            return await EndAsync(job, record => record with { State = ExportState.Failed, Failure = "the disk has too little room" }, ct);
        }
        catch (FileNotFoundException)
        {
            // Somebody was erased meanwhile, or it was taken back; then its record is gone as well.
            return await EndAsync(job, record => record with { State = ExportState.Failed, Failure = "its file was removed" }, ct);
        }
        return await EndAsync(job, record => whole
            ? record with { State = ExportState.Ready, Messages = progress.Messages, Percent = 100, Size = size }
            : record with { State = ExportState.Failed, Failure = "there is no such person" }, ct);

        async Task<bool> OfAsync(Stream to)
        {
            await exporter.CorrespondentAsync(to, tenant, subject!, Progress, until);
            return true;
        }

        void Progress(ExportProgress now)
        {
            progress = now;
            if (time.GetElapsedTime(told) < Tell)
                return;
            told = time.GetTimestamp();
            // Nobody waits for it, and a later word overtakes it.
            _ = ChangeAsync(tenant, id, record => record.State is ExportState.Waiting or ExportState.Running ? record with { State = ExportState.Running, Messages = now.Messages, Percent = now.Percent } : record, null, CancellationToken.None);
        }
    }

    /// <summary>The job that comes when one is over.</summary>
    public async Task<JobOutcome> RemoveFileAsync(Job job, CancellationToken ct)
    {
        await files.DeleteAsync(job.Tenant, job.Target, ct);
        return await EndAsync(job, null, ct);
    }

    /// <summary>At the start: files of exports that are not there any more, such as of a store that was put back.</summary>
    public async Task SweepAsync(CancellationToken ct)
    {
        await foreach (var (tenant, id) in files.AllAsync(null, ct))
            if (await store.GetAsync(KeyOf(tenant, id), ct) is null)
                await files.DeleteAsync(tenant, id, ct);
    }

    private async Task<JobOutcome> EndAsync(Job job, Func<ExportRecord, ExportRecord>? change, CancellationToken ct)
    {
        if (!await ChangeAsync(job.Tenant, job.Target, change, job, ct) && change is not null)
            await files.DeleteAsync(job.Tenant, job.Target, ct);
        return JobOutcome.Finished;
    }

    /// <summary>False when the export is not there (any more).</summary>
    private Task<bool> ChangeAsync(string tenant, string id, Func<ExportRecord, ExportRecord>? change, Job? done, CancellationToken ct) =>
        store.RetryAsync(async (commit, token) =>
        {
            var item = change is null ? null : await store.GetAsync(KeyOf(tenant, id), token);
            if (item is not null)
                commit.Change(item, StoredJson.Write(change!(Read(item)), ExportJson.Default.ExportRecord), item.Sealed);
            if (done is not null && await done.StandsAsync(store, token))
                done.Complete(commit);
            return item is not null;
        }, ct);

    private static string Word(ExportScope scope) => scope.ToString().ToLowerInvariant();

    private static ExportRecord Read(Item item) => JsonSerializer.Deserialize(item.Value.Span, ExportJson.Default.ExportRecord)!;
}
