using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using ReplyMint.Audit;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Accounts;

/// <summary>An authenticator app's secret.</summary>
/// <param name="LastStep">The step of the last code that was used: none is used twice.</param>
internal sealed record TotpFactor(byte[] Secret, DateTimeOffset AddedAt, long LastStep, DateTimeOffset? UsedAt);

/// <summary>A secret that was shown and has not been confirmed by a code.</summary>
internal sealed record ProposedTotp(byte[] Secret, DateTimeOffset Until);

/// <summary>What a person proves himself with beside his address; sealed with his own key.</summary>
internal sealed record Factors
{
    public int V { get; init; } = 1;
    public TotpFactor? Totp { get; init; }
    public ProposedTotp? Proposed { get; init; }
    /// <summary>Keyed hashes of the recovery codes that are left; they help only where there is another factor.</summary>
    public IReadOnlyList<string> Recovery { get; init; } = [];
    public DateTimeOffset? RecoveryAt { get; init; }
    public IReadOnlyList<Passkey> Passkeys { get; set; } = [];

    [JsonIgnore]
    public bool Any => Totp is not null || Passkeys.Count > 0;
}

internal enum FactorResult { Done, Wrong, NotThere }

/// <summary>
/// Second factors (AUTH-4): enrolled, proved, removed. Whether somebody may enrol or remove one is the route's question;
/// here a code counts once, however many present it at a time.
/// </summary>
internal sealed class SecondFactors(IStore store, KeyRing keys, Users users, AuditLog audit, TimeProvider time)
{
    public const int RecoveryCodes = 10;
    private static readonly TimeSpan ProposalLife = TimeSpan.FromMinutes(10);
    // 140 bits, in letters that nobody mixes up.
    private const int RecoveryChars = 28;
    private const int RecoveryGroup = 7;

    public async Task<Factors> FindAsync(string user, CancellationToken ct) =>
        await store.GetAsync(KeyOf(user), ct) is { } item && await users.KeyOfPersonAsync(user, ct) is { } person ? Open(person, item) : new Factors();

    /// <summary>A new secret, good for ten minutes until a code confirms it. It replaces an earlier proposal, never a factor.</summary>
    public async Task<byte[]> ProposeTotpAsync(string user, CancellationToken ct)
    {
        var secret = RandomNumberGenerator.GetBytes(Totp.SecretBytes);
        await ChangeAsync(user, factors => (true, factors with { Proposed = new ProposedTotp(secret, time.GetUtcNow() + ProposalLife) }), null, ct);
        return secret;
    }

    /// <summary>Makes a factor of the proposed secret; the code that shows it is used up.</summary>
    public Task<FactorResult> ConfirmTotpAsync(Caller caller, string code, CancellationToken ct) =>
        ChangeAsync(caller.Id, factors =>
        {
            var now = time.GetUtcNow();
            if (factors.Proposed is not { } proposed || proposed.Until <= now)
                return (FactorResult.NotThere, null);
            return Totp.Match(proposed.Secret, code, now, -1) is { } step
                ? (FactorResult.Done, factors with { Totp = new TotpFactor(proposed.Secret, now, step, now), Proposed = null }) : (FactorResult.Wrong, null);
        }, Entry(caller, "second-factor.add", "totp"), ct);

    public static string WayOf(string code) => Totp.IsCode(code) ? Way.App : Way.Recovery;

    /// <summary>Proves a code of the app, or a recovery code, once.</summary>
    public async Task<FactorResult> ProveAsync(Caller caller, string code, CancellationToken ct)
    {
        if (Totp.IsCode(code))
            return await ChangeAsync(caller.Id, factors =>
            {
                if (factors.Totp is not { } totp)
                    return (factors.Any ? FactorResult.Wrong : FactorResult.NotThere, null);
                return Totp.Match(totp.Secret, code, time.GetUtcNow(), totp.LastStep) is { } step
                    ? (FactorResult.Done, factors with { Totp = totp with { LastStep = step, UsedAt = time.GetUtcNow() } }) : (FactorResult.Wrong, null);
            }, null, ct);
        var hash = await RecoveryHashAsync(caller.Id, code, ct);
        return await ChangeAsync(caller.Id, factors =>
            !factors.Any ? (FactorResult.NotThere, null)
            : factors.Recovery.Contains(hash, StringComparer.Ordinal) ? (FactorResult.Done, factors with { Recovery = [.. factors.Recovery.Where(left => left != hash)] })
            : (FactorResult.Wrong, null), Entry(caller, "second-factor.recovery-code", "recovery-codes"), ct);
    }

    /// <summary>Ten new codes in place of all older ones; they are shown now and never again.</summary>
    public async Task<IReadOnlyList<string>?> NewRecoveryCodesAsync(Caller caller, CancellationToken ct)
    {
        var codes = new List<string>();
        var hashes = new List<string>();
        for (var i = 0; i < RecoveryCodes; i++)
        {
            var code = Ids.Secret(RecoveryChars);
            codes.Add(string.Join('-', code.Chunk(RecoveryGroup).Select(part => new string(part))));
            hashes.Add(await RecoveryHashAsync(caller.Id, code, ct));
        }
        var result = await ChangeAsync(caller.Id, factors => factors.Any ? (FactorResult.Done, factors with { Recovery = hashes, RecoveryAt = time.GetUtcNow() }) : (FactorResult.NotThere, null),
            Entry(caller, "second-factor.add", "recovery-codes"), ct);
        return result == FactorResult.Done ? codes : null;
    }

