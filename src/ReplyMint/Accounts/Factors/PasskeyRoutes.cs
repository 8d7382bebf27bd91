using System.Buffers.Text;
using System.Text;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Limits;
using ReplyMint.Security;

namespace ReplyMint.Accounts;

/// <summary>Options for navigator.credentials.create, as PublicKeyCredential.parseCreationOptionsFromJSON takes them.</summary>
internal sealed record PasskeyCreation(
    string Challenge, PasskeyParty Rp, PasskeyOwner User, IReadOnlyList<PasskeyAlgorithm> PubKeyCredParams, IReadOnlyList<PasskeyKnown> ExcludeCredentials,
    PasskeySelection AuthenticatorSelection, string Attestation, int Timeout);

internal sealed record PasskeyParty(string Id, string Name);

internal sealed record PasskeyOwner(string Id, string Name, string DisplayName);

internal sealed record PasskeyAlgorithm(string Type, int Alg);

internal sealed record PasskeyKnown(string Type, string Id);

internal sealed record PasskeySelection(string ResidentKey, string UserVerification);

/// <summary>Options for navigator.credentials.get, as PublicKeyCredential.parseRequestOptionsFromJSON takes them.</summary>
internal sealed record PasskeyRequest(string Challenge, string RpId, IReadOnlyList<PasskeyKnown> AllowCredentials, string UserVerification, int Timeout);

/// <summary>A new passkey: response.clientDataJSON and response.authenticatorData (getAuthenticatorData) in base64url.</summary>
/// <param name="Name">What its owner calls it.</param>
internal sealed record PasskeyMade([Line(60)] string Name, [property: JsonPropertyName("clientDataJSON")][Token(8_192)] string ClientData, [Token(8_192)] string AuthenticatorData);

/// <summary>A used passkey: id, and of its response clientDataJSON, authenticatorData and signature in base64url.</summary>
internal sealed record PasskeyUsed(
    [Token(1_400)] string Id, [property: JsonPropertyName("clientDataJSON")][Token(8_192)] string ClientData, [Token(8_192)] string AuthenticatorData, [Token(512)] string Signature);

/// <param name="Tenant">Where to, for somebody who belongs to several.</param>
internal sealed record PasskeySignIn(PasskeyUsed Passkey, [Id] string? Tenant = null);

internal static class PasskeyRoutes
{
    private const string Tag = "second-factor";

    private static Problem NoHome { get; } = new(409, "Passkeys are not set up here: accounts.signInUrl says to which site they belong.");

    public static void MapPasskeys(this IEndpointRouteBuilder routes)
    {
        var own = routes.MapApi(Permission.Self, Tag);
        own.MapPost("/me/second-factor/passkey", OfferAsync).WithName("offerPasskey").WithSummary("Options for making a passkey").Produces<PasskeyCreation>();
        own.MapPost("/me/second-factor/passkey/confirm", AddAsync).WithName("addPasskey").WithSummary("Add the passkey that was made").SecretAnswer(kept: false).Produces<FactorProved>();
        own.MapPost("/me/second-factor/passkey/challenge", ChallengeAsync).WithName("challengePasskey").WithSummary("Options for proving a passkey in this session").Produces<PasskeyRequest>();
        own.MapPost("/me/second-factor/passkey/verify", VerifyAsync).WithName("verifyPasskey").WithSummary("Prove a passkey as second factor; the session gets new tokens").SecretAnswer(kept: false).Produces<FactorProved>();

        var door = routes.MapSignIn();
        door.MapPost("/sign-in/passkey/challenge", SignInChallengeAsync).WithName("challengePasskeySignIn").WithSummary("Options for coming in by a passkey; the same for everybody").Produces<PasskeyRequest>();
        door.MapPost("/sign-in/passkey", SignInAsync).WithName("signInByPasskey").WithSummary("Turns a proved passkey into a session, both factors at once").Produces<SessionTokens>();
    }

    public static async Task<IResult> OfferAsync(Caller caller, [FromServices] Passkeys passkeys, [FromServices] SecondFactors factors, [FromServices] FactorDoor door, [FromServices] Users users, CancellationToken ct)
    {
        if (passkeys.Home is not { } home)
            return NoHome;
        if (await door.MayChangeAsync(caller, ct) is { } refusal)
            return refusal;
        var found = await factors.FindAsync(caller.Id, ct);
        if (found.Passkeys.Count >= Passkeys.Most)
            return new Problem(409, "There are too many passkeys. Remove one that is not used.");
        var address = (await users.FindAsync(caller.Id, ct))?.Address ?? "";
        return TypedResults.Ok(new PasskeyCreation(
            await passkeys.NewChallengeAsync(WebAuthn.Create, caller.Id, caller.Session!, ct), new(home.Id, "ReplyMint"), new(Base64Url.EncodeToString(Encoding.UTF8.GetBytes(caller.Id)), address, address),
            [new("public-key", WebAuthn.Es256)], Known(found), new("preferred", "required"), "none", (int)PasskeyChallenges.Life.TotalMilliseconds));
    }

