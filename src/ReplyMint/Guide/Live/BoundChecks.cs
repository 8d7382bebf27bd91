using System.Globalization;

namespace ReplyMint.Guide;

/// <summary>NET-4 from outside: what is too large, too much, too slow or said twice is refused, and nobody hangs or breaks.</summary>
internal static class BoundChecks
{
    private const string Json = "Content-Type: application/json";

    public static async Task<Outcome> BoundsAsync(LiveLook look, CancellationToken ct)
    {
        var http = look.Http;
        var began = look.Time.GetTimestamp();
        (string Asked, string Raw)[] halves =
        [
            ("a head that never ends", http.Head("GET", LiveLook.Health)[..^2]), ("a body that never comes", http.Head("POST", LiveLook.SignIn, Json, "Content-Length: 1000") + "{"),
        ];
        (string Asked, string Raw)[] questions = [.. Whole(http), .. halves];
        var answers = await Task.WhenAll(questions.Select(async question => new Exchange(question.Asked, halves.Contains(question) ? await http.SendHalfAsync(question.Raw, ct) : await http.SendAsync(question.Raw, ct))));
        foreach (var (question, answer) in questions.Zip(answers))
            if (answer.Reply.Ending == Ending.StillOpen)
                return Outcome.Fail(string.Create(CultureInfo.InvariantCulture, $"{answer.Asked} -> still open after {look.Target.Patience.TotalSeconds:0} s"));
            else if (!Refused(answer.Reply.Status, hasBody: question.Raw.StartsWith("POST ", StringComparison.Ordinal)))
                return Outcome.Fail(answer.ToString());
        return LiveLook.Limited(answers) ?? Outcome.Pass(string.Create(CultureInfo.InvariantCulture, $"{string.Join("; ", (IEnumerable<Exchange>)answers)} (within {look.Time.GetElapsedTime(began).TotalSeconds:0.0} s)"));
    }

    /// <summary>By a word for what is too much or unreadable, or by hanging up. "Not found" says that all of it was read and looked for, but for a body, which nobody reads then.</summary>
    private static bool Refused(int status, bool hasBody) => status is 0 or 400 or 403 or 408 or 411 or 413 or 414 or 417 or 421 or 429 or 431 or 494 || (hasBody && status is 401 or 404 or 405 or 415);

    /// <summary>Each beyond what any setting allows, and none larger than it must be.</summary>
    private static IEnumerable<(string Asked, string Raw)> Whole(RawHttp http)
    {
        yield return ("a head of 140 KB", http.Head("GET", LiveLook.Health, "X-Filler: " + new string('x', 140_000)));
        yield return ("600 header fields", http.Head("GET", LiveLook.Health, [.. Enumerable.Range(0, 600).Select(number => $"X-{number}: x")]));
        yield return ("a target of 70 KB", http.Head("GET", "/" + new string('x', 70_000)));
        yield return ("a body of 1 TB announced", http.Head("POST", LiveLook.SignIn, Json, "Content-Length: 1000000000000"));
        yield return ("a length that is none", http.Head("POST", LiveLook.SignIn, Json, "Content-Length: -1"));
        yield return ("two lengths", http.Head("POST", LiveLook.SignIn, Json, "Content-Length: 1", "Content-Length: 2") + "{}");
        yield return ("length and chunks", http.Head("POST", LiveLook.SignIn, Json, "Content-Length: 5", "Transfer-Encoding: chunked") + "0\r\n\r\n");
        yield return ("a blank before a colon", http.Head("GET", LiveLook.Health, "X-Filler : x"));
        yield return ("a NUL in a header", http.Head("GET", LiveLook.Health, "X-Filler: \0"));
    }
}
