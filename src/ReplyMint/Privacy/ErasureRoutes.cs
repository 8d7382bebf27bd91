using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Audit;
using ReplyMint.Limits;
using ReplyMint.Security;

namespace ReplyMint.Privacy;

/// <param name="Correspondent">Whose data is erased: all mail from this address, and what hangs on it.</param>
/// <param name="Mail">The id of one mail to erase, such as one that quotes somebody who was erased. One of the two.</param>
internal sealed record NewErasure([Address, Example("anna@customer.example")] string? Correspondent = null, [Id] string? Mail = null);

/// <param name="Subject">The keyed hash of a correspondent, or the id of a mail.</param>
/// <param name="Step">What is being done while it runs: jobs, items, files, scrub, scan or finish.</param>
/// <param name="UnreadableSince">When the key was destroyed; absent while a legal hold keeps it.</param>
/// <param name="Removed">How many items of each kind are gone.</param>
/// <param name="Looked">How many mails were searched for the address.</param>
/// <param name="Found">How many mails and settings of others hold the address.</param>
/// <param name="Certificate">The signed certificate (compact JWS), once it is done.</param>
internal sealed record ErasureDetail(
    string Id, ErasureKind Kind, ErasureState State, string? Step, string Subject, string By, DateTimeOffset At, DateTimeOffset? UnreadableSince, DateTimeOffset? DoneAt,
    IReadOnlyDictionary<string, long>? Removed, long Looked, int Found, string? Certificate)
{
    public static ErasureDetail Of(Erasure erasure, IReadOnlyDictionary<string, long>? removed) => new(
        erasure.Id, erasure.Kind, erasure.State, erasure.State == ErasureState.Running ? erasure.Step.ToString().ToLowerInvariant() : null, erasure.Subject, erasure.By, erasure.At, erasure.ErasedAt, erasure.DoneAt,
        removed, erasure.Looked, erasure.Found, erasure.Certificate);
}

/// <param name="What">mail, knowledge, mailbox or tenant.</param>
/// <param name="Where">Which parts of it hold the address.</param>
internal sealed record FoundEntry(string What, string Id, IReadOnlyList<string> Where);

/// <summary>Erasures of a tenant's correspondents, for its administrators. The address stands in the body only.</summary>
internal static class ErasureRoutes
{
    private const string Tag = "privacy";

    public static void Map(IEndpointRouteBuilder routes)
    {
        var read = routes.MapApi(Permission.PrivacyRead, Tag);
        read.MapGet("/erasures", ListAsync).WithName("ListErasures").WithSummary("Erasures, the newest first").Produces<Listing<ErasureDetail>>();
        read.MapGet("/erasures/{id}", GetAsync).WithName("GetErasure").WithSummary("How far an erasure got, and its certificate once it is done").Produces<ErasureDetail>();
        read.MapGet("/erasures/{id}/found", FoundAsync).WithName("ListErasureFindings").WithSummary("Mails and settings of others that hold the address; a person decides on each").Produces<Listing<FoundEntry>>();

        var write = routes.MapApi(Permission.PrivacyWrite, Tag);
        write.MapPost("/erasures", StartAsync).WithName("StartErasure").WithSummary("Erase a correspondent, or one mail; it can't be undone").Produces<ErasureDetail>(202).Costly();
    }

    private static async Task<IResult> ListAsync(HttpContext context, Caller caller, [AsParameters] PageQuery page, [FromServices] Erasures erasures, CancellationToken ct)
    {
        if (page.Problem() is { } wrong)
            return wrong;
        var (found, next) = await erasures.ListAsync(caller.Tenant, page.Size, page.Cursor, ct);
        return TypedResults.Ok(new Listing<ErasureDetail>([.. found.Select(one => ErasureDetail.Of(one, null))], next).Linked(context));
    }

    private static async Task<IResult> GetAsync(Caller caller, string id, [FromServices] Erasures erasures, [FromServices] ErasureCounts counts, CancellationToken ct) =>
        await erasures.FindAsync(caller.Tenant, id, ct) is { Erasure: var erasure } ? TypedResults.Ok(ErasureDetail.Of(erasure, await counts.ReadAsync(erasure, ct))) : Problem.NotFound;

    private static async Task<IResult> FoundAsync(HttpContext context, Caller caller, string id, [AsParameters] PageQuery page, [FromServices] Erasures erasures, CancellationToken ct)
    {
        if (page.Problem() is { } wrong)
            return wrong;
        if (await erasures.FindAsync(caller.Tenant, id, ct) is not { Erasure: var erasure })
            return Problem.NotFound;
        var (found, next) = await erasures.FoundAsync(erasure, page.Size, page.Cursor, ct);
        return TypedResults.Ok(new Listing<FoundEntry>([.. found.Select(one => new FoundEntry(one.What, one.Id, one.Where))], next).Linked(context));
    }

    internal static async Task<IResult> StartAsync(Caller caller, NewErasure wanted, [FromServices] Erasures erasures, CancellationToken ct)
    {
        if (wanted is { Correspondent: null, Mail: null } or { Correspondent: not null, Mail: not null })
            return Problem.Of("correspondent", "is to be given, or mail: one of the two");
        var actor = Actor.Of(caller);
        return await (wanted.Correspondent is { } address ? erasures.CorrespondentAsync(caller.Tenant, address, actor, ct) : erasures.MailAsync(caller.Tenant, wanted.Mail!, actor, ct)) switch
        {
            ErasureStart.Started { Erasure: var started } => TypedResults.Accepted($"{RouteGroups.ApiRoot}/erasures/{started.Id}", ErasureDetail.Of(started, null)),
            ErasureStart.Busy => new Problem(409, $"{Erasures.MostAtOnce} erasures are under way. Begin this one when some are done."),
            ErasureStart.Refused { Why: var why } => Problem.Of(wanted.Mail is null ? "correspondent" : "mail", why),
            _ => Problem.Of("mail", "is not there"),
        };
    }
}
