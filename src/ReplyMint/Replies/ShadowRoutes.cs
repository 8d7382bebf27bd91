using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Limits;
using ReplyMint.Security;

namespace ReplyMint.Replies;

/// <summary>What came of a mailbox's shadow mode. It quotes drafts and answers, so it is for those who read mail.</summary>
internal static class ShadowRoutes
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapApi(Permission.MessagesRead, "mailboxes").MapGet("/mailboxes/{id}/shadow/report", ReadAsync).WithName("GetShadowReport")
            .WithSummary("How the drafts of its shadow mode compare with what people answered").Produces<ShadowReport>().Costly();

    internal static async Task<IResult> ReadAsync(Caller caller, string id, [FromServices] ShadowReports reports, [FromServices] SecurityEvents events, CancellationToken ct)
    {
        if (!caller.Sees(id) || await reports.ReadAsync(caller.Tenant, id, ct) is not { } report)
            return Problem.NotFound;
        events.Note(SecurityEventKind.MailRead, caller, report.Differences.Count);
        return TypedResults.Ok(report);
    }
}
