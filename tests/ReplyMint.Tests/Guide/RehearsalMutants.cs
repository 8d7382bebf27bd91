using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Incidents;
using ReplyMint.Storage;
using ReplyMint.Tests.Product;

namespace ReplyMint.Tests.Guide;

/// <summary>A service from which one protection was taken.</summary>
/// <param name="Name">Which.</param>
/// <param name="Controls">Which rehearsal names it, and which depend on it.</param>
internal sealed record RehearsalMutant(string Name, params string[] Controls)
{
    public Func<string, string> Ask { get; init; } = asked => asked;

    public Func<string, string, string?> Answer { get; init; } = (_, answered) => answered;

    public Func<string, string>? Smtp { get; init; }

    public Func<string, string> SmtpAsk { get; init; } = said => said;

    /// <summary>False: the service's clock stands still.</summary>
    public bool Clock { get; init; } = true;

    public Func<ReplyMintSettings, ReplyMintSettings> Settings { get; init; } = settings => settings;

    public Action<IServiceCollection>? Services { get; init; }

    public Action<WebApplication>? Routes { get; init; }

    /// <summary>What is done to the store.</summary>
    public Func<ProductHost, Task>? Change { get; init; }

    /// <summary>Which groups play, the control's own when nothing says.</summary>
    public string[]? Groups { get; init; }

    public bool Plays(string control) => (Groups ?? [Controls[0].Split('-')[0] + "-"]).Any(group => control.StartsWith(group, StringComparison.Ordinal));
}

internal static partial class RehearsalMutants
{
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";

