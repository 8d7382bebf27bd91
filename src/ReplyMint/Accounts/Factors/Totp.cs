using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace ReplyMint.Accounts;

/// <summary>Codes of an authenticator app (RFC 6238): SHA-1, 6 digits, 30 seconds, which is what every app knows.</summary>
internal static class Totp
{
    public const int SecretBytes = 20;
    public const int StepSeconds = 30;
    private const string Base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    public static bool IsCode(string text) => text.Length == 6 && text.All(char.IsAsciiDigit);

    /// <summary>The step of a code that is good now, one step early or late allowed; null when it is not, or not later than the last one used (RFC 6238 5.2).</summary>
    public static long? Match(ReadOnlySpan<byte> secret, string code, DateTimeOffset now, long lastStep)
    {
        var current = now.ToUnixTimeSeconds() / StepSeconds;
        long? match = null;
        // All three are compared, so that the time taken tells nothing.
        for (var step = current - 1; step <= current + 1; step++)
            if (CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(CodeAt(secret, step)), Encoding.ASCII.GetBytes(code)) && step > lastStep)
                match = step;
        return match;
    }

    /// <summary>The code of a step (RFC 4226 5.3).</summary>
    public static string CodeAt(ReadOnlySpan<byte> secret, long step)
    {
        Span<byte> counter = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(counter, step);
        Span<byte> mac = stackalloc byte[HMACSHA1.HashSizeInBytes];
#pragma warning disable CA5350 // The apps know SHA-1 only; as a MAC it is unbroken (RFC 6238 1.2).
        HMACSHA1.HashData(secret, counter, mac);
#pragma warning restore CA5350
        var number = BinaryPrimitives.ReadUInt32BigEndian(mac[(mac[^1] & 15)..]) & 0x7FFFFFFF;
        return (number % 1_000_000).ToString("D6", CultureInfo.InvariantCulture);
    }

    /// <summary>RFC 4648 6, without padding: what a person types into an app.</summary>
    public static string ToBase32(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder();
        var (buffer, bits) = (0, 0);
        foreach (var b in bytes)
        {
            buffer = ((buffer << 8) | b) & 0xFFFF;
            for (bits += 8; bits >= 5; bits -= 5)
                text.Append(Base32[(buffer >> (bits - 5)) & 31]);
        }
        if (bits > 0)
            text.Append(Base32[(buffer << (5 - bits)) & 31]);
        return text.ToString();
    }

    /// <summary>What an app reads from a QR code.</summary>
    public static string Uri(ReadOnlySpan<byte> secret, string address) =>
        $"otpauth://totp/ReplyMint:{System.Uri.EscapeDataString(address)}?secret={ToBase32(secret)}&issuer=ReplyMint&algorithm=SHA1&digits=6&period={StepSeconds}";
}
