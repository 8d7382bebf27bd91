using System.Security.Cryptography;
using System.Text.Json.Serialization;
using ReplyMint.Audit;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Accounts;

/// <summary>One key of P-256 as it is stored, inside of the sealed ring.</summary>
/// <param name="ActiveAt">From then on it signs, until the next one does.</param>
internal sealed record SigningKey(string Id, DateTimeOffset CreatedAt, DateTimeOffset ActiveAt, byte[] X, byte[] Y, byte[] D)
{
    [JsonIgnore]
    public ECParameters Public => new() { Curve = ECCurve.NamedCurves.nistP256, Q = new() { X = X, Y = Y } };

    [JsonIgnore]
    public ECParameters Private => Public with { D = D };
}

/// <summary>All keys, the oldest first. The first is in use; one that follows is published ahead.</summary>
internal sealed record SigningRing(int V, IReadOnlyList<SigningKey> Keys)
{
    /// <summary>How long a key stays after its successor took over: the last token it signed, and then some.</summary>
    public static readonly TimeSpan Overlap = AccessTokens.Lifetime + TimeSpan.FromMinutes(20);

    public SigningKey? SignerAt(DateTimeOffset now) => Keys.LastOrDefault(key => key.ActiveAt <= now);

    /// <summary>Taken now: what signs, and what signed a moment ago.</summary>
    public SigningKey? TakenAt(string id, DateTimeOffset now)
    {
        for (var i = 0; i < Keys.Count; i++)
            if (Keys[i].Id == id)
                return Keys[i].ActiveAt <= now && !IsOver(i, now) ? Keys[i] : null;
        return null;
    }

    /// <summary>What is published: also what will sign.</summary>
    public IReadOnlyList<SigningKey> ShownAt(DateTimeOffset now) => [.. Keys.Where((_, i) => !IsOver(i, now))];

    private bool IsOver(int index, DateTimeOffset now) => index + 1 < Keys.Count && Keys[index + 1].ActiveAt + Overlap <= now;
}

/// <summary>
/// The keys that sign access tokens: made at first need, sealed under the installation's key, one item for all so that two who
/// rotate at once can't both win. Every thirty days a new one, published a day before it signs (SEC-2).
/// </summary>
internal sealed class SigningKeys(IStore store, KeyRing keys, AuditLog audit, TimeProvider time)
{
    public static readonly TimeSpan Every = TimeSpan.FromDays(30);
    public static readonly TimeSpan Ahead = TimeSpan.FromDays(1);

    private static readonly ItemKey At = ItemKey.Main(KeyRing.Installation, "signing-keys");
    private static readonly SigningRing Empty = new(1, []);

    private readonly SealedItem<SigningRing> _ring = new(store, keys, At, Empty, AccountsJson.Default.SigningRing);

    /// <summary>The key that signs now; makes the first, and the next when it is due.</summary>
    public async ValueTask<SigningKey> SignerAsync(CancellationToken ct)
    {
        var ring = await RingAsync(ct);
        if (ring.SignerAt(time.GetUtcNow()) is { } signer && !IsDue(ring))
            return signer;
        ring = await ChangeAsync(Actor.System, (before, now) => IsDue(before) || before.SignerAt(now) is null ? Next(before, now) : null, ct);
        return ring.SignerAt(time.GetUtcNow())!;
    }

    /// <summary>The public key of an id, or null when it is not ours, or no longer.</summary>
    public async ValueTask<SigningKey?> TakenAsync(string id, CancellationToken ct) => (await RingAsync(ct)).TakenAt(id, time.GetUtcNow());

    public async ValueTask<IReadOnlyList<SigningKey>> ShownAsync(CancellationToken ct) => (await RingAsync(ct)).ShownAt(time.GetUtcNow());

    public ValueTask<SigningRing> RingAsync(CancellationToken ct) => _ring.ReadAsync(ct);

    /// <summary>A new key that signs at once.</summary>
    /// <param name="dropOld">The others are not taken any more: every access token dies now, and sessions go on with the next refresh.</param>
    /// <param name="actor">Who does it, for the audit log.</param>
    public Task<SigningRing> RotateAsync(bool dropOld, Actor actor, CancellationToken ct) =>
        ChangeAsync(actor, (before, now) => new(1, [.. dropOld ? [] : before.ShownAt(now).Where(key => key.ActiveAt <= now), NewKey(now, now)]), ct);

    private static bool IsDueAt(SigningRing ring, DateTimeOffset now) => ring.Keys.Count > 0 && ring.Keys[^1].ActiveAt + Every - Ahead <= now;

    private bool IsDue(SigningRing ring) => IsDueAt(ring, time.GetUtcNow());

    private static SigningRing Next(SigningRing before, DateTimeOffset now)
    {
        var regular = before.Keys.Count == 0 ? now : before.Keys[^1].ActiveAt + Every;
        var earliest = before.Keys.Count == 0 ? now : now + Ahead;
        return new(1, [.. before.ShownAt(now), NewKey(now, regular > earliest ? regular : earliest)]);
    }

    private static SigningKey NewKey(DateTimeOffset now, DateTimeOffset activeAt)
    {
        var key = CompactJws.NewKey();
        return new(Ids.Random('j'), now, activeAt, key.Q.X!, key.Q.Y!, key.D!);
    }

    private Task<SigningRing> ChangeAsync(Actor actor, Func<SigningRing, DateTimeOffset, SigningRing?> change, CancellationToken ct) =>
        _ring.ChangeAsync(before => change(before, time.GetUtcNow()), (commit, before, after, token) => audit.AppendAsync(commit, KeyRing.Installation, new AuditEntry(actor, "signing-key.add", after.Keys[^1].Id, new Dictionary<string, string>
        {
            ["activeAt"] = after.Keys[^1].ActiveAt.UtcDateTime.ToString("O"),
            ["dropped"] = string.Join(' ', before.Keys.Select(key => key.Id).Except(after.Keys.Select(key => key.Id))),
        }), token), ct);
}
