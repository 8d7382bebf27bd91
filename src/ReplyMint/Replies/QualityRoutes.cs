using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Limits;
using ReplyMint.Security;

namespace ReplyMint.Replies;

/// <param name="Thumb">up, down, or none to take it back. One counts for each caller and answer.</param>
/// <param name="Reasons">What was wrong, of a thumb down: wrong, incomplete, offTopic, tone, language, length, needsPerson.</param>
internal sealed record ThumbGiven([property: Line(10), Example("down")] string Thumb, [property: Items(7), Line(20), Example("""["incomplete"]""")] IReadOnlyList<string>? Reasons = null);

/// <summary>What people think of the answers, and what became of the drafts, in numbers.</summary>
internal static class QualityRoutes
{
    private const string None = "none";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapApi(Permission.DraftsWrite, "quality").MapPost("/messages/{id}/thumb", ThumbAsync).WithName("RateAnswer").WithSummary("Say what you think of the answer to a message; saying it again changes it").Produces(204);
        routes.MapApi(Permission.UsageRead, "quality").MapGet("/quality", ReadAsync).WithName("GetQuality").WithSummary("What became of drafts by mailbox and day; of the last 30 days unless told").Produces<QualityReport>().Costly();
    }

    internal static async Task<IResult> ThumbAsync(Caller caller, string id, ThumbGiven given, [FromServices] Messages messages, [FromServices] Thumbs thumbs, CancellationToken ct)
    {
        Thumb? thumb = null;
        if (given.Thumb != None && WireWord.Read("thumb", given.Thumb, out thumb) is not null)
            return Problem.Of("thumb", "must be one of up, down, none");
        if (WireWord.Read<ThumbReason>("reasons", given.Reasons, out var reasons) is { } unknown)
            return unknown;
        if (reasons.Count > 0 && thumb != Thumb.Down)
            return Problem.Of("reasons", "are given with a thumb down");
        if (await messages.FindAsync(caller.Tenant, id, ct) is not { } message || !caller.Sees(message.Record.Mailbox))
            return Problem.NotFound;
        return await thumbs.GiveAsync(caller.Tenant, id, thumb, reasons, Actor.Of(caller), ct) switch
        {
            ThumbOutcome.Done => TypedResults.NoContent(),
            ThumbOutcome.NotAnswered => new Problem(409, "The message has no answer to say that of."),
            ThumbOutcome.TooMany => new Problem(409, $"{Thumbs.MostOfAnswer} have said what they think of this answer already."),
            _ => Problem.NotFound,
        };
    }

    internal static async Task<IResult> ReadAsync(Caller caller, DateOnly? from, DateOnly? to, [FromServices] QualityReports reports, CancellationToken ct)
    {
        var (report, wrong) = await reports.ReadAsync(caller.Tenant, from, to, caller.Sees, ct);
        return wrong is { } what ? Problem.Of(what.Member, what.What) : TypedResults.Ok(report);
    }
}
