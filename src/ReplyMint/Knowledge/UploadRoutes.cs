using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Limits;
using ReplyMint.Security;

namespace ReplyMint.Knowledge;

/// <param name="Name">The file's name; its end tells the format.</param>
/// <param name="Size">Its bytes.</param>
/// <param name="Sha256">Of its bytes, in hex.</param>
internal sealed record NewUpload([Line(200), Example("faq.md")] string Name, [Whole(1, PassageReader.MostFile)] int Size, [Token(64), Example("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")] string Sha256);

/// <param name="Address">Where the bytes are put, by PUT: whoever has it can, so it is for the caller who asked just now.</param>
/// <param name="Fields">Of its head that the PUT must have, exactly so; it takes no credentials.</param>
/// <param name="Until">The address is over then.</param>
internal sealed record UploadPlace(string Id, string Address, IReadOnlyDictionary<string, string> Fields, DateTimeOffset Until);

/// <summary>
/// Files of knowledge by the bucket, where there is one (<see cref="Uploads"/>): asked for, put there, and taken when the caller says so, by
/// the checks of a file that is posted here.
/// </summary>
internal static class UploadRoutes
{
    private static readonly Problem s_direct = new(409, $"Files are taken here directly: POST {RouteGroups.ApiRoot}/knowledge.");

    public static void Map(RouteGroupBuilder write)
    {
        write.MapPost("/knowledge/uploads", AskAsync).WithName("AskForUpload").WithSummary("On AWS: announce a file, and have an address for two minutes to which these bytes may be put. Elsewhere files are posted to /knowledge")
            .Produces<UploadPlace>(201).Costly().SecretAnswer();
        write.MapPost("/knowledge/uploads/{id}", TakeAsync).WithName("TakeUpload").WithSummary("Say that an announced file was put to its address: it is read and added, or replaces the one of the same name")
            .Produces<KnowledgeAdded>(201).Produces<KnowledgeAdded>().Costly();
    }

    internal static async Task<IResult> AskAsync(Caller caller, NewUpload file, [FromServices] Uploads uploads, [FromServices] TimeProvider time, CancellationToken ct)
    {
        if (uploads.Origin is null)
            return s_direct;
        if (file.Sha256.Length != 2 * SHA256.HashSizeInBytes || !file.Sha256.All(char.IsAsciiHexDigit))
            return Problem.Of("sha256", "must be 64 hexadecimal digits");
        // Told before anybody sends ten megabytes.
        if (PassageReader.WrongName(file.Name) is { } wrong)
            return Problem.Of("name", wrong);
        if (await uploads.AskAsync(caller.Tenant, file.Name, file.Size, file.Sha256, ct) is not (var id, var place))
            return new Problem(409, $"There are {Uploads.Most} uploads already. Finish one, or wait until it is over.");
        return TypedResults.Created($"{RouteGroups.ApiRoot}/knowledge/uploads/{id}", new UploadPlace(id, place.Address.AbsoluteUri, place.Fields, time.GetUtcNow() + Uploads.Life));
    }

    internal static async Task<IResult> TakeAsync(Caller caller, string id, [FromServices] Uploads uploads, [FromServices] KnowledgeStore knowledge, CancellationToken ct)
    {
        if (await uploads.FindAsync(caller.Tenant, id, ct) is not { } upload)
            return Problem.NotFound;
        if (await uploads.ReadAsync(caller.Tenant, id, upload, ct) is not { } file)
            return new Problem(409, "Nothing of its size lies at its address. Put it there first.");
        // The bucket asks the same; whoever could write there otherwise brings nothing in.
        var same = file.Length == upload.Size && Convert.ToHexString(SHA256.HashData(file)).Equals(upload.Sha256, StringComparison.OrdinalIgnoreCase);
        var answer = same ? await KnowledgeRoutes.StoreAsync(caller, upload.Name, file, knowledge, ct) : new Problem(422, "What lies at its address is not what was announced. Ask for another address.");
        await uploads.RemoveAsync(caller.Tenant, id, ct);
        return answer;
    }
}
