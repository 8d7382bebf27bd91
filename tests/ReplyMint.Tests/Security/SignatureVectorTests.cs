using System.Security.Cryptography;
using System.Text.Json.Nodes;
using ReplyMint.Security;
using Xunit;

namespace ReplyMint.Tests.Security;

/// <summary>
/// Wycheproof's vectors for JSON Web Signatures, their keys, and HMAC-SHA256: whatever is invalid is refused, and of what is
/// valid exactly that is taken which the product uses. The rest is refused by design and listed here.
/// </summary>
public sealed class SignatureVectorTests
{
    // Valid, but of an algorithm that no token of ours has.
    private static readonly Dictionary<string, int> ByDesign = new() { ["HS256"] = 10, ["RS256"] = 8, ["RS384"] = 4, ["RS512"] = 4, ["PS256"] = 6, ["PS384"] = 6, ["PS512"] = 4, ["ES512"] = 2 };

    [Fact]
    public void All_vectors_of_signatures()
    {
        var (count, taken, refused) = (0, new List<int>(), new Dictionary<string, int>());
        foreach (var group in Groups("json_web_signature_test.json"))
            foreach (var test in group["tests"]!.AsArray())
            {
                count++;
                var (id, jws, valid) = ((int)test!["tcId"]!, (string)test["jws"]!, (string?)test["result"] == "valid");
                if (IsTaken(jws, [(group["public"] ?? group["private"])!.AsObject()]))
                {
                    Assert.True(valid, $"{id} ({test["comment"]}) is invalid and was taken.");
                    taken.Add(id);
                }
                else if (valid)
                    refused[AlgorithmOf(jws)] = refused.GetValueOrDefault(AlgorithmOf(jws)) + 1;
            }
        Assert.Equal(401, count);
        Assert.Equal([18, 378], taken);
        Assert.Equal(ByDesign.OrderBy(p => p.Key, StringComparer.Ordinal), refused.OrderBy(p => p.Key, StringComparer.Ordinal));
    }

    /// <summary>A curve of the same size whose signatures look alike would go unnoticed.</summary>
    [Fact]
    public void Keys_that_we_make_are_of_P_256_and_never_the_same()
    {
        var keys = Enumerable.Range(0, 16).Select(_ => CompactJws.NewKey()).ToArray();
        Assert.All(keys, key => Assert.Equal("1.2.840.10045.3.1.7", key.Curve.Oid.Value));
        Assert.Equal(keys.Length, keys.Select(key => Convert.ToHexString(key.D!)).Distinct().Count());
    }

    /// <summary>What is signed with another hash than ES256's is no ES256, whatever its header says.</summary>
    [Theory]
    [InlineData("SHA1")]
    [InlineData("SHA384")]
    [InlineData("SHA512")]
    public void Another_hash_makes_no_signature_of_ours(string hash)
    {
        var key = CompactJws.NewKey();
        var signed = CompactJws.Sign(key, "k1", "at+jwt", "{}"u8);
        Assert.True(CompactJws.Parse(signed)!.IsSignedBy(key));
        var head = signed[..signed.LastIndexOf('.')];
        using var signer = ECDsa.Create(key);
        var other = signer.SignData(System.Text.Encoding.ASCII.GetBytes(head), new HashAlgorithmName(hash), DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        Assert.False(CompactJws.Parse($"{head}.{System.Buffers.Text.Base64Url.EncodeToString(other)}")!.IsSignedBy(key));
    }

    /// <summary>Key sets of others are never read by the product; what stands here is which keys could be in its own ring.</summary>
    [Fact]
    public void All_vectors_of_key_sets()
    {
        var count = 0;
        foreach (var group in Groups("json_web_key_test.json"))
            foreach (var test in group["tests"]!.AsArray())
            {
                count++;
                var set = (group["public"] ?? group["private"])!["keys"]!.AsArray().Select(key => key!.AsObject()).ToArray();
                // Valid in it are RS256 and HS256 to HS512 only.
                Assert.False(IsTaken((string)test!["jws"]!, set), $"{test["tcId"]} ({test["comment"]}) was taken.");
            }
        Assert.Equal(26, count);
    }

    [Fact]
    public void All_vectors_of_HMAC()
    {
        var (count, taken, cut) = (0, 0, 0);
        foreach (var group in Groups("hmac_sha256_test.json"))
            foreach (var test in group["tests"]!.AsArray())
            {
                count++;
                var (key, message, tag, valid) = (Hex("key"), Hex("msg"), Hex("tag"), (string?)test!["result"] == "valid");
                // Half a tag proves half as much: such tags are refused whole, right or not.
                if ((int)group["tagSize"]! < 256)
                {
                    Assert.False(Mac.IsRight(key, message, tag));
                    Assert.Equal(valid, Mac.Of(key, message).AsSpan(0, tag.Length).SequenceEqual(tag));
                    cut++;
                    continue;
                }
                Assert.True(valid == Mac.IsRight(key, message, tag), $"{test["tcId"]} ({test["comment"]}): expected {test["result"]}.");
                taken += valid ? 1 : 0;

                byte[] Hex(string name) => Convert.FromHexString((string)test![name]!);
            }
        Assert.Equal((174, 87), (count, cut));
        Assert.InRange(taken, 30, 87);
    }

    private static bool IsTaken(string jws, JsonObject[] keys) =>
        CompactJws.Parse(jws) is { } parsed && keys.Where(key => (string?)key["kid"] == parsed.KeyId).Select(Ring).Any(key => key is { } own && IsSignedBy(parsed, own));

    /// <summary>The ring of the product holds keys of P-256, for signing, for ES256; another kind of key can't get into it.</summary>
    private static ECParameters? Ring(JsonObject key) =>
        (string?)key["kty"] == "EC" && (string?)key["crv"] == "P-256" && (string?)key["alg"] is "ES256" && (string?)key["use"] is "sig" or null && key["key_ops"] is null
            ? new() { Curve = ECCurve.NamedCurves.nistP256, Q = new() { X = StrictBase64Url.Decode((string)key["x"]!), Y = StrictBase64Url.Decode((string)key["y"]!) } } : null;

    private static bool IsSignedBy(CompactJws jws, ECParameters key)
    {
        try
        {
            return jws.IsSignedBy(key);
        }
        catch (CryptographicException)
        {
            // A point that is not on the curve makes no key.
            return false;
        }
    }

    // Two valid vectors hold a character that is none of base64url; they are only named here, never taken.
    private static string AlgorithmOf(string jws) => (string)JsonNode.Parse(StrictBase64Url.Decode(jws.Split('.')[0].Replace("?", "", StringComparison.Ordinal)))!["alg"]!;

    private static IEnumerable<JsonNode> Groups(string file) =>
        JsonNode.Parse(File.ReadAllBytes(Path.Combine(SharedData.Folder("vectors"), "jws", file)))!["testGroups"]!.AsArray().Select(group => group!);
}
