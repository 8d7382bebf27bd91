using System.Buffers.Text;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Audit;
using ReplyMint.Limits;
using ReplyMint.Security;

namespace ReplyMint.Accounts;

internal sealed record RefreshRequest([Token(100)] string RefreshToken);

/// <param name="Tenant">Its id, as /api/v1/me/tenants names it.</param>
internal sealed record TenantChoice([Id] string Tenant);

/// <summary>One of the caller's own sessions.</summary>
/// <param name="Client">The browser's own name, as it said it.</param>
/// <param name="Network">The address it was seen from last.</param>
/// <param name="Current">It is the one that asks.</param>
internal sealed record SessionView(
    string Id, string Tenant, DateTimeOffset SignedInAt, DateTimeOffset LastSeenAt, DateTimeOffset EndsAt, DateTimeOffset? SecondFactorAt, string? Client, string? Network, bool Current);

/// <param name="Name">The tenant's; absent for the installation.</param>
internal sealed record MyTenant(string Tenant, string? Name, [property: JsonConverter(typeof(WireEnum<Role>))] Role Role);

/// <summary>Public keys of access tokens (RFC 7517).</summary>
internal sealed record JsonWebKeySet(IReadOnlyList<JsonWebKey> Keys);

internal sealed record JsonWebKey(string Kty, string Crv, string X, string Y, string Kid, string Use, string Alg);

internal static class SessionRoutes
{
    private const string Tag = "sessions";

    public static void MapSessions(this IEndpointRouteBuilder routes)
    {
        routes.MapSignIn().MapPost("/session/refresh", RefreshAsync).WithName("RefreshSession").WithSummary("Spends a refresh token for a new access token and the next refresh token.");
        var own = routes.MapApi(Permission.Self, Tag);
        own.MapDelete("/session", SignOutAsync).WithName("SignOut").WithSummary("Ends this session.");
        own.MapGet("/me/sessions", ListAsync).WithName("ListSessions").WithSummary("Your sessions.");
        own.MapDelete("/me/sessions", SignOutEverywhereAsync).WithName("SignOutEverywhere").WithSummary("Ends all your sessions, this one too; needs a proof of a factor, or a sign-in, not older than 15 minutes.");
        own.MapDelete("/me/sessions/{id}", EndAsync).WithName("EndSession").WithSummary("Ends one of your sessions; another one than this needs a proof of a factor, or a sign-in, not older than 15 minutes.");
        own.MapGet("/me/tenants", TenantsAsync).WithName("ListMyTenants").WithSummary("The tenants that you belong to.");
        own.MapPost("/me/tenant", TurnAsync).SecretAnswer().WithName("TurnToTenant").WithSummary("Gives an access token for another of your tenants; the session follows.");
        routes.MapPublic().MapMethods("/.well-known/jwks.json", ["GET", "HEAD"], KeysAsync).Produces<JsonWebKeySet>().WithName("ListSigningKeys").WithSummary("The public keys that sign access tokens.");
    }

    private static async Task<Results<Ok<SessionTokens>, Unauthorized>> RefreshAsync(RefreshRequest body, HttpContext context, TokenDesk desk, CancellationToken ct) =>
        await desk.RefreshAsync(body.RefreshToken, SessionClient.Of(context), context.Connection.RemoteIpAddress, ct) is { } tokens ? TypedResults.Ok(tokens) : new Unauthorized();

    private static async Task<NoContent> SignOutAsync(Caller caller, Sessions sessions, CancellationToken ct)
    {
        await sessions.EndAsync(caller.Id, caller.Session!, Actor.Of(caller), ct);
        return TypedResults.NoContent();
    }

    private static async Task<Ok<Listing<SessionView>>> ListAsync(Caller caller, Sessions sessions, CancellationToken ct) =>
        TypedResults.Ok(new Listing<SessionView>([.. (await sessions.ListAsync(caller.Id, ct)).Select(seen => new SessionView(
            seen.Session.Id, seen.Session.Tenant, seen.Session.SignedInAt, seen.Session.LastSeenAt, sessions.EndsAt(seen.Session), seen.Session.SecondFactorAt,
            seen.Client.Agent, seen.Client.Network, seen.Session.Id == caller.Session))], null));

    /// <summary>Whoever took a session must not be able to put its owner out (ASVS V7.5.2). To end one's own needs nothing.</summary>
    private static Task<Problem?> StaleAsync(Caller caller, FactorDoor door, CancellationToken ct) =>
        door.StaleAsync(caller, "Other sessions are ended by who proved lately that it is he: sign in again, then call within 15 minutes.", ct);

    internal static async Task<Results<NoContent, Problem>> SignOutEverywhereAsync(Caller caller, Sessions sessions, FactorDoor door, CancellationToken ct)
    {
        if (await StaleAsync(caller, door, ct) is { } stale)
            return stale;
        await sessions.EndAllAsync(caller.Id, Actor.Of(caller), ct);
        return TypedResults.NoContent();
    }

    internal static async Task<Results<NoContent, Problem>> EndAsync(string id, Caller caller, Sessions sessions, FactorDoor door, CancellationToken ct)
    {
        if (id != caller.Session && await StaleAsync(caller, door, ct) is { } stale)
            return stale;
        return await sessions.EndAsync(caller.Id, id, Actor.Of(caller), ct) ? TypedResults.NoContent() : Problem.NotFound;
    }

    private static async Task<Ok<Listing<MyTenant>>> TenantsAsync(Caller caller, Members members, Tenants tenants, CancellationToken ct)
    {
        var mine = new List<MyTenant>();
        foreach (var tenant in await members.TenantsOfAsync(caller.Id, ct))
            if (await members.FindAsync(tenant, caller.Id, ct) is { } member)
                mine.Add(new(tenant, (await tenants.FindAsync(tenant, ct))?.Name, member.Role));
        return TypedResults.Ok(new Listing<MyTenant>(mine, null));
    }

    private static async Task<Results<Ok<SessionTokens>, Problem>> TurnAsync(TenantChoice body, Caller caller, TokenDesk desk, CancellationToken ct) =>
        await desk.TurnAsync(caller, body.Tenant, ct) is { } tokens ? TypedResults.Ok(tokens) : Problem.NotFound;

    private static async Task<Ok<JsonWebKeySet>> KeysAsync(HttpContext context, SigningKeys signing, CancellationToken ct)
    {
        // Shorter than the day by which a new key is published ahead.
        context.Response.Headers.CacheControl = "public, max-age=300";
        return TypedResults.Ok(new JsonWebKeySet([.. (await signing.ShownAsync(ct)).Select(key =>
            new JsonWebKey("EC", "P-256", Base64Url.EncodeToString(key.X), Base64Url.EncodeToString(key.Y), key.Id, "sig", CompactJws.Algorithm))]));
    }
}
