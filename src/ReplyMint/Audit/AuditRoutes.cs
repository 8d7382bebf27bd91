using System.ComponentModel;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Audit;

/// <summary>An act, as its readers see it.</summary>
/// <param name="Entry">Its number in the chain.</param>
/// <param name="Actor">A user's or key's id, operator@machine or system.</param>
/// <param name="Network">Where the actor sat; absent when it was no call over the network, or the person was erased.</param>
internal sealed record AuditLine(long Entry, DateTimeOffset At, string Actor, string Act, string Target, IReadOnlyDictionary<string, string>? Details, string? Network, string Hash);

/// <summary>Which entries are asked for.</summary>
internal readonly record struct AuditQuery(
    [property: FromQuery(Name = "actor"), Line(64), Description("Only what this user or key did.")] string? Actor,
    [property: FromQuery(Name = "act"), Line(64), Description("Only this act, or all of a kind: draft.approve, draft.")] string? Act,
    [property: FromQuery(Name = "target"), Line(64), Description("Only what was done to this.")] string? Target,
    [property: FromQuery(Name = "since"), Description("Only from this moment on.")] DateTimeOffset? Since,
    [property: FromQuery(Name = "until"), Description("Only before this moment.")] DateTimeOffset? Until)
{
    public bool Fits(AuditRecord record) =>
        (Actor is null || record.Actor == Actor) && (Target is null || record.Target == Target)
        && (Act is null || (Act.EndsWith('.') ? record.Act.StartsWith(Act, StringComparison.Ordinal) : record.Act == Act))
        && (Since is null || record.At >= Since) && (Until is null || record.At < Until);
}

internal static class AuditRoutes
{
    private const string Tag = "audit";

    /// <param name="routes">The application's.</param>
    /// <param name="costly">Marks what costs much more than a look into the store; given by the room of limits, which stands beside this one.</param>
    public static void MapAudit(this IEndpointRouteBuilder routes, Func<RouteHandlerBuilder, RouteHandlerBuilder> costly)
    {
        routes.MapPublic().MapMethods("/.well-known/attestation-keys.json", ["GET", "HEAD"], KeysAsync).Produces<AttestationKeySet>().WithName("ListAttestationKeys").WithSummary("The public keys, of all times, that sign this installation's roots, certificates and reports.");
        AlertRoutes.Map(routes);
        var read = routes.MapApi(Permission.AuditRead, Tag);
        read.MapGet("/audit", ListAsync).WithName("ListAuditEntries").WithSummary("Who did what, the newest first").Produces<Listing<AuditLine>>();
        costly(read.MapGet("/audit/verify", VerifyAsync).WithName("VerifyAuditLog").WithSummary("Whether the log is whole, and up to which signed root; looked at once a minute, of a very long one the newest 200,000 entries").Produces<AuditVerdict>());
    }

    private static async Task<IResult> ListAsync(
        HttpContext context, Caller caller, [AsParameters] PageQuery page, [AsParameters] AuditQuery query, [FromServices] IStore store, [FromServices] AuditLog log, CancellationToken ct)
    {
        if (page.Problem() is { } wrong)
            return wrong;
        var (lines, next) = await PageAsync(store, log, caller.Tenant, query, page.Size, page.Cursor, ct);
        return TypedResults.Ok(new Listing<AuditLine>(lines, next).Linked(context));
    }

    /// <summary>Entries of one chain that fit, the newest first.</summary>
    public static async Task<(IReadOnlyList<AuditLine> Lines, string? Next)> PageAsync(IStore store, AuditLog log, string chain, AuditQuery query, int limit, string? after, CancellationToken ct)
    {
        var found = await store.PickAsync(chain, AuditLog.EntryPrefix, descending: true, limit, after, item => Read(item) is { } record && query.Fits(record), ct, Table.Audit);
        var lines = new List<AuditLine>(found.Items.Count);
        foreach (var item in found.Items)
            lines.Add(await LineAsync(log, chain, Read(item)!, ct));
        return (lines, found.Next);
    }

    public static async Task<AuditLine> LineAsync(AuditLog log, string chain, AuditRecord record, CancellationToken ct) =>
        new(record.Sequence, record.At, record.Actor, record.Act, record.Target, record.Details, await log.NetworkAsync(chain, record, ct), record.Hash ?? "");

    /// <summary>Null for an entry that can't be read; verification tells of it.</summary>
    public static AuditRecord? Read(Item item)
    {
        try
        {
            return JsonSerializer.Deserialize(item.Value.Span, AuditJson.Default.AuditRecord);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static async Task<Ok<AuditVerdict>> VerifyAsync(Caller caller, [FromServices] AuditVerifier verifier, CancellationToken ct) =>
        TypedResults.Ok(await verifier.LookAsync(caller.Tenant, ct));

    private static async Task<Ok<AttestationKeySet>> KeysAsync(HttpContext context, AttestationKeys keys, CancellationToken ct)
    {
        context.Response.Headers.CacheControl = "public, max-age=300";
        return TypedResults.Ok(await keys.PublicAsync(ct));
    }
}
