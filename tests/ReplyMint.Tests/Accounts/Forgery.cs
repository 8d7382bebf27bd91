using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using ReplyMint.Accounts;
using ReplyMint.Security;
using ReplyMint.Tests.Product;

namespace ReplyMint.Tests.Accounts;

/// <summary>
/// A forger's workshop. It knows a good token, the published keys, and (for what is signed rightly but says something wrong)
/// even the private key: a claim that is wrong must be refused although the signature is good.
/// </summary>
internal sealed class Forgery
{
    private Forgery(string good, SigningKey key, SigningKey foreign)
    {
        Good = good;
        Key = key;
        Foreign = foreign;
        var parts = good.Split('.');
        (Header, Payload, Signature) = (parts[0], parts[1], parts[2]);
    }

    public string Good { get; }

    public SigningKey Key { get; }

    /// <summary>The key of another installation, which names it just like this one's.</summary>
    public SigningKey Foreign { get; }

    public string Header { get; }

    public string Payload { get; }

    public string Signature { get; }

    public static async Task<Forgery> AgainstAsync(ProductHost host)
    {
        var user = await host.PersonAsync(Role.Admin);
        var good = (await host.SignInAsync(user)).AccessToken;
        var key = (await host.Get<SigningKeys>().RingAsync(default)).Keys[^1];
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var made = other.ExportParameters(true);
        return new(good, key, key with { X = made.Q.X!, Y = made.Q.Y!, D = made.D! });
    }

    public static string Url(ReadOnlySpan<byte> bytes) => Base64Url.EncodeToString(bytes);

    public static string Url(string text) => Url(Encoding.UTF8.GetBytes(text));

    /// <summary>The header as text, changed.</summary>
    public string HeaderWith(Action<JsonObject> change) => Changed(Header, change);

    public string PayloadWith(Action<JsonObject> change) => Changed(Payload, change);

    /// <summary>Signed with our own key as we sign: only what it says is wrong.</summary>
    public string Says(Action<JsonObject> change) => Sign(HeaderWith(_ => { }), PayloadWith(change));

    public string SaysRaw(string payload) => Sign(HeaderWith(_ => { }), payload);

    /// <summary>Signed rightly over another header.</summary>
    public string Headed(Action<JsonObject> change) => Sign(HeaderWith(change), PayloadWith(_ => { }));

    public string HeadedRaw(string header) => Sign(header, PayloadWith(_ => { }));

    public string Sign(string header, string payload, SigningKey? key = null, HashAlgorithmName? hash = null, DSASignatureFormat format = DSASignatureFormat.IeeeP1363FixedFieldConcatenation)
    {
        using var signer = ECDsa.Create((key ?? Key).Private);
        var signed = $"{Url(header)}.{Url(payload)}";
        return $"{signed}.{Url(signer.SignData(Encoding.ASCII.GetBytes(signed), hash ?? HashAlgorithmName.SHA256, format))}";
    }

    public string Hmac(string header, byte[] key)
    {
        var signed = $"{Url(header)}.{Payload}";
        return $"{signed}.{Url(HMACSHA256.HashData(key, Encoding.ASCII.GetBytes(signed)))}";
    }

    public string WithSignature(byte[] signature) => $"{Header}.{Payload}.{Url(signature)}";

    /// <summary>The forms of the public key that a careless verifier may take for the secret of an HMAC.</summary>
    public byte[] PublicPem()
    {
        using var key = ECDsa.Create(Key.Public);
        return Encoding.ASCII.GetBytes(key.ExportSubjectPublicKeyInfoPem());
    }

    public byte[] PublicDer()
    {
        using var key = ECDsa.Create(Key.Public);
        return key.ExportSubjectPublicKeyInfo();
    }

    public JsonObject PublicJwk(SigningKey? key = null) => new()
    {
        ["kty"] = "EC", ["crv"] = "P-256", ["x"] = Url((key ?? Key).X), ["y"] = Url((key ?? Key).Y), ["kid"] = Key.Id, ["use"] = "sig", ["alg"] = "ES256",
    };

    /// <summary>r and s as they stand in a signature.</summary>
    public static byte[] Pair(string r, string s) => [.. Convert.FromHexString(r.PadLeft(64, '0')), .. Convert.FromHexString(s.PadLeft(64, '0'))];

    private static string Changed(string part, Action<JsonObject> change)
    {
        var json = JsonNode.Parse(StrictBase64Url.Decode(part))!.AsObject();
        change(json);
        return json.ToJsonString(new System.Text.Json.JsonSerializerOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
    }
}
