using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ReplyMint.Storage;

namespace ReplyMint.Accounts;

/// <summary>What a link leads to. Ids only; for a new tenant the address and the name are sealed beside it.</summary>
/// <param name="User">Whom it signs in; null for a new tenant's first person.</param>
/// <param name="Tenant">Where to; null is the tenant that the person joined first.</param>
/// <param name="Challenge">S256 of the verifier that the asking browser keeps (RFC 7636).</param>
/// <param name="Wrong">How many wrong verifiers came with it.</param>
internal sealed record SignInLink(int V, string? User, string? Tenant, string Challenge, int Wrong);

/// <summary>Who made a tenant by himself, sealed with the installation's key.</summary>
internal sealed record NewTenantPerson(int V, string Address, string Tenant);

/// <summary>A link as it was read, its verifier found right. It is consumed by the commit that uses it.</summary>
internal sealed record ProvedLink(SignInLink Link, NewTenantPerson? New, Item Item)
{
    /// <summary>Single use: a second commit with the same link fails.</summary>
    public void Consume(Commit commit) => commit.Delete(Item.Key, Condition.Same(Item));
}

/// <summary>
/// Links that prove control of an address (AUTH-3): 256 random bits of which only a keyed hash is stored, for 10 minutes and
/// one use, and worth nothing without the verifier of the browser that asked.
/// </summary>
internal sealed class SignInLinks(IStore store, KeyRing keys, Revocations revocations, TimeProvider time)
{
    public static readonly TimeSpan Life = TimeSpan.FromMinutes(10);
    public const string Prefix = "sign-in-link/";
    private const int MostWrong = 5;
    private const int TokenBytes = 32;

    /// <summary>256 random bits as base64url, 43 characters: a link's token, or a verifier.</summary>
    public static string NewToken() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(TokenBytes));

    /// <summary>BASE64URL(SHA256(verifier)), RFC 7636 4.2.</summary>
    public static string ChallengeOf(string verifier) => Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(verifier)));

    /// <summary>Whether a text can be a challenge: 32 bytes in base64url.</summary>
    public static bool IsChallenge(string text) => text.Length == 43 && Base64Url.IsValid(text);

    /// <summary>RFC 7636 4.1: 43 to 128 letters, digits and - . _ ~.</summary>
    public static bool IsVerifier(string text) => text.Length is >= 43 and <= 128 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_' or '~');

    /// <summary>Adds a link to a commit; the token comes back and is stored nowhere.</summary>
    public async Task<string> AddAsync(Commit commit, string? user, string? tenant, string challenge, NewTenantPerson? person, CancellationToken ct)
    {
        await revocations.HoldAsync(commit, ct);
        var own = await keys.RequireAsync(KeyRing.Installation, ct);
        var token = NewToken();
        var key = KeyOf(own, token);
        var @sealed = person is null ? default : own.Seal(key, 1, JsonSerializer.SerializeToUtf8Bytes(person, AccountsJson.Default.NewTenantPerson));
        commit.Put(key, Write(new SignInLink(1, user, tenant, challenge, 0)), Condition.Absent, @sealed, time.GetUtcNow() + Life);
        return token;
    }

    /// <summary>The link of a token whose verifier fits, or null for every reason. A wrong verifier consumes nothing, but only a few of them are borne.</summary>
    public async Task<ProvedLink?> ProveAsync(string token, string verifier, CancellationToken ct)
    {
        var own = await keys.RequireAsync(KeyRing.Installation, ct);
        return await store.RetryAsync(async (commit, inner) =>
        {
            if (await store.GetAsync(KeyOf(own, token), inner) is not { } item)
                return null;
            var link = JsonSerializer.Deserialize(item.Value.Span, AccountsJson.Default.SignInLink)!;
            if (await revocations.CoverLinkAsync(link.User, link.Tenant, MadeAt(item), inner))
                return null;
            if (CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(ChallengeOf(verifier)), Encoding.ASCII.GetBytes(link.Challenge)))
                return new ProvedLink(link, item.Sealed.IsEmpty ? null : JsonSerializer.Deserialize(own.Open(item), AccountsJson.Default.NewTenantPerson), item);
            if (link.Wrong + 1 >= MostWrong)
                commit.Delete(item.Key, Condition.Same(item));
            else
                commit.Put(item.Key, Write(link with { Wrong = link.Wrong + 1 }), Condition.Same(item),
                    item.Sealed.IsEmpty ? default : own.Seal(item.Key, item.Version + 1, own.Open(item)), item.Expires);
            return null;
        }, ct);
    }

    /// <summary>Whether a revocation ends the link of an item.</summary>
    internal ValueTask<bool> IsOfAsync(Revocation revocation, Item item, CancellationToken ct)
    {
        var link = JsonSerializer.Deserialize(item.Value.Span, AccountsJson.Default.SignInLink)!;
        return revocations.IsOfAsync(revocation, link.User, link.Tenant, MadeAt(item), ct);
    }

    private static DateTimeOffset MadeAt(Item item) => item.Expires!.Value - Life;

    private static ItemKey KeyOf(TenantKeys installation, string token) => ItemKey.Main(KeyRing.Installation, Prefix + installation.Hash("sign-in-link", token));

    private static byte[] Write(SignInLink link) => JsonSerializer.SerializeToUtf8Bytes(link, AccountsJson.Default.SignInLink);
}
