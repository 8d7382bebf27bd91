using ReplyMint.Security;

namespace ReplyMint.Guide;

/// <summary>
/// One answer of each kind: success, each error that a stranger can bring about, preflight, and what is answered before anything is routed.
/// Headers must stand on all of them, and where they are missing is where somebody forgot.
/// </summary>
internal static class EveryKindOfAnswer
{
    private const string Json = "Content-Type: application/json";

    public static async Task<IReadOnlyList<Exchange>> AskAsync(LiveLook look, CancellationToken ct)
    {
        var known = (await look.OriginsAsync())[0];
        Task<Exchange>[] questions =
        [
            look.AskAsync("GET", LiveLook.Health, [], ct),
            look.AskAsync("HEAD", LiveLook.Health, [], ct),
            look.AskAsync("GET", "/openapi/v1.json", [], ct),
            look.AskAsync("GET", "/.well-known/jwks.json", [], ct),
            look.AskAsync("GET", LiveLook.Page, [], ct),
            look.AskAsync("GET", LiveLook.Nowhere, [], ct),
            look.AskAsync("GET", LiveLook.Nowhere, [$"Origin: {known}"], ct),
            look.AskAsync("POST", LiveLook.Health, [], ct),
            look.AskAsync("TRACE", LiveLook.Health, [], ct),
            look.AskAsync("GET", LiveLook.Me, [], ct),
            look.AskAsync("GET", LiveLook.Me, ["Authorization: Bearer replymint-guide"], ct, asked: $"GET {LiveLook.Me} with a bad token"),
            look.AskAsync("POST", LiveLook.SignIn, [Json], ct, "{\"", $"POST {LiveLook.SignIn} with broken JSON"),
            look.AskAsync("POST", LiveLook.SignIn, ["Content-Type: text/plain"], ct, "x", $"POST {LiveLook.SignIn} with text"),
            look.AskAsync("POST", LiveLook.Health, [Json, "Content-Encoding: br"], ct, "x", "a compressed body"),
            look.AskAsync("POST", LiveLook.SignIn, [Json, "Content-Length: 1000000000000"], ct, asked: "a body of 1 TB announced"),
            look.AskAsync("POST", LiveLook.Mailgun, ["Content-Type: application/x-www-form-urlencoded"], ct, "recipient=a", $"POST {LiveLook.Mailgun} unsigned"),
            look.PreflightAsync(),
            look.PreflightAsync(LiveLook.Stranger, ct),
            look.AskAsync("GET", LiveLook.Health, ["Host: stranger.example"], ct, asked: "a host that is not served"),
            look.AskAsync("GET", LiveLook.Health, ["X-Forwarded-Proto: http"], ct, asked: "plain HTTP"),
            EarlyAsync(look, "no Host", look.Http.Head("GET", LiveLook.Health, "Host:"), ct),
            EarlyAsync(look, "a request line that is none", "NONSENSE\r\n\r\n", ct),
            EarlyAsync(look, "a head of 33 KB", look.Http.Head("GET", LiveLook.Health, "X-Filler: " + new string('x', 33_000)), ct),
            EarlyAsync(look, "a target of 33 KB", look.Http.Head("GET", "/" + new string('x', 33_000)), ct),
        ];
        return await Task.WhenAll(questions);
    }

    /// <summary>Where a header is missing or wrong, shortly; null when it is right everywhere.</summary>
    /// <param name="answers">Those that came.</param>
    /// <param name="wrong">What is wrong with an answer, or null.</param>
    public static string? Told(IEnumerable<Exchange> answers, Func<Exchange, string?> wrong)
    {
        var (asked, told) = (0, new List<string>());
        foreach (var answer in answers)
        {
            if (answer.Reply.Status == 0)
                continue;
            asked++;
            if (wrong(answer) is { } what)
                told.Add($"{answer}: {what}");
        }
        return told.Count == 0 ? null : told.Count <= 3 ? string.Join("; ", told) : $"{told.Count} of {asked} kinds of answers: {string.Join("; ", told.GetRange(0, 3))}; ...";
    }

    private static async Task<Exchange> EarlyAsync(LiveLook look, string asked, string raw, CancellationToken ct) => new(asked, await look.Http.SendAsync(raw, ct), Early: true);
}
