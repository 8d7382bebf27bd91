using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ReplyMint.Security;

internal enum SnsType { Notification, SubscriptionConfirmation, UnsubscribeConfirmation }

/// <summary>
/// What Amazon SNS posts, read strictly and not yet believed. All comes from the body: its x-amz-sns-* header fields are not
/// signed. Every field that is joined into the signed text, but the message itself, is of one line and a fixed form, so that
/// no text can be cut into fields in two ways.
/// </summary>
internal sealed record SnsMessage
{
    /// <summary>Of tokens and of certificates' names.</summary>
    public static readonly SearchValues<char> Hex = SearchValues.Create("0123456789abcdef");

    private const int MaxSubject = 1_000;
    private const int MaxToken = 2_000;
    private const string TimeForm = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    private SnsMessage(SnsWire wire, SnsTopic topic, byte[] signature) => (Wire, Topic, Signature) = (wire, topic, signature);

    private SnsWire Wire { get; }

    public SnsTopic Topic { get; }

    public byte[] Signature { get; }

    public SnsType Type { get; private init; }

    public DateTimeOffset At { get; private init; }

    public string Id => Wire.MessageId!;

    public string Text => Wire.Message!;

    /// <summary>True: SHA-256 (version 2), false: SHA-1 (version 1), which proves nothing here. Amazon signs by the one that the topic is set to.</summary>
    public bool IsSha256 => Wire.SignatureVersion == "2";

    public string CertificateUrl => Wire.SigningCertURL!;

    /// <summary>Confirmations only.</summary>
    public string? Token => Wire.Token;

    public string? SubscribeUrl => Wire.SubscribeURL;

    /// <summary>Null for what is no whole message of the documented form.</summary>
    public static SnsMessage? TryParse(ReadOnlySpan<byte> json)
    {
        SnsWire? wire;
        try
        {
            wire = JsonSerializer.Deserialize(json, SnsJson.Default.SnsWire);
        }
        catch (JsonException)
        {
            return null;
        }
        if (wire is not { Message: not null, SigningCertURL: { Length: > 0 and <= 300 }, SignatureVersion: "1" or "2" }
            || TypeOf(wire.Type) is not { } type
            || !IsId(wire.MessageId) || !IsOneLine(wire.Subject ?? "", MaxSubject)
            || wire.TopicArn is null || SnsTopic.TryParse(wire.TopicArn) is not { } topic
            || !DateTimeOffset.TryParseExact(wire.Timestamp, TimeForm, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)
            || SignatureOf(wire.Signature) is not { } signature)
            return null;
        // A confirmation has a token and an address and no subject; a notification has neither.
        var confirms = type != SnsType.Notification;
        if (confirms ? !IsToken(wire.Token) || !IsOneLine(wire.SubscribeURL, MaxToken + 1_000) || wire.Subject is not null : wire.Token is not null || wire.SubscribeURL is not null)
            return null;
        return new(wire, topic, signature) { Type = type, At = at };
    }

    /// <summary>What the signature covers: names and values, a line each, in the documented order.</summary>
    public byte[] Signed()
    {
        var text = new StringBuilder();
        Add("Message", Wire.Message);
        Add("MessageId", Wire.MessageId);
        if (Type == SnsType.Notification)
            Add("Subject", Wire.Subject);
        else
            Add("SubscribeURL", Wire.SubscribeURL);
        Add("Timestamp", Wire.Timestamp);
        if (Type != SnsType.Notification)
            Add("Token", Wire.Token);
        Add("TopicArn", Wire.TopicArn);
        Add("Type", Wire.Type);
        return Encoding.UTF8.GetBytes(text.ToString());

        void Add(string name, string? value)
        {
            if (value is not null)
                text.Append(name).Append('\n').Append(value).Append('\n');
        }
    }

    private static SnsType? TypeOf(string? type) => type switch
    {
        nameof(SnsType.Notification) => SnsType.Notification,
        nameof(SnsType.SubscriptionConfirmation) => SnsType.SubscriptionConfirmation,
        nameof(SnsType.UnsubscribeConfirmation) => SnsType.UnsubscribeConfirmation,
        _ => null,
    };

    private static bool IsId(string? id) => id is not null && Guid.TryParseExact(id, "D", out _) && !id.AsSpan().ContainsAnyInRange('A', 'Z');

    private static bool IsToken(string? token) => token is { Length: > 0 and <= MaxToken } && !token.AsSpan().ContainsAnyExcept(Hex);

    private static bool IsOneLine(string? text, int most) => text is not null && text.Length <= most && !text.AsSpan().ContainsAnyInRange('\0', '\u001f');

    private static byte[]? SignatureOf(string? text)
    {
        // Of a key of 2,048 to 4,096 bits; the decoder itself would skip white space.
        var bytes = new byte[512];
        return text is { Length: >= 344 and <= 684 } && !text.AsSpan().ContainsAny(" \t\r\n") && Convert.TryFromBase64String(text, bytes, out var length)
            ? bytes[..length] : null;
    }
}

/// <summary>Names as SNS writes them. Others may stand beside them (such as UnsubscribeURL) and count for nothing.</summary>
internal sealed record SnsWire(
    string? Type, string? MessageId, string? TopicArn, string? Subject, string? Message, string? Timestamp,
    string? SignatureVersion, string? Signature, string? SigningCertURL, string? Token, string? SubscribeURL);

[JsonSourceGenerationOptions(AllowDuplicateProperties = false, MaxDepth = 8)]
[JsonSerializable(typeof(SnsWire))]
internal sealed partial class SnsJson : JsonSerializerContext;
