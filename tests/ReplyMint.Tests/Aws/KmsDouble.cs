using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace ReplyMint.Tests.Aws;

/// <summary>KMS's Encrypt and Decrypt: keys that never leave it, bound to an encryption context.</summary>
internal sealed class KmsDouble
{
    private readonly Dictionary<string, byte[]> _keys = [];

    public KmsDouble(AwsFront front) => front.Doubles["TrentService."] = AnswerAsync;

    /// <summary>Said instead of an answer.</summary>
    public string? Fails { get; set; }

    /// <summary>Encryption contexts of all calls, as KMS logs them.</summary>
    public List<string> Contexts { get; } = [];

    public string NewKey()
    {
        var arn = $"arn:aws:kms:{AwsFront.Region}:123456789012:key/{Guid.NewGuid()}";
        _keys[arn] = RandomNumberGenerator.GetBytes(32);
        return arn;
    }

    private Task<AwsReply> AnswerAsync(AwsCall call) => Task.FromResult(Answer(call));

    private AwsReply Answer(AwsCall call)
    {
        if (Fails is not null)
            return AwsReply.Error(Fails);
        var id = (string)call.Json["KeyId"]!;
        if (!_keys.TryGetValue(id, out var key))
            return AwsReply.Error("NotFoundException");
        var context = call.Json["EncryptionContext"]!.ToJsonString();
        Contexts.Add(context);
        using var cipher = new AesGcm(key, 16);
        // The key's name stands before what it wrapped.
        var (name, bound) = (Encoding.ASCII.GetBytes(id), Encoding.UTF8.GetBytes(context));
        if (call.Name.EndsWith(".Encrypt", StringComparison.Ordinal))
        {
            var plain = Convert.FromBase64String((string)call.Json["Plaintext"]!);
            var (nonce, sealed_, tag) = (RandomNumberGenerator.GetBytes(12), new byte[plain.Length], new byte[16]);
            cipher.Encrypt(nonce, plain, sealed_, tag, bound);
            return AwsReply.Ok(new JsonObject { ["KeyId"] = id, ["CiphertextBlob"] = Convert.ToBase64String([.. name, .. nonce, .. tag, .. sealed_]) });
        }
        var blob = Convert.FromBase64String((string)call.Json["CiphertextBlob"]!);
        if (!blob.AsSpan().StartsWith(name))
            return AwsReply.Error("IncorrectKeyException");
        var rest = blob.AsSpan(name.Length);
        var opened = new byte[rest.Length - 28];
        try
        {
            cipher.Decrypt(rest[..12], rest[28..], rest[12..28], opened, bound);
        }
        catch (CryptographicException)
        {
            return AwsReply.Error("InvalidCiphertextException");
        }
        return AwsReply.Ok(new JsonObject { ["KeyId"] = id, ["Plaintext"] = Convert.ToBase64String(opened) });
    }
}
