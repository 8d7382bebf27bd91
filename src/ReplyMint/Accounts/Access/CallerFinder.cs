using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using ReplyMint.Limits;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Accounts;

/// <summary>
/// Finds out who asks: by an API key in X-API-Key or an access token in Authorization, each alone and once. Nothing else of
/// a request is looked at, no query above all. Whatever is wrong, the answer is the same. A credential that was proved a
/// moment ago costs a hash; one that is new costs a try (<see cref="FailedTries"/>), which a good one gets back.
/// </summary>
internal sealed class CallerFinder(
    ApiKeys keys, ApiKeyUses uses, StrayKeys stray, AccessTokens tokens, SigningKeys signing, Sessions sessions, Members members, Standings standings, Containments contained, FailedTries tries, SecurityEvents events, AccessLines lines, PageCookies cookies, Tenants tenants, AccountsSettings settings, TimeProvider time)
{
    public const string KeyHeader = "X-API-Key";

    private const string Scheme = "Bearer ";
    // In front of any hashing; Kestrel bounds the head anyway.
    private const int MaxLength = 4_096;

    public ValueTask<CallerAnswer> FindAsync(HttpContext context)
    {
        var headers = context.Request.Headers;
        StringValues key = headers[KeyHeader], authorization = headers.Authorization;
        if (authorization.Count > 0 && key.Count > 0)
        {
            lines.Proof(context.Connection.RemoteIpAddress, Way.Key, "malformed", null);
            return new(new CallerAnswer(null, new Problem(400, "Send an access token or an API key, not both.")));
        }
        // The scheme's case is free (RFC 9110 11.1), all behind it is not; a header that stands twice is two opinions.
        if (authorization is [{ Length: <= MaxLength } said] && said.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            return FindAsync(context, CallerKind.User, said[Scheme.Length..]);
        if (key is [{ Length: > 0 and <= MaxLength } text])
            return FindAsync(context, CallerKind.Key, text);
        // Who brings nothing at all tried nothing.
        if (key.Count + authorization.Count > 0)
            lines.Proof(context.Connection.RemoteIpAddress, key.Count > 0 ? Way.Key : Way.Token, "malformed", null);
        return new(CallerAnswer.Nobody);
    }

    private ValueTask<CallerAnswer> FindAsync(HttpContext context, CallerKind kind, string credential)
    {
        var hash = Standings.HashOf(kind, credential);
        if (standings.TryGet(hash, out var known) && standings.IsFresh(known))
            return new(Welcome(context, known));
        return kind == CallerKind.Key ? ReadAsync(context, Way.Key, hash, known, ApiKeyText.Parse(credential)?.Id, KeyAsync, credential) : ReadAsync(context, Way.Token, hash, known, null, (text, ct) => TokenAsync(text, known?.Token, ct), credential);
    }

    /// <summary>The reader of a page, by the session's cookie and nothing else of the request.</summary>
    public ValueTask<CallerAnswer> FindPageAsync(HttpContext context)
    {
        // A cookie that stands twice was planted by somebody; nobody can tell which is ours.
        if (PageCookies.Of(context.Request) is not { Length: > 0 and <= MaxLength } cookie)
            return new(CallerAnswer.Nobody);
        var hash = Standings.HashOfCookie(cookie);
        return standings.TryGet(hash, out var known) && standings.IsFresh(known) ? new(Welcome(context, known)) : ReadAsync(context, Way.Cookie, hash, known, null, CookieAsync, cookie);
    }

    /// <summary>Asks the store: for what was proved before, whether it still stands; for what is new, whether it is what it claims.</summary>
    private async ValueTask<CallerAnswer> ReadAsync(HttpContext context, string way, UInt128 hash, Standing? known, string? account, Func<string, CancellationToken, ValueTask<Standing?>> read, string credential)
    {
        if (known is null && await tries.BeginAsync(context, way, account) is { } slowed)
            return new(null, slowed);
        var standing = await read(credential, context.RequestAborted);
        if (standing is null)
        {
            standings.Drop(hash);
            if (known is null)
                tries.Failed(context, way, account);
            else
                lines.Proof(context.Connection.RemoteIpAddress, way, "ended", known.Caller.Id, known.Caller.Tenant);
            return CallerAnswer.Nobody;
        }
        if (known is null)
            await tries.SucceededAsync(context, way, account, standing.Caller.Id, standing.Caller.Tenant);
        standings.Keep(hash, standing);
        return Welcome(context, standing);
    }

    private async ValueTask<Standing?> KeyAsync(string text, CancellationToken ct)
    {
        var (at, changes) = standings.Now();
        if (await keys.ProveAsync(text, ct) is not { } proof)
            return null;
        var key = proof.Key;
        if (await contained.IsAsync(ContainedKind.Key, key.Id, ct))
            return null;
        return new(new Caller(CallerKind.Key, key.Id, key.TenantId, key.May) { Mailboxes = key.Mailboxes?.ToHashSet(StringComparer.Ordinal), Person = proof.Owner, Contained = await contained.IsAsync(ContainedKind.Tenant, key.TenantId, ct) }, proof.EndsAt, at, changes)
        {
            Owner = proof.Owner, Networks = key.Networks is { } networks ? new(networks) : null,
        };
    }

    private async ValueTask<Standing?> TokenAsync(string text, AccessToken? proved, CancellationToken ct)
    {
        var (at, changes) = standings.Now();
        var (ring, now) = (await signing.RingAsync(ct), time.GetUtcNow());
        var token = proved ?? tokens.Read(text, id => ring.TakenAt(id, now)?.Public);
        // Asked again of a token that was proved before: its key may have been dropped meanwhile.
        if (token is null || token.ExpiresAt <= now || ring.TakenAt(token.KeyId, now) is null)
            return null;
        return await sessions.FindAsync(token.User, token.Session, ct) is { } session && await PersonAsync(session, token.Tenant, ct) is { } caller
            ? new(caller, token.ExpiresAt, at, changes) { Token = token } : null;
    }

    private async ValueTask<Standing?> CookieAsync(string text, CancellationToken ct)
    {
        var (at, changes) = standings.Now();
        if (await cookies.ReadAsync(text, ct) is not { } cookie || await sessions.FindAsync(cookie.User, cookie.Session, ct) is not { } session)
            return null;
        var ends = cookies.EndsAt(session, cookie.SeenAt);
        return ends > time.GetUtcNow() && await PersonAsync(session, session.Tenant, ct) is { } caller ? new(caller, ends, at, changes) : null;
    }

    /// <summary>A person in a session, with the rights that he has in a tenant now; null when he has none there.</summary>
    private async ValueTask<Caller?> PersonAsync(Session session, string tenant, CancellationToken ct)
    {
        if (await members.FindAsync(tenant, session.User, ct) is not { } member || await contained.IsAsync(ContainedKind.User, session.User, ct))
            return null;
        // Who was removed and is a member again signs in anew. A token of a tenant that the session has left ends within its ten minutes.
        if (session.Tenant == tenant && !session.IsOf(member))
            return null;
        // An operator's role means something in the installation only, and no other role does there.
        if ((member.Role == Role.Operator) != (tenant == KeyRing.Installation))
            return null;
        return new Caller(CallerKind.User, session.User, tenant, Permissions.Of(member.Role))
        {
            Role = member.Role, Session = session.Id, Sitting = session.Sitting, SecondFactorAt = session.SecondFactorAt, LacksFactor = session.SecondFactorAt is null && (settings.SecondFactorForAll || (await tenants.FindAsync(tenant, ct))?.SecondFactorForAll == true),
            Contained = await contained.IsAsync(ContainedKind.Tenant, tenant, ct), Mailboxes = member.Role == Role.Member ? member.Mailboxes?.ToHashSet(StringComparer.Ordinal) : null,
        };
    }

    private CallerAnswer Welcome(HttpContext context, Standing standing)
    {
        if (standing.Networks?.Contain(context.Connection.RemoteIpAddress) == false)
        {
            stray.Note(standing.Caller.Tenant, standing.Caller.Id);
            lines.Proof(context.Connection.RemoteIpAddress, Way.Key, "elsewhere", standing.Caller.Id, standing.Caller.Tenant);
            return CallerAnswer.Nobody;
        }
        var caller = standing.Caller with { Network = context.Connection.RemoteIpAddress };
        if (caller.Kind == CallerKind.Key)
        {
            uses.Note(caller.Tenant, caller.Id);
            events.Welcomed(SecurityEventKind.KeyUsed, caller);
        }
        else if (caller.Role == Role.Operator)
        {
            events.Welcomed(SecurityEventKind.OperatorSeen, caller);
        }
        return new(caller, null);
    }
}
