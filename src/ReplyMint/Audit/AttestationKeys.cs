using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json.Serialization;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Audit;

/// <summary>One key of P-256 as it is stored, inside of the sealed ring.</summary>
/// <param name="D">The private half; null once another key signs.</param>
/// <param name="RetiredAt">Since when another key signs.</param>
internal sealed record AttestationKey(string Id, DateTimeOffset CreatedAt, DateTimeOffset? RetiredAt, byte[] X, byte[] Y, byte[]? D)
{
    [JsonIgnore]
    public ECParameters Public => new() { Curve = ECCurve.NamedCurves.nistP256, Q = new() { X = X, Y = Y } };
}

/// <summary>Keys of all times, the oldest first; the last one signs.</summary>
internal sealed record AttestationRing(int V, IReadOnlyList<AttestationKey> Keys);

/// <summary>Public keys that verify statements of this installation, of all times (RFC 7517).</summary>
internal sealed record AttestationKeySet(IReadOnlyList<AttestationJwk> Keys)
{
    /// <summary>The key of an id; null for one that is not here, or is no point of the curve.</summary>
    public (AttestationJwk Said, ECParameters Key)? Find(string id)
    {
        foreach (var key in Keys)
            if (key.Kid == id && StrictBase64Url.Decode(key.X) is { Length: 32 } x && StrictBase64Url.Decode(key.Y) is { Length: 32 } y)
                return (key, new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new() { X = x, Y = y } });
        return null;
    }
}

/// <param name="Iat">When the key was made, in seconds since 1970.</param>
/// <param name="Retired">When another key took over, in seconds since 1970; absent for the one that signs.</param>
internal sealed record AttestationJwk(string Kty, string Crv, string X, string Y, string Kid, string Use, string Alg, long Iat, long? Retired)
{
    // Whoever signs may have read the key just before another took over.
    private const int Overlap = 5 * 60;
    // What a statement tells of is a little older than it: a backup takes hours, and the first key is made for the first statement.
    private const int Older = 24 * 60 * 60;

    // A file says Iat and Retired, and may say any number: what is added to is the time of a date, which leaves room.

    /// <summary>Whether this was the key that signed at a time.</summary>
    public bool Covers(DateTimeOffset signed) =>
        signed.ToUnixTimeSeconds() is var at && at >= Iat && (Retired is not { } end || at - Overlap <= end);

    /// <summary>Whether what it signed then may tell of such a time.</summary>
    public bool Covers(DateTimeOffset signed, DateTimeOffset told) =>
        told.ToUnixTimeSeconds() is var then && then + Older >= Iat && then <= signed.ToUnixTimeSeconds() + Overlap;
}

/// <summary>
/// The keys that sign statements: made at first need, sealed under the installation's key, one item for all. A new one each
/// year; the private half of the one before is dropped at once, so that nobody signs under a past date, and its public half stays for ever.
/// </summary>
internal sealed class AttestationKeys(IStore store, KeyRing keys, AuditLog audit, TimeProvider time)
{
    public static readonly TimeSpan Every = TimeSpan.FromDays(365);

    private static readonly ItemKey At = ItemKey.Main(KeyRing.Installation, "attestation-keys");
    private static readonly AttestationRing Empty = new(1, []);

    private readonly SealedItem<AttestationRing> _ring = new(store, keys, At, Empty, AuditJson.Default.AttestationRing);

    /// <summary>The key that signs now; makes the first, and the next when it is due.</summary>
    public async ValueTask<AttestationKey> SignerAsync(CancellationToken ct)
    {
        var ring = await _ring.ReadAsync(ct);
        return (IsDue(ring) ? await ChangeAsync(Actor.System, IsDue, ct) : ring).Keys[^1];
    }

    /// <summary>A new key signs from now on.</summary>
    public async Task<AttestationKey> RotateAsync(Actor actor, CancellationToken ct) => (await ChangeAsync(actor, _ => true, ct)).Keys[^1];

    public async ValueTask<AttestationKeySet> PublicAsync(CancellationToken ct) => new([.. (await _ring.ReadAsync(ct)).Keys.Select(key => new AttestationJwk(
        "EC", "P-256", Base64Url.EncodeToString(key.X), Base64Url.EncodeToString(key.Y), key.Id, "sig", CompactJws.Algorithm, key.CreatedAt.ToUnixTimeSeconds(), key.RetiredAt?.ToUnixTimeSeconds()))]);

    private bool IsDue(AttestationRing ring) => ring.Keys.Count == 0 || ring.Keys[^1].CreatedAt + Every <= time.GetUtcNow();

    private Task<AttestationRing> ChangeAsync(Actor actor, Func<AttestationRing, bool> wanted, CancellationToken ct) => _ring.ChangeAsync(
        before => wanted(before) && time.GetUtcNow() is var now ? new(1, [.. before.Keys.Select(key => key with { D = null, RetiredAt = key.RetiredAt ?? now }), NewKey(now)]) : null,
        (commit, _, after, token) => audit.AppendAsync(commit, KeyRing.Installation, new AuditEntry(actor, "attestation-key.add", after.Keys[^1].Id), token), ct);

    private static AttestationKey NewKey(DateTimeOffset now)
    {
        var key = CompactJws.NewKey();
        return new(Ids.Random('a'), now, null, key.Q.X!, key.Q.Y!, key.D!);
    }
}
