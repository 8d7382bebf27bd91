using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace ReplyMint.Security;

/// <summary>
/// Stripe's webhook signature: HMAC-SHA256 over the time, a dot and the whole body under the endpoint's secret. While a secret is rolled
/// Stripe sends one signature for each, and so may we count two.
/// </summary>
internal static class StripeSignature
{
    /// <summary>How far the time may lie from our clock, in both directions.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(5);

    private const int MaxHeader = 2_000;
    private const int MaxSignatures = 16;
    private const int MaxTime = 12;

    /// <param name="secrets">All that count at present: two during a rotation.</param>
    /// <param name="header">Such as t=1614265330,v1=HEX,v1=HEX,v0=HEX. Of the schemes only v1 counts.</param>
    /// <param name="body">As it came.</param>
    public static SignatureVerdict Verify(IReadOnlyList<string> secrets, string? header, ReadOnlySpan<byte> body, DateTimeOffset now)
    {
        if (secrets.Count == 0)
            return SignatureVerdict.NoKey;
        if (!TryRead(header, out var time, out var given))
            return SignatureVerdict.Malformed;
        Span<byte> made = stackalloc byte[HMACSHA256.HashSizeInBytes];
        var genuine = false;
        // Each secret against each signature: how long it takes tells nothing about which one fits.
        foreach (var secret in secrets)
        {
            if (secret.Length == 0)
                continue;
            using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret));
            hmac.AppendData(Encoding.ASCII.GetBytes(time));
            hmac.AppendData("."u8);
            hmac.AppendData(body);
            hmac.GetHashAndReset(made);
            foreach (var one in given)
                genuine |= CryptographicOperations.FixedTimeEquals(made, one);
        }
        if (!genuine)
            return SignatureVerdict.Forged;
        var said = DateTimeOffset.UnixEpoch.AddSeconds(long.Parse(time, NumberStyles.None, CultureInfo.InvariantCulture));
        return (now - said).Duration() <= Window ? SignatureVerdict.Genuine : SignatureVerdict.Stale;
    }

    /// <summary>What Stripe would send as v1, in hex.</summary>
    public static string Make(string secret, DateTimeOffset at, ReadOnlySpan<byte> body)
    {
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret));
        hmac.AppendData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{at.ToUnixTimeSeconds()}.")));
        hmac.AppendData(body);
        return Convert.ToHexStringLower(hmac.GetHashAndReset());
    }

    private static bool TryRead(string? header, out string time, out List<byte[]> signatures)
    {
        (time, signatures) = ("", []);
        if (header is not { Length: > 0 and <= MaxHeader })
            return false;
        foreach (var part in header.Split(','))
        {
            var (name, value) = part.Split('=', 2, StringSplitOptions.TrimEntries) is [var n, var v] ? (n, v) : ("", "");
            if (name == "t")
            {
                // A second time would leave open which one was signed.
                if (time.Length > 0 || value.Length is 0 or > MaxTime || value.AsSpan().ContainsAnyExceptInRange('0', '9'))
                    return false;
                time = value;
            }
            else if (name == "v1" && value.Length == 2 * HMACSHA256.HashSizeInBytes && signatures.Count < MaxSignatures)
            {
                var bytes = new byte[HMACSHA256.HashSizeInBytes];
                if (Convert.FromHexString(value, bytes, out _, out _) == System.Buffers.OperationStatus.Done)
                    signatures.Add(bytes);
            }
        }
        return time.Length > 0 && signatures.Count > 0;
    }
}
