using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Audit;
using ReplyMint.Limits;
using ReplyMint.Security;

namespace ReplyMint.Accounts;

/// <param name="Code">Six digits of the app, or a recovery code.</param>
internal sealed record FactorCode([Token(32)] string Code);

/// <summary>A second factor that is in use.</summary>
/// <param name="Id">totp, recovery-codes, or a passkey's.</param>
/// <param name="Kind">totp, recovery-codes or passkey.</param>
/// <param name="Name">As its owner called a passkey.</param>
/// <param name="Left">How many recovery codes are left.</param>
internal sealed record FactorAnswer(string Id, string Kind, string? Name, DateTimeOffset AddedAt, DateTimeOffset? UsedAt, int? Left);

/// <param name="Secret">For typing into an app (base32).</param>
/// <param name="Uri">For a QR code.</param>
internal sealed record TotpProposal(string Secret, string Uri);

/// <summary>Shown once. Each works once, in place of the app's code.</summary>
internal sealed record RecoveryCodesAnswer(IReadOnlyList<string> Codes);

/// <param name="SecondFactorAt">From now on calls that need a second factor are let in, until then.</param>
/// <param name="Session">In place of the tokens that were sent: those of the old session, refresh token and all, work no more.</param>
internal sealed record FactorProved(DateTimeOffset SecondFactorAt, DateTimeOffset Until, SessionTokens? Session = null);

/// <summary>
/// A person's own second factors. Adding or removing one asks for a fresh one where there is one, and for a fresh sign-in
/// where there is none: else whoever stole a session could put in his own.
/// </summary>
internal static class SecondFactorRoutes
{
    private const string Tag = "second-factor";

    public static void MapSecondFactors(this IEndpointRouteBuilder routes)
    {
        var own = routes.MapApi(Permission.Self, Tag);
        own.MapGet("/me/second-factor", ListAsync).WithName("listSecondFactors").WithSummary("Your second factors").Produces<Listing<FactorAnswer>>();
        own.MapPost("/me/second-factor/totp", ProposeAsync).WithName("proposeTotp").WithSummary("Get a secret for an authenticator app").SecretAnswer(kept: false).Produces<TotpProposal>();
        own.MapPost("/me/second-factor/totp/confirm", ConfirmAsync).WithName("confirmTotp").WithSummary("Show by a code that the app has the secret; from then on it counts").SecretAnswer(kept: false).Produces<FactorProved>();
        own.MapPost("/me/second-factor/verify", VerifyAsync).WithName("verifySecondFactor").WithSummary("Prove the second factor; the session gets new tokens").SecretAnswer(kept: false).Produces<FactorProved>();
        own.MapPost("/me/second-factor/recovery-codes", RecoveryAsync).WithName("makeRecoveryCodes").WithSummary("Get ten recovery codes in place of older ones").SecretAnswer(kept: false).Produces<RecoveryCodesAnswer>();
        own.MapDelete("/me/second-factor/{id}", RemoveAsync).WithName("removeSecondFactor").WithSummary("Remove a second factor").Produces(204);
    }

    private static async Task<IResult> ListAsync(Caller caller, [FromServices] SecondFactors factors, CancellationToken ct)
    {
        var found = await factors.FindAsync(caller.Id, ct);
        var answers = new List<FactorAnswer>();
        if (found.Totp is { } totp)
            answers.Add(new("totp", "totp", null, totp.AddedAt, totp.UsedAt, null));
        if (found.RecoveryAt is { } at)
            answers.Add(new("recovery-codes", "recovery-codes", null, at, null, found.Recovery.Count));
        answers.AddRange(found.Passkeys.Select(passkey => new FactorAnswer(passkey.Id, "passkey", passkey.Name, passkey.AddedAt, passkey.UsedAt, null)));
        return TypedResults.Ok(new Listing<FactorAnswer>(answers, null));
    }

    private static async Task<IResult> ProposeAsync(Caller caller, [FromServices] SecondFactors factors, [FromServices] FactorDoor door, [FromServices] Users users, CancellationToken ct)
    {
        if (await door.MayChangeAsync(caller, ct) is { } refusal)
            return refusal;
        var address = (await users.FindAsync(caller.Id, ct))?.Address ?? "";
        var secret = await factors.ProposeTotpAsync(caller.Id, ct);
        return TypedResults.Ok(new TotpProposal(Totp.ToBase32(secret), Totp.Uri(secret, address)));
    }

    private static async Task<IResult> ConfirmAsync(HttpContext context, Caller caller, FactorCode code, [FromServices] SecondFactors factors, [FromServices] FactorDoor door, CancellationToken ct) =>
        await door.MayChangeAsync(caller, ct) ?? await door.ProveAsync(context, caller, Way.App, () => factors.ConfirmTotpAsync(caller, code.Code, ct), ct);

    private static Task<IResult> VerifyAsync(HttpContext context, Caller caller, FactorCode code, [FromServices] SecondFactors factors, [FromServices] FactorDoor door, CancellationToken ct) =>
        door.ProveAsync(context, caller, SecondFactors.WayOf(code.Code), () => factors.ProveAsync(caller, code.Code, ct), ct);

    public static async Task<IResult> RecoveryAsync(Caller caller, [FromServices] SecondFactors factors, [FromServices] FactorDoor door, CancellationToken ct)
    {
        if (await door.MayChangeAsync(caller, ct) is { } refusal)
            return refusal;
        return await factors.NewRecoveryCodesAsync(caller, ct) is { } codes
            ? TypedResults.Ok(new RecoveryCodesAnswer(codes)) : new Problem(409, "There is no second factor yet that they could stand in for.");
    }

    public static async Task<IResult> RemoveAsync(Caller caller, string id, [FromServices] SecondFactors factors, [FromServices] FactorDoor door, CancellationToken ct) =>
        await door.MayChangeAsync(caller, ct)
            ?? (await factors.RemoveAsync(caller, id, ct) == FactorResult.Done ? TypedResults.NoContent() : Problem.NotFound);
}
