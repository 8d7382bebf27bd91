using System.Text.Json;
using ReplyMint.Security;

namespace ReplyMint.Outbound;

/// <summary>What a webhook may be: the same for a command and for a call over HTTP.</summary>
internal sealed class WebhookRules(OutsideAddress outside, HttpSettings settings)
{
    public const int MaxUrl = 1_000;
    public const int MaxDescription = 200;
    public const int MaxEvents = 10;

    private static readonly WebUrlAttribute AnUrl = new(MaxUrl);
    private static readonly LineAttribute ADescription = new(MaxDescription) { Least = 0 };

    /// <summary>What is wrong, and with which member; null when nothing is.</summary>
    public (string Member, string What)? Wrong(string url, string description, IReadOnlyList<WebhookEventKind> events)
    {
        if ((AnUrl.Wrong(url) ?? outside.Problem(new Uri(url), settings.Environment.NeedsHttps())) is { } address)
            return ("url", address);
        if (ADescription.Wrong(description) is { } text)
            return ("description", text);
        if (events.Count is 0 or > MaxEvents)
            return ("events", $"takes 1 to {MaxEvents}");
        return events.Contains(WebhookEventKind.Test) ? ("events", "webhook.test is only sent on demand") : null;
    }

    /// <summary>An event's name as receivers hear it, such as "draft.waiting".</summary>
    public static string Word(WebhookEventKind kind) => JsonSerializer.Serialize(kind, WebhookJson.Default.WebhookEventKind).Trim('"');
}
