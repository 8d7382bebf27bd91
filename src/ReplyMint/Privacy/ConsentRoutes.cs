using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Audit;
using ReplyMint.Mail;
using ReplyMint.Outbound;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Privacy;

/// <param name="Basis">Why mail may be answered by machine; with consent, only who has agreed is.</param>
/// <param name="LeastText">With consent: the oldest version of the text that counts; 0 is any.</param>
/// <param name="Link">Each automatic answer ends with a link by which its reader says that he wants none. Needs http.publicUrl.</param>
internal sealed record BasisWish(LegalBasis Basis, [Whole(0, 999_999)] int LeastText, bool Link);

internal sealed record BasisAnswer(LegalBasis Basis, int LeastText, bool Link);

/// <param name="Text">What people are asked to agree to.</param>
internal sealed record NewConsentText([Text(10_000)] string Text);

internal sealed record ConsentTextAnswer(int Version, string Text, DateTimeOffset At, string By);

/// <param name="Given">True: agreed; false: withdrawn, with effect at once.</param>
/// <param name="Text">The version of the text that was agreed to; left out for a withdrawal.</param>
/// <param name="Way">How it was said.</param>
/// <param name="Source">What shows it, such as the number of a form.</param>
internal sealed record NewConsent([Address, Example("anna@customer.example")] string Address, bool Given, ConsentWay Way, [Whole(1, 999_999)] int? Text = null, [Line(200)] string? Source = null);

internal sealed record ConsentAnswer(string Address, bool Given, IReadOnlyList<ConsentLine> Entries)
{
    public static ConsentAnswer Of(ConsentLedger ledger) => new(ledger.Address, ledger.Entries[^1].Given,
        [.. ledger.Entries.Select(entry => new ConsentLine(entry.Given, entry.Given ? entry.Text : null, entry.At, entry.Way, entry.By, entry.Source))]);
}

internal sealed record ConsentLine(bool Given, int? Text, DateTimeOffset At, ConsentWay Way, string By, string Source);

/// <summary>Who agreed to what, and who wants no automatic answers (GDPR-4).</summary>
internal static class ConsentRoutes
{
    private const string Tag = "privacy";

    public static void Map(IEndpointRouteBuilder routes)
    {
        var read = routes.MapApi(Permission.PrivacyRead, Tag);
        read.MapGet("/legal-basis", BasisAsync).WithName("GetLegalBasis").WithSummary("Why mail may be answered by machine").Produces<BasisAnswer>();
        read.MapGet("/consent-texts", TextsAsync).WithName("ListConsentTexts").WithSummary("All versions of what people are asked to agree to").Produces<Listing<ConsentTextAnswer>>();

        var write = routes.MapApi(Permission.PrivacyWrite, Tag);
        write.MapPut("/legal-basis", SetBasisAsync).WithName("SetLegalBasis").WithSummary("Change why mail may be answered by machine").Produces<BasisAnswer>();
        write.MapPost("/consent-texts", AddTextAsync).WithName("AddConsentText").WithSummary("Add a version of the text").Produces<ConsentTextAnswer>(201);
        // Addresses of correspondents are shown to those who may act on them only.
        write.MapGet("/consents", ListAsync).WithName("ListConsents").WithSummary("What correspondents agreed to and withdrew").Produces<Listing<ConsentAnswer>>();
        write.MapPost("/consents", SayAsync).WithName("RecordConsent").WithSummary("Write down a consent or a withdrawal; a withdrawal takes effect at once").Produces<ConsentAnswer>();
    }

    private static async Task<IResult> BasisAsync(HttpContext context, Caller caller, [FromServices] Consents consents, CancellationToken ct) =>
        Tell(context, await consents.BasisVersionAsync(caller.Tenant, ct));

    internal static async Task<IResult> SetBasisAsync(HttpContext context, Caller caller, BasisWish wish, [FromServices] Consents consents, [FromServices] HttpSettings http, CancellationToken ct)
    {
        if (EntityTags.Required(context, out var version) is { } missing)
            return missing;
        if (wish.Link && http.PublicUrl is null)
            return Problem.Of("link", "needs http.publicUrl, which the operator has not set");
        var (result, now) = await consents.SetBasisAsync(caller.Tenant, new BasisRecord { Basis = wish.Basis, LeastText = wish.LeastText, Link = wish.Link }, version, Actor.Of(caller), ct);
        return result == ChangeResult.Done ? Tell(context, now) : EntityTags.Changed;
    }

    private static async Task<IResult> TextsAsync(HttpContext context, Caller caller, [FromServices] Consents consents, CancellationToken ct) =>
        TypedResults.Ok(new Listing<ConsentTextAnswer>([.. (await consents.TextsAsync(caller.Tenant, ct)).Select(Answer)], null).Linked(context));

    private static async Task<IResult> AddTextAsync(Caller caller, NewConsentText wanted, [FromServices] Consents consents, CancellationToken ct)
    {
        var version = await consents.AddTextAsync(caller.Tenant, wanted.Text, Actor.Of(caller), ct);
        return TypedResults.Created($"{RouteGroups.ApiRoot}/consent-texts", Answer((await consents.TextsAsync(caller.Tenant, ct)).Single(text => text.Version == version)));
    }

    private static async Task<IResult> ListAsync(HttpContext context, Caller caller, [AsParameters] PageQuery page, [FromServices] Consents consents, CancellationToken ct)
    {
        if (page.Problem() is { } problem)
            return problem;
        var (ledgers, next) = await consents.ListAsync(caller.Tenant, page.Size, page.Cursor, ct);
        return TypedResults.Ok(new Listing<ConsentAnswer>([.. ledgers.Select(ConsentAnswer.Of)], next).Linked(context));
    }

    internal static async Task<IResult> SayAsync(Caller caller, NewConsent said, [FromServices] Consents consents, CancellationToken ct)
    {
        if (AddressRules.Normalize(said.Address) is not { } address)
            return Problem.Of("address", "is no mail address");
        if (said.Given && said.Text is null)
            return Problem.Of("text", "must name the version that was agreed to");
        if (!said.Given)
            await consents.WithdrawAsync(caller.Tenant, address, said.Way, said.Source ?? "", Actor.Of(caller), ct);
        else if (!await consents.GiveAsync(caller.Tenant, address, said.Text!.Value, said.Way, said.Source ?? "", Actor.Of(caller), ct))
            return Problem.Of("text", "is no version of the text that is there");
        return TypedResults.Ok(ConsentAnswer.Of((await consents.FindAsync(caller.Tenant, address, ct))!));
    }

    private static ConsentTextAnswer Answer(ConsentText text) => new(text.Version, text.Text, text.At, text.By);

    private static IResult Tell(HttpContext context, Versioned<BasisRecord> read)
    {
        EntityTags.Tell(context, read.Version);
        return TypedResults.Ok(new BasisAnswer(read.Value.Basis, read.Value.LeastText, read.Value.Link));
    }
}
