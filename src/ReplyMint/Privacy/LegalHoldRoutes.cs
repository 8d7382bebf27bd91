using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Mail;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Privacy;

/// <param name="Reason">Why it must stay.</param>
/// <param name="Correspondent">Whose mails; only a keyed hash of the address is kept. Without it and mail, all of the tenant.</param>
/// <param name="Mail">The id of one mail.</param>
internal sealed record NewHold([Line(500)] string Reason, [Address, Example("anna@customer.example")] string? Correspondent = null, [Id] string? Mail = null);

/// <param name="By">Who set it: a user's id, or operator@machine.</param>
internal sealed record HoldDetail(string Id, HoldScope Scope, string? Mail, string Reason, string By, DateTimeOffset At)
{
    public static HoldDetail Of(HoldSeen seen) => new(seen.Hold.Id, seen.Hold.Scope, seen.Hold.Mail, seen.Reason, seen.Hold.By, seen.Hold.At);
}

internal static class LegalHoldRoutes
{
    private const string Tag = "privacy";

    public static void Map(IEndpointRouteBuilder routes)
    {
        var read = routes.MapApi(Permission.PrivacyRead, Tag);
        read.MapGet("/legal-holds", ListAsync).WithName("ListLegalHolds").WithSummary("What must not be removed").Produces<Listing<HoldDetail>>();
        read.MapGet("/legal-holds/{id}", GetAsync).WithName("GetLegalHold").WithSummary("A legal hold").Produces<HoldDetail>();

        var write = routes.MapApi(Permission.PrivacyWrite, Tag);
        write.MapPost("/legal-holds", SetAsync).WithName("SetLegalHold").WithSummary("Keep a correspondent's mails, one mail, or all of the tenant from being removed").Produces<HoldDetail>(201);
        write.MapDelete("/legal-holds/{id}", LiftAsync).WithName("LiftLegalHold").WithSummary("Lift a legal hold; erasures that waited for it go on").Produces(204);
    }

    private static async Task<IResult> ListAsync(HttpContext context, Caller caller, [FromServices] LegalHolds holds, CancellationToken ct) =>
        TypedResults.Ok(new Listing<HoldDetail>([.. (await holds.ListAsync(caller.Tenant, ct)).Select(HoldDetail.Of)], null).Linked(context));

    private static async Task<IResult> GetAsync(Caller caller, string id, [FromServices] LegalHolds holds, CancellationToken ct) =>
        await holds.FindAsync(caller.Tenant, id, ct) is { } found ? TypedResults.Ok(HoldDetail.Of(found)) : Problem.NotFound;

    private static async Task<IResult> SetAsync(Caller caller, NewHold wanted, [FromServices] LegalHolds holds, [FromServices] KeyRing keys, [FromServices] Messages messages, CancellationToken ct)
    {
        if (wanted.Correspondent is not null && wanted.Mail is not null)
            return Problem.Of("mail", "can't be given together with correspondent");
        var (scope, person) = (HoldScope.Tenant, (string?)null);
        if (wanted.Correspondent is { } address)
        {
            if (AddressRules.Normalize(address) is not { } normalized)
                return Problem.Of("correspondent", "is no mail address");
            (scope, person) = (HoldScope.Correspondent, (await keys.RequireAsync(caller.Tenant, ct)).Person(normalized));
        }
        else if (wanted.Mail is { } mail)
        {
            if (await messages.FindAsync(caller.Tenant, mail, ct) is not { } message)
                return Problem.Of("mail", "is not there");
            (scope, person) = (HoldScope.Mail, message.Record.Person);
        }
        return await holds.SetAsync(caller.Tenant, scope, person, wanted.Mail, wanted.Reason, Actor.Of(caller), ct) is { } hold
            ? TypedResults.Created($"{RouteGroups.ApiRoot}/legal-holds/{hold.Id}", HoldDetail.Of(new(hold, wanted.Reason)))
            : new Problem(409, $"There are {LegalHolds.Most} legal holds already. Lift one that is not needed.");
    }

    private static async Task<IResult> LiftAsync(Caller caller, string id, [FromServices] LegalHolds holds, CancellationToken ct) =>
        await holds.LiftAsync(caller.Tenant, id, Actor.Of(caller), ct) ? TypedResults.NoContent() : Problem.NotFound;
}
