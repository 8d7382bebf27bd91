using System.Text.Json;
using ReplyMint.Audit;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Accounts;

/// <summary>
/// Sign-ins of people (AUTH-2). An access token says which session it is of; as long as the session's item is there, the token
/// counts. What a person gets in his hands, <see cref="TokenDesk"/> makes.
/// </summary>
internal sealed class Sessions(IStore store, Users users, Members members, AuditLog audit, AccessSettings settings, RefreshTokens refresh, Revocations revocations, Standings standings, TimeProvider time)
{
    // A person has a few devices; so many mean a program that signs in again and again. The one not seen longest goes.
    public const int MaxPerUser = 30;

    private const string Prefix = "session/";

    /// <summary>Adds a new session, its first refresh token and the audit entry to the commit that consumes the proof of the sign-in.</summary>
    /// <param name="commit">Must hold no other entry for the tenant's audit chain.</param>
    /// <param name="user">Must be in the store.</param>
    /// <param name="tenant">One that he belongs to; the installation's partition for an operator.</param>
    /// <param name="factorAt">When a second factor was proved with the sign-in, or null.</param>
    /// <param name="client">Where he sits.</param>
    public async Task<SessionStart> StartAsync(Commit commit, string user, string tenant, DateTimeOffset? factorAt, SessionClient client, CancellationToken ct)
    {
        await revocations.HoldAsync(commit, ct);
        var now = time.GetUtcNow();
        var session = new Session { Id = Ids.Random('s'), User = user, Tenant = tenant, MemberSince = (await members.FindAsync(tenant, user, ct))?.AddedAt, SignedInAt = now, LastSeenAt = now, SecondFactorAt = factorAt };
        var others = await ListAsync(user, ct);
        foreach (var old in others.OrderByDescending(other => other.Session.LastSeenAt).Skip(MaxPerUser - 1))
            commit.Delete(KeyOf(user, old.Session.Id));
        await WriteAsync(commit, session, client, null, ct);
        var token = await refresh.AddAsync(commit, session, EndsAt(session), ct);
        await audit.AppendAsync(commit, tenant, new AuditEntry(Actor.Of(user, client.Network), "session.start", session.Id, new Dictionary<string, string> { ["secondFactor"] = factorAt is null ? "no" : "yes" }), ct);
        return new(session, token);
    }

    /// <summary>Null, too, for one that a revocation ends, though it may not be removed yet.</summary>
    public async ValueTask<Session?> FindAsync(string user, string id, CancellationToken ct) =>
        await store.GetAsync(KeyOf(user, id), ct) is { } item && Read(item) is var session && !await revocations.CoverAsync(session, ct) ? session : null;

    /// <summary>A person's live sessions, the newest first.</summary>
    public async Task<IReadOnlyList<SessionSeen>> ListAsync(string user, CancellationToken ct)
    {
        var person = await users.KeyOfPersonAsync(user, ct);
        var sessions = new List<SessionSeen>();
        await foreach (var item in store.AllAsync(Table.Main, KeyRing.Installation, $"{Prefix}{user}/", ct))
            sessions.Add(new(Read(item), person is null ? new(null, null) : Open(person, item)));
        return [.. sessions.OrderByDescending(seen => seen.Session.SignedInAt)];
    }

    /// <summary>Everybody's, a page each, for the operator's commands.</summary>
    public async Task<IReadOnlyList<Session>> NewestAsync(int limit, CancellationToken ct)
    {
        var sessions = new List<Session>();
        await foreach (var item in store.AllAsync(Table.Main, KeyRing.Installation, Prefix, ct))
            sessions.Add(Read(item));
        return [.. sessions.OrderByDescending(session => session.LastSeenAt).Take(limit)];
    }

    /// <summary>Ends one; its tokens die with it. False when there is none.</summary>
    public async Task<bool> EndAsync(string user, string id, Actor actor, CancellationToken ct)
    {
        var ended = await store.RetryAsync(async (commit, token) =>
        {
            if (await store.GetAsync(KeyOf(user, id), token) is not { } item)
                return false;
            commit.Delete(item.Key, Condition.Same(item));
            await audit.AppendAsync(commit, Read(item).Tenant, new AuditEntry(actor, "session.end", id, new Dictionary<string, string> { ["user"] = user }), token);
            return true;
        }, ct);
        standings.Changed(user);
        return ended;
    }

    /// <summary>Signs a person out everywhere. Returns how many sessions ended.</summary>
    public async Task<int> EndAllAsync(string user, Actor actor, CancellationToken ct)
    {
        var (asked, ended) = (time.GetUtcNow(), 0);
        // Again, since a second factor that is proved meanwhile makes a new session of the same sign-in.
        while ((await ListAsync(user, ct)).Where(seen => seen.Session.SignedInAt <= asked).ToList() is { Count: > 0 } sessions)
        {
            // So many that a commit holds them with their entry, however many sign-ins came at the same moment, into however many tenants.
            foreach (var of in sessions.GroupBy(seen => seen.Session.Tenant, StringComparer.Ordinal))
                foreach (var some in of.Select(seen => seen.Session.Id).Chunk(MaxPerUser))
                    await EndAsync(user, of.Key, some, actor, ct);
            ended += sessions.Count;
        }
        standings.Changed(user);
        return ended;
    }

