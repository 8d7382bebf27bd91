using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Audit;
using ReplyMint.Security;

namespace ReplyMint.Accounts;

/// <summary>What somebody may be in a tenant. The operator's role is given on the machine only.</summary>
[JsonConverter(typeof(WireEnum<TenantRole>))]
internal enum TenantRole { Member, Auditor, Admin }

/// <param name="Mailboxes">Ids of the mailboxes that a member is bound to; absent is all of them.</param>
internal sealed record MemberChangeWish(TenantRole Role, [Items(100), Id, Example("[]")] IReadOnlyList<string>? Mailboxes = null);

/// <param name="User">The person's id.</param>
/// <param name="AddedBy">Who gave the role: a user's id, or operator@machine.</param>
/// <param name="HeldSince">The data were restored then, and until somebody confirms the member (a PUT does) he can't come in. Absent otherwise.</param>
internal sealed record MemberAnswer(string User, string? Address, string? Name, TenantRole Role, IReadOnlyList<string>? Mailboxes, DateTimeOffset AddedAt, string AddedBy, DateTimeOffset? HeldSince = null);

internal static class MemberRoutes
{
    private const string Tag = "members";

    public static void MapMembers(this IEndpointRouteBuilder routes)
    {
        var read = routes.MapApi(Permission.MembersRead, Tag);
        read.MapGet("/members", ListAsync).WithName("listMembers").WithSummary("Who belongs to this tenant").Produces<Listing<MemberAnswer>>();
        read.MapGet("/members/{user}", GetAsync).WithName("getMember").WithSummary("One member").Produces<MemberAnswer>();

        var write = routes.MapApi(Permission.MembersWrite, Tag);
        write.MapPut("/members/{user}", ChangeAsync).WithName("changeMember").WithSummary("Change a role, or the mailboxes that a member sees").Produces<MemberAnswer>();
        write.MapDelete("/members/{user}", RemoveAsync).WithName("removeMember").WithSummary("Remove a member; sessions and keys end").Produces(204);
    }

    private static async Task<IResult> ListAsync(HttpContext context, Caller caller, [AsParameters] PageQuery page, [FromServices] Members members, [FromServices] Users users, CancellationToken ct)
    {
        if (page.Problem() is { } problem)
            return problem;
        var (found, next) = await members.PageAsync(caller.Tenant, page.Size, page.Cursor, ct);
        var answers = new List<MemberAnswer>(found.Count);
        foreach (var member in found)
            answers.Add(await AnswerAsync(member, users, ct));
        return TypedResults.Ok(new Listing<MemberAnswer>(answers, next).Linked(context));
    }

    private static async Task<IResult> GetAsync(HttpContext context, Caller caller, string user, [FromServices] Members members, [FromServices] Users users, CancellationToken ct)
    {
        if (await members.GetAsync(caller.Tenant, user, ct) is not { } found)
            return Problem.NotFound;
        EntityTags.Tell(context, found.Version);
        return TypedResults.Ok(await AnswerAsync(found.Value, users, ct));
    }

    internal static async Task<IResult> ChangeAsync(
        HttpContext context, Caller caller, string user, MemberChangeWish wish, [FromServices] MemberDesk desk, [FromServices] Members members, [FromServices] Mailboxes mailboxes, [FromServices] Users users, CancellationToken ct)
    {
        if (EntityTags.Required(context, out var version) is { } missing)
            return missing;
        if (Unbound(wish.Role, wish.Mailboxes) is { } unbound)
            return unbound;
        foreach (var box in wish.Mailboxes ?? [])
            if (await mailboxes.GetAsync(caller.Tenant, box, ct) is null)
                return Problem.Of("mailboxes", "names a mailbox that is not there");
        var result = await desk.ChangeAsync(caller.Tenant, user, RoleOf(wish.Role), wish.Mailboxes, version, Actor.Of(caller), ct);
        return result switch
        {
            MemberChange.Done => await GetAsync(context, caller, user, members, users, ct),
            MemberChange.NotFound => Problem.NotFound,
            MemberChange.Moved => EntityTags.Changed,
            _ => LastAdmin,
        };
    }

    internal static async Task<IResult> RemoveAsync(Caller caller, string user, [FromServices] MemberDesk desk, CancellationToken ct) =>
        await desk.RemoveAsync(caller.Tenant, user, Actor.Of(caller), ct) switch
        {
            MemberChange.Done => TypedResults.NoContent(),
            MemberChange.NotFound => Problem.NotFound,
            _ => LastAdmin,
        };

    internal static Role RoleOf(TenantRole role) => role switch { TenantRole.Admin => Role.Admin, TenantRole.Auditor => Role.Auditor, _ => Role.Member };

    internal static TenantRole RoleOf(Role role) => role switch { Role.Admin => TenantRole.Admin, Role.Auditor => TenantRole.Auditor, _ => TenantRole.Member };

    /// <summary>Auditors and administrators see all mailboxes: a list that would bind nobody must not look as if it did.</summary>
    internal static Problem? Unbound(TenantRole role, IReadOnlyList<string>? mailboxes) =>
        role == TenantRole.Member || mailboxes is null ? null : Problem.Of("mailboxes", "can be given with the role member only; the others see all");

    internal static Problem Full { get; } = new(409, "The tenant has as many members as it may. Remove somebody first, or ask the operator.");

    private static Problem LastAdmin { get; } = new(409, "This is the last administrator. Make another one first.");

    private static async Task<MemberAnswer> AnswerAsync(Membership member, Users users, CancellationToken ct)
    {
        var user = await users.FindAsync(member.User, ct);
        return new(member.User, user?.Address, user?.Name is { Length: > 0 } name ? name : null, RoleOf(member.Role), member.Mailboxes, member.AddedAt, member.AddedBy, member.HeldSince);
    }
}
