using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace ReplyMint.Outbound;

/// <summary>Signs what a webhook is told, after Standard Webhooks 1.0: HMAC-SHA256 over id, time and body, each with a full stop between.</summary>
internal static class WebhookSignature
{
    private const int SecretBytes = 32;

    public static byte[] NewSecret() => RandomNumberGenerator.GetBytes(SecretBytes);

    /// <summary>How a secret is shown, once: "whsec_" and base64.</summary>
    public static string Show(byte[] secret) => "whsec_" + Convert.ToBase64String(secret);

    /// <summary>The value of webhook-signature: one signature for each secret that counts, the newest first.</summary>
    public static string Of(Webhook webhook, string id, DateTimeOffset now, ReadOnlySpan<byte> body)
    {
        var current = Sign(webhook.Secret, id, now, body);
        return webhook is { PreviousSecret: { } previous, PreviousUntil: { } until } && now < until ? $"{current} {Sign(previous, id, now, body)}" : current;
    }

    private static string Sign(byte[] secret, string id, DateTimeOffset now, ReadOnlySpan<byte> body)
    {
        var head = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{id}.{now.ToUnixTimeSeconds()}."));
        return "v1," + Convert.ToBase64String(HMACSHA256.HashData(secret, (byte[])[.. head, .. body]));
    }
}
