using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace ReplyMint.Tests.Accounts;

/// <summary>A browser and its authenticator in software: what they send, and what they send when something is wrong.</summary>
internal sealed class Authenticator : IDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public byte[] Credential { get; init; } = RandomNumberGenerator.GetBytes(32);
    public string Site { get; init; } = "app.shop.example";
    public string Origin { get; init; } = "https://app.shop.example";
    /// <summary>0x01 present, 0x04 verified, 0x40 credential, 0x80 extensions.</summary>
    public byte Flags { get; init; } = 0x05;
    public uint Count { get; set; }
    /// <summary>What the browser says besides; null takes a member away.</summary>
    public Dictionary<string, JsonNode?> Says { get; init; } = [];
    /// <summary>Bytes behind what belongs there.</summary>
    public byte[] More { get; init; } = [];
    public Func<byte[], byte[]> Key { get; init; } = key => key;

    public void Dispose() => _key.Dispose();

    /// <summary>The same credential and key, another behaviour.</summary>
    public Authenticator But(byte? flags = null, string? site = null, string? origin = null, Dictionary<string, JsonNode?>? says = null, byte[]? more = null, byte[]? credential = null, Func<byte[], byte[]>? key = null)
    {
        var other = new Authenticator { Credential = credential ?? Credential, Site = site ?? Site, Origin = origin ?? Origin, Flags = flags ?? Flags, Count = Count, Says = says ?? Says, More = more ?? More, Key = key ?? Key };
        other._key.ImportParameters(_key.ExportParameters(includePrivateParameters: true));
        return other;
    }

    public object Make(JsonNode options, string name = "my key") => new
    {
        name,
        clientDataJSON = Base64Url.EncodeToString(ClientData("webauthn.create", (string)options["challenge"]!)),
        authenticatorData = Base64Url.EncodeToString(Data((byte)(Flags | 0x40), [.. new byte[16], .. Length(Credential.Length), .. Credential, .. Key(CoseKey()), .. More])),
    };

    public object Use(JsonNode options, Func<byte[], byte[]>? signature = null)
    {
        var clientData = ClientData("webauthn.get", (string)options["challenge"]!);
        var data = Data(Flags, More);
        byte[] signed = [.. data, .. SHA256.HashData(clientData)];
        var signs = _key.SignData(signed, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        return new
        {
            id = Base64Url.EncodeToString(Credential), clientDataJSON = Base64Url.EncodeToString(clientData), authenticatorData = Base64Url.EncodeToString(data),
            signature = Base64Url.EncodeToString(signature?.Invoke(signs) ?? signs),
        };
    }

    private byte[] ClientData(string type, string challenge)
    {
        var said = new JsonObject { ["type"] = type, ["challenge"] = challenge, ["origin"] = Origin, ["crossOrigin"] = false };
        foreach (var (name, value) in Says)
        {
            said.Remove(name);
            if (value is not null)
                said[name] = value.DeepClone();
        }
        return Encoding.UTF8.GetBytes(said.ToJsonString());
    }

    private byte[] Data(byte flags, byte[] behind)
    {
        var count = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(count, Count);
        return [.. SHA256.HashData(Encoding.UTF8.GetBytes(Site)), flags, .. count, .. behind];
    }

    private byte[] CoseKey()
    {
        var point = _key.ExportParameters(includePrivateParameters: false).Q;
        return [0xA5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20, .. point.X!, 0x22, 0x58, 0x20, .. point.Y!];
    }

    private static byte[] Length(int length) => [(byte)(length >> 8), (byte)length];
}
