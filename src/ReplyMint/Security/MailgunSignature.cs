using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace ReplyMint.Security;

/// <summary>What the signature of a webhook proves. Only <see cref="Genuine"/> lets anything be read further.</summary>
internal enum SignatureVerdict
{
    /// <summary>No key is configured: nothing can be proved, so nothing is believed.</summary>
    NoKey = 0,
    /// <summary>A part is missing, or not of the form that the provider sends.</summary>
    Malformed = 1,
    /// <summary>Made with none of our keys.</summary>
    Forged = 2,
    /// <summary>Genuine once, but outside of the time window: a replay, or a clock that is wrong.</summary>
    Stale = 3,
    Genuine = 4,
}

/// <summary>
/// Mailgun's webhook signature: HMAC-SHA256 of timestamp and token under the webhook signing key. It does not cover the body,
/// so a genuine one proves only that Mailgun spoke lately; the caller must also see to it that the token is spent once.
/// </summary>
internal static class MailgunSignature
{
    /// <summary>How far the timestamp may lie from our clock, in both directions. A token must be remembered for twice as long.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(5);

    private const int TimestampLength = 10;
    private const int TokenLength = 50;
    private const int HexLength = 2 * HMACSHA256.HashSizeInBytes;

    /// <param name="signingKeys">All keys that count at present: two during a rotation.</param>
    /// <param name="timestamp">10 digits, seconds since 1970.</param>
    /// <param name="token">50 characters; recorded ones have a-z, 0-9 and '-', newer ones are hex.</param>
    /// <param name="signature">64 lower-case hex digits.</param>
    public static SignatureVerdict Verify(IReadOnlyList<string> signingKeys, string? timestamp, string? token, string? signature, DateTimeOffset now)
    {
        if (signingKeys.Count == 0)
            return SignatureVerdict.NoKey;
        if (!IsTimestamp(timestamp) || !IsToken(token) || !IsHex(signature))
            return SignatureVerdict.Malformed;

        Span<byte> given = stackalloc byte[HMACSHA256.HashSizeInBytes];
        Convert.FromHexString(signature, given, out _, out _);
        Span<byte> signed = stackalloc byte[TimestampLength + TokenLength];
        Encoding.ASCII.GetBytes(timestamp, signed);
        Encoding.ASCII.GetBytes(token, signed[TimestampLength..]);
        Span<byte> made = stackalloc byte[HMACSHA256.HashSizeInBytes];
        var genuine = false;
        // Every key is tried: how long it takes tells nothing about which one it was.
        foreach (var key in signingKeys)
        {
            if (key.Length == 0)
                continue;
            HMACSHA256.HashData(Encoding.UTF8.GetBytes(key), signed, made);
            genuine |= CryptographicOperations.FixedTimeEquals(made, given);
        }
        if (!genuine)
            return SignatureVerdict.Forged;
        var said = DateTimeOffset.FromUnixTimeSeconds(long.Parse(timestamp, NumberStyles.None, CultureInfo.InvariantCulture));
        return (now - said).Duration() <= Window ? SignatureVerdict.Genuine : SignatureVerdict.Stale;
    }

    private static bool IsTimestamp([NotNullWhen(true)] string? text) =>
        text is { Length: TimestampLength } && !text.AsSpan().ContainsAnyExceptInRange('0', '9');

    private static bool IsToken([NotNullWhen(true)] string? text) =>
        text is { Length: TokenLength } && !text.AsSpan().ContainsAnyExcept(TokenCharacters);

    private static bool IsHex([NotNullWhen(true)] string? text) =>
        text is { Length: HexLength } && !text.AsSpan().ContainsAnyExcept(HexDigits);

    private static readonly SearchValues<char> TokenCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");
    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");
}
