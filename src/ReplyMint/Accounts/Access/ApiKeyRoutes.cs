using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Audit;
using ReplyMint.Limits;
using ReplyMint.Security;

namespace ReplyMint.Accounts;

/// <summary>What a client sends for a new key.</summary>
/// <param name="Name">For people: what the key is for.</param>
/// <param name="Scopes">Permissions by name, such as messages:read.</param>
/// <param name="ExpiresAt">From then on the key is refused; without it only the maximal age counts.</param>
/// <param name="Networks">Addresses or networks that it may be used from; without it, from everywhere.</param>
/// <param name="Mailboxes">Ids of the mailboxes that it sees; without it, all. It binds mail and drafts; a key with it can't have knowledge:write, settings:read or usage:read, and reads the tenant's knowledge, channels and domains as a whole.</param>
internal sealed record NewApiKey(
    [Line(ApiKeyWish.MaxName)] string Name,
    [Items(32, Least = 1), Token(32), Example("""["messages:read"]""")] IReadOnlyList<string> Scopes,
    DateTimeOffset? ExpiresAt = null,
    [Items(ApiKeyWish.MaxNetworks, Least = 1), Token(64), Example("""["203.0.113.0/24"]""")] IReadOnlyList<string>? Networks = null,
    [Items(ApiKeyWish.MaxMailboxes, Least = 1), Id] IReadOnlyList<string>? Mailboxes = null);

/// <param name="OverlapHours">How long the old secret works on: 0 to 720; 24 unless told. One that had ended, or whose owner lost his right, does not.</param>
internal sealed record ApiKeyRotation([Whole(0, 720)] int? OverlapHours = null);

/// <summary>A key as a list shows it: never its secret.</summary>
/// <param name="Prefix">What the key's text begins with, to recognise it.</param>
/// <param name="Owner">The user who answers for it, or operator@machine.</param>
/// <param name="Works">Whether its newest secret is taken now: not when it has ended, nor when its owner lost the right to have keys since he got it.</param>
/// <param name="EndsAt">When it stops to work unless it is rotated: by its end or its age.</param>
/// <param name="OverlapUntil">Until when the secret before works on; null when there is none.</param>
internal sealed record ApiKeyView(
    string Id, string Prefix, string Name, string Owner, IReadOnlyList<string> Scopes, IReadOnlyList<string>? Networks, IReadOnlyList<string>? Mailboxes,
    bool Works, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset EndsAt, DateTimeOffset RotatedAt, DateTimeOffset? OverlapUntil, DateTimeOffset? LastUsedAt)
{
    public static async ValueTask<ApiKeyView> OfAsync(ApiKeys keys, ApiKey key, DateTimeOffset? lastUsed, CancellationToken ct) => new(
        key.Id, ApiKeyText.Shown(key.Live, key.Id), key.Name, key.Owner, key.Scopes, key.Networks, key.Mailboxes, await keys.IsTakenAsync(key, key.Secrets[0], ct),
        key.CreatedAt, key.ExpiresAt, key.EndsAt(keys.MaximalAge), key.Secrets[0].CreatedAt,
        key.Secrets is [_, var old] && await keys.IsTakenAsync(key, old, ct) ? key.EndsAt(old, keys.MaximalAge) : null, lastUsed);
}

/// <summary>A key that was just made or rotated.</summary>
/// <param name="Secret">The whole text for X-API-Key. It is shown this once.</param>
internal sealed record ApiKeyShown(ApiKeyView Key, string Secret);

internal static class ApiKeyRoutes
{
    private const string Tag = "keys";

    public static void MapApiKeys(this IEndpointRouteBuilder routes)
    {
        var reading = routes.MapApi(Permission.KeysRead, Tag);
        reading.MapGet("/keys", ListAsync).Produces<Listing<ApiKeyView>>().WithSummary("List the tenant's API keys");
        reading.MapGet("/keys/{id}", ShowAsync).Produces<ApiKeyView>().WithSummary("Show an API key, without its secret");
        var writing = routes.MapApi(Permission.KeysWrite, Tag);
        writing.MapPost("/keys", CreateAsync).SecretAnswer().Produces<ApiKeyShown>(201).WithSummary("Make an API key; its secret is shown this once");
        writing.MapPost("/keys/{id}/rotate", RotateAsync).SecretAnswer().Produces<ApiKeyShown>().WithSummary("Give an API key a new secret; the old one works on for an overlap");
        writing.MapDelete("/keys/{id}", RevokeAsync).Produces(204).WithSummary("Revoke an API key at once");
    }

    private static async Task<IResult> ListAsync(Caller caller, [FromServices] ApiKeys keys, [FromServices] ApiKeyUses uses, CancellationToken ct)
    {
        var views = new List<ApiKeyView>();
        foreach (var key in await keys.ListAsync(caller.Tenant, ct))
            views.Add(await ApiKeyView.OfAsync(keys, key, await uses.LastAsync(caller.Tenant, key.Id, ct), ct));
        return TypedResults.Ok(new Listing<ApiKeyView>(views, null));
    }

    private static async Task<IResult> ShowAsync(string id, Caller caller, [FromServices] ApiKeys keys, [FromServices] ApiKeyUses uses, CancellationToken ct) =>
        await keys.FindAsync(caller.Tenant, id, ct) is { } key
            ? TypedResults.Ok(await ApiKeyView.OfAsync(keys, key, await uses.LastAsync(caller.Tenant, id, ct), ct)) : Problem.NotFound;

    internal static async Task<IResult> CreateAsync(NewApiKey body, Caller caller, [FromServices] ApiKeys keys, CancellationToken ct)
    {
        var wish = new ApiKeyWish { Name = body.Name, Scopes = body.Scopes, ExpiresAt = body.ExpiresAt, Networks = body.Networks, Mailboxes = body.Mailboxes };
        var made = await keys.CreateAsync(caller.Tenant, wish, caller.Id, Actor.Of(caller), ct);
        return made is { Key: { } key, Text: { } text }
            ? TypedResults.Created($"{RouteGroups.ApiRoot}/keys/{key.Id}", new ApiKeyShown(await ApiKeyView.OfAsync(keys, key, null, ct), text)) : Refusal(made);
    }

    internal static async Task<IResult> RotateAsync(string id, ApiKeyRotation body, Caller caller, [FromServices] ApiKeys keys, [FromServices] ApiKeyUses uses, CancellationToken ct)
    {
        var overlap = body.OverlapHours is { } hours ? TimeSpan.FromHours(hours) : ApiKeys.UsualOverlap;
        var made = await keys.RotateAsync(caller.Tenant, id, overlap, caller.Id, Actor.Of(caller), ct);
        return made is { Key: { } key, Text: { } text }
            ? TypedResults.Ok(new ApiKeyShown(await ApiKeyView.OfAsync(keys, key, await uses.LastAsync(caller.Tenant, id, ct), ct), text)) : Refusal(made);
    }

    internal static async Task<IResult> RevokeAsync(string id, Caller caller, [FromServices] ApiKeys keys, CancellationToken ct) =>
        await keys.RevokeAsync(caller.Tenant, id, Actor.Of(caller), ct) ? TypedResults.NoContent() : Problem.NotFound;

    private static Problem Refusal(ApiKeyMade made) => made.Wrong is { } wrong ? Problem.Of(wrong.Member, wrong.Wrong) : Problem.NotFound;
}