    /// <summary>Taken away by a proxy in front of a good service.</summary>
    public static IReadOnlyList<RehearsalMutant> Proxies { get; } =
    [
        new("a revoked key works on", "AUTH-1", "AUTH-7") { Answer = (asked, answered) => asked.StartsWith("GET /api/v1/me ", StringComparison.Ordinal) && asked.Contains("X-API-Key: ", StringComparison.Ordinal) ? Let(answered, 401) : answered },
        new("a key opens what its scopes don't name", "AUTH-1") { Answer = (asked, answered) => asked.StartsWith("GET /api/v1/messages ", StringComparison.Ordinal) && asked.Contains("X-API-Key: ", StringComparison.Ordinal) ? Let(answered, 403) : answered },
        new("a token with any signature works", "AUTH-2") { Answer = (asked, answered) => asked.StartsWith("GET /api/v1/me ", StringComparison.Ordinal) && asked.Contains("Bearer ", StringComparison.Ordinal) ? Let(answered, 401) : answered },
        new("a refresh token is good twice", "AUTH-2") { Answer = (asked, answered) => asked.StartsWith("POST /api/v1/session/refresh ", StringComparison.Ordinal) ? Let(answered, 401) : answered },
        new("a member raises himself", "AUTH-4") { Answer = (asked, answered) => asked.StartsWith("PUT /api/v1/members/", StringComparison.Ordinal) ? Let(answered, 403) : answered },
        new("an administrator needs no second factor", "AUTH-4") { Answer = (asked, answered) => asked.StartsWith("POST /api/v1/keys ", StringComparison.Ordinal) ? Let(answered, 403) : answered },
        new("another tenant's mailbox can be read", "AUTH-5") { Answer = (asked, answered) => asked.StartsWith("GET /api/v1/mailboxes/", StringComparison.Ordinal) ? Let(answered, 404) : answered },
        new("another tenant's things are told apart from none", "AUTH-5") { Answer = (asked, answered) => asked.StartsWith("GET /api/v1/keys/", StringComparison.Ordinal) ? Regex.Replace(answered, "HTTP/1.1 404(.|\n)*", _ => $"HTTP/1.1 404 Not Found\r\nContent-Type: application/problem+json\r\nConnection: close\r\n\r\n{{\"title\":\"{Random.Shared.Next()}\"}}") : answered },
        new("a webhook takes mail for nobody", "MAIL-1") { Answer = (asked, answered) => asked.StartsWith("POST /webhooks/mailgun/", StringComparison.Ordinal) ? Let(answered, 406) : answered },
        new("SMTP takes mail for nobody", "MAIL-1") { Smtp = said => said.Replace("550 ", "250 ", StringComparison.Ordinal) },
        new("the same mail is another message each time", "MAIL-4") { Answer = (asked, answered) => asked.StartsWith("POST /api/v1/messages?", StringComparison.Ordinal) && answered.Contains("\"duplicate\":true", StringComparison.Ordinal) ? AnotherId(answered) : answered },
        new("a key may override the guard", "MAIL-7") { Answer = (asked, answered) => asked.Contains("/approve ", StringComparison.Ordinal) ? Let(answered, 403) : answered },
        new("a link passes the guard", "MAIL-7") { Answer = (asked, answered) => asked.Contains("/approve ", StringComparison.Ordinal) ? Let(answered, 422) : answered },
        new("an isolated tenant writes", "IR-1") { Answer = (asked, answered) => asked.StartsWith("POST /api/v1/messages ", StringComparison.Ordinal) ? Let(answered, 403) : answered },
        new("an isolated tenant can't read", "IR-1") { Answer = (asked, answered) => asked.StartsWith("GET /api/v1/messages ", StringComparison.Ordinal) ? "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" : answered },
        new("a link lets in more than once", "AUTH-3") { Answer = (asked, answered) => asked.StartsWith("POST /api/v1/sign-in/complete ", StringComparison.Ordinal) ? Let(answered, 400) : answered },
        new("the answer tells who has an account", "AUTH-3") { Answer = (asked, answered) => asked.StartsWith("POST /api/v1/sign-in ", StringComparison.Ordinal) && asked.Contains(".guests.invalid", StringComparison.Ordinal) ? Let(answered, 202) : answered },
        new("a key may ask without end", "AUTH-6") { Answer = (asked, answered) => asked.Contains("/raw ", StringComparison.Ordinal) ? Let(answered, 429) : answered },
        new("guessing is free", "AUTH-7") { Answer = (asked, answered) => asked.StartsWith("GET /api/v1/me ", StringComparison.Ordinal) && answered.StartsWith("HTTP/1.1 429", StringComparison.Ordinal) ? "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" : answered },
        new("a subject may hold line ends", "INPUT-3") { Answer = (asked, answered) => asked.StartsWith("POST /api/v1/messages ", StringComparison.Ordinal) ? Let(answered, 400) : answered },
        new("a mail's HTML is shown as it came", "INPUT-3") { Answer = (asked, answered) => asked.StartsWith("GET /api/v1/messages/", StringComparison.Ordinal) ? Whole("{\"text\":\"<p onclick='steal()'>\"}") : answered },
        new("a webhook needs no good signature", "INPUT-4") { Answer = (asked, answered) => asked.StartsWith("POST /webhooks/mailgun/", StringComparison.Ordinal) ? Let(answered, 401) : answered },
        new("anybody signs for Stripe", "INPUT-4") { Answer = (asked, answered) => asked.StartsWith("POST /webhooks/stripe", StringComparison.Ordinal) ? Ok : answered },
        new("any certificate signs for Amazon", "INPUT-4") { Answer = (asked, answered) => asked.StartsWith("POST /webhooks/ses/", StringComparison.Ordinal) ? Ok : answered },
        new("a mail's orders are obeyed", "INPUT-5") { Answer = (asked, answered) => asked.Contains("/test ", StringComparison.Ordinal) && Order().Match(asked) is { Success: true } order ? Whole($"{{\"ending\":\"answer\",\"text\":\"{order.Value}\"}}") : answered },
        new("webhooks may lead to the metadata service", "INPUT-6") { Answer = (asked, answered) => asked.StartsWith("POST /api/v1/webhooks ", StringComparison.Ordinal) ? Let(answered, 400) : answered },
        KeepsAttachments(),
        new("who was erased can be found", "GDPR-2") { Answer = (asked, answered) => asked.StartsWith("GET /api/v1/messages/", StringComparison.Ordinal) ? Let(answered, 404) : answered },
        new("an export can't be fetched in parts", "GDPR-3") { Answer = (asked, answered) => asked.Contains("/file ", StringComparison.Ordinal) ? Ok : answered },
        new("a withdrawal is not written down", "GDPR-4") { Ask = asked => asked.Replace("\"given\":false", "\"given\": true", StringComparison.Ordinal) },
        new("a secret that was dropped counts on", "SEC-2") { Answer = (asked, answered) => asked.StartsWith("POST /webhooks/mailgun/", StringComparison.Ordinal) ? Let(answered, 401) : answered },
        new("mails are answered to somebody else", "MAIL-2", "MAIL-4", "MAIL-5") { Ask = asked => asked.StartsWith("POST /api/v1/messages?", StringComparison.Ordinal) ? asked.Replace("From: A guest <guest", "From: A guest <third", StringComparison.Ordinal) : asked },
        new("threads have no rate", "MAIL-5") { Ask = asked => asked.Replace("In-Reply-To: <", "X-Elsewhere: <", StringComparison.Ordinal).Replace("Re: When are you open?", "Do you sell trousers???", StringComparison.Ordinal) },
        new("any line end ends a mail", "MAIL-8") { SmtpAsk = said => said.Replace("\n.\n", "\r\n.\r\n", StringComparison.Ordinal).Replace("\r\r\n", "\r\n", StringComparison.Ordinal) },
        new("who is isolated or revoked is let in", "IR-1", "IR-2") { Answer = (asked, answered) => asked.StartsWith("GET /api/v1/me ", StringComparison.Ordinal) ? Let(answered, 401) : answered },
    ];