    public static async Task<IResult> AddAsync(HttpContext context, Caller caller, PasskeyMade made, [FromServices] Passkeys passkeys, [FromServices] FactorDoor door, CancellationToken ct)
    {
        if (passkeys.Home is null)
            return NoHome;
        if ((Bytes("clientDataJSON", made.ClientData, out var client) ?? Bytes("authenticatorData", made.AuthenticatorData, out _)) is { } wrong)
            return wrong;
        var data = Base64Url.DecodeFromChars(made.AuthenticatorData);
        return await door.MayChangeAsync(caller, ct)
            ?? await door.ProveAsync(context, caller, Way.Passkey, () => passkeys.AddAsync(caller, made.Name, client, data, ct), ct);
    }

    private static async Task<IResult> ChallengeAsync(Caller caller, [FromServices] Passkeys passkeys, [FromServices] SecondFactors factors, CancellationToken ct) =>
        passkeys.Home is not { } home ? NoHome : TypedResults.Ok(new PasskeyRequest(
            await passkeys.NewChallengeAsync(WebAuthn.Get, caller.Id, caller.Session!, ct), home.Id, Known(await factors.FindAsync(caller.Id, ct)), "required", (int)PasskeyChallenges.Life.TotalMilliseconds));

    private static async Task<IResult> VerifyAsync(HttpContext context, Caller caller, PasskeyUsed used, [FromServices] Passkeys passkeys, [FromServices] FactorDoor door, CancellationToken ct) =>
        passkeys.Home is null ? NoHome : Read(used, out var proof)
            ?? await door.ProveAsync(context, caller, Way.Passkey, () => passkeys.ProveAsync(caller.Id, caller.Session!, proof, ct), ct);

    private static async Task<IResult> SignInChallengeAsync([FromServices] Passkeys passkeys, CancellationToken ct) =>
        passkeys.Home is not { } home ? NoHome
            : TypedResults.Ok(new PasskeyRequest(await passkeys.NewSignInChallengeAsync(ct), home.Id, [], "required", (int)PasskeyChallenges.Life.TotalMilliseconds));

    private static async Task<IResult> SignInAsync(HttpContext context, PasskeySignIn wish, [FromServices] Passkeys passkeys, [FromServices] TokenDesk tokens, [FromServices] FailedTries tries, CancellationToken ct)
    {
        if (passkeys.Home is null)
            return NoHome;
        if (Read(wish.Passkey, out var proof) is { } wrong)
            return wrong;
        if (await tries.BeginAsync(context, Way.Passkey) is { } slowed)
            return slowed;
        if (await passkeys.SignInAsync(proof, wish.Tenant, SessionClient.Of(context), ct) is not { } start)
        {
            tries.Failed(context, Way.Passkey);
            return new Problem(400, "The passkey was not proved, or leads nowhere here. Ask for a new challenge, or sign in by mail.");
        }
        await tries.SucceededAsync(context, Way.Passkey, who: start.Session.User, tenant: start.Session.Tenant);
        return TypedResults.Ok(await tokens.WelcomeAsync(start, ct));
    }

    private static PasskeyKnown[] Known(Factors factors) => [.. factors.Passkeys.Select(passkey => new PasskeyKnown("public-key", Base64Url.EncodeToString(passkey.Credential)))];

    private static IResult? Read(PasskeyUsed used, out PasskeyProof proof)
    {
        var wrong = Bytes("id", used.Id, out var id) ?? Bytes("clientDataJSON", used.ClientData, out _) ?? Bytes("authenticatorData", used.AuthenticatorData, out _) ?? Bytes("signature", used.Signature, out _);
        proof = wrong is not null ? new([], [], [], [])
            : new(id, Base64Url.DecodeFromChars(used.ClientData), Base64Url.DecodeFromChars(used.AuthenticatorData), Base64Url.DecodeFromChars(used.Signature));
        return wrong;
    }

    private static Problem? Bytes(string member, string text, out byte[] bytes)
    {
        var valid = Base64Url.IsValid(text);
        bytes = valid ? Base64Url.DecodeFromChars(text) : [];
        return valid ? null : Problem.Of(member, "must be base64url");
    }
}
