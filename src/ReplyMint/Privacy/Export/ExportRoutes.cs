using System.Globalization;
using System.Net.Mime;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;
using ReplyMint.Audit;
using ReplyMint.Limits;
using ReplyMint.Mail;
using ReplyMint.Security;

namespace ReplyMint.Privacy;

/// <param name="Scope">Of whom everything is wanted: the whole tenant, one correspondent, or one of its people.</param>
/// <param name="Correspondent">An address; only with that scope.</param>
/// <param name="User">The id of a member; only with that scope.</param>
internal sealed record ExportWish(ExportScope Scope, [Address, Example("anna@customer.example")] string? Correspondent = null, [Id] string? User = null);

/// <param name="Percent">0 to 100, an estimate by the mails' times.</param>
/// <param name="Size">Bytes of the file, once it is ready.</param>
/// <param name="File">Where it can be fetched until it expires, by whoever may ask for an export; in parts by Range.</param>
internal sealed record ExportAnswer(string Id, ExportScope Scope, ExportState State, string By, DateTimeOffset AskedAt, DateTimeOffset ExpiresAt, long Messages, int Percent, long? Size, string? File, string? Failure)
{
    public static ExportAnswer Of(ExportRecord record) => new(record.Id, record.Scope, record.State, record.By, record.AskedAt, record.ExpiresAt, record.Messages, record.Percent,
        record.State == ExportState.Ready ? record.Size : null, record.State == ExportState.Ready ? ExportRoutes.FileOf(record.Id) : null, record.Failure);
}

/// <param name="Address">In a bucket: whoever has it can fetch the file, so it is for the caller who asked just now. Else a path of this API, which asks for the caller's credentials.</param>
/// <param name="Until">It is over then.</param>
internal sealed record ExportAddress(string Address, DateTimeOffset Until);

/// <summary>
/// Exports. A file is fetched by an administrator with a fresh second factor and nobody else: there is no link that works by itself,
/// so none can leak (where a bucket keeps it, he is shown to an address that does so for two minutes). What an export holds is everything, so asking for one needs the same right.
/// </summary>
internal static class ExportRoutes
{
    private const string Tag = "privacy";

    public static void Map(IEndpointRouteBuilder routes)
    {
        var read = routes.MapApi(Permission.PrivacyRead, Tag);
        read.MapGet("/exports", ListAsync).WithName("ListExports").WithSummary("Exports that were asked for and are not over").Produces<Listing<ExportAnswer>>();
        read.MapGet("/exports/{id}", GetAsync).WithName("GetExport").WithSummary("How far an export is").Produces<ExportAnswer>();

        var write = routes.MapApi(Permission.PrivacyWrite, Tag);
        write.MapPost("/exports", AskAsync).WithName("AskForExport").WithSummary("Have all data of the tenant, of a correspondent or of a member made into one file").Produces<ExportAnswer>(202).Costly();
        write.MapGet("/exports/{id}/file", FetchAsync).WithName("FetchExport").WithSummary("Fetch the file of an export, or a part of it by Range").Produces(200, contentType: MediaTypeNames.Application.Zip).Produces(206, contentType: MediaTypeNames.Application.Zip).Produces(303).Costly();
        write.MapGet("/exports/{id}/address", AddressAsync).WithName("AddressOfExport").WithSummary("Where the file of an export is fetched; where a bucket keeps it, an address that is good for two minutes without credentials").Produces<ExportAddress>().Costly().SecretAnswer();
        write.MapDelete("/exports/{id}", RemoveAsync).WithName("RemoveExport").WithSummary("Remove an export before it expires").Produces(204);
    }

    private static async Task<IResult> ListAsync(HttpContext context, Caller caller, [FromServices] Exports exports, CancellationToken ct) =>
        TypedResults.Ok(new Listing<ExportAnswer>([.. (await exports.ListAsync(caller.Tenant, ct)).Select(ExportAnswer.Of)], null).Linked(context));

    private static async Task<IResult> GetAsync(Caller caller, string id, [FromServices] Exports exports, CancellationToken ct) =>
        await exports.FindAsync(caller.Tenant, id, ct) is { } found ? TypedResults.Ok(ExportAnswer.Of(found.Value)) : Problem.NotFound;

