using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Audit;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Accounts;

/// <summary>Who the caller is, as the door sees him.</summary>
/// <param name="Kind">user or key.</param>
/// <param name="Id">The user's or the key's.</param>
/// <param name="Name">The person's or the key's.</param>
/// <param name="Address">The person's; a key has none.</param>
/// <param name="Role">The person's in this tenant; a key has scopes only.</param>
/// <param name="Permissions">What the role or the key allows here and now.</param>
/// <param name="Mailboxes">Ids of the mailboxes that he is bound to; null is all.</param>
/// <param name="LacksSecondFactor">Here nobody works without a second factor, and this session has proved none: until it has, all else is refused.</param>
internal sealed record MeView(
    string Kind, string Id, string? Name, string? Address, string Tenant, [property: JsonConverter(typeof(WireEnum<Role>))] Role? Role, IReadOnlyList<string> Permissions,
    IReadOnlyList<string>? Mailboxes, string? Session, DateTimeOffset? SecondFactorAt, bool LacksSecondFactor);

/// <param name="Name">As the others of his tenants see him; empty takes it away.</param>
internal sealed record NewName([Line(100, Least = 0), Example("Berta Beispiel")] string Name);

internal static class MeRoutes
{
    public static void MapMe(this IEndpointRouteBuilder routes)
    {
        routes.MapApi(Permission.Me, "me").MapGet("/me", ShowAsync).Produces<MeView>().WithSummary("Who the caller is and what he may do");
        routes.MapApi(Permission.Self, "me").MapPut("/me/name", RenameAsync).WithName("changeMyName").Produces<MeView>().WithSummary("Say what you are called");
    }

    /// <summary>The audit log learns that, and not what: it is never erased.</summary>
    private static async Task<IResult> RenameAsync(Caller caller, NewName wanted, [FromServices] IStore store, [FromServices] Users users, [FromServices] ApiKeys keys, [FromServices] AuditLog audit, CancellationToken ct)
    {
        var renamed = await store.RetryAsync(async (commit, token) =>
        {
            if (await users.RenameAsync(commit, caller.Id, wanted.Name.Trim(), token) is null)
                return false;
            await audit.AppendAsync(commit, caller.Tenant, new AuditEntry(Actor.Of(caller), "user.name", caller.Id), token);
            return true;
        }, ct);
        return renamed ? await ShowAsync(caller, users, keys, ct) : Problem.NotFound;
    }

    private static async Task<IResult> ShowAsync(Caller caller, [FromServices] Users users, [FromServices] ApiKeys keys, CancellationToken ct)
    {
        var user = caller.Kind == CallerKind.User ? await users.FindAsync(caller.Id, ct) : null;
        var name = caller.Kind == CallerKind.User ? user?.Name : (await keys.FindAsync(caller.Tenant, caller.Id, ct))?.Name;
        return TypedResults.Ok(new MeView(
            caller.Kind == CallerKind.User ? "user" : "key", caller.Id, name is { Length: > 0 } ? name : null, user?.Address, caller.Tenant, caller.Role,
            [.. caller.May.Each().Select(permission => permission.Name())], caller.Mailboxes is null ? null : [.. caller.Mailboxes], caller.Session, caller.SecondFactorAt, caller.LacksFactor));
    }
}
