using System.Text.RegularExpressions;

namespace ReplyMint.Tests.Guide;

/// <summary>A protection that is taken away between the guide and a good service.</summary>
/// <param name="Name">What is gone.</param>
/// <param name="Controls">Which controls have to say so: the one that it is, and those that depend on it.</param>
internal sealed record LiveMutant(string Name, string[] Controls)
{
    public Func<string, string> Ask { get; init; } = asked => asked;
    public Func<string, string, string?> Answer { get; init; } = (_, answered) => answered;
    public Func<string, string>? Smtp { get; init; }
}

internal static partial class LiveMutants
{
    public const string PublicName = "api.example.com";

    private static int s_numbered;

    public static IReadOnlyList<LiveMutant> All { get; } =
    [
        new("each origin is reflected", ["CORS-1"]) { Answer = (asked, answered) => Origin().Match(asked) is { Success: true } origin ? With(answered, $"Access-Control-Allow-Origin: {origin.Groups[1].Value}") : answered },
        new("everybody may read", ["CORS-1"]) { Answer = (_, answered) => With(answered, "Access-Control-Allow-Origin: *") },
        new("null may read", ["CORS-1"]) { Answer = (asked, answered) => asked.Contains("Origin: null\r", StringComparison.Ordinal) ? With(answered, "Access-Control-Allow-Origin: null") : answered },
        new("a look-alike's end is compared only", ["CORS-1"]) { Answer = (asked, answered) => Origin().Match(asked) is { Success: true } origin && origin.Groups[1].Value.EndsWith("replymint.vercel.app", StringComparison.Ordinal) ? With(answered, $"Access-Control-Allow-Origin: {origin.Groups[1].Value}") : answered },
        new("the console may not call", ["CORS-1"]) { Answer = (asked, answered) => asked.StartsWith("OPTIONS", StringComparison.Ordinal) ? answered : Without(answered, "Access-Control-Allow-Origin") },
        new("PATCH is allowed", ["CORS-2"]) { Answer = (_, answered) => answered.Replace("DELETE, OPTIONS", "DELETE, OPTIONS, PATCH", StringComparison.Ordinal) },
        new("a further header may be asked with", ["CORS-3"]) { Answer = (_, answered) => answered.Replace("Idempotency-Key, If-Match", "Idempotency-Key, If-Match, X-Forwarded-For", StringComparison.Ordinal) },
        new("a further header is exposed", ["CORS-3"]) { Answer = (_, answered) => answered.Replace("Link, X-Trace-Id", "Link, X-Trace-Id, Set-Cookie", StringComparison.Ordinal) },
        new("credentials are allowed", ["CORS-4"]) { Answer = (asked, answered) => asked.Contains("Origin: ", StringComparison.Ordinal) ? With(answered, "Access-Control-Allow-Credentials: true") : answered },
        new("preflight is kept for a day", ["CORS-5"]) { Answer = (_, answered) => answered.Replace("Max-Age: 300", "Max-Age: 86400", StringComparison.Ordinal) },
        new("no Vary", ["CORS-6"]) { Answer = (_, answered) => Without(answered, "Vary") },
        new("no Vary without an origin", ["CORS-6"]) { Answer = (asked, answered) => asked.Contains("Origin: ", StringComparison.Ordinal) ? answered : Without(answered, "Vary") },
        new("no nosniff", ["HDR-1"]) { Answer = (_, answered) => Without(answered, "X-Content-Type-Options") },
        new("no nosniff on what is refused before routing", ["HDR-1"]) { Answer = (asked, answered) => asked.Contains("Host: ", StringComparison.Ordinal) ? answered : Without(answered, "X-Content-Type-Options") },
        new("frames of the same origin", ["HDR-2"]) { Answer = (_, answered) => answered.Replace("X-Frame-Options: DENY", "X-Frame-Options: SAMEORIGIN", StringComparison.Ordinal) },
        new("no X-XSS-Protection", ["HDR-3"]) { Answer = (_, answered) => Without(answered, "X-XSS-Protection") },
        new("no Referrer-Policy on errors", ["HDR-4"]) { Answer = (_, answered) => answered.StartsWith("HTTP/1.1 4", StringComparison.Ordinal) ? Without(answered, "Referrer-Policy") : answered },
        new("the camera is on", ["HDR-5"]) { Answer = (_, answered) => answered.Replace(" camera=(),", "", StringComparison.Ordinal) },
        new("no content policy", ["HDR-6"]) { Answer = (_, answered) => Without(answered, "Content-Security-Policy") },
        new("a loose content policy", ["HDR-6"]) { Answer = (_, answered) => answered.Replace("default-src 'none'", "default-src *", StringComparison.Ordinal) },
        new("pages of the console run inline code", ["HDR-6"]) { Answer = (_, answered) => answered.Replace("script-src 'nonce-", "script-src 'unsafe-inline' 'nonce-", StringComparison.Ordinal) },
        new("pages of the console are kept", ["HDR-6"]) { Answer = (asked, answered) => asked.StartsWith("GET /console/", StringComparison.Ordinal) ? answered.Replace("Cache-Control: no-store", "Cache-Control: private", StringComparison.Ordinal) : answered },
        new("a script reads the console's cookies", ["HDR-6"]) { Answer = (_, answered) => answered.Replace("; HttpOnly", "", StringComparison.Ordinal) },
        new("a page's base may move", ["HDR-6"]) { Answer = (_, answered) => answered.Replace(" base-uri 'none';", "", StringComparison.Ordinal) },
        new("a form may be sent anywhere", ["HDR-6"]) { Answer = (_, answered) => answered.Replace(" form-action 'none';", "", StringComparison.Ordinal) },
        new("no HSTS", ["HDR-6"]) { Answer = (_, answered) => Without(answered, "Strict-Transport-Security") },
        new("no opener policy", ["HDR-6"]) { Answer = (_, answered) => Without(answered, "Cross-Origin-Opener-Policy") },
        new("answers to callers are kept", ["HDR-6"]) { Answer = (_, answered) => answered.Replace("Cache-Control: no-store", "Cache-Control: private", StringComparison.Ordinal) },
        new("the server says its name", ["HDR-7"]) { Answer = (_, answered) => With(answered, "Server: Kestrel") },
        new("an error shows the inside", ["HDR-7"]) { Answer = (asked, answered) => asked.StartsWith("GET /replymint-guide/", StringComparison.Ordinal) ? With(answered[..answered.IndexOf("\r\n\r\n", StringComparison.Ordinal)] + "\r\n\r\nSystem.InvalidOperationException: oh\n   at Shop.Main(String[] args)", "Content-Length: 62") : answered },
        new("errors are pages", ["HDR-7"]) { Answer = (_, answered) => answered.Replace("application/problem+json", "text/plain", StringComparison.Ordinal) },
        new("each host is served", ["NET-1"]) { Ask = asked => Host().Replace(asked, $"Host: {PublicName}\r\n") },
        new("no host is served", ["NET-1"]) { Ask = asked => Host().IsMatch(asked) ? asked : asked.Replace("/health HTTP/1.1\r\n", $"/health HTTP/1.1\r\nHost: {PublicName}\r\n", StringComparison.Ordinal) },
        new("plain HTTP is served", ["NET-3"]) { Ask = asked => asked.Replace("X-Forwarded-Proto: http\r\n", "X-Forwarded-Proto: https\r\n", StringComparison.Ordinal) },
        new("plain HTTP is sent on to plain HTTP", ["NET-3"]) { Answer = (_, answered) => answered.Replace("Location: https://", "Location: http://", StringComparison.Ordinal) },
        new("a slow head is waited for", ["NET-4"]) { Answer = (asked, answered) => asked.StartsWith("GET", StringComparison.Ordinal) && !asked.Contains("\r\n\r\n", StringComparison.Ordinal) ? null : answered },
        new("a slow body is waited for", ["NET-4"]) { Answer = (asked, answered) => asked.Contains("Content-Length: 1000\r\n", StringComparison.Ordinal) ? null : answered },
        new("a large head breaks the server", ["NET-4"]) { Answer = (asked, answered) => asked.Length > 100_000 ? "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n" : answered },
        new("a target of any length is looked for", ["NET-4"]) { Answer = (asked, answered) => asked.Length > 40_000 && asked.StartsWith("GET /x", StringComparison.Ordinal) ? "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n" : answered },
        new("two lengths are taken", ["NET-4"]) { Answer = (asked, answered) => asked.Contains("Content-Length: 1\r\nContent-Length: 2\r\n", StringComparison.Ordinal) ? "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" : answered },
        new("unknown members are taken", ["INPUT-1"]) { Answer = (asked, answered) => asked.Contains("replymintGuide", StringComparison.Ordinal) ? "HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}" : answered },
        new("depth breaks the reader", ["INPUT-1"]) { Answer = (asked, answered) => asked.Contains("[[[[", StringComparison.Ordinal) ? "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n" : answered },
        new("members are not named", ["INPUT-1"]) { Answer = (asked, answered) => asked.Contains("\"address\":5", StringComparison.Ordinal) ? answered.Replace("\"address\"", "\"addresz\"", StringComparison.Ordinal) : answered },
        new("unsigned webhooks are taken", ["INPUT-4"]) { Answer = (asked, answered) => asked.StartsWith("POST /webhooks/mailgun", StringComparison.Ordinal) ? answered.Replace("HTTP/1.1 401 Unauthorized", "HTTP/1.1 200 OK", StringComparison.Ordinal) : answered },
        new("events of Stripe's are taken unsigned", ["INPUT-4"]) { Answer = (asked, answered) => asked.StartsWith("POST /webhooks/stripe", StringComparison.Ordinal) ? answered.Replace("HTTP/1.1 401 Unauthorized", "HTTP/1.1 200 OK", StringComparison.Ordinal) : answered },
        new("the mail is read before its signature", ["INPUT-4"]) { Answer = (asked, answered) => asked.Contains("signature=0", StringComparison.Ordinal) ? answered.Replace("HTTP/1.1 401 Unauthorized", "HTTP/1.1 406 Not Acceptable", StringComparison.Ordinal) : answered },
        new("each forged address has a limit of its own", ["NET-2"]) { Answer = (asked, answered) => asked.Contains("X-Forwarded-For: 198.51.100.", StringComparison.Ordinal) ? Regex.Replace(answered, ";r=[0-9]+", ";r=99") : answered },
        new("a quote breaks a query", ["INPUT-2"]) { Answer = (asked, answered) => asked.Contains("%27%20OR", StringComparison.Ordinal) ? "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n" : answered },
        new("a path leads to a file", ["INPUT-2"]) { Answer = (asked, answered) => asked.StartsWith("GET /replymint-guide/nowhere/..", StringComparison.Ordinal) ? "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" : answered },
        new("a path writes a header", ["INPUT-2"]) { Answer = (asked, answered) => asked.Contains("%0d%0aX-Injected", StringComparison.Ordinal) ? With(answered, "X-Injected: 1") : answered },
        new("a caller's filter breaks", ["INPUT-2"]) { Answer = (asked, answered) => asked.StartsWith("GET /api/v1/audit?actor=%22", StringComparison.Ordinal) ? "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n" : answered },
        new("the audit log does not hold", ["SOC-3"]) { Answer = (asked, answered) => asked.StartsWith("GET /api/v1/audit/verify", StringComparison.Ordinal) ? "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{\"whole\":false}" : answered },
        new("nothing tells who called", ["MON-4"]) { Answer = (asked, answered) => asked.StartsWith("GET /api/v1/usage", StringComparison.Ordinal) ? answered.Replace("\"by\":", "\"xy\":", StringComparison.Ordinal) : answered },
        new("nothing tells what an answer costs", ["MON-4"]) { Answer = (asked, answered) => asked.StartsWith("GET /api/v1/usage", StringComparison.Ordinal) ? answered.Replace("\"costPerReplyMillionths\":", "\"costPerReplyMillionthz\":", StringComparison.Ordinal) : answered },
        new("no trace ids", ["MON-2"]) { Answer = (_, answered) => Without(answered, "X-Trace-Id") },
        new("the caller's trace id is taken", ["MON-2"]) { Answer = (asked, answered) => asked.Contains("X-Trace-Id: 0", StringComparison.Ordinal) ? With(Without(answered, "X-Trace-Id"), "X-Trace-Id: 00000000000000000000000000000001") : answered },
        new("trace ids that name nothing", ["MON-2"]) { Answer = (_, answered) => With(Without(answered, "X-Trace-Id"), $"X-Trace-Id: {Interlocked.Increment(ref s_numbered)}") },
        new("SMTP names no size", ["MAIL-8"]) { Smtp = said => said.Replace("250-SIZE", "250-XSIZE", StringComparison.Ordinal) },
        new("SMTP takes mails of any size", ["MAIL-8"]) { Smtp = said => said.Replace("552 5.3.4", "250 2.1.0", StringComparison.Ordinal) },
        new("SMTP relays", ["MAIL-8"]) { Smtp = said => said.Replace("550 5.1.1", "250 2.1.5", StringComparison.Ordinal) },
        new("SMTP takes a bare LF", ["MAIL-8"]) { Smtp = said => said.Replace("500 5.5.2 Lines end", "250 2.0.0 Lines end", StringComparison.Ordinal) },
        new("SMTP greets nobody", ["MAIL-8"]) { Smtp = said => said.Replace("503 5.5.1 EHLO", "250 2.1.0 EHLO", StringComparison.Ordinal) },
    ];

    private static string With(string answered, string header)
    {
        var name = header[..header.IndexOf(':', StringComparison.Ordinal)];
        var rest = Without(answered, name);
        var line = rest.IndexOf("\r\n", StringComparison.Ordinal);
        return line < 0 ? answered : rest.Insert(line + 2, header + "\r\n");
    }

    private static string Without(string answered, string name)
    {
        var end = answered.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        return end < 0 ? answered : Regex.Replace(answered[..(end + 2)], $@"(?<=\r\n){Regex.Escape(name)}: [^\r]*\r\n", "", RegexOptions.IgnoreCase) + answered[(end + 2)..];
    }

    [GeneratedRegex(@"\r\nOrigin: ([^\r]*)\r\n")]
    private static partial Regex Origin();

    [GeneratedRegex(@"Host: [^\r]*\r\n")]
    private static partial Regex Host();
}
