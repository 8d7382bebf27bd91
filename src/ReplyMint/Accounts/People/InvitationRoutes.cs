using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Audit;
using ReplyMint.Limits;
using ReplyMint.Security;

namespace ReplyMint.Accounts;

/// <param name="Mailboxes">Ids of the mailboxes that a member is bound to; absent is all of them.</param>
/// <param name="Language">Of the mail.</param>
internal sealed record InvitationWish([Address] string Address, TenantRole Role, [Items(100), Id] IReadOnlyList<string>? Mailboxes = null, LetterLanguage? Language = null);

/// <param name="Token">From the link.</param>
/// <param name="Challenge">S256 of a verifier that this browser keeps; the link to sign in that follows works in no other.</param>
internal sealed record InvitationProof([Token(64)] string Token, [Token(43, Least = 43)] string Challenge, LetterLanguage? Language = null);

internal sealed record InvitationAnswer(string Id, string Address, TenantRole Role, IReadOnlyList<string>? Mailboxes, string InvitedBy, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt);

internal static class InvitationRoutes
{
    private const string Tag = "invitations";

    public static void MapInvitations(this IEndpointRouteBuilder routes)
    {
        var read = routes.MapApi(Permission.MembersRead, Tag);
        read.MapGet("/invitations", ListAsync).WithName("listInvitations").WithSummary("Who is invited and has not accepted").Produces<Listing<InvitationAnswer>>();
        read.MapGet("/invitations/{id}", GetAsync).WithName("getInvitation").WithSummary("One invitation").Produces<InvitationAnswer>();

        var write = routes.MapApi(Permission.MembersWrite, Tag);
        write.MapPost("/invitations", InviteAsync).WithName("invite").WithSummary("Mail somebody an invitation to this tenant; it holds for 7 days").Produces<InvitationAnswer>(201).Costly();
        write.MapDelete("/invitations/{id}", RemoveAsync).WithName("removeInvitation").WithSummary("Take an invitation back").Produces(204);

        routes.MapSignIn().MapPost("/invitations/accept", AcceptAsync).WithName("acceptInvitation")
            .WithSummary("Accept an invitation; a link to sign in follows by mail").Produces<AskedAnswer>(202);
    }

    private static async Task<IResult> ListAsync(HttpContext context, Caller caller, [AsParameters] PageQuery page, [FromServices] Invitations invitations, CancellationToken ct)
    {
        if (page.Problem() is { } problem)
            return problem;
        var (found, next) = await invitations.PageAsync(caller.Tenant, page.Size, page.Cursor, ct);
        return TypedResults.Ok(new Listing<InvitationAnswer>([.. found.Select(Answer)], next).Linked(context));
    }

    private static async Task<IResult> GetAsync(Caller caller, string id, [FromServices] Invitations invitations, CancellationToken ct) =>
        await invitations.FindAsync(caller.Tenant, id, ct) is { } found ? TypedResults.Ok(Answer(found)) : Problem.NotFound;

    private static Task<IResult> InviteAsync(Caller caller, InvitationWish wish, [FromServices] Invitations invitations, [FromServices] AccountsSettings settings, CancellationToken ct) =>
        InviteFromAsync(null, caller, wish, invitations, settings, ct);

    /// <param name="page">What the link begins with; null is the front end's.</param>
    internal static async Task<IResult> InviteFromAsync(string? page, Caller caller, InvitationWish wish, Invitations invitations, AccountsSettings settings, CancellationToken ct)
    {
        // Asked before anything is looked up: the answer says nothing of the address.
        if (settings.SignUp == SignUp.Closed)
            return new Problem(403, "Invitations are switched off here (accounts.signUp is closed). The operator adds people on the machine: replymint user add ADDRESS.");
        if (Mail.AddressRules.Normalize(wish.Address) is not { } address)
            return Problem.Of("address", "must be a mail address");
        if (MemberRoutes.Unbound(wish.Role, wish.Mailboxes) is { } unbound)
            return unbound;
        var (result, invitation) = await invitations.InviteAsync(caller.Tenant, address, MemberRoutes.RoleOf(wish.Role), wish.Mailboxes, SignInRoutes.Code(wish.Language), Actor.Of(caller), ct, page);
        return result switch
        {
            InvitationResult.AlreadyMember => new Problem(409, "This address belongs to a member of the tenant already."),
            InvitationResult.TooMany => new Problem(429, "This tenant invited too many people today. Try again tomorrow."),
            InvitationResult.TenantFull => MemberRoutes.Full,
            InvitationResult.NoSuchMailbox => Problem.Of("mailboxes", "names a mailbox that is not there"),
            _ => TypedResults.Created($"{RouteGroups.ApiRoot}/invitations/{invitation!.Id}", Answer(invitation)),
        };
    }

    internal static async Task<IResult> RemoveAsync(Caller caller, string id, [FromServices] Invitations invitations, CancellationToken ct) =>
        await invitations.RemoveAsync(caller.Tenant, id, Actor.Of(caller), ct) ? TypedResults.NoContent() : Problem.NotFound;

    private static async Task<IResult> AcceptAsync(HttpContext context, InvitationProof proof, [FromServices] Invitations invitations, [FromServices] FailedTries tries, CancellationToken ct)
    {
        if (!SignInLinks.IsChallenge(proof.Challenge))
            return Problem.Of("challenge", "must be the SHA-256 of the verifier in base64url: 43 characters");
        if (await tries.BeginAsync(context, Way.Invitation) is { } slowed)
            return slowed;
        var accepted = await invitations.AcceptAsync(proof.Token, proof.Challenge, SignInRoutes.Code(proof.Language), ct);
        if (accepted == AcceptedInvitation.NotValid)
        {
            tries.Failed(context, Way.Invitation);
            return new Problem(400, "The invitation is not valid, or not any more. Ask for a new one.");
        }
        await tries.SucceededAsync(context, Way.Invitation);
        if (accepted == AcceptedInvitation.TenantFull)
            return new Problem(409, "Who invited you has as many members as he may have. Tell him, and try again when there is room.");
        return TypedResults.Accepted((string?)null, AskedAnswer.Same);
    }

    internal static InvitationAnswer Answer(Invitation invitation) => new(
        invitation.Id, invitation.Address, MemberRoutes.RoleOf(invitation.Role), invitation.Mailboxes, invitation.By, invitation.CreatedAt, invitation.CreatedAt + Invitations.Life);
}
