using System.Runtime.CompilerServices;
using System.Text.Json.Serialization.Metadata;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Jobs;
using ReplyMint.Limits;
using ReplyMint.Outbound;
using ReplyMint.Storage;

namespace ReplyMint.Incidents;

/// <summary>What is gathered.</summary>
/// <param name="Tenant">Only of this tenant, beside the installation's own; null: of all.</param>
/// <param name="Since">From then on.</param>
internal sealed record EvidenceScope(string Incident, string? Tenant, DateTimeOffset Since);

/// <summary>
/// Gathers what an investigator needs (IR-4), line by line: nothing is held but the line at hand. Ids, times and states; no mail's text,
/// and what looks like an address is taken out of every line, whoever wrote it.
/// </summary>
internal sealed class EvidenceDesk(
    IStore store, IncidentBook book, Tenants tenants, ApiKeys keys, ApiKeyUses uses, Alerts alerts, Watches watches, Containments containments, JobQueue jobs, Attestations attestations, TimeProvider time)
{
    public const string Kind = "evidence";

    private const int MostAlerts = 1_000;

    /// <summary>Says in the audit log and the timeline that evidence was taken. False when the incident is not there.</summary>
    public Task<bool> BeginAsync(EvidenceScope scope, Actor actor, CancellationToken ct) => store.RetryAsync(async (commit, token) =>
    {
        if (await book.FindAsync(scope.Incident, token) is null)
            return false;
        await book.RecordAsync(commit, scope.Incident, scope.Tenant, actor, "evidence.take", scope.Incident, null, token);
        return true;
    }, ct);

    /// <summary>The signed word on what the lines were.</summary>
    public Task<string> SignAsync(EvidenceScope scope, Actor actor, EvidenceHashes hashes, CancellationToken ct) =>
        attestations.SignAsync(Kind, new EvidenceManifest(1, scope.Incident, scope.Tenant, scope.Since, time.GetUtcNow(), actor.Id, hashes.Files()), IncidentsJson.Default.EvidenceManifest, ct);

    public async IAsyncEnumerable<EvidenceLine> GatherAsync(EvidenceScope scope, [EnumeratorCancellation] CancellationToken ct)
    {
        await foreach (var line in book.TimelineAsync(scope.Incident, ct))
            yield return Line("timeline", line, IncidentsJson.Default.IncidentLine);
        foreach (var alert in await alerts.NewestAsync(MostAlerts, ct))
            if (alert.At >= scope.Since)
                yield return Line("alerts", alert, IncidentsJson.Default.Alert);
        foreach (var one in await containments.ListAsync(ct))
            yield return Line("contained", one, IncidentsJson.Default.Containment);
        await foreach (var seen in watches.EventsAsync(null, ct))
            if (seen.At >= scope.Since && (scope.Tenant is null || seen.Tenant == scope.Tenant))
                yield return Line("watch", seen, IncidentsJson.Default.WatchEvent);
        await foreach (var item in store.AllAsync(Table.Main, KeyRing.Installation, "session/", ct))
            if (Sessions.Read(item) is var session && (scope.Tenant is null || session.Tenant == scope.Tenant))
                yield return Line("sessions", new EvidenceSession(session.Id, session.User, session.Tenant, session.SignedInAt, session.LastSeenAt, session.SecondFactorAt), IncidentsJson.Default.EvidenceSession);
        await foreach (var line in OfChainAsync(KeyRing.Installation, scope, ct))
            yield return line;
        await foreach (var line in JobsAsync(scope, ct))
            yield return line;
        await foreach (var tenant in TenantsAsync(scope, ct))
            await foreach (var line in OfTenantAsync(tenant, scope, ct))
                yield return line;
    }

    private async IAsyncEnumerable<EvidenceLine> OfTenantAsync(string tenant, EvidenceScope scope, [EnumeratorCancellation] CancellationToken ct)
    {
        await foreach (var line in OfChainAsync(tenant, scope, ct))
            yield return line;
        foreach (var key in await keys.ListAsync(tenant, ct))
            yield return Line("keys", new EvidenceKey(key.Id, tenant, key.Scopes, key.Owner, key.CreatedAt, key.Secrets[0].CreatedAt, key.EndsAt(keys.MaximalAge), key.Networks?.Count ?? 0, await uses.LastAsync(tenant, key.Id, ct)), IncidentsJson.Default.EvidenceKey);
        await foreach (var item in store.AllAsync(Table.Main, tenant, "out/", ct))
            if (Outbox.Read(item) is var mail && (mail.ChangedAt ?? mail.CreatedAt) >= scope.Since)
                yield return Line("outbox", new EvidenceOutbox(tenant, mail.Id, mail.Purpose.ToString(), mail.Mailbox, mail.State.ToString(), mail.Attempts, mail.CreatedAt, mail.ChangedAt), IncidentsJson.Default.EvidenceOutbox);
        foreach (var dead in await jobs.DeadAsync(tenant, ct))
            yield return Line("jobs", new EvidenceJob(tenant, dead.Job.Kind, dead.Job.Target, dead.Job.Attempts, null, dead.At), IncidentsJson.Default.EvidenceJob);
    }

    /// <summary>The entries of a chain; sign-ins and changed settings also apart.</summary>
    private async IAsyncEnumerable<EvidenceLine> OfChainAsync(string chain, EvidenceScope scope, [EnumeratorCancellation] CancellationToken ct)
    {
        await foreach (var entry in AuditTrail.ReadAsync(store, chain, ct))
        {
            if (entry.At < scope.Since)
                continue;
            var line = new EvidenceAudit(chain, entry);
            yield return Line("audit", line, IncidentsJson.Default.EvidenceAudit);
            if (entry.Act.StartsWith("session.", StringComparison.Ordinal) || entry.Act.EndsWith(".sign-in-link", StringComparison.Ordinal))
                yield return Line("sign-ins", line, IncidentsJson.Default.EvidenceAudit);
            else if (entry.Act.EndsWith(".change", StringComparison.Ordinal))
                yield return Line("settings", line, IncidentsJson.Default.EvidenceAudit);
        }
    }

    private async IAsyncEnumerable<EvidenceLine> JobsAsync(EvidenceScope scope, [EnumeratorCancellation] CancellationToken ct)
    {
        await foreach (var (job, due) in JobQueue.AllAsync(store, ct))
            if (scope.Tenant is null || job.Tenant == scope.Tenant)
                yield return Line("jobs", new EvidenceJob(job.Tenant, job.Kind, job.Target, job.Attempts, due, null), IncidentsJson.Default.EvidenceJob);
    }

    private async IAsyncEnumerable<string> TenantsAsync(EvidenceScope scope, [EnumeratorCancellation] CancellationToken ct)
    {
        if (scope.Tenant is { } only)
            yield return only;
        else
            for (var tenant = await tenants.NextIdAsync(null, ct); tenant is not null; tenant = await tenants.NextIdAsync(tenant, ct))
                yield return tenant;
    }

    private static EvidenceLine Line<T>(string file, T value, JsonTypeInfo<T> type) => new(file + ".jsonl", WithoutAddresses.Of(StoredJson.Write(value, type)));
}
