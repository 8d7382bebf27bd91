using System.Text;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;
using ReplyMint.Audit;
using ReplyMint.Limits;
using ReplyMint.Security;

namespace ReplyMint.Knowledge;

/// <param name="Name">The file's name; its end tells the format: .md, .txt, .html, .csv, .jsonl and relatives. The same name is the same file.</param>
internal sealed record NewKnowledge([Line(200), Example("faq.md")] string Name, [Text(2_000_000), Example("# How long does a parcel take?\n\nThree days.")] string Text);

/// <param name="Url">Of one page, whose headings become questions. Private addresses are refused.</param>
internal sealed record NewKnowledgePage([Line(2_000), Example("https://www.example.com/faq")] string Url);

/// <param name="Passages">Pieces that an answer may rest on.</param>
internal sealed record KnowledgeEntry(string Id, string Name, int Passages, DateTimeOffset AddedAt)
{
    public static KnowledgeEntry Of(KnowledgeSource source) => new(source.Id, source.Name, source.Passages, source.AddedAt);
}

/// <param name="Outcome">added, replaced, or unchanged: the same file again.</param>
/// <param name="Problems">What of the file was lost, or read otherwise than written.</param>
internal sealed record KnowledgeAdded(string Id, string Name, [property: JsonConverter(typeof(WireEnum<AddOutcome>))] AddOutcome Outcome, int Passages, IReadOnlyList<KnowledgeProblem> Problems);

/// <param name="Line">From 1; 0 when it concerns the whole file.</param>
/// <param name="Lost">False when all was read and this is only to be known.</param>
internal sealed record KnowledgeProblem(int Line, string What, bool Lost);

/// <summary>What answers rest on: files in, files out.</summary>
internal static class KnowledgeRoutes
{
    // A file, and what a form or JSON puts around it.
    private const int MostBody = PassageReader.MostFile + 2 * 1024 * 1024;

    public static void MapKnowledge(this IEndpointRouteBuilder routes)
    {
        var read = routes.MapApi(Permission.KnowledgeRead, "knowledge");
        read.MapGet("/knowledge", ListAsync).WithName("ListKnowledge").WithSummary("The files of knowledge").Produces<Listing<KnowledgeEntry>>();
        read.MapGet("/knowledge/{id}", GetAsync).WithName("GetKnowledge").WithSummary("A file of knowledge").Produces<KnowledgeEntry>();
        var write = routes.MapApi(Permission.KnowledgeWrite, "knowledge");
        write.MapPost("/knowledge", AddAsync).WithName("AddKnowledge").WithSummary("Add a file, or replace the one of the same name. A file may also be posted as it is, as multipart/form-data")
            .Accepts<NewKnowledge>("application/json").Produces<KnowledgeAdded>(201).Produces<KnowledgeAdded>().WithMetadata(new BodyLimit(MostBody)).Costly();
        write.MapPost("/knowledge/pages", FetchAsync).WithName("FetchKnowledge").WithSummary("Fetch a web page, and add it or replace what it said before")
            .Produces<KnowledgeAdded>(201).Produces<KnowledgeAdded>().Costly();
        // The same address: the router tells them apart by what comes; what names no type meets the first.
        write.MapPost("/knowledge", UploadAsync).WithMetadata(new FormBody(), new BodyLimit(MostBody)).WithOrder(1).ExcludeFromDescription().Costly();
        UploadRoutes.Map(write);
        write.MapDelete("/knowledge/{id}", RemoveAsync).WithName("RemoveKnowledge").WithSummary("Take a file out of the knowledge").Produces(204);
    }

    private static async Task<IResult> ListAsync(HttpContext context, Caller caller, [AsParameters] PageQuery page, [FromServices] KnowledgeStore knowledge, CancellationToken ct)
    {
        if (page.Problem() is { } wrong)
            return wrong;
        var (sources, next) = await knowledge.ListAsync(caller.Tenant, page.Size, page.Cursor, ct);
        return TypedResults.Ok(new Listing<KnowledgeEntry>([.. sources.Select(KnowledgeEntry.Of)], next).Linked(context));
    }

    private static async Task<IResult> GetAsync(Caller caller, string id, [FromServices] KnowledgeStore knowledge, CancellationToken ct) =>
        await knowledge.FindAsync(caller.Tenant, id, ct) is { } source ? TypedResults.Ok(KnowledgeEntry.Of(source)) : Problem.NotFound;

    internal static Task<IResult> AddAsync(Caller caller, NewKnowledge file, [FromServices] KnowledgeStore knowledge, CancellationToken ct) =>
        StoreAsync(caller, file.Name, Encoding.UTF8.GetBytes(file.Text), knowledge, ct);

