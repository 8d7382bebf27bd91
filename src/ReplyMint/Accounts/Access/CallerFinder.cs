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
    ApiKeys keys, ApiKeyUses uses, StrayKeys stray, AccessTokens tokens, SigningKeys signing, Sessions sessions, Members members, Standings standings, Containments contained, FailedTries tries, SecurityEvents events, TimeProvider time)
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
            return new(new CallerAnswer(null, new Problem(400, "Send an access token or an API key, not both.")));
        // The scheme's case is free (RFC 9110 11.1), all behind it is not; a header that stands twice is two opinions.
        if (authorization is [{ Length: <= MaxLength } said] && said.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            return FindAsync(context, CallerKind.User, said[Scheme.Length..]);
        return key is [{ Length: > 0 and <= MaxLength } text] ? FindAsync(context, CallerKind.Key, text) : new(CallerAnswer.Nobody);
    }

    private ValueTask<CallerAnswer> FindAsync(HttpContext context, CallerKind kind, string credential)
    {
        var hash = Standings.HashOf(kind, credential);
        if (standings.TryGet(hash, out var known) && standings.IsFresh(known))
            return new(Welcome(context, known));
        return ReadAsync(context, kind, credential, hash, known);
    }

    /// <summary>Asks the store: for what was proved before, whether it still stands; for what is new, whether it is what it claims.</summary>
    private async ValueTask<CallerAnswer> ReadAsync(HttpContext context, CallerKind kind, string credential, UInt128 hash, Standing? known)
    {
        var account = kind == CallerKind.Key ? ApiKeyText.Parse(credential)?.Id : null;
        if (known is null && await tries.BeginAsync(context, account) is { } slowed)
            return new(null, slowed);
        var standing = kind == CallerKind.Key ? await KeyAsync(credential, context.RequestAborted) : await TokenAsync(credential, known?.Token, context.RequestAborted);
        if (standing is null)
        {
            standings.Drop(hash);
            if (known is null)
                tries.Failed(context, account);
            return CallerAnswer.Nobody;
        }
        if (known is null)
            await tries.SucceededAsync(context, account);
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
        if (await sessions.FindAsync(token.User, token.Session, ct) is not { } session || await members.FindAsync(token.Tenant, token.User, ct) is not { } member)
            return null;
        if (await contained.IsAsync(ContainedKind.User, token.User, ct))
            return null;
        // Who was removed and is a member again signs in anew. A token of a tenant that the session has left ends within its ten minutes.
        if (session.Tenant == token.Tenant && !session.IsOf(member))
            return null;
        // An operator's role means something in the installation only, and no other role does there.
        if ((member.Role == Role.Operator) != (token.Tenant == KeyRing.Installation))
            return null;
        var caller = new Caller(CallerKind.User, token.User, token.Tenant, Permissions.Of(member.Role))
        {
            Role = member.Role, Session = session.Id, SecondFactorAt = session.SecondFactorAt,
            Contained = await contained.IsAsync(ContainedKind.Tenant, token.Tenant, ct), Mailboxes = member.Role == Role.Member ? member.Mailboxes?.ToHashSet(StringComparer.Ordinal) : null,
        };
        return new(caller, token.ExpiresAt, at, changes) { Token = token };
    }

    private CallerAnswer Welcome(HttpContext context, Standing standing)
    {
        if (standing.Networks?.Contain(context.Connection.RemoteIpAddress) == false)
        {
            stray.Note(standing.Caller.Tenant, standing.Caller.Id);
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
