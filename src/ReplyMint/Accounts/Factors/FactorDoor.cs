using Microsoft.AspNetCore.Http;
using ReplyMint.Audit;
using ReplyMint.Limits;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Accounts;

/// <summary>Who may touch second factors, and how often somebody may guess at one.</summary>
internal sealed class FactorDoor(IStore store, SecondFactors factors, Sessions sessions, TokenDesk tokens, PageCookies cookies, FailedTries tries, Alerts alerts, TimeProvider time)
{
    // A person mistypes a few times. Codes that are guessed need some hundred thousand tries, from however many networks:
    // the session that guesses ends, and the account stays open to its owner.
    private const int MostWrong = 10;

    /// <summary>Null when the caller may add and remove factors now, else the answer.</summary>
    public async Task<IResult?> MayChangeAsync(Caller caller, CancellationToken ct) =>
        await StaleAsync(caller, "The first second factor needs a fresh sign-in: sign in again, then call within 15 minutes.", ct);

    /// <summary>Null when the caller proved lately that it is he: by a second factor, or where he has none by his sign-in. Else what he has to do.</summary>
    /// <param name="caller">Who asks.</param>
    /// <param name="without">What is said to who has no second factor.</param>
    /// <param name="ct">Ends the waiting.</param>
    public async Task<Problem?> StaleAsync(Caller caller, string without, CancellationToken ct)
    {
        var since = time.GetUtcNow() - CallerGate.SecondFactorAge;
        if ((await factors.FindAsync(caller.Id, ct)).Any)
            return caller.SecondFactorAt >= since ? null
                : new Problem(403, "Prove your second factor first, at /api/v1/me/second-factor/verify; it must not be older than 15 minutes.");
        return caller.Session is { } id && await sessions.FindAsync(caller.Id, id, ct) is { } session && session.SignedInAt >= since ? null
            : new Problem(403, without);
    }

    /// <summary>Runs one try at a factor, slowed by account and network; a good one makes a new session of this one, in which the factor is fresh.</summary>
    public async Task<IResult> ProveAsync(HttpContext context, Caller caller, string way, Func<Task<FactorResult>> prove, CancellationToken ct)
    {
        if (caller.Session is not { } session)
            return Problem.NotFound;
        if (await tries.BeginAsync(context, way, caller.Id) is { } slowed)
            return slowed;
        var result = await prove();
        if (result == FactorResult.Wrong)
        {
            tries.Failed(context, way, caller.Id);
            await CountWrongAsync(caller.Id, session, ct);
            return new Problem(403, "The code is wrong, was used before, or is too old. Take the next one.");
        }
        await tries.SucceededAsync(context, way, caller.Id, tenant: caller.Tenant);
        if (result == FactorResult.NotThere)
            return new Problem(409, "There is no such second factor, or the time to confirm it is over. Begin at /api/v1/me/second-factor/totp.");
        var at = time.GetUtcNow();
        await store.CommitAsync(new Commit().Delete(WrongKey(session)), ct);
        if (await sessions.RaiseFactorAsync(caller, at, ct) is not { } raised)
            return new Unauthorized();
        // Each gets the new session in the form in which he had the old one.
        if (context.GetEndpoint()?.Metadata.GetMetadata<Protection>() is not { IsPage: true })
            return TypedResults.Ok(new FactorProved(at, at + CallerGate.SecondFactorAge, await tokens.WelcomeAsync(raised, ct)));
        await cookies.GiveAsync(context.Response, caller.Id, raised.Session.Id, ct);
        return TypedResults.Ok(new FactorProved(at, at + CallerGate.SecondFactorAge));
    }

    private async Task CountWrongAsync(string user, string session, CancellationToken ct)
    {
        await store.CommitAsync(new Commit().Add(WrongKey(session), 1, expires: time.GetUtcNow().AddDays(30)), ct);
        // Absent when a good code came meanwhile.
        if (await store.GetAsync(WrongKey(session), ct) is not { Count: >= MostWrong })
            return;
        await sessions.EndAsync(user, session, Actor.System, ct);
        await alerts.RaiseAsync("second-factor-guessing", user, $"Somebody tried {MostWrong} wrong second factors in a session of user {user}; the session was ended. If it was not that person, his mailbox is in other hands.", ct);
    }

    private static ItemKey WrongKey(string session) => ItemKey.Main(KeyRing.Installation, "factor-wrong/" + session);
}
