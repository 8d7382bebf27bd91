using System.Net;
using ReplyMint.Audit;
using ReplyMint.Limits;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Accounts;

/// <summary>What a person gets in his hands: an access token for ten minutes, and a refresh token for the next one.</summary>
internal sealed class TokenDesk(IStore store, Sessions sessions, RefreshTokens refresh, Users users, Members members, SigningKeys signing, AccessTokens tokens, AuditLog audit, Alerts alerts, AccessSettings settings, Revocations revocations, Containments contained, Standings standings, AccessLines lines, TimeProvider time)
{
    /// <summary>The answer to a sign-in, once its commit has happened.</summary>
    public Task<SessionTokens> WelcomeAsync(SessionStart start, CancellationToken ct) => WriteAsync(start.Session, start.Session.Tenant, start.RefreshToken, ct);

    /// <summary>
    /// A refresh token is good for one use, without any grace: whoever lost the answer signs in anew. A second use means that two
    /// have it, and nobody can tell who is the thief: the session ends, for both (RFC 9700 4.14.2).
    /// </summary>
    public async Task<SessionTokens?> RefreshAsync(string token, SessionClient client, IPAddress? from, CancellationToken ct)
    {
        if (!RefreshTokens.IsForm(token))
        {
            lines.Proof(from, Way.Refresh, "malformed", null);
            return null;
        }
        var (result, session, next) = await store.RetryAsync((commit, ct) => RenewAsync(commit, token, client, ct), ct);
        lines.Proof(from, Way.Refresh, result switch { RefreshResult.Renewed => "accepted", RefreshResult.Reused => "spent", _ => "refused" }, session?.User, session?.Tenant);
        if (result == RefreshResult.Reused)
        {
            standings.Changed(session!.User);
            await alerts.RaiseAsync("refresh-token-reuse", session.Id, $"A spent refresh token of user {session.User} was used again; session {session.Id} was ended. Either a program keeps old tokens, or somebody has a copy.", ct);
        }
        return result == RefreshResult.Renewed ? await WriteAsync(session!, session!.Tenant, next, ct) : null;
    }

    /// <summary>An access token for another tenant of the person; the refresh token stays, and follows. Null when he does not belong there.</summary>
    public async Task<SessionTokens?> TurnAsync(Caller caller, string tenant, CancellationToken ct) =>
        await sessions.TurnAsync(caller, tenant, ct) && await sessions.FindAsync(caller.Id, caller.Session!, ct) is { } turned ? await WriteAsync(turned, tenant, null, ct) : null;

    private async Task<(RefreshResult, Session?, string?)> RenewAsync(Commit commit, string token, SessionClient client, CancellationToken ct)
    {
        if (await refresh.FindAsync(token, ct) is not { } item)
            return (RefreshResult.Refused, null, null);
        var record = RefreshTokens.Read(item);
        if (await store.GetAsync(Sessions.KeyOf(record.User, record.Session), ct) is not { } alive)
            return (RefreshResult.Refused, null, null);
        var session = Sessions.Read(alive);
        if (await revocations.CoverAsync(session, ct) || await contained.IsAsync(ContainedKind.User, session.User, ct))
            return (RefreshResult.Refused, session, null);
        if (record.SpentAt is not null)
        {
            commit.Delete(alive.Key, Condition.Same(alive));
            await audit.AppendAsync(commit, session.Tenant, new AuditEntry(Actor.System, "session.reuse", session.Id, new Dictionary<string, string> { ["user"] = session.User }), ct);
            return (RefreshResult.Reused, session, null);
        }
        if (!session.IsOf(await members.FindAsync(session.Tenant, session.User, ct)) || await users.KeyOfPersonAsync(session.User, ct) is null)
            return (RefreshResult.Refused, session, null);
        var now = time.GetUtcNow();
        session = session with { LastSeenAt = now };
        RefreshTokens.Spend(commit, item, now, session.SignedInAt.AddDays(settings.SessionDays));
        await sessions.SeeAsync(commit, alive, session, client, ct);
        return (RefreshResult.Renewed, session, await refresh.AddAsync(commit, session, sessions.EndsAt(session), ct));
    }

    private async Task<SessionTokens> WriteAsync(Session session, string tenant, string? refreshToken, CancellationToken ct)
    {
        var key = await signing.SignerAsync(ct);
        var (text, _) = tokens.Write(session.User, tenant, session.Id, Ids.Random('a'), key.Id, key.Private);
        return new(text, "Bearer", (int)AccessTokens.Lifetime.TotalSeconds, refreshToken, session.Id, tenant);
    }
}
