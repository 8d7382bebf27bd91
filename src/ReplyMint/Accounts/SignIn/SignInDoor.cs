using System.Globalization;
using System.Net;
using ReplyMint.Audit;
using ReplyMint.Limits;
using ReplyMint.Storage;

namespace ReplyMint.Accounts;

internal enum SignInResult { SignedIn, Invalid, NotAMember, TooMany }

/// <summary>Lets in whoever proved his address: one link, one session.</summary>
internal sealed class SignInDoor(IStore store, KeyRing keys, PersonMailRate rate, Tenants tenants, Users users, Members members, SignInLinks links, Sessions sessions, Revocations revocations, Containments contained, AccountsSettings settings, TimeProvider time)
{
    /// <param name="tenant">Where to; null leaves it to the link.</param>
    public async Task<(SignInResult Result, SessionStart? Session)> CompleteAsync(string token, string verifier, string? tenant, SessionClient client, CancellationToken ct)
    {
        if (await links.ProveAsync(token, verifier, ct) is not { } first)
            return (SignInResult.Invalid, null);
        if (first.New is { } person)
        {
            var (made, of) = await MakeTenantAsync(token, verifier, person, ct);
            return made == SignInResult.SignedIn ? await StartAsync(of!.Value.User, of.Value.Tenant, client, ct) : (made, null);
        }
        return await store.RetryAsync<(SignInResult, SessionStart?)>(async (commit, inner) =>
        {
            // Before the look: else a revocation that comes between the two would refuse the link and let the session be.
            await revocations.HoldAsync(commit, inner);
            // Proved anew with each try: what it consumes must be what it found.
            if (await links.ProveAsync(token, verifier, inner) is not { Link: { User: { } user } link } proved || await members.AllOfAsync(user, inner) is not { Count: > 0 } all)
                return (SignInResult.Invalid, null);
            if (await contained.IsAsync(ContainedKind.User, user, inner))
                return (SignInResult.Invalid, null);
            var wanted = tenant ?? link.Tenant ?? all[0].Tenant;
            if (all.All(one => one.Tenant != wanted))
                return (SignInResult.NotAMember, null);
            proved.Consume(commit);
            if (await users.FindAsync(user, inner) is { } known && client.Network is { } from)
                await rate.KnowAsync(commit, await keys.RequireAsync(KeyRing.Installation, inner), known.Address, PersonMailRate.NetworkOf(IPAddress.Parse(from)), inner);
            return (SignInResult.SignedIn, await sessions.StartAsync(commit, user, wanted, null, client, inner));
        }, ct);
    }

    private async Task<(SignInResult Result, SessionStart? Session)> StartAsync(string user, string tenant, SessionClient client, CancellationToken ct) =>
        (SignInResult.SignedIn, await store.RetryAsync((commit, inner) => sessions.StartAsync(commit, user, tenant, null, client, inner), ct));

    /// <summary>A tenant of his own for somebody whose address the link proved. Should he have an account meanwhile, he gets the tenant all the same.</summary>
    private async Task<(SignInResult Result, (string User, string Tenant)? Made)> MakeTenantAsync(string token, string verifier, NewTenantPerson person, CancellationToken ct)
    {
        if (settings.SignUp != SignUp.Open)
            return (SignInResult.Invalid, null);
        return await store.RetryAsync<(SignInResult, (string, string)?)>(async (commit, inner) =>
        {
            await revocations.HoldAsync(commit, inner);
            if (await links.ProveAsync(token, verifier, inner) is not { New: not null } proved
                || (await users.FindByAddressAsync(person.Address, inner) is { } known && await contained.IsAsync(ContainedKind.User, known.Id, inner)))
                return (SignInResult.Invalid, null);
            var day = Day();
            if ((await store.GetAsync(day, inner))?.Count >= settings.SignUpsPerDay)
                return (SignInResult.TooMany, null);
            commit.Add(day, 1, settings.SignUpsPerDay, time.GetUtcNow().AddDays(2));
            proved.Consume(commit);
            var user = await users.EnsureAsync(commit, person.Address, "", inner);
            var (tenant, _) = await tenants.AddAsync(commit, person.Tenant, new Actor(user.Id), inner, selfMade: true);
            await members.SetAsync(commit, tenant.Id, user.Id, Security.Role.Admin, null, new Actor(user.Id), inner);
            return (SignInResult.SignedIn, (user.Id, tenant.Id));
        }, ct);
    }

    private ItemKey Day() => ItemKey.Main(KeyRing.Installation, string.Create(CultureInfo.InvariantCulture, $"rate/sign-up/{time.GetUtcNow():yyyyMMdd}"));
}
