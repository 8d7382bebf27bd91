using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Audit;
using ReplyMint.Security;

namespace ReplyMint.Replies;

/// <summary>Where administrators look at approved answers and take them into the knowledge, one by one.</summary>
internal static class PastAnswerRoutes
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        // What was asked and answered is mail text; the right is an administrator's, who reads it.
        var write = routes.MapApi(Permission.KnowledgeWrite, "knowledge");
        write.MapGet("/knowledge/candidates", ListAsync).WithName("ListPastAnswers").WithSummary("Approved answers that could serve as knowledge, as they would stand there; the newest first").Produces<Listing<PastAnswer>>();
        write.MapPost("/drafts/{id}/admit", AdmitAsync).WithName("AdmitPastAnswer").WithSummary("Take an approved answer into the knowledge, without what is about one person").Produces(204);
        write.MapPost("/drafts/{id}/decline", DeclineAsync).WithName("DeclinePastAnswer").WithSummary("Leave an approved answer out of the knowledge").Produces(204);
    }

    private static async Task<IResult> ListAsync(HttpContext context, Caller caller, [AsParameters] PageQuery page, [FromServices] PastAnswers answers, [FromServices] SecurityEvents events, CancellationToken ct)
    {
        if (!caller.May.Has(Permission.MessagesRead))
            return new Problem(403, "This quotes mails: it needs messages:read, too.");
        if (page.Problem() is { } wrong)
            return wrong;
        var (found, next) = await answers.ListAsync(caller.Tenant, caller.Sees, page.Size, page.Cursor, ct);
        events.Note(SecurityEventKind.MailRead, caller, found.Count);
        return TypedResults.Ok(new Listing<PastAnswer>(found, next).Linked(context));
    }

    private static async Task<IResult> AdmitAsync(Caller caller, string id, [FromServices] PastAnswers answers, CancellationToken ct) =>
        await answers.AdmitAsync(caller.Tenant, id, caller.Sees, Actor.Of(caller), ct) switch
        {
            AdmitOutcome.Done => TypedResults.NoContent(),
            AdmitOutcome.NothingLeft => new Problem(422, "Each of its sentences is about one person, so nothing of it can serve others."),
            AdmitOutcome.Full => new Problem(422, "There are as many passages as a tenant may have."),
            _ => Problem.NotFound,
        };

    private static async Task<IResult> DeclineAsync(Caller caller, string id, [FromServices] PastAnswers answers, CancellationToken ct) =>
        await answers.DeclineAsync(caller.Tenant, id, caller.Sees, Actor.Of(caller), ct) == AdmitOutcome.Done ? TypedResults.NoContent() : Problem.NotFound;
}
