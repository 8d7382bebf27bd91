using System.Net;
using Microsoft.AspNetCore.Http;

namespace ReplyMint.Security;

internal enum CallerKind { User, Key }

/// <summary>
/// Who asks, as proved at the door, and what he may do here and now. A handler takes it as a parameter; the tenant that it
/// works in is this one and no other.
/// </summary>
/// <param name="Id">The user's or the key's id: random, so that logs and the audit log may name it.</param>
/// <param name="Tenant">The tenant's id; the installation's partition for an operator.</param>
/// <param name="May">What the role or the key's scopes allow.</param>
internal sealed record Caller(CallerKind Kind, string Id, string Tenant, PermissionSet May)
{
    /// <summary>A person's role in this tenant; null for a key.</summary>
    public Role? Role { get; init; }

    /// <summary>The session of a person; null for a key.</summary>
    public string? Session { get; init; }

    /// <summary>What stays the same of a sign-in when a second factor makes a new session of it; null for a key.</summary>
    public string? Sitting { get; init; }

    /// <summary>When the person last proved a second factor in this session, or null.</summary>
    public DateTimeOffset? SecondFactorAt { get; init; }

    /// <summary>All people of the tenant need a second factor, and this session has proved none: until it has, only what is his own is open to him.</summary>
    public bool LacksFactor { get; init; }

    /// <summary>The tenant is isolated: he reads, and changes nothing (IR-1).</summary>
    public bool Contained { get; init; }

    /// <summary>The mailboxes that a member or a key is bound to; null is all of the tenant's.</summary>
    public IReadOnlySet<string>? Mailboxes { get; init; }

    /// <summary>Where this request came from.</summary>
    public IPAddress? Network { get; init; }

    /// <summary>The user who asks, or of a key the user who answers for it: a user's id, or the machine's.</summary>
    public string Person { get; init; } = Id;

    public bool Sees(string mailbox) => Mailboxes is null || Mailboxes.Contains(mailbox);

    /// <summary>The caller of a route behind the gate.</summary>
    public static ValueTask<Caller?> BindAsync(HttpContext context) => new(context.Features.Get<Caller>());
}

/// <summary>What the door said: a caller, or the answer that he gets instead.</summary>
internal readonly record struct CallerAnswer(Caller? Caller, IResult? Refusal)
{
    /// <summary>No credential that is believed. Says nothing of why: a guesser learns nothing from it.</summary>
    public static readonly CallerAnswer Nobody = new(null, new Unauthorized());
}

/// <summary>Finds out who asks, from the headers alone: nothing of the body is read before. Given by the room that knows people and keys.</summary>
internal delegate ValueTask<CallerAnswer> CallerSource(HttpContext context);

/// <summary>The same for pages: by the session's cookie alone.</summary>
internal delegate ValueTask<CallerAnswer> PageCallerSource(HttpContext context);

/// <summary>401 with the ways to prove who one is (RFC 9110 11.6.1).</summary>
internal sealed class Unauthorized : IResult
{
    public Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Response.Headers.WWWAuthenticate = "Bearer, ApiKey";
        return new Problem(401, "Send an access token (Authorization: Bearer) or an API key (X-API-Key) that is valid.").ExecuteAsync(httpContext);
    }
}
