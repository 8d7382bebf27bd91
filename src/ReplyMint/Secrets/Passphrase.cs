using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Org.BouncyCastle.Crypto.Generators;
using Org.BouncyCastle.Crypto.Parameters;
using ReplyMint.Security;

namespace ReplyMint.Secrets;

/// <summary>How much work it is to try a passphrase (Argon2id, RFC 9106).</summary>
internal readonly record struct KeyStretching(int MemoryKilobytes, int Passes, int Lanes)
{
    /// <summary>128 MB, and a second or more: whoever has the kit alone tries few, and a small machine can still open it.</summary>
    public static KeyStretching Usual { get; } = new(128 * 1024, 4, 1);

    /// <summary>A kit is foreign data: it must not ask for all memory of the machine that reads it.</summary>
    public bool IsSane => MemoryKilobytes is >= 64 * 1024 and <= 1024 * 1024 && Passes is >= 1 and <= 32 && Lanes is >= 1 and <= 16;
}

/// <summary>What a person remembers or keeps on paper instead of a key.</summary>
internal static class Passphrase
{
    public const int MinLength = 20;

    private const int Words = 8;
    private const string Consonants = "bdfghjklmnprstvz";
    private const string Vowels = "aiou";

    /// <summary>Eight words that can be spoken, of 16 random bits each (D. S. Wilkerson's proquints): 128 bits.</summary>
    public static string Generate()
    {
        Span<byte> random = stackalloc byte[2 * Words];
        RandomNumberGenerator.Fill(random);
        var text = new StringBuilder();
        for (var i = 0; i < random.Length; i += 2)
        {
            var bits = BinaryPrimitives.ReadUInt16BigEndian(random[i..]);
            text.Append(i > 0 ? " " : "")
                .Append(Consonants[bits >> 12]).Append(Vowels[(bits >> 10) & 3]).Append(Consonants[(bits >> 6) & 15]).Append(Vowels[(bits >> 4) & 3]).Append(Consonants[bits & 15]);
        }
        CryptographicOperations.ZeroMemory(random);
        return text.ToString();
    }

    /// <returns>The rest of a sentence that starts with "the passphrase", or null.</returns>
    public static string? Problem(string text) =>
        Of(text).Length < MinLength ? $"is shorter than {MinLength} characters" : SecretStrength.Weakness(Of(text)) is { } weak ? weak.TrimEnd('.') : null;

    /// <summary>32 bytes.</summary>
    public static byte[] Stretch(string text, byte[] salt, KeyStretching how)
    {
        var parameters = new Argon2Parameters.Builder(Argon2Parameters.Argon2id).WithVersion(Argon2Parameters.Version13)
            .WithMemoryAsKB(how.MemoryKilobytes).WithIterations(how.Passes).WithParallelism(how.Lanes).WithSalt(salt).Build();
        var generator = new Argon2BytesGenerator();
        generator.Init(parameters);
        var key = new byte[Sealing.KeyBytes];
        generator.GenerateBytes(Encoding.UTF8.GetBytes(Of(text)), key);
        return key;
    }

    /// <summary>Between words one blank is as good as another, or as a line's end.</summary>
    private static string Of(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
}
