using System.Buffers.Binary;
using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace ReplyMint.Accounts;

/// <summary>Where passkeys belong: they are bound to the front end's name, and used from its pages only.</summary>
/// <param name="Id">The host of the page (WebAuthn calls it the RP ID).</param>
/// <param name="Origin">Scheme, host and port of the page.</param>
internal sealed record PasskeyHome(string Id, string Origin)
{
    public static PasskeyHome? Of(AccountsSettings settings) =>
        settings.SignInUrl is { } page && Uri.TryCreate(page, UriKind.Absolute, out var uri) ? new(uri.IdnHost, OriginOf(uri)) : null;

    /// <summary>As browsers write it: A-labels, and no port that goes without saying (RFC 6454 6.2).</summary>
    private static string OriginOf(Uri page)
    {
        var host = page.HostNameType == UriHostNameType.IPv6 ? $"[{page.IdnHost}]" : page.IdnHost;
        return page.IsDefaultPort ? $"{page.Scheme}://{host}" : string.Create(CultureInfo.InvariantCulture, $"{page.Scheme}://{host}:{page.Port}");
    }
}

/// <summary>What a new credential is.</summary>
/// <param name="Id">The authenticator's own id for it.</param>
/// <param name="Key">x and y of a point on P-256, 64 bytes.</param>
internal sealed record NewCredential(byte[] Id, byte[] Key, uint Count);

/// <summary>
/// The part of Web Authentication (level 2) that is accepted here, and nothing beside it: ES256 keys, no attestation, user
/// present and verified, one origin; extensions are passed over. What is accepted has one form only, so that nothing has to be interpreted.
/// </summary>
internal static class WebAuthn
{
    public const int Es256 = -7;
    public const string Create = "webauthn.create";
    public const string Get = "webauthn.get";

    private const int MaxClientData = 4_096;
    private const byte UserPresent = 0x01, UserVerified = 0x04, HasCredential = 0x40, HasExtensions = 0x80;
    private const int HeadBytes = 37;
    private const int MaxIdBytes = 1_023;

    // COSE_Key {1: 2, 3: -7, -1: 1, -2: x, -3: y} in the one form that CTAP2 allows (canonical CBOR): fixed bytes around x and y.
    private static readonly byte[] BeforeX = [0xA5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20];
    private static readonly byte[] BeforeY = [0x22, 0x58, 0x20];
    private const int KeyBytes = 10 + 32 + 3 + 32;

    /// <summary>The challenge that the browser's own account of the ceremony names; null when it is of another kind, origin or form (7.1 step 6 to 10, 7.2 step 10 to 14).</summary>
    public static byte[]? ChallengeOf(ReadOnlyMemory<byte> clientData, string type, PasskeyHome home)
    {
        if (clientData.Length > MaxClientData)
            return null;
        try
        {
            using var json = JsonDocument.Parse(clientData, new JsonDocumentOptions { MaxDepth = 4, AllowDuplicateProperties = false });
            var said = json.RootElement;
            return said.ValueKind == JsonValueKind.Object
                && Text(said, "type") == type && Text(said, "origin") == home.Origin && Text(said, "challenge") is { } challenge
                && (!said.TryGetProperty("crossOrigin", out var cross) || cross.ValueKind == JsonValueKind.False) && !said.TryGetProperty("topOrigin", out _)
                && Base64Url.IsValid(challenge) ? Base64Url.DecodeFromChars(challenge) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Reads the authenticator's data of a registration (6.1, 6.5.1).</summary>
    public static NewCredential? ReadNew(ReadOnlySpan<byte> data, PasskeyHome home)
    {
        if (CountOf(data, home, HasCredential) is not { } count || data.Length < HeadBytes + 18)
            return null;
        var length = BinaryPrimitives.ReadUInt16BigEndian(data[(HeadBytes + 16)..]);
        var end = HeadBytes + 18 + length + KeyBytes;
        if (length is 0 or > MaxIdBytes || !EndsAt(data, end))
            return null;
        var id = data.Slice(HeadBytes + 18, length);
        var key = data[(end - KeyBytes)..end];
        if (!key.StartsWith(BeforeX) || !key[42..].StartsWith(BeforeY))
            return null;
        byte[] point = [.. key[10..42], .. key[45..]];
        using var ecdsa = Open(point);
        return ecdsa is null ? null : new NewCredential(id.ToArray(), point, count);
    }

    /// <summary>Verifies an assertion (7.2 step 15 to 21). The new count comes back, or null when anything is wrong.</summary>
    public static uint? Verify(ReadOnlySpan<byte> data, ReadOnlySpan<byte> clientData, ReadOnlySpan<byte> signature, byte[] key, PasskeyHome home)
    {
        if (CountOf(data, home, 0) is not { } count || !EndsAt(data, HeadBytes))
            return null;
        using var ecdsa = Open(key);
        byte[] signed = [.. data, .. SHA256.HashData(clientData)];
        return ecdsa?.VerifyData(signed, signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence) == true ? count : null;
    }

    private static uint? CountOf(ReadOnlySpan<byte> data, PasskeyHome home, byte more)
    {
        if (data.Length < HeadBytes || !CryptographicOperations.FixedTimeEquals(data[..32], SHA256.HashData(Encoding.UTF8.GetBytes(home.Id))))
            return null;
        return (data[32] & (UserPresent | UserVerified | HasCredential)) == (UserPresent | UserVerified | more)
            ? BinaryPrimitives.ReadUInt32BigEndian(data[33..]) : null;
    }

    /// <summary>Nothing stands behind what was read, or where the authenticator says so its extensions, and nothing behind these.</summary>
    private static bool EndsAt(ReadOnlySpan<byte> data, int end) =>
        (data[32] & HasExtensions) == 0 ? data.Length == end : data.Length > end && ExtensionOutput.Is(data[end..]);

    /// <summary>Null when the point lies on no curve.</summary>
    private static ECDsa? Open(byte[] key)
    {
        try
        {
            return ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new ECPoint { X = key[..32], Y = key[32..] } });
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private static string? Text(JsonElement of, string name) => of.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