    internal static async Task<IResult> FetchAsync(Caller caller, NewKnowledgePage page, [FromServices] KnowledgePages pages, [FromServices] KnowledgeStore knowledge, CancellationToken ct)
    {
        var fetched = await pages.FetchAsync(page.Url, ct);
        return fetched.Problem.Length > 0 ? Problem.Of("url", fetched.Problem + ".") : await StoreAsync(caller, fetched.Name, fetched.File, knowledge, ct);
    }

    private static async Task<IResult> UploadAsync(HttpContext context, Caller caller, [FromServices] KnowledgeStore knowledge, CancellationToken ct)
    {
        var (name, file, problem) = await ReadFileAsync(context, ct);
        return problem ?? await StoreAsync(caller, name, file, knowledge, ct);
    }

    internal static async Task<IResult> RemoveAsync(Caller caller, string id, [FromServices] KnowledgeStore knowledge, CancellationToken ct) =>
        await knowledge.FindAsync(caller.Tenant, id, ct) is not null && await knowledge.RemoveAsync(caller.Tenant, id, Actor.Of(caller), ct) ? TypedResults.NoContent() : Problem.NotFound;

    internal static async Task<IResult> StoreAsync(Caller caller, string name, ReadOnlyMemory<byte> file, KnowledgeStore knowledge, CancellationToken ct)
    {
        var added = await knowledge.AddAsync(caller.Tenant, PassageReader.Read(name, file), Actor.Of(caller), ct);
        if (added.Outcome == AddOutcome.Refused)
            return new Problem(422, "The file holds nothing that can be taken.", new Dictionary<string, string[]> { ["text"] = [.. added.Problems.Take(20).Select(Sentence)] });
        var answer = new KnowledgeAdded(added.SourceId, name, added.Outcome, added.Passages, [.. added.Problems.Take(200).Select(problem => new KnowledgeProblem(problem.Line, problem.What, problem.Lost))]);
        return added.Outcome == AddOutcome.Added ? TypedResults.Created($"{RouteGroups.ApiRoot}/knowledge/{added.SourceId}", answer) : TypedResults.Ok(answer);
    }

    private static string Sentence(ReadProblem problem) => problem.Line > 0 ? $"line {problem.Line}: {problem.What}" : problem.What;

    /// <summary>The one file of a form, in memory: what a framework would put into a temporary file would lie there unsealed.</summary>
    private static async Task<(string Name, ReadOnlyMemory<byte> File, Problem? Problem)> ReadFileAsync(HttpContext context, CancellationToken ct)
    {
        var boundary = MediaTypeHeaderValue.TryParse(context.Request.ContentType, out var type) ? HeaderUtilities.RemoveQuotes(type.Boundary).ToString() : "";
        if (boundary.Length is 0 or > 100)
            return Refused("The form can't be read.");
        try
        {
            var reader = new MultipartReader(boundary, context.Request.Body);
            while (await reader.ReadNextSectionAsync(ct) is { } section)
            {
                if (!ContentDispositionHeaderValue.TryParse(section.ContentDisposition, out var disposition) || !disposition.IsFileDisposition())
                    continue;
                var name = Path.GetFileName(HeaderUtilities.RemoveQuotes(disposition.FileNameStar.HasValue ? disposition.FileNameStar : disposition.FileName).ToString().Replace('\\', '/'));
                if (new LineAttribute(200).Wrong(name) is { } wrong)
                    return ("", default, Problem.Of("name", wrong));
                using var file = new MemoryStream();
                await section.Body.CopyToAsync(file, ct);
                return (name, file.ToArray(), null);
            }
        }
        catch (Exception e) when (e is InvalidDataException or IOException && e is not BadHttpRequestException)
        {
            return Refused("The form can't be read.");
        }
        return Refused("The form holds no file.");
    }

    private static (string, ReadOnlyMemory<byte>, Problem?) Refused(string why) => ("", default, new Problem(400, why));

    /// <summary>The handler reads the form itself.</summary>
    private sealed class FormBody : IAcceptsMetadata
    {
        public IReadOnlyList<string> ContentTypes { get; } = ["multipart/form-data"];
        public Type? RequestType => null;
        public bool IsOptional => false;
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(NewKnowledge))]
[JsonSerializable(typeof(NewKnowledgePage))]
[JsonSerializable(typeof(Listing<KnowledgeEntry>))]
[JsonSerializable(typeof(KnowledgeAdded))]
[JsonSerializable(typeof(NewUpload))]
[JsonSerializable(typeof(UploadPlace))]
internal sealed partial class KnowledgeWire : JsonSerializerContext;
