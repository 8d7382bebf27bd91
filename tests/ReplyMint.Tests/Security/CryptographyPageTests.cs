using System.Text.RegularExpressions;
using Xunit;

namespace ReplyMint.Tests.Security;

/// <summary>docs/cryptography.md names every algorithm that the product calls, by whose implementation, and the old ones are where it says and nowhere else.</summary>
public sealed partial class CryptographyPageTests
{
    private const string Anywhere = "";

    /// <summary>What code may call: the words of its row, and the only files that may where that matters. Whoever adds one adds the row.</summary>
    private static readonly Dictionary<string, (string Row, string Files)> Called = new(StringComparer.Ordinal)
    {
        ["AesGcm"] = ("AES-256-GCM", "ReplyMint/Secrets/PassphraseSeal.cs ReplyMint/Security/Sealing.cs"),
        ["ChaCha20Poly1305"] = ("ChaCha20-Poly1305", "ReplyMint/Security/Sealing.cs"),
        ["HMACSHA256"] = ("HMAC-SHA-256", Anywhere),
        ["SHA256"] = ("SHA-256", Anywhere),
        ["HashAlgorithmName.SHA256"] = ("SHA-256", Anywhere),
        ["HKDF"] = ("HKDF-SHA-256", "ReplyMint/Security/KeyDerivation.cs"),
        ["ECDsa"] = ("ECDSA on P-256", "ReplyMint/Accounts/Factors/WebAuthn.cs ReplyMint/Security/CompactJws.cs"),
        ["Argon2BytesGenerator"] = ("Argon2id", "ReplyMint/Secrets/Passphrase.cs"),
        ["Argon2Parameters"] = ("Argon2id", "ReplyMint/Secrets/Passphrase.cs"),
        ["Ed25519PublicKeyParameters"] = ("RSA with PKCS#1 v1.5 of 1,024 to 4,096 bits, or Ed25519", "ReplyMint/Inbound/Senders/DkimKeys.cs"),
        ["HMACSHA1"] = ("HMAC-SHA-1", "ReplyMint/Accounts/Factors/Totp.cs"),
        ["RSASignaturePadding"] = ("RSA with PKCS#1 v1.5 and SHA-256, 2,048 bits and more", "ReplyMint/Security/SnsSignature.cs"),
        ["RSA"] = ("RSA with PKCS#1 v1.5", "ReplyMint/Inbound/Senders/DkimKeys.cs ReplyMint/Security/SnsSignature.cs"),
    };

    /// <summary>Who uses one without its name, since another made it for them.</summary>
    private static readonly Dictionary<string, string[]> Handed = new(StringComparer.Ordinal) { ["RSA"] = ["ReplyMint/Security/SnsCertificates.cs"] };

    private static readonly string[] Implementations =
        ["Org.BouncyCastle.Crypto", "Org.BouncyCastle.Crypto.Generators", "Org.BouncyCastle.Crypto.Parameters", "Org.BouncyCastle.Math", "System.Security.Cryptography", "System.Security.Cryptography.X509Certificates"];

    private static readonly string Source = Path.Combine(HouseTests.Root, "src");

    private static readonly List<(string File, string Code)> Files = [.. Directory.EnumerateFiles(Source, "*.cs", SearchOption.AllDirectories)
        .Select(file => (File: Path.GetRelativePath(Source, file).Replace('\\', '/'), file))
        .Where(one => !one.File.Contains("/obj/", StringComparison.Ordinal) && !one.File.Contains("/bin/", StringComparison.Ordinal))
        .Select(one => (one.File, string.Join('\n', File.ReadLines(one.file).Where(line => !line.TrimStart().StartsWith("//", StringComparison.Ordinal)))))];

    [Fact]
    public void No_algorithm_is_called_that_the_page_does_not_name_and_old_ones_where_it_says_only()
    {
        var found = Files.SelectMany(one => Algorithm().Matches(one.Code).Select(match => (Name: match.Value, one.File))).Distinct().ToLookup(one => one.Name, one => one.File, StringComparer.Ordinal);
        Assert.Equal(Called.Keys.Order(StringComparer.Ordinal), found.Select(group => group.Key).Order(StringComparer.Ordinal));
        var page = File.ReadAllText(Path.Combine(HouseTests.Root, "docs", "cryptography.md"));
        foreach (var (name, (row, files)) in Called)
        {
            Assert.Contains($"\n| {row}", page, StringComparison.Ordinal);
            if (files.Length > 0)
                Assert.True(files == string.Join(' ', found[name].Order(StringComparer.Ordinal)), $"{name} is called in {string.Join(' ', found[name])}");
        }
    }

    /// <summary>The same of what was compiled: an algorithm of our own in the place of the platform's is missed here.</summary>
    [Fact]
    public void Each_algorithm_is_called_where_the_page_says()
    {
        foreach (var (name, (_, files)) in Called.Where(one => !one.Key.Contains('.', StringComparison.Ordinal)))
        {
            var found = CompiledCalls.All.Where(call => call.Type == name).Select(call => call.File).Distinct().Order(StringComparer.Ordinal).ToArray();
            Assert.True(ReferenceEquals(files, Anywhere) ? found.Length > 0 : found.SequenceEqual(files.Split(' ').Concat(Handed.GetValueOrDefault(name, [])).Order(StringComparer.Ordinal)), $"{name} is called in {string.Join(' ', found)}");
        }
    }

    /// <summary>All of it is the platform's or a package's that many look at.</summary>
    [Fact]
    public void Nothing_else_does_cryptography_for_us() =>
        Assert.Equal(Implementations, Files.SelectMany(one => Import().Matches(one.Code).Select(match => match.Groups[1].Value)).Distinct().Order(StringComparer.Ordinal));

    [GeneratedRegex(@"HashAlgorithmName\.\w+|\b(?:Aes(?:Gcm|Ccm)?|TripleDES|DES|RC2|ChaCha20Poly1305|HMAC(?:SHA\w+|MD5)|(?:SHA|Kmac|Shake)\d+\w*|MD5|RSA(?:SignaturePadding|EncryptionPadding)?|DSA|ECDsa|ECDiffieHellman|HKDF|Rfc2898DeriveBytes|PasswordDeriveBytes|SP800108\w+|MLKem|MLDsa|SlhDsa|Argon2\w+|Ed25519\w*|CryptoStream|CipherMode|PaddingMode)\b(?=[.(<])")]
    private static partial Regex Algorithm();

    [GeneratedRegex(@"^using ((?:System\.Security\.Cryptography|Org\.BouncyCastle|NSec|Sodium)[\w.]*);", RegexOptions.Multiline)]
    private static partial Regex Import();
}
