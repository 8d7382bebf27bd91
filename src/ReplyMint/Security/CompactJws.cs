using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace ReplyMint.Security;

/// <summary>
/// A signed text in the compact form (RFC 7515), and only with ES256 (RFC 7518 3.4): the header chooses nothing, it has to say
/// what is expected here. No header but alg, kid, typ and iat is known; each that asks for more (crit, b64, jku, jwk, x5u ...) is refused.
/// Our own because there is one algorithm, one form, and no option to get wrong.
/// </summary>
internal sealed class CompactJws
{
    public const string Algorithm = "ES256";
    public const int SignatureBytes = 64;

    // An access token's bound; what may be longer says so.
    private const int MaxLength = 2_048;

    private readonly byte[] _signed;
    private readonly byte[] _signature;

    private CompactJws(byte[] signed, byte[] payload, byte[] signature, Header header) =>
        (_signed, Payload, _signature, KeyId, Type, SignedAt) = (signed, payload, signature, header.KeyId, header.Type, header.SignedAt);

    private readonly record struct Header(string KeyId, string? Type, DateTimeOffset? SignedAt);

    /// <summary>What was signed; believed only after <see cref="IsSignedBy"/>.</summary>
    public byte[] Payload { get; }

    /// <summary>Which key is said to have signed: a name to look up, nothing to fetch.</summary>
    public string KeyId { get; }

    public string? Type { get; }

    /// <summary>When it is said to have been signed (iat), where that is said at all.</summary>
    public DateTimeOffset? SignedAt { get; }

    /// <summary>Takes the text apart; null unless it has exactly the one form that is taken.</summary>
    /// <param name="maxLength">Longer texts are not looked at.</param>
    public static CompactJws? Parse(ReadOnlySpan<char> text, int maxLength = MaxLength)
    {
        if (text.Length > maxLength)
            return null;
        var first = text.IndexOf('.');
        var last = text.LastIndexOf('.');
        if (first <= 0 || last <= first + 1 || text[(first + 1)..last].Contains('.'))
            return null;
        if (StrictBase64Url.Decode(text[..first]) is not { } header || StrictBase64Url.Decode(text[(first + 1)..last]) is not { } payload
            || StrictBase64Url.Decode(text[(last + 1)..]) is not { Length: SignatureBytes } signature)
            return null;
        var signed = new byte[last];
        Encoding.ASCII.GetBytes(text[..last], signed);
        return ReadHeader(header) is { } said ? new(signed, payload, signature, said) : null;
    }

    /// <summary>A new key of P-256, with its private half.</summary>
    public static ECParameters NewKey()
    {
        using var made = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return made.ExportParameters(includePrivateParameters: true);
    }

    /// <summary>The signature is two numbers of 32 bytes, r and s; another form or a number out of range is no signature.</summary>
    public bool IsSignedBy(ECParameters key)
    {
        using var verifier = ECDsa.Create(key);
        return verifier.VerifyData(_signed, _signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
    }

    /// <param name="type">The media type of what is signed, such as at+jwt.</param>
    /// <param name="signedAt">To be said in the header, in whole seconds; null says nothing.</param>
    public static string Sign(ECParameters key, string keyId, string type, ReadOnlySpan<byte> payload, DateTimeOffset? signedAt = null)
    {
        var time = signedAt is { } at ? string.Create(CultureInfo.InvariantCulture, $",\"iat\":{at.ToUnixTimeSeconds()}") : "";
        var header = Encoding.ASCII.GetBytes($$"""{"alg":"{{Algorithm}}","typ":"{{type}}","kid":"{{keyId}}"{{time}}}""");
        var signed = $"{System.Buffers.Text.Base64Url.EncodeToString(header)}.{System.Buffers.Text.Base64Url.EncodeToString(payload)}";
        using var signer = ECDsa.Create(key);
        var signature = signer.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        return $"{signed}.{System.Buffers.Text.Base64Url.EncodeToString(signature)}";
    }

    private static Header? ReadHeader(ReadOnlySpan<byte> header)
    {
        if (StrictJson.Members(header) is not { } members)
            return null;
        string? algorithm = null, keyId = null, type = null;
        DateTimeOffset? signedAt = null;
        foreach (var (name, value) in members)
            switch (name)
            {
                case "alg":
                    algorithm = value.Text;
                    break;
                case "kid":
                    keyId = value.Text;
                    break;
                case "typ" when value.Text is not null:
                    type = value.Text;
                    break;
                // Within what a date can hold.
                case "iat" when value.Number is { } seconds and >= 0 and <= 253_402_300_799:
                    signedAt = DateTimeOffset.FromUnixTimeSeconds(seconds);
                    break;
                default:
                    return null;
            }
        return algorithm == Algorithm && keyId is not null ? new(keyId, type, signedAt) : null;
    }
}

/// <summary>
/// Flat JSON objects as tokens hold them: texts and whole numbers, each name once. What could be written in two ways (escapes)
/// or read in two ways (repeated names, fractions, bytes that are no UTF-8) is refused.
/// </summary>
internal static class StrictJson
{
    /// <summary>A text, or a whole number: exactly one is there.</summary>
    public readonly record struct Value(string? Text, long? Number);

    private const int MaxMembers = 16;

    public static Dictionary<string, Value>? Members(ReadOnlySpan<byte> json)
    {
        if (json.Contains((byte)'\\') || !Utf8.IsValid(json))
            return null;
        var members = new Dictionary<string, Value>(StringComparer.Ordinal);
        var reader = new Utf8JsonReader(json);
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                return null;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = reader.GetString()!;
                reader.Read();
                Value value;
                if (reader.TokenType == JsonTokenType.String)
                    value = new(reader.GetString(), null);
                else if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var number))
                    value = new(null, number);
                else
                    return null;
                if (members.Count == MaxMembers || !members.TryAdd(name, value))
                    return null;
            }
            // Nothing may follow; the reader throws on anything but white space.
            return reader.TokenType == JsonTokenType.EndObject && !reader.Read() ? members : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
