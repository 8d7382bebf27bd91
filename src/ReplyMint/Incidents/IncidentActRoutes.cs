using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Limits;
using ReplyMint.Security;

namespace ReplyMint.Incidents;

/// <summary>What can be isolated; sending is all of the installation's.</summary>
[JsonConverter(typeof(WireEnum<ContainedThing>))]
internal enum ContainedThing { Tenant, User, Key, Mailbox, Channel, Network, Sending }

/// <param name="Id">Of the tenant, user, key, mailbox or channel (or smtp, mailgun), or the mark of a network, as alerts name it; left out for sending.</param>
/// <param name="Tenant">Of a mailbox: whose it is.</param>
/// <param name="Incident">In whose timeline it stands.</param>
internal sealed record ContainmentWish(ContainedThing Kind, [Id] string? Id = null, [Id] string? Tenant = null, [Id] string? Incident = null);

/// <param name="By">Who did it.</param>
internal sealed record ContainmentAnswer(ContainedKind Kind, string Id, string? Tenant, string By, DateTimeOffset At, string? Incident);

/// <param name="User">Only a person's, by id.</param>
/// <param name="Tenant">Only a tenant's, by id.</param>
/// <param name="Since">Only what was made from then on.</param>
/// <param name="Until">Only what was made up to then.</param>
/// <param name="All">All of everybody's; then nothing else is named.</param>
internal sealed record RevocationAsked(RevokedThing Thing, [Id] string? User = null, [Id] string? Tenant = null, DateTimeOffset? Since = null, DateTimeOffset? Until = null, bool All = false, [Id] string? Incident = null);

/// <param name="Count">How many were ended so far.</param>
/// <param name="DoneAt">When the last one was removed. All of them are refused from the start.</param>
internal sealed record RevocationAnswer(string Id, RevokedThing Thing, long Count, DateTimeOffset At, DateTimeOffset? DoneAt)
{
    public static RevocationAnswer Of(Revocation revocation) => new(revocation.Id, revocation.Thing, revocation.Count, revocation.At, revocation.DoneAt);
}

/// <param name="Minutes">It ends by itself.</param>
internal sealed record WatchWish(WatchedKind Kind, [Id] string Id, [Whole(1, 10_080)] int Minutes, [Id] string? Tenant = null, [Id] string? Incident = null);

internal sealed record WatchAnswer(string Id, WatchedKind Kind, string Target, DateTimeOffset From, DateTimeOffset Until, string By, string? Incident)
{
    public static WatchAnswer Of(Watch watch) => new(watch.Id, watch.Kind, watch.Target, watch.From, watch.Until, watch.By, watch.Incident);
}

