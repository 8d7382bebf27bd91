using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ReplyMint.Security;

/// <summary>Whom somebody tells who found a hole. Without a contact nothing is published.</summary>
internal sealed record SecurityTextSettings
{
    /// <summary>Where a report is read: mailto:, https:// or tel: addresses, the preferred one first.</summary>
    public IReadOnlyList<string> Contacts { get; set; } = [];

    /// <summary>The page that says what happens with a report, https://.</summary>
    public string? Policy { get; set; }

    /// <summary>Languages in which reports are read, such as en or pt-BR.</summary>
    public IReadOnlyList<string> Languages { get; set; } = ["en"];

    public IEnumerable<string> Problems()
    {
        foreach (var contact in Contacts)
            if (!IsPlain(contact) || !Uri.TryCreate(contact, UriKind.Absolute, out var uri) || !(uri.Scheme is "https" or "mailto" or "tel") || (uri.Scheme == "mailto" && !contact.Contains('@', StringComparison.Ordinal)))
                yield return $"http.securityText.contacts: \"{contact}\" is no address to write to. Allowed: mailto:NAME@DOMAIN, https://... or tel:+NUMBER.";
        if (Policy is not null && (!IsPlain(Policy) || !Uri.TryCreate(Policy, UriKind.Absolute, out var policy) || policy.Scheme != Uri.UriSchemeHttps))
            yield return $"http.securityText.policy: \"{Policy}\" must be the https:// address of a page.";
        foreach (var language in Languages)
            if (language.Length is 0 or > 35 || language.Any(c => !char.IsAsciiLetterOrDigit(c) && c != '-'))
                yield return $"http.securityText.languages: \"{language}\" is no language tag, such as en or pt-BR.";
    }

    // A line's end would begin a field of its own.
    private static bool IsPlain(string text) => text.Length is > 0 and <= 500 && text.All(c => c is > ' ' and <= '~');
}

/// <summary>/.well-known/security.txt (RFC 9116).</summary>
internal static class SecurityText
{
    public const string Path = "/.well-known/security.txt";

    /// <summary>From the last midnight on; a copy that somebody keeps is over some day, what is served never.</summary>
    private static readonly TimeSpan Good = TimeSpan.FromDays(90);

    public static void MapSecurityText(this IEndpointRouteBuilder routes, HttpSettings settings) =>
        routes.MapMethods(Path, ["GET", "HEAD"], (HttpContext context, TimeProvider time) =>
        {
            if (settings.SecurityText.Contacts.Count == 0)
                return Problem.NotFound;
            context.Response.Headers.CacheControl = "public, max-age=3600";
            return (IResult)TypedResults.Text(Write(settings, time.GetUtcNow()), "text/plain", Encoding.UTF8);
        }).ExcludeFromDescription();

    public static string Write(HttpSettings settings, DateTimeOffset now)
    {
        var text = new StringBuilder();
        foreach (var contact in settings.SecurityText.Contacts)
            Field("Contact", contact);
        Field("Expires", (new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero) + Good).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
        if (settings.SecurityText.Languages.Count > 0)
            Field("Preferred-Languages", string.Join(", ", settings.SecurityText.Languages));
        if (settings.PublicUrl is { } url && url.StartsWith("https://", StringComparison.Ordinal))
            Field("Canonical", url.TrimEnd('/') + Path);
        if (settings.SecurityText.Policy is { } policy)
            Field("Policy", policy);
        return text.ToString();

        void Field(string name, string value) => text.Append(name).Append(": ").Append(value).Append('\n');
    }
}
