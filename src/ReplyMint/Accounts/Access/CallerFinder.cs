using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using ReplyMint.Audit;
using ReplyMint.Security;

namespace ReplyMint.Accounts;

/// <summary>
/// Finds out who asks: by an API key in X-API-Key or an access token in Authorization, each alone and once. Nothing else of
/// a request is looked at, no query above all. Whatever is wrong, the answer is the same.
/// </summary>
internal sealed class CallerFinder(ApiKeys keys, ApiKeyUses uses, Members members, Standings standings)
{
    public const string KeyHeader = "X-API-Key";

    // An own check of the length in front of any hashing; Kestrel bounds the head anyway.
    private const int MaxLength = 4_096;

    public ValueTask<CallerAnswer> FindAsync(HttpContext context)
    {
        var headers = context.Request.Headers;
        StringValues key = headers[KeyHeader], authorization = headers.Authorization;
        if (authorization.Count > 0 && key.Count > 0)
            return ValueTask.FromResult(new CallerAnswer(null, new Problem(400, "Send an access token or an API key, not both.")));
        return key is [{ Length: > 0 and <= MaxLength } text] ? ByKeyAsync(context, text) : ValueTask.FromResult(CallerAnswer.Nobody);
    }

    private ValueTask<CallerAnswer> ByKeyAsync(HttpContext context, string text)
    {
        var hash = Standings.HashOf(text);
        return standings.TryGet(hash, out var known) && standings.IsFresh(known) ? ValueTask.FromResult(Welcome(context, known)) : ProveKeyAsync(context, hash, text);
    }

    private async ValueTask<CallerAnswer> ProveKeyAsync(HttpContext context, UInt128 hash, string text)
    {
        var (at, changes) = standings.Now();
        if (await keys.ProveAsync(text, context.RequestAborted) is not { } proof || !await MayOwnAsync(proof.Key, context.RequestAborted))
        {
            standings.Drop(hash);
            return CallerAnswer.Nobody;
        }
        var key = proof.Key;
        var standing = new Standing(
            new Caller(CallerKind.Key, key.Id, key.TenantId, key.May) { Mailboxes = key.Mailboxes?.ToHashSet(StringComparer.Ordinal) }, proof.EndsAt, at, changes)
        {
            Networks = key.Networks is { } networks ? new(networks) : null,
        };
        standings.Keep(hash, standing);
        return Welcome(context, standing);
    }

    /// <summary>A key lives as long as its owner may have keys in the tenant; the machine's live on.</summary>
    private async ValueTask<bool> MayOwnAsync(ApiKey key, CancellationToken ct) =>
        key.Owner == Actor.Machine.Id
        || (await members.FindAsync(key.TenantId, key.Owner, ct) is { } owner && Permissions.Of(owner.Role).Has(Permission.KeysWrite));

    private CallerAnswer Welcome(HttpContext context, Standing standing)
    {
        if (standing.Networks?.Contain(context.Connection.RemoteIpAddress) == false)
            return CallerAnswer.Nobody;
        if (standing.Caller.Kind == CallerKind.Key)
            uses.Note(standing.Caller.Tenant, standing.Caller.Id);
        return new(standing.Caller, null);
    }
}