/// <summary>What an operator does in an incident, over HTTP.</summary>
internal static class IncidentActRoutes
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        var read = routes.MapApi(Permission.IncidentsRead, IncidentRoutes.Tag);
        read.MapGet("/containments", ContainedAsync).WithName("ListContainments").WithSummary("What is isolated").Produces<Listing<ContainmentAnswer>>();
        read.MapGet("/watches", WatchesAsync).WithName("ListWatches").WithSummary("What is watched just now").Produces<Listing<WatchAnswer>>();
        read.MapGet("/revocations/{id}", RevocationAsync).WithName("GetRevocation").WithSummary("How many a revocation has ended").Produces<RevocationAnswer>();

        var write = routes.MapApi(Permission.IncidentsWrite, IncidentRoutes.Tag);
        write.MapPost("/containments", ContainAsync).WithName("Contain").WithSummary("Isolate a tenant, user, key, mailbox or channel, or stop all sending; reading goes on").Produces(204);
        write.MapPost("/containments/release", ReleaseAsync).WithName("Release").WithSummary("Let go what was isolated; what waited goes on").Produces(204);
        write.MapPost("/revocations", RevokeAsync).WithName("Revoke").WithSummary("End sessions, keys or links for good; it counts at once").Produces<RevocationAnswer>(202);
        write.MapPost("/watches", WatchAsync).WithName("Watch").WithSummary("Log each request and mail of somebody for a while, ids only").Produces<WatchAnswer>(201);
        write.MapDelete("/watches/{id}", UnwatchAsync).WithName("Unwatch").WithSummary("End a watch before its time").Produces(204);
    }

    private static async Task<IResult> ContainedAsync([FromServices] Containments containments, CancellationToken ct) =>
        TypedResults.Ok(new Listing<ContainmentAnswer>([.. (await containments.ListAsync(ct)).Select(one => new ContainmentAnswer(one.Kind, one.Id, one.Tenant, one.By, one.At, one.Incident))], null));

    private static async Task<IResult> WatchesAsync([FromServices] Watches watches, CancellationToken ct) =>
        TypedResults.Ok(new Listing<WatchAnswer>([.. (await watches.ActiveAsync(ct)).Select(WatchAnswer.Of)], null));

    private static async Task<IResult> RevocationAsync(string id, [FromServices] Revocations revocations, CancellationToken ct) =>
        await revocations.FindAsync(id, ct) is var (found, _) ? TypedResults.Ok(RevocationAnswer.Of(found)) : Problem.NotFound;

    internal static Task<IResult> ContainAsync(Caller caller, ContainmentWish wish, [FromServices] ContainmentDesk desk, CancellationToken ct) => SetAsync(caller, wish, stop: true, desk, ct);

    internal static Task<IResult> ReleaseAsync(Caller caller, ContainmentWish wish, [FromServices] ContainmentDesk desk, CancellationToken ct) => SetAsync(caller, wish, stop: false, desk, ct);

    private static async Task<IResult> SetAsync(Caller caller, ContainmentWish wish, bool stop, ContainmentDesk desk, CancellationToken ct)
    {
        var actor = Actor.Of(caller);
        if (wish.Kind == ContainedThing.Sending != wish.Id is null)
            return Problem.Of("id", wish.Id is null ? "is missing" : "can't be given for sending, which is all of it");
        var kind = (ContainedKind)(int)wish.Kind;
        return Answer(wish.Kind == ContainedThing.Sending ? await desk.SendingAsync(stop, actor, wish.Incident, ct)
            : stop ? await desk.ContainAsync(new(kind, wish.Id!, wish.Tenant), actor, wish.Incident, ct)
            : await desk.ReleaseAsync(kind, wish.Id!, actor, wish.Incident, ct)) ?? TypedResults.NoContent();
    }

    private static async Task<IResult> RevokeAsync(Caller caller, RevocationAsked wish, [FromServices] RevocationDesk desk, CancellationToken ct)
    {
        if (wish is { User: null, Tenant: null, Since: null, Until: null } != wish.All)
            return Problem.Of("all", "must be true exactly when nothing else says whose");
        return await desk.StartAsync(new(wish.Thing, wish.User, wish.Tenant, wish.Since, wish.Until), Actor.Of(caller), wish.Incident, now: true, ct) is { } started
            ? TypedResults.Accepted($"{RouteGroups.ApiRoot}/revocations/{started.Id}", RevocationAnswer.Of(started))
            : new Problem(409, "The incident is not open, or too many revocations are at work.");
    }

    private static async Task<IResult> WatchAsync(Caller caller, WatchWish wish, [FromServices] WatchDesk desk, CancellationToken ct)
    {
        var (result, watch) = await desk.StartAsync(wish.Kind, wish.Id, wish.Tenant, TimeSpan.FromMinutes(wish.Minutes), Actor.Of(caller), wish.Incident, ct);
        return Answer(result) ?? TypedResults.Created($"{RouteGroups.ApiRoot}/watches", WatchAnswer.Of(watch!));
    }

    private static async Task<IResult> UnwatchAsync(Caller caller, string id, [FromServices] WatchDesk desk, CancellationToken ct) =>
        await desk.EndAsync(id, Actor.Of(caller), ct) ? TypedResults.NoContent() : Problem.NotFound;

    /// <summary>Null for what was done.</summary>
    private static IResult? Answer(ActResult result) => result switch
    {
        ActResult.NotFound => Problem.NotFound,
        ActResult.NoIncident => Problem.Of("incident", "names no open incident"),
        ActResult.Already => new Problem(409, "It is so already, or there are too many."),
        _ => null,
    };
}
