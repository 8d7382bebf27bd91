using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Audit;
using ReplyMint.Security;

namespace ReplyMint.Incidents;

/// <summary>What is done again and again; drills and reviews leave their records by themselves.</summary>
[JsonConverter(typeof(WireEnum<RecordKind>))]
internal enum RecordKind { Review, Drill, RestoreDrill, PenetrationTest, KeyRotation, Patch, Training }

/// <param name="Note">What was done and found.</param>
/// <param name="DueInDays">Until the next one; left out: as the settings say.</param>
internal sealed record NewRecord(RecordKind Kind, [Text(Records.MaxNote)] string Note, [Whole(1, RecordSettings.MostDays)] int? DueInDays = null);

/// <param name="Kind">A kind of the settings, or follow-up.</param>
/// <param name="By">A user's id, or operator@machine.</param>
/// <param name="DueAt">When the next one is due; of a follow-up: when it has to be done.</param>
/// <param name="DoneAt">Of a follow-up: when it was settled.</param>
/// <param name="Proof">A statement that this installation signed (compact JWS).</param>
internal sealed record RecordAnswer(string Id, string Kind, DateTimeOffset At, string By, string Note, DateTimeOffset? DueAt, DateTimeOffset? DoneAt, string? Incident, string? Proof)
{
    public static RecordAnswer Of(KeptRecord record) =>
        new(record.Item.Id, record.Item.Kind, record.Item.At, record.Item.By, record.Note, record.Item.DueAt, record.Item.DoneAt, record.Item.Incident, record.Proof);
}

/// <param name="Record">The last one of the kind, or the open follow-up.</param>
/// <param name="Finding">It is overdue, or was never done.</param>
internal sealed record DueAnswer(string Kind, string? Record, DateTimeOffset? LastAt, DateTimeOffset? DueAt, bool Finding, string? Words)
{
    public static DueAnswer Of(Due due) => new(due.Kind, due.Record, due.LastAt, due.DueAt, due.IsFinding, due.IsFinding ? Records.Words(due) : null);
}

internal static class RecordRoutes
{
    private const string Tag = "records";

    public static void Map(IEndpointRouteBuilder routes)
    {
        var read = routes.MapApi(Permission.IncidentsRead, Tag);
        read.MapGet("/records", ListAsync).WithName("ListRecords").WithSummary("What was done: reviews, drills, tests, rotations; the newest first").Produces<Listing<RecordAnswer>>();
        read.MapGet("/records/due", DueAsync).WithName("ListDueRecords").WithSummary("What is due next; overdue and never done are findings").Produces<Listing<DueAnswer>>();

        var write = routes.MapApi(Permission.IncidentsWrite, Tag);
        write.MapPost("/records", AddAsync).WithName("AddRecord").WithSummary("Write down that something was done").Produces<RecordAnswer>(201);
        write.MapPost("/records/{id}/settle", SettleAsync).WithName("SettleFollowUp").WithSummary("An incident's follow-up is done").Produces(204);
    }

    private static async Task<IResult> ListAsync(HttpContext context, [AsParameters] PageQuery page, [FromServices] Records records, CancellationToken ct)
    {
        if (page.Problem() is { } problem)
            return problem;
        var (found, next) = await records.PageAsync(page.Size, page.Cursor, ct);
        return TypedResults.Ok(new Listing<RecordAnswer>([.. found.Select(RecordAnswer.Of)], next).Linked(context));
    }

    private static async Task<IResult> DueAsync([FromServices] Records records, CancellationToken ct) =>
        TypedResults.Ok(new Listing<DueAnswer>([.. (await records.DueAsync(ct)).Select(DueAnswer.Of)], null));

    private static async Task<IResult> AddAsync(Caller caller, NewRecord wanted, [FromServices] Records records, CancellationToken ct)
    {
        var record = await records.AddAsync(NameOf(wanted.Kind), caller.Id, wanted.Note, wanted.DueInDays is { } days ? TimeSpan.FromDays(days) : null, ct);
        return TypedResults.Created($"{RouteGroups.ApiRoot}/records", RecordAnswer.Of(record));
    }

    private static async Task<IResult> SettleAsync(Caller caller, string id, [FromServices] Records records, CancellationToken ct) =>
        await records.SettleAsync(id, Actor.Of(caller), ct) ? TypedResults.NoContent() : Problem.NotFound;

    private static string NameOf(RecordKind kind) => RecordKinds.Repeated[(int)kind];
}
