using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace ReplyMint.Security;

/// <summary>What an access token says, once its signature was proved: ids and times, never a right.</summary>
/// <param name="KeyId">Which key signed it.</param>
internal sealed record AccessToken(string User, string Tenant, string Session, DateTimeOffset ExpiresAt, string KeyId);

/// <summary>Who makes tokens and for whom: both must be ours, to the letter.</summary>
internal sealed record TokenIssuer(string Issuer, string Audience);

/// <summary>
/// Access tokens (AUTH-2; RFC 7519, with RFC 9068's type so that no other JWT passes for one): signed with ES256, alive for ten
/// minutes. Exactly the nine claims that we write are taken, in the types that we write them in.
/// </summary>
internal sealed class AccessTokens(TokenIssuer issuer, TimeProvider time)
{
    public const string Type = "at+jwt";
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    // A clock that is set back by less than this makes no fresh token one of the future.
    private static readonly TimeSpan Early = TimeSpan.FromSeconds(10);
    private const int Claims = 9;
    private const int MaxIdLength = 64;

    public (string Text, DateTimeOffset ExpiresAt) Write(string user, string tenant, string session, string id, string keyId, ECParameters key)
    {
        var now = time.GetUtcNow().ToUnixTimeSeconds();
        var end = now + (long)Lifetime.TotalSeconds;
        var payload = new System.Buffers.ArrayBufferWriter<byte>(512);
        // Relaxed, since a plus or an umlaut must not become an escape, which the reader refuses; nobody shows this on a page.
        using (var writer = new Utf8JsonWriter(payload, new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            writer.WriteString("iss", issuer.Issuer);
            writer.WriteString("aud", issuer.Audience);
            writer.WriteString("sub", user);
            writer.WriteString("tenant", tenant);
            writer.WriteString("sid", session);
            writer.WriteNumber("nbf", now - (long)Early.TotalSeconds);
            writer.WriteNumber("iat", now);
            writer.WriteNumber("exp", end);
            writer.WriteString("jti", id);
            writer.WriteEndObject();
        }
        return (CompactJws.Sign(key, keyId, Type, payload.WrittenSpan), DateTimeOffset.FromUnixTimeSeconds(end));
    }

    /// <summary>Null for whatever is not one of ours that is valid now.</summary>
    /// <param name="text">The token.</param>
    /// <param name="key">The public key of an id, or null for one that is not (or no longer) ours.</param>
    public AccessToken? Read(ReadOnlySpan<char> text, Func<string, ECParameters?> key)
    {
        if (CompactJws.Parse(text) is not { Type: Type, SignedAt: null } token || key(token.KeyId) is not { } signer || !token.IsSignedBy(signer))
            return null;
        if (StrictJson.Members(token.Payload) is not { Count: Claims } claims || Text("iss") != issuer.Issuer || Text("aud") != issuer.Audience)
            return null;
        if (Id("sub") is not { } user || Id("tenant") is not { } tenant || Id("sid") is not { } session || Id("jti") is null)
            return null;
        if (Seconds("nbf") is not { } from || Seconds("iat") is not { } made || Seconds("exp") is not { } end)
            return null;
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        // The last line: even a token that we should have signed by mistake lives no longer than any other.
        return from * 1000 <= now && now < end * 1000 && from <= made && end - from <= (long)(Lifetime + Early).TotalSeconds
            ? new(user, tenant, session, DateTimeOffset.FromUnixTimeSeconds(end), token.KeyId) : null;

        string? Text(string name) => claims.TryGetValue(name, out var value) ? value.Text : null;

        string? Id(string name) => Text(name) is { Length: > 0 and <= MaxIdLength } id && id.All(char.IsAsciiLetterOrDigit) ? id : null;

        // Within what a date can hold, so that no sum runs over.
        long? Seconds(string name) => claims.TryGetValue(name, out var value) && value.Number is >= 0 and <= 253_402_300_799 ? value.Number : null;
    }
}
