using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using ReplyMint.Mail;

namespace ReplyMint.Inbound;

/// <summary>What Amazon SES says in a message of SNS: a mail that came ("Received"), or what became of one that was sent.</summary>
internal sealed record SesNotification(
    string? NotificationType, string? EventType, SesMail? Mail, SesReceipt? Receipt, string? Content, SesBounce? Bounce, SesComplaint? Complaint)
{
    private const int MaxRecipients = 100;

    /// <summary>Events have two forms with the same content: feedback notifications and event publishing.</summary>
    public string? Kind => NotificationType ?? EventType;

    /// <summary>Null when it is no JSON object, or one with members twice.</summary>
    public static SesNotification? TryParse(string text)
    {
        try
        {
            return JsonSerializer.Deserialize(text, SesJson.Default.SesNotification);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The envelope's recipients, which are those that the rule took the mail for; null when there are none or too many.</summary>
    public IReadOnlyList<string>? Recipients() =>
        Receipt?.Recipients is { Count: > 0 and <= MaxRecipients } named && named.All(recipient => !string.IsNullOrWhiteSpace(recipient))
            ? [.. named.Select(recipient => recipient.Trim()).Distinct(StringComparer.OrdinalIgnoreCase)] : null;

    /// <summary>Empty for a bounce, null when nothing was said.</summary>
    public string? ReversePath() => Mail?.Source?.Trim().Trim('<', '>');

    /// <summary>The mail as it came, or null when it is not in the message or can't be decoded.</summary>
    public byte[]? Decode()
    {
        if (string.IsNullOrEmpty(Content))
            return null;
        // A mail's header has colons, base64 has none: for messages that do not say.
        var isText = Receipt?.Action?.Encoding is { } encoding ? encoding.Equals("UTF8", StringComparison.OrdinalIgnoreCase) || encoding.Equals("UTF-8", StringComparison.OrdinalIgnoreCase)
            : Content.Contains(':', StringComparison.Ordinal);
        if (isText)
            return Encoding.UTF8.GetBytes(Content);
        var bytes = new byte[Content.Length / 4 * 3 + 3];
        return Convert.TryFromBase64String(Content, bytes, out var length) ? bytes[..length] : null;
    }

    /// <summary>What SES says of the sender. Grey, disabled and failed looks say nothing, so that rule 11 holds.</summary>
    public SenderAuthentication Verdict() => new("ses", Of(Receipt?.SpfVerdict), Of(Receipt?.DkimVerdict), Of(Receipt?.DmarcVerdict), Found(Receipt?.SpamVerdict), Found(Receipt?.VirusVerdict));

    private static AuthResult Of(SesVerdict? verdict) => verdict?.Status switch
    {
        "PASS" => AuthResult.Pass,
        "FAIL" => AuthResult.Fail,
        "PROCESSING_FAILED" => AuthResult.TempError,
        _ => AuthResult.None,
    };

    private static bool? Found(SesVerdict? verdict) => verdict?.Status switch { "FAIL" => true, "PASS" => false, _ => null };
}

internal sealed record SesMail(string? Source, DateTimeOffset? Timestamp, IReadOnlyList<SesHeader>? Headers, SesCommonHeaders? CommonHeaders);

internal sealed record SesHeader(string? Name, string? Value);

internal sealed record SesCommonHeaders(string? MessageId);

internal sealed record SesReceipt(
    IReadOnlyList<string>? Recipients, SesVerdict? SpamVerdict, SesVerdict? VirusVerdict, SesVerdict? SpfVerdict, SesVerdict? DkimVerdict, SesVerdict? DmarcVerdict, SesAction? Action);

internal sealed record SesVerdict(string? Status);

internal sealed record SesAction(string? Type, string? Encoding, string? BucketName, string? ObjectKey);

internal sealed record SesBounce(string? BounceType, IReadOnlyList<SesBounced>? BouncedRecipients, DateTimeOffset? Timestamp);

internal sealed record SesBounced(string? Status);

internal sealed record SesComplaint(DateTimeOffset? Timestamp);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, AllowDuplicateProperties = false, MaxDepth = 16)]
[JsonSerializable(typeof(SesNotification))]
internal sealed partial class SesJson : JsonSerializerContext;
