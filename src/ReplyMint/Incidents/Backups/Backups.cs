using System.Text.Json;
using ReplyMint.Audit;
using ReplyMint.Jobs;
using ReplyMint.Storage;

namespace ReplyMint.Incidents;

/// <summary>Backups of the open store: one at a time, each with its entry in the audit log, and what was done last (IR-5).</summary>
internal sealed class Backups(OpenStore open, BackupMaker maker, BackupSettings settings, AuditLog audit, TimeProvider time) : IDisposable
{
    private static readonly ItemKey At = ItemKey.Main(KeyRing.Installation, "backup-state");

    private readonly SemaphoreSlim _one = new(1, 1);

    /// <summary>Where they go when nobody says otherwise.</summary>
    public string Folder => settings.Folder ?? open.Folder.Backup;

    public BackupSettings Settings => settings;

    /// <summary>Makes a backup, and puts away what was done in one commit.</summary>
    /// <param name="data">False: the keys alone.</param>
    /// <param name="job">The job that asked, which is done with it.</param>
    /// <exception cref="BackupFailedException">With the reason; nothing was written.</exception>
    public Task<MadeBackup> CreateAsync(string? folder, bool data, Actor actor, Job? job, CancellationToken ct) => AloneAsync(async work =>
    {
        var made = await maker.MakeAsync(folder ?? Folder, work, data, ct);
        await ChangeAsync(state => state with { Data = Run(made.Data) ?? state.Data, Keys = Run(made.Keys) ?? state.Keys }, async (commit, _, _, token) =>
        {
            job?.Complete(commit);
            await audit.AppendAsync(commit, KeyRing.Installation, new AuditEntry(actor, "backup.create", (made.Data ?? made.Keys)!.Name), token);
        }, ct);
        return made;
    }, ct);

    /// <summary>Removes what is older than it may be, with an entry for what it was, and what a killed process left.</summary>
    public async Task<IReadOnlyList<string>> PruneAsync(string? folder, Actor actor, CancellationToken ct)
    {
        await _one.WaitAsync(ct);
        try
        {
            WorkFolders.RemoveLeft(open.Folder.Backup);
            var removed = new List<string>();
            foreach (var one in new[] { folder ?? Folder, Folder, open.Folder.Backup }.Distinct(StringComparer.Ordinal))
                removed.AddRange(await BackupFiles.PruneAsync(one, open.Id, settings, time.GetUtcNow(), ct));
            removed.AddRange(BackupFiles.PruneMigrations(open.Folder.Backup, settings.KeysKeepDays, time.GetUtcNow()));
            // By pages: an entry has a bound, and there may be many files after a pause of months.
            foreach (var some in removed.Chunk(20))
                await open.Store.RetryAsync(async (commit, token) =>
                {
                    await audit.AppendAsync(commit, KeyRing.Installation, new AuditEntry(actor, "backup.prune", KeyRing.Installation, new Dictionary<string, string> { ["files"] = string.Join(' ', some) }), token);
                    return true;
                }, ct);
            return removed;
        }
        finally
        {
            _one.Release();
        }
    }

    public async ValueTask<BackupState> StateAsync(CancellationToken ct) => Read(await open.Store.GetAsync(At, ct));

    /// <summary>Moves what was done last, together with what else belongs into the commit; returns it as it is then.</summary>
    /// <param name="also">Gets what was before and what is after; asked again on a conflict.</param>
    public Task<BackupState> ChangeAsync(Func<BackupState, BackupState> change, Func<Commit, BackupState, BackupState, CancellationToken, Task> also, CancellationToken ct) => open.Store.RetryAsync(async (commit, token) =>
    {
        var item = await open.Store.GetAsync(At, token);
        var before = Read(item);
        var after = change(before);
        if (after == before)
            return before;
        commit.Put(At, StoredJson.Write(after, BackupJson.Default.BackupState), Condition.Same(item));
        await also(commit, before, after, token);
        return after;
    }, ct);

    /// <summary>Runs something with an empty folder of its own on the disk of the data, alone. The folder goes with it; what a crash left goes first.</summary>
    public async Task<T> AloneAsync<T>(Func<string, Task<T>> run, CancellationToken ct)
    {
        await _one.WaitAsync(ct);
        try
        {
            WorkFolders.RemoveLeft(open.Folder.Backup);
            var work = WorkFolders.Create(open.Folder.Backup);
            try
            {
                return await run(work);
            }
            finally
            {
                WorkFolders.Remove(work);
            }
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();

    private static BackupRun? Run(BackupFile? file) => file is null ? null : new(file.At, file.Name, file.Bytes);

    private static BackupState Read(Item? item) => item is null ? new(1) : JsonSerializer.Deserialize(item.Value.Span, BackupJson.Default.BackupState)!;
}
