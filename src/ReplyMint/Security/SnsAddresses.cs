using Microsoft.AspNetCore.WebUtilities;

namespace ReplyMint.Security;

/// <summary>
/// The only addresses that a message of SNS makes us call: at the one host of its topic's region, by https, of a fixed form.
/// They are compared as text with what we would write, so no reader of addresses can be fooled; then read once more.
/// </summary>
internal static class SnsAddresses
{
    private const string Certificate = "SimpleNotificationService-";
    private const string Extension = ".pem";

    /// <summary>Null unless it is https://sns.REGION.amazonaws.com/SimpleNotificationService-HEX.pem.</summary>
    public static Uri? OfCertificate(SnsTopic topic, string url)
    {
        var start = $"https://{topic.Host}/{Certificate}";
        if (!url.StartsWith(start, StringComparison.Ordinal) || !url.EndsWith(Extension, StringComparison.Ordinal))
            return null;
        var name = url.AsSpan(start.Length, Math.Max(0, url.Length - start.Length - Extension.Length));
        return name.Length is >= 8 and <= 64 && !name.ContainsAnyExcept(SnsMessage.Hex) ? Pinned(topic, url) : null;
    }

    /// <summary>
    /// Null unless the message's own address confirms exactly its topic with exactly its token. What is returned is written by us.
    /// </summary>
    public static Uri? OfConfirmation(SnsMessage message)
    {
        var start = $"https://{message.Topic.Host}/?";
        if (message.SubscribeUrl is not { } url || !url.StartsWith(start, StringComparison.Ordinal) || url.Contains('#', StringComparison.Ordinal))
            return null;
        var query = QueryHelpers.ParseQuery(url[start.Length..]);
        if (query.Count != 3 || !Is("Action", "ConfirmSubscription") || !Is("TopicArn", message.Topic.Arn) || !Is("Token", message.Token!))
            return null;
        return Pinned(message.Topic, $"{start}Action=ConfirmSubscription&TopicArn={Uri.EscapeDataString(message.Topic.Arn)}&Token={message.Token}");

        bool Is(string name, string value) => query.TryGetValue(name, out var given) && given.Count == 1 && given[0] == value;
    }

    private static Uri? Pinned(SnsTopic topic, string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Scheme == Uri.UriSchemeHttps && uri.IdnHost == topic.Host && uri.Port == 443 && uri.UserInfo.Length == 0
            ? uri : null;
}
