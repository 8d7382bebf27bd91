using System.Diagnostics;
using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Outbound;
using ReplyMint.Privacy;
using ReplyMint.Storage;

namespace ReplyMint.Incidents;

/// <summary>All rooms over another store than the one that is served, with nothing started; given by the application.</summary>
internal delegate ServiceProvider OpenRooms(OpenStore store);

/// <summary>
/// Rehearses the worst day: makes a backup, restores it into an empty folder, compares what came out with what went in, item by item,
/// and uses it. Leaves a signed report and the date.
/// </summary>
internal sealed class BackupDrill(OpenStore open, Backups backups, BackupMaker maker, Attestations attestations, AuditLog audit, Records records, Alerts alerts, OpenRooms rooms, TimeProvider time)
{
    private const int OpenedOfEach = 200;

    /// <exception cref="BackupFailedException">No backup could be made.</exception>
    public Task<(DrillReport Report, string Statement)> RunAsync(Actor actor, CancellationToken ct) => backups.AloneAsync(async work =>
    {
        var (start, at) = (Stopwatch.GetTimestamp(), time.GetUtcNow());
        var (problems, done) = (new List<string>(), new List<string>());
        long items = 0, blobs = 0, opened = 0;
        var made = await maker.MakeAsync(Path.Combine(work, "backup"), work, data: true, ct);
        done.Add($"backup: {made.Data!.Bytes + made.Keys!.Bytes} bytes in two parts");
        if (made.MissingBlobs > 0)
            problems.Add($"the store lacks {made.MissingBlobs} files that its items name");
        try
        {
            var folder = DataFolder.Open(Path.Combine(work, "restored"));
            var order = new RestoreOrder(made.Data.Path, made.Keys.Path, folder.Root, "", new());
            await using (var data = await Restore.OpenAsync(made.Data.Path, BackupPart.Data, ct))
            await using (var keys = await Restore.OpenAsync(made.Keys.Path, BackupPart.Keys, ct))
            {
                var (checkedData, checkedKeys) = await Restore.AssembleAsync(order, folder, (data, open.Masters.Wrapping), (keys, open.Masters.Wrapping), ct);
                blobs = checkedData.Manifest.Blobs.Count;
                done.Add("restore: both parts are whole, signed, and what their manifests say");
                items = Compare(made, folder, problems);
                done.Add($"comparison: {items} items are the same to the byte");
                await using var restored = await OpenAsync(folder, ct);
                var holds = await Restore.HoldAsync(restored, RestoredOf.Parts(checkedData.Header, checkedKeys.Header), time, ct);
                done.Add($"held for people: {holds.Uncertain} uncertain mails, {holds.Undecided} undecided, {holds.Drafts} drafts");
                done.Add($"shut out: {holds.Access.Sessions} sessions, {holds.Access.Keys} API keys, {holds.Access.Members} people until they are confirmed");
                if (holds.Closed > 0)
                    problems.Add($"{holds.Closed} tenants do not open with their keys");
                await using var services = rooms(restored);
                opened = await ReadAsync(restored, services, problems, ct);
                done.Add($"reading: {opened} sealed items opened");
                // Against itself and its own roots: one that went off the machine since the copy is no fault of the copy's.
                var log = await services.GetRequiredService<AuditVerifier>().VerifyAsync(null, AsyncEnumerable.Empty<AnchoredDocument>(), null, ct);
                done.Add($"audit log: {log.Entries} entries, {log.Says}");
                problems.AddRange(log.Findings.Take(10).Select(finding => $"audit log of {finding.Chain ?? "the roots"}, entry {finding.Entry}: {finding.Says}"));
                // The copy is of just now, so its own lines are all there are; those off the machine are read along where there are any.
                var replayed = (await services.GetRequiredService<ErasureReplay>().ReplayAsync([], nothingSince: true, ct))!;
                done.Add($"ledger of erasures: {replayed.Lines} lines, {replayed.Again} carried out again");
                if (replayed.Refused > 0)
                    problems.Add($"{replayed.Refused} lines of the ledger of erasures are none of this installation's");
            }
        }
        catch (Exception failure) when (failure is StoreRefusedException or BackupRefusedException or CryptographicException or StoreUnavailableException)
        {
            problems.Add(failure.Message);
        }
        catch (IOException failure)
        {
            problems.Add($"a place or folder can't be read ({failure.GetType().Name})");
        }
        var report = new DrillReport(1, Ids.Timed(time), at, open.Id, Math.Round(Stopwatch.GetElapsedTime(start).TotalSeconds, 1), items, blobs, opened, done, problems);
        return (report, await KeepAsync(report, actor, ct));
    }, ct);

