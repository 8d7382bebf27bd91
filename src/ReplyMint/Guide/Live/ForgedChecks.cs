using System.Globalization;

namespace ReplyMint.Guide;

/// <summary>NET-2 and INPUT-2 from outside: what a stranger writes himself is neither believed nor carried out.</summary>
internal static class ForgedChecks
{
    private const string Public = "/.well-known/jwks.json";
    private const int Addresses = 8;

    /// <summary>Percent-encoded: a quote, a comment, paths, lookups, templates, commands, line breaks, the end of a text, a filter.</summary>
    private static readonly string[] s_payloads =
    [
        "%27%20OR%20%271%27=%271", "%22;--%20", "..%2f..%2f..%2fetc%2fpasswd", "$%7Bjndi:ldap://replymint.invalid/a%7D", "%7B%7B7*7%7D%7D", "%60id%60%7Cid", "%0d%0aX-Injected:%201", "%00", "*)(uid=*",
    ];

    /// <summary>
    /// NET-2: names and addresses that the asker writes himself. Where each forged address has a fresh limit of its own, it is believed; behind
    /// a proxy, and where we stand for one, only what the proxy appends counts.
    /// </summary>
    public static async Task<Outcome> ForwardedAsync(LiveLook look, CancellationToken ct)
    {
        var (own, told) = (await look.OwnAsync(), new List<string>());
        if (!look.Target.StandsForProxy)
        {
            foreach (var forged in (string[])["X-Forwarded-Host: stranger.example", "X-Forwarded-Proto: https", "Forwarded: for=198.51.100.1;host=stranger.example;proto=https"])
            {
                var answer = await look.AskAsync("GET", LiveLook.Health, [forged], ct);
                if (LiveLook.Limited([answer]) is { } limited)
                    return limited;
                if (answer.Reply.Status != own.Reply.Status || answer.Reply["Location"]?.Contains("stranger.example", StringComparison.Ordinal) == true)
                    return Outcome.Fail($"{answer}, and {own}: it is believed");
                told.Add(answer.ToString());
            }
        }
        // At once, so that nothing is filled up between them.
        var answers = await Task.WhenAll(Enumerable.Range(1, Addresses).Select(i => look.AskAsync("GET", Public,
            [string.Create(CultureInfo.InvariantCulture, $"X-Forwarded-For: 198.51.100.{i}{(look.Target.StandsForProxy ? ", 203.0.113.9" : "")}")], ct)));
        if (LiveLook.Limited(answers) is { } full)
            return full;
        var left = answers.Select(answer => Left(answer.Reply)).OfType<long>().ToList();
        if (left.Count < 2)
            return told.Count > 0 ? Outcome.Pass($"{string.Join("; ", told)}; no limit is told by which a forged address would show") : Outcome.NotChecked($"{answers[0]}: no limit is told by which a forged address would show");
        return left.Distinct().Count() == 1 ? Outcome.Fail($"{answers[0].Asked} and {left.Count - 1} other addresses: each has {left[0]} requests left, so each is believed")
            : Outcome.Pass($"{string.Concat(told.Select(one => one + "; "))}{left.Count} forged addresses share one limit ({left.Max()} to {left.Min()} left)");
    }

    private static long? Left(Reply reply) => reply["RateLimit"] is { } limit && limit.IndexOf(";r=", StringComparison.Ordinal) is >= 0 and var at
        && long.TryParse(limit.AsSpan(at + 3, limit.AsSpan(at + 3).IndexOfAny(';', ',') is >= 0 and var end ? end : limit.Length - at - 3), NumberStyles.None, CultureInfo.InvariantCulture, out var left) ? left : null;

    /// <summary>INPUT-2: what would be an instruction if it were joined into one gets the answer that random letters get, or a refusal.</summary>
    public static async Task<Outcome> InjectionAsync(LiveLook look, CancellationToken ct)
    {
        var places = new List<(string Place, Func<string, Task<Exchange>> Ask)>
        {
            ("a path", text => look.AskAsync("GET", $"{LiveLook.Nowhere}/{text}", [], ct)),
            ("a query", text => look.AskAsync("GET", $"{LiveLook.Health}?x={text}", [], ct)),
            ("a header", text => look.AskAsync("GET", LiveLook.Health, [$"Accept-Language: {text}"], ct)),
        };
        if (CallerChecks.HeaderOf(look) is { } caller)
        {
            places.Add(("an id", text => look.AskAsync("GET", $"/api/v1/mailboxes/{text}", [caller], ct, asked: $"GET /api/v1/mailboxes/{text} as a caller")));
            places.Add(("a filter", text => look.AskAsync("GET", $"/api/v1/audit?actor={text}", [caller], ct, asked: $"GET /api/v1/audit?actor={text} as a caller")));
        }
        foreach (var (place, ask) in places)
        {
            var usual = await ask("replymintguide");
            var answers = await Task.WhenAll(s_payloads.Select(ask));
            if (LiveLook.Limited([usual, .. answers]) is { } limited)
                return limited;
            foreach (var answer in answers)
                if (answer.Reply.Status is >= 500 or 0 || (answer.Reply.Status != usual.Reply.Status && answer.Reply.Status is not (>= 400 and < 500)) || answer.Reply["X-Injected"] is not null)
                    return Outcome.Fail($"{answer}{(answer.Reply["X-Injected"] is null ? "" : ", with a header that the path wrote")}; random letters: {usual.Reply.Shown}");
        }
        return Outcome.Pass($"{s_payloads.Length} texts that would be instructions, in {string.Join(", ", places.Select(one => one.Place))}: answered as random letters are, or refused");
    }
}
