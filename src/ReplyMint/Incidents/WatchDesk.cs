using System.Globalization;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Limits;
using ReplyMint.Storage;

namespace ReplyMint.Incidents;

/// <summary>Has more logged of something for a while (IR-3), and says so in the audit log.</summary>
internal sealed class WatchDesk(IStore store, Watches watches, IncidentBook book, Tenants tenants, Users users, ApiKeys keys, Mailboxes mailboxes, TimeProvider time)
{
    /// <param name="tenant">Of a mailbox: whose it is.</param>
    /// <param name="span">At most <see cref="Watches.Longest"/>.</param>
    /// <returns>The watch, or why there is none: <see cref="ActResult.Already"/> means that too many are on.</returns>
    public async Task<(ActResult Result, Watch? Watch)> StartAsync(WatchedKind kind, string id, string? tenant, TimeSpan span, Actor actor, string? incident, CancellationToken ct)
    {
        var (there, of) = kind switch
        {
            WatchedKind.Tenant => (await tenants.FindAsync(id, ct) is not null, id),
            WatchedKind.User => (await users.FindAsync(id, ct) is not null, null),
            WatchedKind.Key => await keys.TenantOfAsync(id, ct) is { } owner ? (true, owner) : (false, null),
            _ => (tenant is not null && await mailboxes.GetAsync(tenant, id, ct) is not null, tenant),
        };
        if (!there)
            return (ActResult.NotFound, null);
        var result = await store.RetryAsync<(ActResult, Watch?)>(async (commit, token) =>
        {
            if (!await book.IsOpenAsync(commit, incident, token))
                return (ActResult.NoIncident, null);
            var now = time.GetUtcNow();
            var watch = new Watch(1, Ids.Random('w'), kind, id, now, now + span, actor.Id, incident);
            if (!await watches.StartAsync(commit, watch, token))
                return (ActResult.Already, null);
            await book.RecordAsync(commit, incident, of, actor, $"watch.{Security.WireWord.Of(kind)}", id,
                new Dictionary<string, string> { ["watch"] = watch.Id, ["until"] = watch.Until.UtcDateTime.ToString("O", CultureInfo.InvariantCulture) }, token);
            return (ActResult.Done, watch);
        }, ct);
        await watches.ReloadAsync(ct);
        return result;
    }

    /// <summary>Ends one before its time. False when there is none.</summary>
    public async Task<bool> EndAsync(string id, Actor actor, CancellationToken ct)
    {
        var ended = await store.RetryAsync(async (commit, token) =>
        {
            if (await watches.EndAsync(commit, id, token) is not { } found)
                return false;
            await book.RecordAsync(commit, await book.IsOpenAsync(commit, found.Incident, token) ? found.Incident : null, null, actor, "watch.end", id, null, token);
            return true;
        }, ct);
        await watches.ReloadAsync(ct);
        return ended;
    }
}