    /// <summary>Under the master key that is in use here, wherever it lies.</summary>
    private async Task<OpenStore> OpenAsync(DataFolder folder, CancellationToken ct)
    {
        var store = SqliteStore.Open(folder.Database, folder.Backup, time);
        try
        {
            var keys = new KeyRing(store, open.Masters, time);
            return new OpenStore(store, new BlobFolder(folder.Blobs), keys, await keys.RequireAsync(KeyRing.Installation, ct), folder, open.Id, open.Masters, open.Vault);
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    private static long Compare(MadeBackup made, DataFolder folder, List<string> problems)
    {
        long same = 0;
        foreach (var (copy, table) in (IReadOnlyList<(string, Table)>)[(made.DataCopy, Table.Main), (made.DataCopy, Table.Audit), (made.KeysCopy, Table.Keys)])
        {
            var difference = StoreCopy.Compare(copy, folder.Database, table);
            same += difference.Same;
            if (difference.Different > 0)
                problems.Add($"{difference.Different} items of the table {table} came out otherwise than they went in");
        }
        return same;
    }

    /// <summary>Opens some of each tenant's newest mails, raw mails and outbox entries with the keys that were restored.</summary>
    private static async Task<long> ReadAsync(OpenStore restored, IServiceProvider services, List<string> problems, CancellationToken ct)
    {
        var messages = services.GetRequiredService<Messages>();
        var outbox = services.GetRequiredService<Outbox>();
        long opened = 0, lost = 0;
        await foreach (var entry in restored.Store.AllAsync(Table.Main, KeyRing.Installation, "tenant/", ct))
        {
            var tenant = entry.Key.Sort["tenant/".Length..];
            foreach (var message in (await messages.ListAsync(tenant, OpenedOfEach, null, ct)).Messages)
            {
                opened++;
                if (await restored.Store.GetAsync(Messages.RawKey(tenant, message.Id), ct) is null)
                    continue;
                if (await messages.RawAsync(message, ct) is null)
                    lost++;
                else
                    opened++;
            }
            opened += (await outbox.ListAsync(tenant, OpenedOfEach, null, ct)).Entries.Count;
        }
        if (lost > 0)
            problems.Add($"{lost} raw mails can't be read in what was restored");
        return opened;
    }

    private async Task<string> KeepAsync(DrillReport report, Actor actor, CancellationToken ct)
    {
        var statement = await attestations.SignAsync("backup-drill", report, BackupJson.Default.DrillReport, ct);
        await backups.ChangeAsync(state => state with { Drill = report.At, DrillPassed = report.Passed }, (commit, _, _, token) =>
            audit.AppendAsync(commit, KeyRing.Installation, new AuditEntry(actor, "backup.drill", report.Id, new Dictionary<string, string> { ["passed"] = report.Passed ? "yes" : "no" }), token), ct);
        // Only one that passed puts off the date of the next.
        if (report.Passed)
            await records.AddAsync(RecordKinds.RestoreDrill, actor.Id, $"{report.Items} items restored and compared in {report.Seconds:0.0} s", null, ct, statement);
        else
            await alerts.RaiseAsync("backup-drill-failed", KeyRing.Installation, $"The drill {report.Id} found: {string.Join("; ", report.Problems)}.", ct);
        return statement;
    }
}
