using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Audit;
using ReplyMint.Security;

namespace ReplyMint.Incidents;

/// <param name="Text">What happened.</param>
internal sealed record NewIncident([Text(IncidentBook.MaxText)] string Text);

/// <param name="By">Who opened it: a user's id, or operator@machine.</param>
internal sealed record IncidentAnswer(string Id, string Text, string By, DateTimeOffset OpenedAt, DateTimeOffset? ClosedAt)
{
    public static IncidentAnswer Of(IncidentSeen seen) => new(seen.Incident.Id, seen.Text, seen.Incident.By, seen.Incident.OpenedAt, seen.Incident.ClosedAt);
}

/// <summary>A line of the timeline.</summary>
/// <param name="Act">As in the audit log.</param>
/// <param name="Target">The id of what it was done to.</param>
internal sealed record TimelineEntry(DateTimeOffset At, string By, string Act, string Target, IReadOnlyDictionary<string, string>? Details, string? Note);

/// <param name="Timeline">The oldest first.</param>
internal sealed record IncidentDetail(IncidentAnswer Incident, IReadOnlyList<TimelineEntry> Timeline);

internal sealed record IncidentNote([Text(Records.MaxNote)] string Text);

/// <param name="FollowUps">What is left to do; empty: nothing.</param>
/// <param name="DueInDays">Until it has to be done.</param>
internal sealed record IncidentClosing([Items(IncidentBook.MostFollowUps), Text(Records.MaxNote), Example("[\"rotate the key\"]")] IReadOnlyList<string> FollowUps, [Whole(1, RecordSettings.MostDays)] int DueInDays);

internal static class IncidentRoutes
{
    public const string Tag = "incidents";

    // A timeline of people's acts; more of it stands in the bundle of evidence.
    private const int MostShown = 1_000;

    public static void Map(IEndpointRouteBuilder routes)
    {
        var read = routes.MapApi(Permission.IncidentsRead, Tag);
        read.MapGet("/incidents", ListAsync).WithName("ListIncidents").WithSummary("Incidents, the newest first").Produces<Listing<IncidentAnswer>>();
        read.MapGet("/incidents/{id}", GetAsync).WithName("GetIncident").WithSummary("An incident with its timeline").Produces<IncidentDetail>();

        var write = routes.MapApi(Permission.IncidentsWrite, Tag);
        write.MapPost("/incidents", OpenAsync).WithName("OpenIncident").WithSummary("Open an incident; later acts name it").Produces<IncidentAnswer>(201);
        write.MapPost("/incidents/{id}/notes", NoteAsync).WithName("NoteIncident").WithSummary("Write a line into the timeline").Produces(204);
        write.MapPost("/incidents/{id}/close", CloseAsync).WithName("CloseIncident").WithSummary("Close it with what is left to do; each becomes a record with a date").Produces(204);
    }

    private static async Task<IResult> ListAsync(HttpContext context, [AsParameters] PageQuery page, [FromServices] IncidentBook book, CancellationToken ct)
    {
        if (page.Problem() is { } problem)
            return problem;
        var (found, next) = await book.PageAsync(page.Size, page.Cursor, ct);
        return TypedResults.Ok(new Listing<IncidentAnswer>([.. found.Select(IncidentAnswer.Of)], next).Linked(context));
    }

    private static async Task<IResult> GetAsync(string id, [FromServices] IncidentBook book, CancellationToken ct)
    {
        if (await book.FindAsync(id, ct) is not { } seen)
            return Problem.NotFound;
        var lines = new List<TimelineEntry>();
        await foreach (var (line, note) in book.TimelineAsync(id, ct))
        {
            if (lines.Count == MostShown)
                break;
            lines.Add(new(line.At, line.By, line.Act, line.Target, line.Details, note));
        }
        return TypedResults.Ok(new IncidentDetail(IncidentAnswer.Of(seen), lines));
    }

    internal static async Task<IResult> OpenAsync(Caller caller, NewIncident wanted, [FromServices] IncidentBook book, CancellationToken ct)
    {
        var incident = await book.OpenAsync(wanted.Text, Actor.Of(caller), ct);
        return TypedResults.Created($"{RouteGroups.ApiRoot}/incidents/{incident.Id}", IncidentAnswer.Of(new(incident, wanted.Text)));
    }

    internal static async Task<IResult> NoteAsync(Caller caller, string id, IncidentNote note, [FromServices] IncidentBook book, CancellationToken ct) =>
        await book.NoteAsync(id, note.Text, Actor.Of(caller), ct) ? TypedResults.NoContent() : Problem.NotFound;

    internal static async Task<IResult> CloseAsync(Caller caller, string id, IncidentClosing closing, [FromServices] IncidentBook book, [FromServices] TimeProvider time, CancellationToken ct)
    {
        var due = time.GetUtcNow().AddDays(closing.DueInDays);
        return await book.CloseAsync(id, [.. closing.FollowUps.Select(note => new FollowUp(note, due))], Actor.Of(caller), ct) ? TypedResults.NoContent() : Problem.NotFound;
    }
}
