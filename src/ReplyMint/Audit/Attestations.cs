using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using ReplyMint.Security;

namespace ReplyMint.Audit;

/// <summary>
/// Signs statements of this installation (roots, checkpoints, certificates, reports): ES256 in the compact form (RFC 7515),
/// typ "replymint-KIND+jws". What is signed are the bytes of the payload as they stand there: nothing is put into an order again to
/// be verified. The keys are not those of access tokens; public ones of all times are at /.well-known/attestation-keys.json.
/// The header says when it was signed (iat). That, and the time that the payload tells of in its members "at", "doneAt" or "madeAt", must be of
/// the key's own time: whoever gets a key signs nothing for the years before it.
/// </summary>
internal sealed class Attestations(AttestationKeys keys, TimeProvider time)
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
        var jws = CompactJws.Sign(key.Public with { D = key.D }, key.Id, TypeOf(kind), JsonSerializer.SerializeToUtf8Bytes(statement, type), time.GetUtcNow());
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

    /// <summary>Kind, key, payload and time of signing of a genuine statement of whatever kind; null for anything else.</summary>
    public static (string Kind, string Key, byte[] Payload, DateTimeOffset SignedAt)? Read(string jws, AttestationKeySet keys) =>
        CompactJws.Parse(jws, MaxLength) is { Type: { } type, SignedAt: { } signed } parsed && type.StartsWith(Prefix, StringComparison.Ordinal) && type.EndsWith(Suffix, StringComparison.Ordinal)
        && type.Length > Prefix.Length + Suffix.Length && keys.Find(parsed.KeyId) is (var said, var key) && said.Covers(signed) && parsed.IsSignedBy(key) && TimesOf(parsed.Payload).TrueForAll(told => said.Covers(signed, told))
            ? (type[Prefix.Length..^Suffix.Length], parsed.KeyId, parsed.Payload, signed) : null;

    private const string Prefix = "replymint-";
    private const string Suffix = "+jws";

    // Where statements say of what time they are.
    private static readonly string[] Times = ["at", "doneAt", "madeAt"];

    /// <summary>What a payload tells of: each of its times, for whoever reads it looks at one of them.</summary>
    private static List<DateTimeOffset> TimesOf(byte[] payload)
    {
        var told = new List<DateTimeOffset>();
        try
        {
            using var said = JsonDocument.Parse(payload);
            if (said.RootElement is { ValueKind: JsonValueKind.Object } root)
                foreach (var name in Times)
                    if (root.TryGetProperty(name, out var at) && at.ValueKind == JsonValueKind.String && at.TryGetDateTimeOffset(out var time))
                        told.Add(time);
        }
        catch (JsonException)
        {
            // No JSON is no statement of any time.
        }
        return told;
    }

    private static string TypeOf(string kind) => Prefix + kind + Suffix;
}