    internal static async Task<IResult> AskAsync(Caller caller, ExportWish wish, [FromServices] Exports exports, CancellationToken ct)
    {
        var of = wish.Scope switch { ExportScope.Correspondent => wish.Correspondent, ExportScope.User => wish.User, _ => null };
        if (wish.Scope == ExportScope.Correspondent && (of = AddressRules.Normalize(of ?? "")) is null)
            return Problem.Of("correspondent", "must be a mail address");
        if (wish.Scope == ExportScope.User && of is null)
            return Problem.Of("user", "must be the id of a member");
        if ((wish.Correspondent is not null && wish.Scope != ExportScope.Correspondent) || (wish.User is not null && wish.Scope != ExportScope.User))
            return Problem.Of("scope", "does not fit what is named beside it");
        return await exports.AskAsync(caller.Tenant, wish.Scope, of, Actor.Of(caller), ct) is { } asked
            ? TypedResults.Accepted($"{RouteGroups.ApiRoot}/exports/{asked.Id}", ExportAnswer.Of(asked))
            : new Problem(409, $"There are {Exports.Most} exports already. Remove one, or wait until it is over.");
    }

    internal static async Task<IResult> RemoveAsync(Caller caller, string id, [FromServices] Exports exports, CancellationToken ct) =>
        await exports.RemoveAsync(caller.Tenant, id, Actor.Of(caller), ct) ? TypedResults.NoContent() : Problem.NotFound;

    /// <summary>A browser that follows a redirect to another host says of its origin nothing, and can't be given a key by a link: it needs the address itself.</summary>
    private static async Task<IResult> AddressAsync(Caller caller, string id, [FromServices] Exports exports, [FromServices] TimeProvider time, CancellationToken ct)
    {
        var (export, refused) = await FindReadyAsync(caller, id, exports, ct);
        if (export is null)
            return refused!;
        return TypedResults.Ok(await exports.AddressAsync(caller.Tenant, id, ct) is { } address ? new ExportAddress(address.AbsoluteUri, time.GetUtcNow() + ExportBucket.Life)
            : new ExportAddress(FileOf(id), export.ExpiresAt));
    }

    private static async Task<(ExportRecord? Export, Problem? Refused)> FindReadyAsync(Caller caller, string id, Exports exports, CancellationToken ct)
    {
        if (await exports.FindAsync(caller.Tenant, id, ct) is not { Value: var export })
            return (null, Problem.NotFound);
        if (export.State != ExportState.Ready)
            return (null, new Problem(409, "It is not ready. Ask for its state first."));
        return (export, null);
    }

    internal static async Task<IResult> FetchAsync(HttpContext context, Caller caller, string id, [FromServices] Exports exports, [FromServices] DownloadGate gate, CancellationToken ct)
    {
        var (export, refused) = await FindReadyAsync(caller, id, exports, ct);
        if (export is null)
            return refused!;
        // A bucket gives it, and its parts, itself.
        if (await exports.AddressAsync(caller.Tenant, id, ct) is { } address)
        {
            context.Response.Headers.Location = address.AbsoluteUri;
            return TypedResults.StatusCode(303);
        }
        // One range; several at once, or nonsense, get the whole (RFC 9110 14.2).
        var (from, to, status) = (0L, export.Size, 200);
        if (RangeHeaderValue.TryParse(context.Request.Headers.Range.ToString(), out var range) && range is { Unit.Value: "bytes", Ranges.Count: 1 } && IsOfThis(context, id))
        {
            var asked = range.Ranges.First();
            (from, to) = asked.From is { } first ? (first, asked.To is { } last ? Math.Min(last, export.Size - 1) + 1 : export.Size) : (Math.Max(0, export.Size - asked.To!.Value), export.Size);
            if (from >= export.Size || to <= from)
            {
                context.Response.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes */{export.Size}");
                return new Problem(416, "The file has no such part.");
            }
            status = 206;
            context.Response.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes {from}-{to - 1}/{export.Size}");
        }
        context.Response.Headers.AcceptRanges = "bytes";
        context.Response.Headers.ETag = FileTag(id);
        context.Response.Headers.ContentDisposition = new ContentDisposition { FileName = $"export-{id}.zip" }.ToString();
        return gate.Stream(caller.Tenant, status, MediaTypeNames.Application.Zip, to - from, (send, token) => exports.SendAsync(caller.Tenant, id, from, to, send, token));
    }

    internal static string FileOf(string id) => $"{RouteGroups.ApiRoot}/exports/{id}/file";

    private static string FileTag(string id) => $"\"{id}\"";

    // If-Range: a client that has a part of another file gets the whole (RFC 9110 13.1.5).
    private static bool IsOfThis(HttpContext context, string id) => context.Request.Headers.IfRange is not { Count: > 0 } tags || tags.ToString() == FileTag(id);
}
