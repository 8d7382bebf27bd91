using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using ReplyMint.Security;

namespace ReplyMint.Audit;

/// <summary>
/// Signs statements of this installation (roots, checkpoints, certificates, reports): ES256 in the compact form (RFC 7515),
/// typ "replymint-KIND+jws". What is signed are the bytes of the payload as they stand there: nothing is put into an order again to
/// be verified. The keys are not those of access tokens; public ones of all times are at /.well-known/attestation-keys.json.
/// </summary>
internal sealed class Attestations(AttestationKeys keys)
{
    /// <summary>Characters of a whole statement.</summary>
    public const int MaxLength = 256 * 1024;

    /// <param name="kind">Lower-case letters and dashes, such as "root": a statement of one kind passes for no other.</param>
    /// <param name="statement">What is said.</param>
    /// <param name="type">How it is written.</param>
    /// <returns>The compact JWS.</returns>
    public async Task<string> SignAsync<T>(string kind, T statement, JsonTypeInfo<T> type, CancellationToken ct)
    {
        var key = await keys.SignerAsync(ct);
        var jws = CompactJws.Sign(key.Public with { D = key.D }, key.Id, TypeOf(kind), JsonSerializer.SerializeToUtf8Bytes(statement, type));
        return jws.Length <= MaxLength ? jws : throw new InvalidOperationException($"A statement has at most {MaxLength} characters.");
    }

    /// <summary>There is a key that signs: one that had to be made was made by now.</summary>
    public async Task ReadyAsync(CancellationToken ct) => await keys.SignerAsync(ct);

    /// <summary>What was said, or null when it is no statement of this kind that this installation signed.</summary>
    public async Task<T?> VerifyAsync<T>(string kind, string jws, JsonTypeInfo<T> type, CancellationToken ct) where T : class =>
        Verify(kind, jws, type, await keys.PublicAsync(ct));

    /// <summary>The same against given keys, without a store.</summary>
    public static T? Verify<T>(string kind, string jws, JsonTypeInfo<T> type, AttestationKeySet keys) where T : class
    {
        if (Read(jws, keys) is not { } read || read.Kind != kind)
            return null;
        try
        {
            return JsonSerializer.Deserialize(read.Payload, type);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Kind, key and payload of a genuine statement of whatever kind; null for anything else.</summary>
    public static (string Kind, string Key, byte[] Payload)? Read(string jws, AttestationKeySet keys) =>
        CompactJws.Parse(jws, MaxLength) is { Type: { } type } parsed && type.StartsWith(Prefix, StringComparison.Ordinal) && type.EndsWith(Suffix, StringComparison.Ordinal)
        && type.Length > Prefix.Length + Suffix.Length && keys.Find(parsed.KeyId) is { } key && parsed.IsSignedBy(key)
            ? (type[Prefix.Length..^Suffix.Length], parsed.KeyId, parsed.Payload) : null;

    private const string Prefix = "replymint-";
    private const string Suffix = "+jws";

    private static string TypeOf(string kind) => Prefix + kind + Suffix;
}
