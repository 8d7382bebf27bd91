using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace ReplyMint.Tests.Inbound;

/// <summary>A message of SNS, made and signed as Amazon does it; its fields can be changed before and after.</summary>
internal sealed class SnsMail
{
    private static readonly string[] NotificationOrder = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"];
    private static readonly string[] ConfirmationOrder = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"];

    public const string Topic = "arn:aws:sns:eu-west-1:123456789012:mail-in";
    public const string CertificateUrl = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem";

    public List<KeyValuePair<string, object?>> Fields { get; } = [];

    public string? this[string name]
    {
        get => Fields.Find(field => field.Key == name).Value as string;
        set
        {
            var at = Fields.FindIndex(field => field.Key == name);
            if (at >= 0)
                Fields.RemoveAt(at);
            if (value is not null)
                Fields.Insert(at >= 0 ? at : Fields.Count, new(name, value));
        }
    }

    public static SnsMail Of(string message, DateTimeOffset at, string type = "Notification", string topic = Topic) => new()
    {
        ["Type"] = type, ["MessageId"] = Guid.NewGuid().ToString(), ["TopicArn"] = topic, ["Message"] = message,
        ["Timestamp"] = at.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture),
        ["SignatureVersion"] = "2", ["SigningCertURL"] = CertificateUrl,
    };

    public static SnsMail Confirmation(DateTimeOffset at, string type = "SubscriptionConfirmation", string topic = Topic)
    {
        var mail = Of("You have chosen to subscribe to the topic.", at, type, topic);
        mail["Token"] = "2336412f37fb687f5d51e6e241d09c805a5a57b30d712f794cc5f6a988666d92";
        mail["SubscribeURL"] = $"https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={topic}&Token={mail["Token"]}";
        return mail;
    }

    public SnsMail Sign(RSA key)
    {
        var order = this["Type"] == "Notification" ? NotificationOrder : ConfirmationOrder;
        var text = string.Concat(order.Where(name => this[name] is not null).Select(name => $"{name}\n{this[name]}\n"));
        var hash = this["SignatureVersion"] == "1" ? HashAlgorithmName.SHA1 : HashAlgorithmName.SHA256;
        this["Signature"] = Convert.ToBase64String(key.SignData(Encoding.UTF8.GetBytes(text), hash, RSASignaturePadding.Pkcs1));
        return this;
    }

    public string Json() => "{" + string.Join(",", Fields.Select(field => $"{JsonSerializer.Serialize(field.Key)}:{JsonSerializer.Serialize(field.Value)}")) + "}";

    /// <summary>SES's notification of a mail that came.</summary>
    public static string Received(
        string raw, string recipient, string source = "anna@customer.example", string dmarc = "PASS", string spam = "PASS", string virus = "PASS", string encoding = "BASE64",
        string spf = "PASS", string dkim = "PASS") => $$"""
        {
          "notificationType": "Received",
          "mail": { "timestamp": "2026-11-24T11:59:30.000Z", "source": {{JsonSerializer.Serialize(source)}}, "messageId": "d6iitobk75ur44p8kdnnp7g2n800", "destination": ["somebody@else.example"], "headersTruncated": false, "headers": [], "commonHeaders": {} },
          "receipt": {
            "timestamp": "2026-11-24T11:59:30.000Z", "processingTimeMillis": 222, "recipients": {{(recipient.StartsWith('[') ? recipient : $"[\"{recipient}\"]")}},
            "spamVerdict": { "status": "{{spam}}" }, "virusVerdict": { "status": "{{virus}}" }, "spfVerdict": { "status": "{{spf}}" }, "dkimVerdict": { "status": "{{dkim}}" },
            "dmarcVerdict": { "status": "{{dmarc}}" }, "action": { "type": "SNS", "topicArn": "{{Topic}}", "encoding": "{{encoding}}" }
          },
          "content": {{JsonSerializer.Serialize(encoding == "BASE64" ? Convert.ToBase64String(Encoding.UTF8.GetBytes(raw)) : raw)}}
        }
        """;
}