    /// <summary>Taken away in the service itself.</summary>
    public static IReadOnlyList<RehearsalMutant> Hosts { get; } =
    [
        new("the clock stands, so that nothing ends or comes again", "IR-1", "IR-3") { Clock = false },
        new("nothing is noticed", "MON-3") { Settings = settings => settings with { Detection = settings.Detection with { Enabled = false } } },
        new("evidence lacks sessions", "IR-4") { Services = services => services.AddSingleton(provider => ActivatorUtilities.CreateInstance<EvidenceDesk>(provider, new BlindStore(provider.GetRequiredService<IStore>(), "session/"))) },
    ];

    /// <summary>The bytes of an attachment that came are shown with the raw mail.</summary>
    private static RehearsalMutant KeepsAttachments()
    {
        var came = "";
        return new("an attachment is kept", "GDPR-1")
        {
            Ask = asked =>
            {
                came = Attached().Match(asked) is { Success: true } attached ? attached.Value : came;
                return asked;
            },
            Answer = (asked, answered) => asked.Contains("/raw ", StringComparison.Ordinal) ? Whole(came) : answered,
        };
    }

    [GeneratedRegex("YXR0YWNobWVud[0-9A-Za-z+/=]+")]
    private static partial Regex Attached();

    private static string Let(string answered, int refused) => answered.StartsWith($"HTTP/1.1 {refused} ", StringComparison.Ordinal) ? Ok : answered;

    private static string Whole(string json) => $"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {json.Length}\r\nConnection: close\r\n\r\n{json}";

    [GeneratedRegex("obeyed[0-9a-z]+")]
    private static partial Regex Order();

    private static string AnotherId(string answered) => Id().Replace(answered, match => "\"id\":\"" + new string([.. match.Groups[1].Value.Reverse()]) + "\"");

    [GeneratedRegex("\"id\":\"([^\"]+)\"")]
    private static partial Regex Id();
}

/// <summary>A store that shows nothing of a kind.</summary>
internal sealed class BlindStore(IStore inner, string prefix) : IStore
{
    public bool IsShared => inner.IsShared;

    public ValueTask<Item?> GetAsync(ItemKey key, CancellationToken ct) => inner.GetAsync(key, ct);

    public ValueTask<IReadOnlyList<Item?>> GetAsync(IReadOnlyList<ItemKey> keys, CancellationToken ct) => inner.GetAsync(keys, ct);

    public async ValueTask<Page> QueryAsync(Table table, string partition, ReplyMint.Storage.Range range, string? cursor, CancellationToken ct) =>
        await inner.QueryAsync(table, partition, range, cursor, ct) is var page && page.Items.Any(item => item.Key.Sort.StartsWith(prefix, StringComparison.Ordinal)) ? new([], null) : page;

    public ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken ct) => inner.CommitAsync(commit, ct);
}