    /// <summary>Removes a factor; with the last one the recovery codes go, too.</summary>
    /// <param name="id">"totp", "recovery-codes" or a passkey's.</param>
    public Task<FactorResult> RemoveAsync(Caller caller, string id, CancellationToken ct) =>
        ChangeAsync(caller.Id, async (commit, factors, token) =>
        {
            var passkey = factors.Passkeys.FirstOrDefault(known => known.Id == id);
            var after = id switch
            {
                "totp" when factors.Totp is not null => factors with { Totp = null },
                "recovery-codes" when factors.Recovery.Count > 0 => factors with { Recovery = [], RecoveryAt = null },
                _ => passkey is null ? null : factors with { Passkeys = [.. factors.Passkeys.Where(known => known.Id != id)] },
            };
            if (after is null)
                return (FactorResult.NotThere, null);
            if (passkey is not null)
                commit.Delete(await LeadAsync(passkey.Credential, token));
            await audit.AppendAsync(commit, caller.Tenant, new AuditEntry(Actor.Of(caller), "second-factor.remove", caller.Id, new Dictionary<string, string> { ["kind"] = passkey is null ? id : "passkey", ["factor"] = id }), token);
            return (FactorResult.Done, after.Any ? after : after with { Recovery = [], RecoveryAt = null });
        }, ct);

    /// <summary>Takes everything away, on the word of the operator at the machine.</summary>
    public Task<bool> ResetAsync(string user, Actor actor, CancellationToken ct) =>
        store.RetryAsync(async (commit, token) =>
        {
            if (!await RemoveAsync(commit, user, token))
                return false;
            await audit.AppendAsync(commit, KeyRing.Installation, new AuditEntry(actor, "second-factor.reset", user), token);
            return true;
        }, ct);

    /// <summary>Adds to a commit that a person has no factors any more, nor a passkey that leads to him.</summary>
    internal async Task<bool> RemoveAsync(Commit commit, string user, CancellationToken ct)
    {
        if (await store.GetAsync(KeyOf(user), ct) is not { } item)
            return false;
        foreach (var passkey in (await FindAsync(user, ct)).Passkeys)
            commit.Delete(await LeadAsync(passkey.Credential, ct));
        commit.Delete(item.Key, Condition.Same(item));
        return true;
    }

    /// <summary>Where the owner of a passkey's credential is found.</summary>
    internal async Task<ItemKey> LeadAsync(byte[] credential, CancellationToken ct) =>
        ItemKey.Main(KeyRing.Installation, "passkey/" + (await keys.RequireAsync(KeyRing.Installation, ct)).Hash("passkey", Base64Url.EncodeToString(credential)));

    /// <summary>Reads, decides and writes, anew when somebody else was faster. Null for the new factors leaves them as they are.</summary>
    internal Task<T> ChangeAsync<T>(string user, Func<Commit, Factors, CancellationToken, Task<(T Result, Factors? After)>> change, CancellationToken ct) =>
        store.RetryAsync(async (commit, token) =>
        {
            var person = await users.KeyOfPersonAsync(user, token) ?? throw new InvalidOperationException($"User {user} has no key.");
            var item = await store.GetAsync(KeyOf(user), token);
            var (result, after) = await change(commit, item is null ? new Factors() : Open(person, item), token);
            if (after is not null)
                commit.Put(KeyOf(user), "{\"v\":1}"u8.ToArray(), Condition.Same(item),
                    person.AddTo(commit).Seal(KeyOf(user), (item?.Version ?? 0) + 1, JsonSerializer.SerializeToUtf8Bytes(after, AccountsJson.Default.Factors)));
            return result;
        }, ct);

    private static (string Chain, AuditEntry Entry) Entry(Caller caller, string act, string kind) =>
        (caller.Tenant, new AuditEntry(Actor.Of(caller), act, caller.Id, new Dictionary<string, string> { ["kind"] = kind }));

    private Task<T> ChangeAsync<T>(string user, Func<Factors, (T Result, Factors? After)> change, (string Chain, AuditEntry Entry)? entry, CancellationToken ct) =>
        ChangeAsync(user, async (commit, before, token) =>
        {
            var (result, after) = change(before);
            if (after is not null && entry is { } told)
                await audit.AppendAsync(commit, told.Chain, told.Entry, token);
            return (result, after);
        }, ct);

    /// <summary>Dashes, blanks and capitals are the writer's own.</summary>
    private async Task<string> RecoveryHashAsync(string user, string code, CancellationToken ct) =>
        (await keys.RequireAsync(KeyRing.Installation, ct)).Hash("recovery-code", $"{user}\n{new string([.. code.Where(char.IsAsciiLetterOrDigit)]).ToLowerInvariant()}");

    private static ItemKey KeyOf(string user) => ItemKey.Main(KeyRing.Installation, "factors/" + user);

    private static Factors Open(PersonKey person, Item item) => JsonSerializer.Deserialize(person.Open(item), AccountsJson.Default.Factors)!;
}
