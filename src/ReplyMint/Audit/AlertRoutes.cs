using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Audit;

/// <summary>An alert, as its readers see it.</summary>
/// <param name="Kind">What it is of, as the operator's page names it.</param>
/// <param name="Subject">The id, or for a network the mark, that it is about.</param>
/// <param name="Count">How often it was seen, where that is counted.</param>
/// <param name="LastAt">When it was seen last, where that is counted.</param>
/// <param name="Contained">What a detector contained because of it.</param>
internal sealed record AlertAnswer(
    string Id, string Kind, string Subject, string Text, DateTimeOffset At, long? Count, DateTimeOffset? LastAt, string? Contained, DateTimeOffset? AcknowledgedAt, string? AcknowledgedBy)
{
    public static AlertAnswer Of(Alert alert) =>
        new(alert.Id, alert.Kind, alert.Subject, alert.Text, alert.At, alert.Count, alert.LastAt, alert.Contained, alert.AcknowledgedAt, alert.AcknowledgedBy);
}

/// <summary>Alerts: an operator sees all of them, a tenant's administrators and auditors those of their tenant.</summary>
internal static class AlertRoutes
{
    private const string Tag = "alerts";

    public static void Map(IEndpointRouteBuilder routes)
    {
        var read = routes.MapApi(Permission.AlertsRead, Tag);
        read.MapGet("/alerts", ListAsync).WithName("ListAlerts").WithSummary("What somebody should look at, the newest first").Produces<Listing<AlertAnswer>>();
        read.MapGet("/alerts/{id}", GetAsync).WithName("GetAlert").WithSummary("One alert").Produces<AlertAnswer>();
        routes.MapApi(Permission.AlertsWrite, Tag).MapPost("/alerts/{id}/acknowledge", AcknowledgeAsync).WithName("AcknowledgeAlert")
            .WithSummary("Say that it was seen: it stays quiet until something new happens").Produces(204);
    }

    private static async Task<IResult> ListAsync(HttpContext context, Caller caller, [AsParameters] PageQuery page, [FromServices] Alerts alerts, CancellationToken ct)
    {
        if (page.Problem() is { } problem)
            return problem;
        var (found, next) = await alerts.PageAsync(TenantOf(caller), page.Size, page.Cursor, ct);
        return TypedResults.Ok(new Listing<AlertAnswer>([.. found.Select(AlertAnswer.Of)], next).Linked(context));
    }

    private static async Task<IResult> GetAsync(Caller caller, string id, [FromServices] Alerts alerts, CancellationToken ct) =>
        await alerts.FindAsync(id, ct) is { } alert && (TenantOf(caller) is not { } tenant || alert.Tenant == tenant) ? TypedResults.Ok(AlertAnswer.Of(alert)) : Problem.NotFound;

    internal static async Task<IResult> AcknowledgeAsync(Caller caller, string id, [FromServices] Alerts alerts, CancellationToken ct) =>
        await alerts.AcknowledgeAsync(id, Actor.Of(caller), TenantOf(caller), ct) ? TypedResults.NoContent() : Problem.NotFound;

    private static string? TenantOf(Caller caller) => caller.Tenant == KeyRing.Installation ? null : caller.Tenant;
}
