using System.Text.Json;
using ReplyMint.Security;

namespace ReplyMint.Guide;

/// <summary>HDR-1 to HDR-7 and MON-2: what stands on every answer, and what on none.</summary>
internal static class HeaderChecks
{
    private static readonly string[] SwitchedOff = ["geolocation=()", "microphone=()", "camera=()"];
    private static readonly string[] Boasting = ["Server", "X-Powered-By", "X-AspNet-Version", "X-AspNetMvc-Version"];

    /// <summary>A field that must have one value everywhere.</summary>
    public static Check Fixed(string name, string value) => Everywhere(name, reply => reply[name] is not { } there ? $"no {name}" : there.Equals(value, StringComparison.OrdinalIgnoreCase) ? null : $"{name}: {there}");

    public static Check Permissions { get; } = Everywhere("Permissions-Policy", reply => reply["Permissions-Policy"] is not { } policy ? "no Permissions-Policy"
        : SwitchedOff.FirstOrDefault(off => !policy.Contains(off, StringComparison.Ordinal)) is { } on ? $"Permissions-Policy without {on}" : null);

    /// <summary>HDR-6.</summary>
    public static Check Strict { get; } = Check.Live(async (look, _) =>
    {
        var https = look.Target.IsHttps || look.Target.StandsForProxy;
        return Judge(await look.EveryKindAsync(), answer => Policy(answer.Reply) ?? Isolation(answer.Reply)
            // What the server refuses before it knows whom a proxy speaks for came by plain HTTP, as far as it can know.
            ?? (https && (look.Target.IsHttps || !answer.Early) && answer.Asked != "plain HTTP" && answer.Reply["Strict-Transport-Security"] is null ? "no Strict-Transport-Security" : null)
            ?? Cookies(answer.Reply)
            ?? ((answer.Asked.Contains(LiveLook.Me, StringComparison.Ordinal) || IsPage(answer.Reply)) && !answer.Reply.Lists("Cache-Control", "no-store") ? "no Cache-Control: no-store" : null),
            https ? "Content-Security-Policy, Strict-Transport-Security, Cross-Origin-Opener-Policy, Cross-Origin-Resource-Policy, Cache-Control"
                : "Content-Security-Policy, Cross-Origin-Opener-Policy, Cross-Origin-Resource-Policy, Cache-Control");
    });

    /// <summary>HDR-7.</summary>
    public static Check Silent { get; } = Check.Live(async (look, _) => Judge(await look.EveryKindAsync(), answer =>
        Boasting.FirstOrDefault(name => answer.Reply[name] is not null) is { } name ? $"{name}: {answer.Reply[name]}"
        : ShowsInside(answer.Reply.Body) ? "the body shows what is inside" : Problem(answer), "no name of the server, errors as problem details"));

    /// <summary>MON-2, as far as a stranger sees it.</summary>
    public static Check TraceIds { get; } = Check.Live(async (look, ct) =>
    {
        const string Ours = "00000000000000000000000000000001";
        var answers = await look.EveryKindAsync();
        var given = await look.AskAsync("GET", LiveLook.Nowhere, [$"X-Trace-Id: {Ours}", $"traceparent: 00-{Ours}-0000000000000001-01"], ct);
        if (given.Reply["X-Trace-Id"] == Ours)
            return Outcome.Fail($"{given}: the caller chose the trace id, so he writes into the log");
        var seen = new HashSet<string>(StringComparer.Ordinal);
        return Judge(answers, answer => answer.Reply["X-Trace-Id"] is not { } id ? "no X-Trace-Id" : !IsTraceId(id) ? $"X-Trace-Id: {id}, which is no trace id" : !seen.Add(id) ? "the trace id of another request"
            : TraceIn(answer.Reply) is { } told && told != id ? "another trace id in the body" : null, "X-Trace-Id, a new one each time");
    });

    /// <summary>32 hex digits, or the gateway's own form of as many.</summary>
    private static bool IsTraceId(string id) => id.Replace("-", "", StringComparison.Ordinal) is { Length: 32 } digits && digits.All(char.IsAsciiHexDigitLower);

