using System.Globalization;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Jobs;
using ReplyMint.Storage;

namespace ReplyMint.Incidents;

/// <summary>What is to be ended; without a person, a tenant and a time all there is.</summary>
internal sealed record RevocationWish(RevokedThing Thing, string? User = null, string? Tenant = null, DateTimeOffset? From = null, DateTimeOffset? Until = null);

/// <summary>
/// Ends sessions, keys and links (IR-2). It counts from the first commit on (<see cref="Revocations"/>); what is covered is then removed in
/// small commits, each with its count and place, by whoever drives it: the command that asked, or the job that a crash leaves.
/// </summary>
internal sealed class RevocationDesk(
    IStore store, Revocations revocations, ApiKeys keys, SignInLinks links, SignInDesk requests, Invitations invitations, Users users, Tenants tenants, IncidentBook book, AuditLog audit, JobQueue jobs, Standings standings, TimeProvider time)
{
    public const string JobKind = "revocation";

    // Looked at in one commit; and ended in one: below its 100 operations with an audit entry (two each) for so many tenants.
    private const int Page = 200;
    private const int MostEnded = 30;
    private const int MostTenants = 15;
    // A command that asked does the work itself; should it die, the job goes on.
    private static readonly TimeSpan Handed = TimeSpan.FromSeconds(20);

    /// <param name="now">The job begins at once, since nobody waits for it.</param>
    /// <returns>Null when the incident is not there or closed, or too many are at work.</returns>
    public async Task<Revocation?> StartAsync(RevocationWish wish, Actor actor, string? incident, bool now, CancellationToken ct)
    {
        Job? job = null;
        var started = await store.RetryAsync(async (commit, token) =>
        {
            var at = time.GetUtcNow();
            var revocation = new Revocation(1, Ids.Timed(time), wish.Thing, wish.User, wish.Tenant, wish.From, wish.Until is { } until && until < at ? until : Revocation.Open, at, actor.Id, incident);
            if (!await book.IsOpenAsync(commit, incident, token) || !await revocations.AddAsync(commit, revocation, token))
                return null;
            job = jobs.Add(commit, KeyRing.Installation, JobKind, revocation.Id, now ? null : at + Handed);
            await book.RecordAsync(commit, incident, wish.Tenant, actor, $"revoke.{Security.WireWord.Of(wish.Thing)}", revocation.Id, Details(revocation), token);
            return revocation;
        }, ct);
        standings.ChangedAll();
        if (started is null)
            return null;
        started = await BoundAsync(started.Id, ct);
        if (now)
            jobs.Wake(job!);
        return started;
    }

    /// <summary>Removes all that is covered; returns the revocation as it ended.</summary>
    public async Task<Revocation> FinishAsync(string id, CancellationToken ct)
    {
        await BoundAsync(id, ct);
        while (true)
            if (await StepAsync(id, ct) is { DoneAt: not null } done)
                return done;
    }

    public async Task<JobOutcome> HandleAsync(Job job, CancellationToken ct)
    {
        if (await revocations.FindAsync(job.Target, ct) is not null)
            await FinishAsync(job.Target, ct);
        var commit = new Commit();
        job.Complete(commit);
        await store.CommitAsync(commit, ct);
        return JobOutcome.Finished;
    }

    /// <summary>Says until when it reaches, unless that was said: until now, since it counts already.</summary>
    private Task<Revocation> BoundAsync(string id, CancellationToken ct) => store.RetryAsync(async (commit, token) =>
    {
        if (await revocations.FindAsync(id, token) is not var (before, item))
            throw new InvalidOperationException($"Revocation {id} is not there.");
        if (before.Until != Revocation.Open)
            return before;
        var after = before with { Until = time.GetUtcNow() };
        await revocations.BoundAsync(commit, after, item, token);
        return after;
    }, ct);

    private async Task<Revocation> StepAsync(string id, CancellationToken ct)
    {
        List<string> changed = [];
        var after = await store.RetryAsync(async (commit, token) =>
        {
            changed = [];
            if (await revocations.FindAsync(id, token) is not var (before, item))
                throw new InvalidOperationException($"Revocation {id} is not there.");
            if (before.DoneAt is not null)
                return before;
            var ended = new List<(string Tenant, string Id)>();
            var next = before.Thing switch
            {
                RevokedThing.Sessions => await SessionsAsync(commit, before, ended, changed, token),
                RevokedThing.Keys => await KeysAsync(commit, before, ended, changed, token),
                _ => await LinksAsync(commit, before, ended, token),
            };
            var reached = before with { Count = before.Count + ended.Count, Place = next };
            foreach (var of in ended.GroupBy(one => one.Tenant, StringComparer.Ordinal))
                await audit.AppendAsync(commit, of.Key, new AuditEntry(new Actor(before.By), $"revoked.{Security.WireWord.Of(before.Thing)}", id, new Dictionary<string, string> { ["ids"] = string.Join(' ', of.Select(one => one.Id).Distinct()) }), token);
            // The last page may hold the installation's own, and a commit has room for one entry of each chain.
            if (next is not null || ended.Count > 0)
            {
                Revocations.Put(commit, next is null ? reached with { Place = Last } : reached, item);
                return reached;
            }
            reached = reached with { DoneAt = time.GetUtcNow() };
            await revocations.EndAsync(commit, reached, item, token);
            await book.RecordAsync(commit, await book.IsOpenAsync(commit, before.Incident, token) ? before.Incident : null, null, new Actor(before.By), "revoke.done", id,
                new Dictionary<string, string> { ["thing"] = Security.WireWord.Of(before.Thing), ["count"] = reached.Count.ToString(CultureInfo.InvariantCulture) }, token);
            return reached;
        }, ct);
        foreach (var one in changed)
            standings.Changed(one);
        return after;
    }

    // Behind every place: nothing is left to look at.
    private const string Last = "~";

    /// <summary>Returns where to go on, or null when all were looked at.</summary>
    private async Task<string?> SessionsAsync(Commit commit, Revocation one, List<(string, string)> ended, List<string> changed, CancellationToken ct)
    {
        if (one.Place == Last)
            return null;
        var prefix = one.User is { } user ? $"session/{user}/" : "session/";
        var page = await store.QueryAsync(Table.Main, KeyRing.Installation, new Storage.Range(prefix, Limit: Page), one.Place, ct);
        foreach (var item in page.Items)
        {
            var session = Sessions.Read(item);
            if (!await revocations.IsOfAsync(one, session, ct))
                continue;
            ended.Add((session.Tenant, session.Id));
            changed.Add(session.User);
            commit.Delete(item.Key, Condition.Same(item));
            if (IsFull(ended))
                return item.Key.Sort;
        }
        return page.Cursor;
    }

    private async Task<string?> KeysAsync(Commit commit, Revocation one, List<(string, string)> ended, List<string> changed, CancellationToken ct)
    {
        if (await TenantAsync(one, one.Place, ct) is not { } tenant)
            return null;
        foreach (var key in await keys.ListAsync(tenant, ct))
        {
            if (!Revocations.IsOf(one, key))
                continue;
            // Those that are left are found by the next look at the same tenant.
            if (ended.Count == MostEnded / 2)
                return one.Place ?? First;
            ended.Add((tenant, key.Id));
            changed.Add(key.Id);
            ApiKeys.Remove(commit, tenant, key.Id);
        }
        return tenant;
    }

    private async Task<string?> LinksAsync(Commit commit, Revocation one, List<(string, string)> ended, CancellationToken ct)
    {
        if (one.Place is null || one.Place.StartsWith(SignInLinks.Prefix, StringComparison.Ordinal))
            return await LinkPageAsync(commit, one.Place, SignInLinks.Prefix, item => links.IsOfAsync(one, item, ct), ended, ct) ?? SignInDesk.Prefix;
        // Behind the links, since that is what they become.
        if (one.Place.StartsWith(SignInDesk.Prefix, StringComparison.Ordinal))
            return await LinkPageAsync(commit, one.Place, SignInDesk.Prefix, item => requests.IsOfAsync(one, item, ct), ended, ct) ?? First;
        if (await TenantAsync(one, one.Place, ct) is not { } tenant)
            return null;
        string? after = null;
        do
        {
            var (some, next) = await invitations.PageAsync(tenant, Page, after, ct);
            foreach (var invitation in some)
            {
                var user = one.User is null ? null : (await users.FindByAddressAsync(invitation.Address, ct))?.Id;
                if (!await revocations.IsOfAsync(one, user, tenant, invitation.CreatedAt, ct))
                    continue;
                if (ended.Count == MostEnded)
                    return one.Place;
                ended.Add((tenant, invitation.Id));
                await invitations.WithdrawIdAsync(commit, tenant, invitation.Id, ct);
            }
            after = next;
        }
        while (after is not null);
        return tenant;
    }

    private async Task<string?> LinkPageAsync(Commit commit, string? place, string prefix, Func<Item, ValueTask<bool>> isOf, List<(string, string)> ended, CancellationToken ct)
    {
        var page = await store.QueryAsync(Table.Main, KeyRing.Installation, new Storage.Range(prefix, Limit: Page), place, ct);
        foreach (var item in page.Items)
        {
            if (!await isOf(item))
                continue;
            // The name of a link is a hash of its token: nobody needs it in the log.
            ended.Add((KeyRing.Installation, "link"));
            commit.Delete(item.Key, Condition.Same(item));
            if (IsFull(ended))
                return item.Key.Sort;
        }
        return page.Cursor;
    }

    // Before the first tenant's id.
    private const string First = "!";

    /// <summary>The tenant behind a place, or null behind the last.</summary>
    private async Task<string?> TenantAsync(Revocation one, string? place, CancellationToken ct)
    {
        if (place == Last)
            return null;
        var behind = place is null or First ? null : place;
        if (one.Tenant is { } only)
            return behind is null ? only : null;
        return await tenants.NextIdAsync(behind, ct);
    }

    private static bool IsFull(List<(string Tenant, string Id)> ended) =>
        ended.Count >= MostEnded || ended.Select(one => one.Tenant).Distinct(StringComparer.Ordinal).Count() >= MostTenants;

    private static Dictionary<string, string> Details(Revocation one)
    {
        var details = new Dictionary<string, string> { ["until"] = one.Until.UtcDateTime.ToString("O", CultureInfo.InvariantCulture) };
        if (one.User is { } user)
            details["user"] = user;
        if (one.Tenant is { } tenant)
            details["tenant"] = tenant;
        if (one.From is { } from)
            details["from"] = from.UtcDateTime.ToString("O", CultureInfo.InvariantCulture);
        return details;
    }
}
