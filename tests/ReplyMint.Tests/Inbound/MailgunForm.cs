using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace ReplyMint.Tests.Inbound;

/// <summary>What Mailgun posts: the parsed form of a mail, and the three fields of its signature.</summary>
internal static class MailgunForm
{
    public static List<KeyValuePair<string, string>> Mail(string recipient = "help@example.com", string id = "1@customer.example", string text = "When do you open?", params string[] headers)
    {
        var pairs = new List<string[]>
        {
            new[] { "From", "Ann <ann@customer.example>" }, new[] { "To", recipient }, new[] { "Subject", "Opening hours" },
            new[] { "Message-Id", $"<{id}>" }, new[] { "Date", "Tue, 24 Nov 2026 11:59:00 +0000" }, new[] { "Content-Type", "text/plain; charset=iso-8859-1" },
        };
        pairs.AddRange(headers.Select(h => h.Split(": ", 2)));
        return
        [
            new("recipient", recipient), new("sender", "ann@customer.example"), new("from", "Ann <ann@customer.example>"), new("subject", "Opening hours"),
            .. pairs.Select(p => new KeyValuePair<string, string>(p[0], p[1])),
            new("message-headers", JsonSerializer.Serialize(pairs)), new("body-plain", text),
        ];
    }

    public static List<KeyValuePair<string, string>> Sign(string key, DateTimeOffset at, string token)
    {
        var timestamp = at.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var signature = Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.ASCII.GetBytes(key), Encoding.ASCII.GetBytes(timestamp + token)));
        return [new("timestamp", timestamp), new("token", token), new("signature", signature)];
    }
}