    private static Check Everywhere(string what, Func<Reply, string?> wrong) => Check.Live(async (look, _) => Judge(await look.EveryKindAsync(), answer => wrong(answer.Reply), what));

    private static Outcome Judge(IReadOnlyList<Exchange> answers, Func<Exchange, string?> wrong, string what)
    {
        var came = answers.Count(answer => answer.Reply.Status > 0);
        return EveryKindOfAnswer.Told(answers, wrong) is { } told ? Outcome.Fail(told) : Outcome.Pass($"{what}: on {came} kinds of answers, {answers[0]} to {answers.Last(answer => answer.Reply.Status > 0)}");
    }

    private static string? Policy(Reply reply)
    {
        if (reply["Content-Security-Policy"] is not { } policy)
            return "no Content-Security-Policy";
        var strict = policy.Contains("default-src 'none'", StringComparison.Ordinal) && !(IsPage(reply) && policy.Contains("unsafe-", StringComparison.Ordinal));
        // The last two are not covered by default-src.
        return strict && ((string[])["frame-ancestors 'none'", "base-uri 'none'", "form-action "]).All(part => policy.Contains(part, StringComparison.Ordinal)) ? null : $"Content-Security-Policy: {policy}";
    }

    private static bool IsPage(Reply reply) => reply["Content-Type"]?.StartsWith("text/html", StringComparison.OrdinalIgnoreCase) == true;

    /// <summary>What the console gives a browser to keep: for this host alone, by HTTPS alone, and for no script.</summary>
    private static string? Cookies(Reply reply) =>
        reply.Headers.FirstOrDefault(header => header.Key.Equals("Set-Cookie", StringComparison.OrdinalIgnoreCase)
            && !(header.Value.StartsWith("__Host-", StringComparison.Ordinal) && header.Value.Contains("; Secure", StringComparison.Ordinal) && header.Value.Contains("; HttpOnly", StringComparison.Ordinal) && header.Value.Contains("; SameSite=", StringComparison.Ordinal)))
            is { Value: { } cookie } ? $"the cookie {cookie.Split('=')[0]} lacks __Host-, Secure, HttpOnly or SameSite" : null;

    private static string? Isolation(Reply reply) =>
        reply["Cross-Origin-Opener-Policy"] != "same-origin" ? "no Cross-Origin-Opener-Policy: same-origin"
        : reply["Cross-Origin-Resource-Policy"] is not ("same-origin" or "same-site") ? "no Cross-Origin-Resource-Policy" : null;

    /// <summary>RFC 9457, with a trace id.</summary>
    private static string? Problem(Exchange answer)
    {
        var reply = answer.Reply;
        if (reply.Status < 400 || answer.Asked.StartsWith("HEAD ", StringComparison.Ordinal))
            return null;
        return reply["Content-Type"]?.StartsWith(Security.Problem.ContentType, StringComparison.OrdinalIgnoreCase) != true ? "no problem details" : TraceIn(reply) is null ? "problem details without a trace id" : null;
    }

    private static string? TraceIn(Reply reply)
    {
        if (reply["Content-Type"]?.StartsWith(Security.Problem.ContentType, StringComparison.OrdinalIgnoreCase) != true)
            return null;
        try
        {
            using var json = JsonDocument.Parse(reply.Body);
            return json.RootElement is { ValueKind: JsonValueKind.Object } body && body.TryGetProperty("traceId", out var id) && id.ValueKind == JsonValueKind.String ? id.GetString() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Frames of a stack, names of exceptions, places in sources. No expression, whose time would be over on a busy machine.</summary>
    private static bool ShowsInside(ReadOnlySpan<char> body)
    {
        foreach (var line in body.EnumerateLines())
            if (line.Contains("Exception:", StringComparison.Ordinal) || line.Contains(".cs:line ", StringComparison.Ordinal) || line.Contains("Traceback (most recent", StringComparison.Ordinal) || IsFrame(line))
                return true;
        return false;
    }

    /// <summary>Such as "   at Shop.Main(String[] args)".</summary>
    private static bool IsFrame(ReadOnlySpan<char> line) => line.TrimStart() is ['a', 't', ' ', .. var method] && line[0] != 'a' && method.IndexOf('(') is > 0 and var end && !method[..end].Contains(' ');
}
