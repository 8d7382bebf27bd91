using System.Text;
using System.Text.Json;
using ReplyMint.Audit;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Accounts;

/// <summary>One secret under which hashes were made, as it is stored, inside of the sealed ring.</summary>
/// <param name="Secret">Empty in the first version: that one is made of the installation's look-up key, and as old as the store.</param>
internal sealed record PepperVersion(int Number, byte[] Secret, DateTimeOffset MadeAt);

/// <summary>All versions, the oldest first; the last one hashes what is new.</summary>
internal sealed record PepperRing(int V, IReadOnlyList<PepperVersion> Versions);

/// <summary>The versions, ready for use.</summary>
internal sealed class PepperKeys(PepperRing ring, TenantKeys installation)
{
    private readonly (int Number, byte[] OfKeys, byte[] OfTokens)[] _versions = [.. ring.Versions.Reverse().Select(version =>
        (version.Number, Derive(version, installation, "api-key/1"), Derive(version, installation, "refresh-token/1")))];

    public IReadOnlyList<PepperVersion> Versions => ring.Versions;

    /// <summary>Stored with each hash, so that a later version can be brought in while old hashes still work.</summary>
    public int Current => _versions[0].Number;

    public byte[] OfKey(string text) => Mac.Of(_versions[0].OfKeys, Encoding.ASCII.GetBytes(text));

    /// <summary>Whether a text is the one that was hashed so; of a version that is not there (any more), none is.</summary>
    public bool IsKey(string text, ApiKeySecret secret) =>
        Array.Find(_versions, version => version.Number == secret.Pepper) is { OfKeys: { } key } && Mac.IsRight(key, Encoding.ASCII.GetBytes(text), secret.Hash);

    /// <summary>The hash of each version, the newest first.</summary>
    public IEnumerable<byte[]> OfRefreshToken(string text) => _versions.Select(version => Mac.Of(version.OfTokens, Encoding.ASCII.GetBytes(text)));

    private static byte[] Derive(PepperVersion version, TenantKeys installation, string purpose) =>
        version.Secret.Length == 0 ? installation.Derive(purpose) : KeyDerivation.Derive(version.Secret, purpose);
}

/// <summary>
/// Keyed hashes of secrets that were given away (API keys, refresh tokens): without the installation's key a copy of the
/// store does not even allow guessing. Secrets are random and long, so one round is enough. The key of these hashes has versions
/// (SEC-2): a new one hashes what is new and what is used; an old one goes when all that it hashed is over.
/// </summary>
internal sealed class Pepper(IStore store, KeyRing keys, AuditLog audit, AccessSettings settings, TimeProvider time)
{
    private static readonly ItemKey At = ItemKey.Main(KeyRing.Installation, "pepper");

    // Opened once for each version of the item, which is asked for each time.
    private volatile Reading? _last;

    private sealed record Reading(PepperKeys Keys, long Version);

    /// <summary>How long what was hashed may be in use: an old version stays for so long after its successor came.</summary>
    public TimeSpan Outlives => TimeSpan.FromDays(Math.Max(settings.KeyMaxDays, settings.SessionDays));

    public async ValueTask<PepperKeys> KeysAsync(CancellationToken ct)
    {
        var item = await store.GetAsync(At, ct);
        if (_last is { } last && last.Version == (item?.Version ?? 0))
            return last.Keys;
        var read = new PepperKeys(await OpenAsync(item, ct), await keys.RequireAsync(KeyRing.Installation, ct));
        _last = new(read, item?.Version ?? 0);
        return read;
    }

    /// <summary>A new version hashes from now on; the others still prove what they hashed.</summary>
    public Task<PepperRing> RotateAsync(Actor actor, CancellationToken ct) => ChangeAsync(actor, "pepper.add", (before, now) =>
        new(1, [.. Living(before, now), new PepperVersion(before.Versions[^1].Number + 1, System.Security.Cryptography.RandomNumberGenerator.GetBytes(Sealing.KeyBytes), now)]), ct);

    /// <summary>Drops versions whose successor is older than anything may be that they hashed.</summary>
    public Task DropOldAsync(CancellationToken ct) => ChangeAsync(Actor.System, "pepper.drop", (before, now) =>
        Living(before, now) is { Count: var living } left && living < before.Versions.Count ? new(1, left) : null, ct);

    private IReadOnlyList<PepperVersion> Living(PepperRing ring, DateTimeOffset now) =>
        [.. ring.Versions.Where((_, i) => i + 1 == ring.Versions.Count || ring.Versions[i + 1].MadeAt + Outlives > now)];

    private Task<PepperRing> ChangeAsync(Actor actor, string act, Func<PepperRing, DateTimeOffset, PepperRing?> change, CancellationToken ct) =>
        store.RetryAsync(async (commit, token) =>
        {
            var own = await keys.RequireAsync(KeyRing.Installation, token);
            var item = await store.GetAsync(At, token);
            var before = await OpenAsync(item, token);
            if (change(before, time.GetUtcNow()) is not { } after)
                return before;
            commit.Put(At, "{\"v\":1}"u8.ToArray(), Condition.Same(item), own.Seal(At, (item?.Version ?? 0) + 1, JsonSerializer.SerializeToUtf8Bytes(after, AccountsJson.Default.PepperRing)));
            await audit.AppendAsync(commit, KeyRing.Installation, new AuditEntry(actor, act, "pepper", new Dictionary<string, string> { ["versions"] = string.Join(' ', after.Versions.Select(version => version.Number)) }), token);
            return after;
        }, ct);

    private async ValueTask<PepperRing> OpenAsync(Item? item, CancellationToken ct)
    {
        var own = await keys.RequireAsync(KeyRing.Installation, ct);
        return item is not null ? JsonSerializer.Deserialize(own.Open(item), AccountsJson.Default.PepperRing)!
            : new(1, [new PepperVersion(1, [], (await StoreIdentity.ReadAsync(store, ct))?.Value.MadeAt ?? DateTimeOffset.MinValue)]);
    }
}