    private Task<bool> EndAsync(string user, string tenant, string[] sessions, Actor actor, CancellationToken ct) => store.RetryAsync(async (commit, token) =>
    {
        foreach (var id in sessions)
            commit.Delete(KeyOf(user, id));
        await audit.AppendAsync(commit, tenant, new AuditEntry(actor, "session.end-all", user, new Dictionary<string, string> { ["sessions"] = string.Join(' ', sessions) }), token);
        return true;
    }, ct);

    /// <summary>
    /// A second factor was proved: the session becomes a new one, so that a token or cookie that somebody took of the old one does not rise
    /// with it, and is worth nothing from now on. Its life is counted from the sign-in as before. Null when it has ended meanwhile.
    /// </summary>
    public async Task<SessionStart?> RaiseFactorAsync(Caller caller, DateTimeOffset at, CancellationToken ct)
    {
        var raised = await store.RetryAsync<SessionStart?>(async (commit, token) =>
        {
            // Before the look: a revocation that goes through all sessions may have passed the new one's place.
            await revocations.HoldAsync(commit, token);
            if (await store.GetAsync(KeyOf(caller.Id, caller.Session!), token) is not { } item || await users.KeyOfPersonAsync(caller.Id, token) is not { } person || await revocations.CoverAsync(Read(item), token))
                return null;
            var before = Read(item);
            var session = before with { Id = Ids.Random('s'), Root = before.Sitting, LastSeenAt = at, SecondFactorAt = at };
            commit.Delete(item.Key, Condition.Same(item));
            await WriteAsync(commit, session, Open(person, item), null, token);
            await audit.AppendAsync(commit, session.Tenant, new AuditEntry(Actor.Of(caller), "session.factor", session.Id, new Dictionary<string, string> { ["before"] = before.Id }), token);
            return new(session, await refresh.AddAsync(commit, session, EndsAt(session), token));
        }, ct);
        standings.Changed(caller.Id);
        return raised;
    }

    /// <summary>Turns the session to another tenant of the person. False when he does not belong to it, or the session has ended.</summary>
    public async Task<bool> TurnAsync(Caller caller, string tenant, CancellationToken ct) =>
        await members.FindAsync(tenant, caller.Id, ct) is { } member
        && await ChangeAsync(caller.Id, caller.Session!, session => session with { Tenant = tenant, MemberSince = member.AddedAt }, (commit, token) => audit.AppendAsync(commit, tenant, new AuditEntry(Actor.Of(caller), "session.tenant", caller.Session!), token), ct);

    /// <summary>One more refresh: the session is seen, and may idle from now on.</summary>
    internal async Task SeeAsync(Commit commit, Item item, Session session, SessionClient client, CancellationToken ct) =>
        await WriteAsync(commit, session, client, item, ct);

    internal static ItemKey KeyOf(string user, string id) => ItemKey.Main(KeyRing.Installation, $"{Prefix}{user}/{id}");

    internal static Session Read(Item item) => JsonSerializer.Deserialize(item.Value.Span, AccountsJson.Default.Session)!;

    /// <summary>Sooner of the end of its life and of its idleness.</summary>
    internal DateTimeOffset EndsAt(Session session)
    {
        var (life, idle) = (session.SignedInAt.AddDays(settings.SessionDays), session.LastSeenAt.AddDays(settings.SessionIdleDays));
        return life < idle ? life : idle;
    }

    private async Task<bool> ChangeAsync(string user, string id, Func<Session, Session> change, Func<Commit, CancellationToken, Task>? also, CancellationToken ct)
    {
        var changed = await store.RetryAsync(async (commit, token) =>
        {
            if (await store.GetAsync(KeyOf(user, id), token) is not { } item || await users.KeyOfPersonAsync(user, token) is not { } person)
                return false;
            await WriteAsync(commit, change(Read(item)), Open(person, item), item, token);
            if (also is not null)
                await also(commit, token);
            return true;
        }, ct);
        standings.Changed(user);
        return changed;
    }

    private async Task WriteAsync(Commit commit, Session session, SessionClient client, Item? before, CancellationToken ct)
    {
        var person = await users.KeyOfPersonAsync(session.User, ct) ?? throw new InvalidOperationException($"User {session.User} has no key.");
        var at = KeyOf(session.User, session.Id);
        commit.Put(at, JsonSerializer.SerializeToUtf8Bytes(session, AccountsJson.Default.Session), Condition.Same(before),
            person.AddTo(commit).Seal(at, (before?.Version ?? 0) + 1, JsonSerializer.SerializeToUtf8Bytes(client, AccountsJson.Default.SessionClient)), EndsAt(session));
    }

    private static SessionClient Open(PersonKey person, Item item) => JsonSerializer.Deserialize(person.Open(item), AccountsJson.Default.SessionClient)!;
}
