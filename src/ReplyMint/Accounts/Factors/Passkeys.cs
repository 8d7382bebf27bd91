using System.Text.Json;
using ReplyMint.Audit;
using ReplyMint.Limits;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Accounts;

/// <summary>One passkey of a person, among his sealed factors.</summary>
/// <param name="Id">Ours, for lists and removal.</param>
/// <param name="Credential">The authenticator's id.</param>
/// <param name="Key">x and y of a point on P-256.</param>
/// <param name="Count">The authenticator's counter; many have none and say 0.</param>
internal sealed record Passkey(string Id, string Name, byte[] Credential, byte[] Key, uint Count, DateTimeOffset AddedAt, DateTimeOffset? UsedAt);

/// <summary>What a browser brings back from the authenticator.</summary>
internal sealed record PasskeyProof(byte[] Credential, byte[] ClientData, byte[] AuthenticatorData, byte[] Signature);

/// <summary>Passkeys: enrolled as a second factor, and for coming in without a mail. They verify the person themselves, so they are both factors at once.</summary>
internal sealed class Passkeys(IStore store, SecondFactors factors, PasskeyChallenges challenges, Members members, Sessions sessions, AccountsSettings settings, AuditLog audit, Alerts alerts, Containments contained, TimeProvider time)
{
    public const int Most = 10;

    public PasskeyHome? Home { get; } = PasskeyHome.Of(settings);

    public Task<string> NewChallengeAsync(string type, string user, string session, CancellationToken ct) => challenges.NewAsync(Subject(type, user, session), ct);

    /// <summary>A challenge for somebody who is not known yet.</summary>
    public Task<string> NewSignInChallengeAsync(CancellationToken ct) => challenges.NewAsync(Subject(WebAuthn.Get, "", ""), ct);

    public async Task<FactorResult> AddAsync(Caller caller, string name, byte[] clientData, byte[] authenticatorData, CancellationToken ct)
    {
        if (Home is not { } home || WebAuthn.ChallengeOf(clientData, WebAuthn.Create, home) is not { } challenge || WebAuthn.ReadNew(authenticatorData, home) is not { } made)
            return FactorResult.Wrong;
        var lead = await factors.LeadAsync(made.Id, ct);
        return await factors.ChangeAsync(caller.Id, async (commit, before, token) =>
        {
            if (before.Passkeys.Count >= Most)
                return (FactorResult.NotThere, null);
            if (await IsSpentAsync(challenge, token) || !await challenges.SpendAsync(commit, challenge, Subject(WebAuthn.Create, caller.Id, caller.Session!), token) || await store.GetAsync(lead, token) is not null)
                return (FactorResult.Wrong, null);
            commit.Put(lead, JsonSerializer.SerializeToUtf8Bytes(new OwnerRecord(1, KeyRing.Installation, caller.Id), AccountsJson.Default.OwnerRecord), Condition.Absent);
            var passkey = new Passkey(Ids.Random('p'), name, made.Id, made.Key, made.Count, time.GetUtcNow(), time.GetUtcNow());
            await audit.AppendAsync(commit, caller.Tenant, new AuditEntry(Actor.Of(caller), "second-factor.add", caller.Id, new Dictionary<string, string> { ["kind"] = "passkey", ["passkey"] = passkey.Id }), token);
            return (FactorResult.Done, before with { Passkeys = [.. before.Passkeys, passkey] });
        }, ct);
    }

    /// <summary>Proves a passkey in a session.</summary>
    public Task<FactorResult> ProveAsync(string user, string session, PasskeyProof proof, CancellationToken ct) =>
        factors.ChangeAsync(user, (commit, before, token) => UseAsync(commit, before, proof, Subject(WebAuthn.Get, user, session), token), ct);

    /// <summary>A session for the owner of a passkey; null for every reason. The challenge, the counter and the session are one commit.</summary>
    /// <param name="tenant">Where to; null is the tenant that he joined first.</param>
    public async Task<SessionStart?> SignInAsync(PasskeyProof proof, string? tenant, SessionClient client, CancellationToken ct)
    {
        if (await store.GetAsync(await factors.LeadAsync(proof.Credential, ct), ct) is not { } lead)
            return null;
        var user = JsonSerializer.Deserialize(lead.Value.Span, AccountsJson.Default.OwnerRecord)!.Id;
        // A person who was erased has no factors that could be read.
        if (!(await factors.FindAsync(user, ct)).Any || await contained.IsAsync(ContainedKind.User, user, ct))
            return null;
        return await factors.ChangeAsync<SessionStart?>(user, async (commit, before, token) =>
        {
            var (result, after) = await UseAsync(commit, before, proof, Subject(WebAuthn.Get, "", ""), token);
            var home = tenant ?? (await members.AllOfAsync(user, token) is [{ Tenant: var first }, ..] ? first : null);
            if (result != FactorResult.Done || home is null || await members.FindAsync(home, user, token) is null)
                return (null, null);
            return (await sessions.StartAsync(commit, user, home, time.GetUtcNow(), client, token), after);
        }, ct);
    }

    private static string Subject(string type, string user, string session) => $"{type}\n{user}\n{session}";

    private async Task<bool> IsSpentAsync(byte[] challenge, CancellationToken ct) => challenge.Length < 24 || await store.GetAsync(PasskeyChallenges.KeyOf(challenge), ct) is not null;

    private async Task<(FactorResult Result, Factors? After)> UseAsync(Commit commit, Factors before, PasskeyProof proof, string subject, CancellationToken ct)
    {
        if (before.Passkeys.FirstOrDefault(known => known.Credential.AsSpan().SequenceEqual(proof.Credential)) is not { } passkey || Home is not { } home)
            return (FactorResult.Wrong, null);
        if (WebAuthn.ChallengeOf(proof.ClientData, WebAuthn.Get, home) is not { } challenge || await IsSpentAsync(challenge, ct)
            || WebAuthn.Verify(proof.AuthenticatorData, proof.ClientData, proof.Signature, passkey.Key, home) is not { } count || !await challenges.SpendAsync(commit, challenge, subject, ct))
            return (FactorResult.Wrong, null);
        // 7.2 step 21: an authenticator that counts and does not count on has a copy somewhere.
        if ((count != 0 || passkey.Count != 0) && count <= passkey.Count)
        {
            await alerts.RaiseAsync("passkey-copy", passkey.Id, $"Passkey {passkey.Id} counted {count} after {passkey.Count}: somebody may have a copy of it. It was refused; its owner should remove it.", ct);
            return (FactorResult.Wrong, null);
        }
        var used = passkey with { Count = count, UsedAt = time.GetUtcNow() };
        return (FactorResult.Done, before with { Passkeys = [.. before.Passkeys.Select(known => known.Id == used.Id ? used : known)] });
    }
}
