using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Limits;
using ReplyMint.Mail;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Accounts;

/// <param name="Challenge">S256 of a verifier that this browser made and keeps (RFC 7636): the link works in no other.</param>
/// <param name="Tenant">Where to, for somebody who belongs to several.</param>
/// <param name="Language">Of the mail.</param>
internal sealed record SignInWish([Address] string Address, [Token(43, Least = 43)] string Challenge, [Id] string? Tenant = null, LetterLanguage? Language = null);

/// <param name="TenantName">What the new tenant is called.</param>
internal sealed record SignUpWish([Address] string Address, [Token(43, Least = 43)] string Challenge, [Line(100)] string TenantName, LetterLanguage? Language = null);

/// <param name="Token">From the link.</param>
/// <param name="Verifier">What the challenge was made of.</param>
/// <param name="Tenant">Where to; otherwise where the link leads.</param>
internal sealed record SignInProof([Token(64)] string Token, [Token(128, Least = 43)] string Verifier, [Id] string? Tenant = null);

/// <summary>The same for everybody, whether or not there is an account.</summary>
/// <param name="Detail">A sentence for a person.</param>
internal sealed record AskedAnswer(string Detail)
{
    public static AskedAnswer Same { get; } = new("If this address may come in, a mail with a link is on its way to it. It works once, for 10 minutes, in this browser.");
}

/// <summary>How people come in: they prove their address, never a password.</summary>
internal static class SignInRoutes
{
    public static void MapSignInLinks(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapSignIn();
        group.MapPost("/sign-in", AskAsync).WithName("askToSignIn").WithSummary("Mails a link to whoever has an account. Answers the same for everybody.").Produces<AskedAnswer>(202);
        group.MapPost("/sign-in/complete", CompleteAsync).WithName("completeSignIn").WithSummary("Turns a link into a session, once.").Produces<SessionTokens>();
        group.MapPost("/sign-up", SignUpAsync).WithName("askToSignUp").WithSummary("Mails a link that makes a tenant of one's own, where sign-up is open.").Produces<AskedAnswer>(202);
    }

    private static async Task<IResult> AskAsync(SignInWish wish, HttpContext context, [FromServices] SignInDesk desk, [FromServices] SecurityEvents events, [FromServices] AccessLines lines, CancellationToken ct)
    {
        if (Wrong(wish.Address, wish.Challenge, out var address) is { } problem)
            return problem;
        events.Tried(SecurityEventKind.SignInAsked, context.Connection.RemoteIpAddress, address);
        lines.Proof(context.Connection.RemoteIpAddress, Way.Link, "asked", address);
        await desk.AskAsync(new SignInRequest(1, address, wish.Challenge, wish.Tenant, null, Code(wish.Language), PersonMailRate.NetworkOf(context.Connection.RemoteIpAddress)), ct);
        return TypedResults.Accepted((string?)null, AskedAnswer.Same);
    }

    private static async Task<IResult> SignUpAsync(SignUpWish wish, HttpContext context, [FromServices] SignUpRate rate, [FromServices] SignInDesk desk, [FromServices] AccountsSettings settings, CancellationToken ct)
    {
        if (settings.SignUp != SignUp.Open)
            return new Problem(403, "Nobody can sign up here by himself. Ask an administrator of your organisation for an invitation.");
        if (Wrong(wish.Address, wish.Challenge, out var address) is { } problem)
            return problem;
        if (!Tenants.IsName(wish.TenantName))
            return Problem.Of("tenantName", "must not look like an id");
        if (!await rate.TakeAsync(context.Connection.RemoteIpAddress, ct))
            return new Problem(429, "Too many tenants were asked for from this network today. Try again tomorrow.");
        await desk.AskAsync(new SignInRequest(1, address, wish.Challenge, null, wish.TenantName.Trim(), Code(wish.Language), PersonMailRate.NetworkOf(context.Connection.RemoteIpAddress)), ct);
        return TypedResults.Accepted((string?)null, AskedAnswer.Same);
    }

    private static async Task<IResult> CompleteAsync(SignInProof proof, HttpContext context, [FromServices] SignInDoor door, [FromServices] TokenDesk tokens, [FromServices] FailedTries tries, CancellationToken ct)
    {
        if (!SignInLinks.IsVerifier(proof.Verifier))
            return Problem.Of("verifier", "must be 43 to 128 letters, digits and - . _ ~");
        if (await tries.BeginAsync(context, Way.Link) is { } slowed)
            return slowed;
        var (result, session) = await door.CompleteAsync(proof.Token, proof.Verifier, proof.Tenant, SessionClient.Of(context), ct);
        if (result == SignInResult.Invalid)
            tries.Failed(context, Way.Link);
        else
            await tries.SucceededAsync(context, Way.Link, who: session?.Session.User, tenant: session?.Session.Tenant);
        return result switch
        {
            SignInResult.SignedIn => TypedResults.Ok(await tokens.WelcomeAsync(session!, ct)),
            SignInResult.NotAMember => Problem.Of("tenant", "is none that you belong to"),
            SignInResult.TooMany => new Problem(429, "Too many tenants were made today. Try again tomorrow: the address has to be proved again then."),
            _ => new Problem(400, "The link is not valid, or not any more, or was asked for in another browser. Ask for a new one."),
        };
    }

    /// <summary>What is wrong by form; says nothing of accounts.</summary>
    internal static Problem? Wrong(string given, string challenge, out string address)
    {
        address = AddressRules.Normalize(given) ?? "";
        return address.Length == 0 ? Problem.Of("address", "must be a mail address")
            : !SignInLinks.IsChallenge(challenge) ? Problem.Of("challenge", "must be the SHA-256 of the verifier in base64url: 43 characters") : null;
    }

    internal static string? Code(LetterLanguage? language) => language is { } chosen ? Enum.GetName(chosen)!.ToLowerInvariant() : null;
}

/// <summary>How many tenants may be asked for from one network in a day.</summary>
internal sealed class SignUpRate(IStore store, KeyRing keys, AccountsSettings settings, TimeProvider time)
{
    public async Task<bool> TakeAsync(IPAddress? from, CancellationToken ct)
    {
        var own = await keys.RequireAsync(KeyRing.Installation, ct);
        var now = time.GetUtcNow();
        var key = ItemKey.Main(KeyRing.Installation, string.Create(CultureInfo.InvariantCulture, $"rate/sign-up/{now:yyyyMMdd}/{own.Hash("network", PersonMailRate.NetworkOf(from))}"));
        return await store.RetryAsync(async (commit, token) =>
        {
            if ((await store.GetAsync(key, token))?.Count >= settings.SignUpsPerNetwork)
                return false;
            commit.Add(key, 1, settings.SignUpsPerNetwork, now.AddDays(2));
            return true;
        }, ct);
    }
}
